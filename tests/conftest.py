"""What all tests share: compilation that takes less time, and leaves the user's programs alone."""

import gc
import importlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# each process of the tests, and what it starts, does its arithmetic on one core: before NumPy comes
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import brian2 as b2  # noqa: E402

from tests.commands import SMALL, neurodiff  # noqa: E402

#: Brian2 logs all code that it makes, which would be in the report of each test that fails.
logging.getLogger("brian2").setLevel(logging.INFO)


def pytest_collection_finish() -> None:
    """Brian2 looks for garbage before each run: not in all that was imported and collected."""
    for name in ("matplotlib.pyplot", "sklearn.datasets", "sympy", "xarray"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def own_programs(pytestconfig: pytest.Config) -> None:
    """A cache folder of the tests, also for the processes that they start."""
    os.environ["XDG_CACHE_HOME"] = str(Path(pytestconfig.cache.mkdir("home")).resolve())


@pytest.fixture
def plain_compilation(pytestconfig: pytest.Config) -> Iterator[Path]:
    """Brian2's cython without optimisation, which halves the time that it takes to compile.

    It has a cache of its own, whose folder this gives, because Brian2 finds compiled code again
    whatever its flags were. cpp_standalone is tested as it is used.
    """
    cache = Path(pytestconfig.cache.mkdir("cython")).resolve()
    values = {
        "codegen.cpp.extra_compile_args_gcc": ["-w", "-O0", "-std=c++11"],
        "codegen.runtime.cython.cache_dir": str(cache),
    }
    before = {name: b2.prefs[name] for name in values}
    b2.prefs.update(values)
    yield cache
    b2.prefs.update(before)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty current folder with a small model file in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


@pytest.fixture
def command(capfd, monkeypatch):
    return lambda *arguments: neurodiff(capfd, monkeypatch, *arguments)
