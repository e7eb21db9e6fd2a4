"""One compiled program serves all runs that differ in numbers only."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neurodiff import Simulation, SimulationError, load, load_sweep, run_sweep
from neurodiff.model_file import from_mapping
from neurodiff.simulator.backends import programs
from tests.simulated import EVERY_STEP, deviations, moved, simulate

KEYS: dict[str, Any] = {
    "neurodiff": 1,
    "name": "learning",
    "seed": 1,
    "network": {"layers": [3, 4, 4, 2], "delay": {"forward": "2 ms", "backward": "1 ms"}},
    "plasticity": {"rule": "diffusion", "learning_rate": "5 Hz"},
    "input": {"kind": "sinusoid", "frequency": "2 Hz", "phase": "random"},
    "target": {"kind": "constant", "values": [0.3, -0.2]},
    "run": {"duration": "100 ms", "target": "cpp_standalone"},
    **EVERY_STEP,
}
SWEEP = {
    "neurodiff_sweep": 1,
    "name": "numbers",
    "model": "model.yaml",
    "axes": {"plasticity.learning_rate": ["2 Hz", "20 Hz"], "input.frequency": ["1 Hz", "30 Hz"]},
    "seeds": 2,
}


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """Reports of a sweep of eight runs, on two processes and without any program at its start."""
    folder = tmp_path_factory.mktemp("sweep")
    for name, keys in (("model.yaml", KEYS), ("sweep.yaml", SWEEP)):
        (folder / name).write_text(json.dumps(keys))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        run_sweep(load_sweep(folder / "sweep.yaml"), folder / "out", workers=2)
        yield [json.loads(path.read_text()) for path in (folder / "out/runs").glob("*.json")]


@pytest.mark.slow
def test_eight_runs_of_two_processes_take_one_compilation(sweep):
    timings = [report["report"]["timing"] for report in sweep]
    assert sorted(timing["compiled"] for timing in timings) == 7 * [False] + [True]


@pytest.mark.slow
def test_a_program_that_is_there_starts_at_once_and_computes_with_the_numbers_of_its_run(sweep):
    model = KEYS | {
        "seed": 9,
        "plasticity": {
            "rule": "diffusion",
            "learning_rate": "7 Hz",
            "weight_decay": "0.5 Hz",
            "start": "20 ms",
        },
        "input": KEYS["input"] | {"frequency": "11 Hz", "amplitude": 0.7},
        "target": {"kind": "constant", "values": [-0.1, 0.6]},
        "run": {"duration": "150 ms"},
        "record": {"signals": "1 ms", "weights": "1 ms"},
    }
    simulation = simulate(from_mapping(model), "cpp_standalone")
    assert not simulation.timing.compiled
    assert moved(simulation) > 0.01
    assert max(deviations(simulation).values()) < 1e-12


def sources(monkeypatch: pytest.MonkeyPatch, *changes: str) -> str:
    """Hash of the sources of a run of frames; they are not compiled."""
    hashes: list[str] = []

    def provide(program: Path, compile_sources: Any) -> bool:
        hashes.append(programs._hash(program.parent))
        raise RuntimeError("not compiled")

    monkeypatch.setattr("neurodiff.simulator.backends.execution.provide", provide)
    model = load(Path(__file__).parents[2] / "models" / "two_layer_xor.yaml", changes)
    with pytest.raises(SimulationError, match="not compiled"):
        Simulation(model, backend="cpp_standalone").run()
    return hashes[0]


def test_other_epochs_are_the_same_program_and_other_units_are_not(monkeypatch):
    faded = "input.crossfade=4 ms"
    few, many = (
        sources(monkeypatch, faded, f"run.epochs={epochs}", f"seed={epochs}") for epochs in (3, 90)
    )
    assert few == many
    assert few != sources(monkeypatch, faded, "run.epochs=3", "network.layers=[2, 9, 2]")


@pytest.fixture
def store(tmp_path, monkeypatch) -> Path:
    """Where programs are kept; nothing is there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/neurodiff/programs"


class Project:
    """Sources and data of a run, and a compiler that only copies the sources, and counts."""

    def __init__(self, folder: Path, source: str, data: str = "1"):
        self.program, self.source, self.compilations = folder / "main", source, 0
        for name, text in (("code.cpp", source), ("static_arrays/rate", data)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    def compile(self) -> None:
        self.compilations += 1
        self.program.write_text(self.source)

    def provide(self) -> bool:
        """Whether a program was compiled; it is that of the sources in either case."""
        self.program.unlink(missing_ok=True)
        compiled = programs.provide(self.program, self.compile)
        assert self.program.read_text() == self.source
        return compiled


def test_other_data_are_the_same_program_and_other_sources_are_not(tmp_path, store):
    assert Project(tmp_path / "a", "source").provide()
    assert not Project(tmp_path / "b", "source", data="2").provide()
    assert Project(tmp_path / "c", "other").provide()


def test_another_compiler_makes_another_program(tmp_path, store, monkeypatch):
    project = Project(tmp_path / "a", "source")
    assert project.provide()
    monkeypatch.setenv("CXX", "g++ -mno-avx")
    assert project.provide()


def test_the_program_that_was_not_used_for_longest_is_dropped(tmp_path, store, monkeypatch):
    monkeypatch.setattr(programs, "KEPT", 2)
    a, b, c = (Project(tmp_path / name, name) for name in "abc")
    assert [part.provide() for part in (a, b, a, c)] == [True, True, False, True]
    assert [part.provide() for part in (a, c)] == [False, False]
    assert len(list(store.iterdir())) == 4  # each with its lock
    assert b.provide()


def test_a_compilation_that_fails_is_not_kept(tmp_path, store):
    def fail() -> None:
        raise RuntimeError("no memory")

    project = Project(tmp_path / "a", "source")
    with pytest.raises(RuntimeError, match="no memory"):
        programs.provide(project.program, fail)
    assert project.provide()


def test_a_process_that_is_killed_while_it_compiles_holds_up_nobody(tmp_path, store):
    project = Project(tmp_path / "a", "source")
    code = (
        "import sys, time, pathlib; from neurodiff.simulator.backends import programs;"
        "wait = lambda: (print('compiling', flush=True), time.sleep(60));"
        "programs.provide(pathlib.Path(sys.argv[1]), wait)"
    )
    command = [sys.executable, "-c", code, str(project.program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"compiling\n"
        other.kill()
    assert project.provide()
    assert not project.provide()


def test_without_a_place_for_programs_each_run_compiles(tmp_path, store):
    (tmp_path / "cache").write_text("is no folder")
    project = Project(tmp_path / "a", "source")
    assert project.provide() and project.provide()
    assert project.compilations == 2
