"""What all tests share: compilation that takes less time, and leaves the user's programs alone."""

import os
from collections.abc import Iterator
from pathlib import Path

import brian2 as b2
import pytest


@pytest.fixture(scope="session", autouse=True)
def own_programs(pytestconfig: pytest.Config) -> None:
    """A cache folder of the tests, also for the processes that they start."""
    os.environ["XDG_CACHE_HOME"] = str(Path(pytestconfig.cache.mkdir("home")).resolve())


@pytest.fixture
def plain_compilation(pytestconfig: pytest.Config) -> Iterator[str]:
    """Brian2's cython without optimisation, which halves the time that it takes to compile.

    It has a cache of its own, because Brian2 finds compiled code again whatever its flags were. In
    this process it holds at once; the text that it gives is for a `brian_preferences` file, which
    Brian2 reads in the current folder, of another process. cpp_standalone is tested as it is used.
    """
    values = {
        "codegen.cpp.extra_compile_args_gcc": ["-w", "-O0", "-std=c++11"],
        "codegen.runtime.cython.cache_dir": str(Path(pytestconfig.cache.mkdir("cython")).resolve()),
    }
    before = {name: b2.prefs[name] for name in values}
    b2.prefs.update(values)
    yield "".join(f"{name} = {value!r}\n" for name, value in values.items())
    b2.prefs.update(before)
