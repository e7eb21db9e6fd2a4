"""The benchmark of dense networks compares what is the same, and times nothing else."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neurodiff import Plan
from neurodiff.reference.waves import delayed_waves

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "dense_waves.py"
#: Without what needs a package or a compiler that may not be here.
HERE = ("NumPy", "NumPy sparse", "neurodiff numpy")


@pytest.fixture
def dense(monkeypatch):
    """The folders of the benchmark can be imported from."""
    monkeypatch.syspath_prepend(SCRIPT.parent)


def _run(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SCRIPT), "--quick", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def _printed(*arguments: str) -> str:
    done = _run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_programs_with_the_same_weights_are_timed(tmp_path):
    results = tmp_path / "results.md"
    printed = _printed("--programs", *HERE, "C loop", "--write-results", str(results))
    rows = [line.strip("| ").split(" | ") for line in results.read_text().splitlines()]
    timed = {(row[0], row[1]) for row in rows if len(row) == 6 and row[2].isdigit()}
    cases = {"4x32", "sparse-10x1000", "drawn-10x1000"}
    assert timed >= {(case, "neurodiff numpy") for case in cases} | {("4x32", "NumPy")}
    assert timed >= {(case, "NumPy sparse") for case in cases - {"4x32"}}
    assert "WRONG" not in printed
    assert "not timed on 4x32: NumPy sparse: written for sparse networks" in printed


@pytest.mark.slow
def test_what_learns_something_else_or_is_not_here_is_not_timed():
    names = ["NumPy", "neurodiff numpy", "late update", "late output", "missing"]
    lines = _printed("--case", "4x32", "--programs", *names).splitlines()
    for wrong in ("late update", "late output"):
        assert any(f"{wrong}: WRONG: weights differ by" in line for line in lines)
        assert f"{wrong} wrong" in (" ".join(line.split()) for line in lines)
    assert "not timed on 4x32: missing: No module named 'missing'" in lines
    timed = [line for line in lines if line.startswith("4x32")]
    assert len(timed) == 2 and not any("late" in line for line in timed)


@pytest.mark.slow
def test_a_figure_is_drawn(tmp_path):
    figure, names = tmp_path / "cost.png", ["width-30", "width-60", "depth-2", "sparsity-0.1"]
    _printed("--case", *names, "--programs", *HERE, "--output", str(figure))
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_memory_grows_with_the_network_and_is_told_for_longer_runs(tmp_path):
    results = tmp_path / "memory.md"
    arguments = ["--memory", "--case", "4x32", "--programs", "neurodiff numpy"]
    _printed(*arguments, "--write-results", str(results))
    row = results.read_text().splitlines()[4].strip("| ").split(" | ")
    assert row[:3] == ["4x32", "neurodiff numpy", "432"]
    assert float(row[4]) > 0 and float(row[6]) > 0


@pytest.mark.parametrize("arguments", [("--case", "5x5"), ("--programs", "abacus")])
def test_unknown_names_are_refused(arguments: tuple[str, str]):
    done = _run(*arguments)
    assert done.returncode == 1
    assert f"is called {arguments[1]}; there are" in done.stderr


@pytest.mark.parametrize("name", ["4x32", "sparse-10x1000", "drawn-10x1000"])
def test_the_reference_of_the_benchmark_is_that_of_the_project(dense, name: str):
    from dense.cases import CASES, tiny
    from dense.peers.numpy_dense import Dense
    from dense.peers.numpy_sparse import Sparse
    from dense.problem import network_of

    case = tiny(next(case for case in CASES if case.name == name))
    plan = Plan.of(case.model(case.check_rate))
    network = network_of(plan, case.kind, "")
    program = Dense(update="outer") if case.kind == "dense" else Sparse()
    program.prepare(network)
    program.run(case.check_steps - 1)
    *_, last = delayed_waves(plan)
    np.testing.assert_allclose(program.weights(), last.w[network.order], rtol=0, atol=1e-12)
    assert np.abs(last.w - plan.w).max() > 1e-3
