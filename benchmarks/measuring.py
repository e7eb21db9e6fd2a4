"""Runs the simulator and the NumPy loop on one model, and reads their clocks and their memory.

Both are processes of their own (the simulator where it is compiled), and both clocks are on the
wall and see the time steps only: nothing that is compiled, set up, read or written.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import brian2 as b2
import numpy as np
from brian2.devices.device import get_device
from numpy.typing import NDArray
from peak_memory import own_peak, reset_own_peak, wrap

import neurodiff
from neurodiff.plan.sampling import Schedule
from neurodiff.simulator.backends.execution import Run, machine_code
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.stimuli.signals import Sinusoids, Table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PEAK = "peak_memory.txt"


class Measured(NamedTuple):
    """One run: wall-clock seconds of its steps, and the peak memory (bytes) of its process."""

    seconds: float
    peak: int


def steps_of(simulation: neurodiff.Simulation) -> int:
    """Steps that are run: those that learn. With frames a test would follow."""
    return simulation.plan.stimuli.learning_steps


class NumpyLoop:
    """The peer, as a process of its own for every run; see numpy_loop.py.

    Attributes
    ----------
    blas : dict
        By update, what it multiplied with in the last run.
    """

    def __init__(self, simulation: neurodiff.Simulation, folder: Path):
        self._simulation, self._folder = simulation, folder
        self.blas: dict[str, str] = {}
        np.savez(folder / "problem.npz", **self._problem())

    def _problem(self) -> dict[str, Any]:
        simulation = self._simulation
        weights = {f"w{k}": W for k, W in enumerate(self._matrices())}
        return {
            **weights,
            **_parameters(simulation.plan.stimuli.input),
            "n_weights": len(weights),
            "target": simulation.plan.stimuli.target_at(np.array([steps_of(simulation)]))[0],
            "target_lag": simulation.plan.stimuli.target_lag[0],
            "eta": simulation.plan.plasticity.learning_rate,
            "steps": steps_of(simulation),
        }

    def _matrices(self) -> list[Floats]:
        """Initial weights (n_post, n_pre) of each layer; the graph sorts them by sender."""
        return [
            np.ascontiguousarray(
                self._simulation.plan.w[part.synapses].reshape(part.pre.size, part.post.size).T
            )
            for part in self._simulation.graph.projections
        ]

    def measure(self, update: str, threads: int | None = None) -> Measured:
        """Run it once from the beginning; `threads` is as in numpy_loop.py."""
        peak, result = self._folder / "peak.txt", self._folder / "result.npz"
        loop = Path(__file__).with_name("numpy_loop.py")
        arguments = [self._folder / "problem.npz", result, update, *([threads] if threads else [])]
        command = [sys.executable, *map(str, [loop, *arguments])]
        subprocess.run(wrap(peak, command), check=True)
        with np.load(result) as archive:
            self.blas[update] = str(archive["blas"])
            return Measured(float(archive["seconds"]), int(peak.read_text()))

    def weights(self) -> Floats:
        """Weights (n_synapses,) after the last run, in the order of the graph."""
        with np.load(self._folder / "result.npz") as archive:
            n = len(self._simulation.graph.projections)
            return np.concatenate([archive[f"w{k}"].T.ravel() for k in range(n)])


def _parameters(signal: Sinusoids | Table) -> dict[str, Any]:
    if isinstance(signal, Table):
        return {"rows": signal.rows, "hold": signal.hold}
    return {name: getattr(signal, name) for name in ("amplitude", "frequency", "phase")}


class EventDriven:
    """The simulator, built and compiled once, for as many runs as one likes; see `prepared`.

    Attributes
    ----------
    preparation : float
        Seconds of the first run that were not time steps: building, compiling, setting up, writing.
    building_peak : int
        Peak memory (bytes) of the process that builds.
    """

    def __init__(self, simulation: neurodiff.Simulation, execute: "Execute"):
        self._steps, self._execute = steps_of(simulation), execute
        # nothing is recorded
        simulation = neurodiff.Simulation(simulation.plan.replace(schedule=Schedule()))
        reset_own_peak()
        began = time.perf_counter()
        self._built = simulation.build()
        self.preparation = time.perf_counter() - began
        self.building_peak, self._has_run = 0, False

    def measure(self) -> Measured:
        """Run it once from the beginning."""
        began = time.perf_counter()
        measured = self._execute(self._built, self._steps)
        if not self._has_run:
            self._has_run = True
            self.preparation += time.perf_counter() - began - measured.seconds
            self.building_peak = own_peak()
        return measured

    def weights(self) -> Floats:
        """Weights (n_synapses,) after the last run, in the order of the graph."""
        return self._built.synapses.weights()

    def event_counts(self) -> tuple[Ints, Ints]:
        """How often each unit and each error unit sent in the last run."""
        counts = self._built.synapses.event_counts()
        assert counts is not None
        return counts


#: Runs a network for some steps from the beginning.
Execute = Callable[[BuiltNetwork, int], Measured]


@contextmanager
def prepared(simulation: neurodiff.Simulation, target: str) -> Iterator[EventDriven]:
    """The simulator on one kind of machine code; all runs must be inside the `with` block."""
    with machine_code(target) as run:
        if target != "cpp_standalone":
            yield EventDriven(simulation, _interpreter(run))
            return
        with _programs_that_note_their_memory():
            yield EventDriven(simulation, _program(run))


def _interpreter(run: Run) -> Execute:
    """Runs inside this process; a network that has run goes back to its beginning."""

    def execute(built: BuiltNetwork, steps: int) -> Measured:
        first: list[float] = []
        built.network.store() if built.network.t == 0 else built.network.restore()
        run(built, steps, lambda fraction: first.append(time.perf_counter()))
        return Measured(time.perf_counter() - first[0], own_peak())

    return execute


def _program(run: Run) -> Execute:
    """Compiles at its first call, and runs the program again at all others."""

    def execute(built: BuiltNetwork, steps: int) -> Measured:
        seconds = run(built, steps, lambda fraction: None).seconds
        assert seconds is not None
        return Measured(seconds, int((Path(get_device().project_dir) / _PEAK).read_text()))

    return execute


@contextmanager
def _programs_that_note_their_memory() -> Iterator[None]:
    """Let programs that are run in the `with` block note their peak memory."""
    preferences = b2.prefs.devices.cpp_standalone
    before = preferences.run_cmd_unix
    preferences.run_cmd_unix = wrap(Path(_PEAK), ["./main"])
    try:
        yield
    finally:
        preferences.run_cmd_unix = before
