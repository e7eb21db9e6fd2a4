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
from dense.peers.c_loop import CLoop
from dense.problem import network_of
from numpy.typing import NDArray
from peak_memory import own_peak, reset_own_peak, wrap

import neurodiff
from neurodiff.plan.sampling import Schedule
from neurodiff.simulator.backends.execution import Run, machine_code
from neurodiff.simulator.kernels.interface import learning_of
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.stimuli.signals import Sinusoids, Table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PEAK = "peak_memory.txt"


class Measured(NamedTuple):
    """One run: wall-clock seconds of its steps, and the peak memory (bytes) of its process.

    Where `steps` is given, the seconds are of so many steps, and else of all of the case.
    """

    seconds: float
    peak: int
    steps: int | None = None


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
            "eta": learning_of(simulation.plan.plasticity).rate,
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


class CompiledLoop:
    """The fused loop in C of the same chain with sinusoids; see dense/peers/c_loop.py."""

    def __init__(self, simulation: neurodiff.Simulation):
        self._network, self._steps = network_of(simulation.plan, "dense", ""), 0

    def measure(self) -> Measured:
        """Seconds of a step, of as many steps as take about half a second."""
        loop = CLoop()
        self._steps = self._steps or max(10, int(1e9 / len(self._network.w)))
        loop.prepare(self._network)
        return Measured(loop.run(self._steps) / self._steps, own_peak(), steps=1)


class Ours:
    """The simulator on one kind of machine code; each run is built anew, and compiled once.

    Attributes
    ----------
    simulation : Simulation
        Of nothing that is recorded.
    weights : array (n_synapses,)
        After the last run, in the order of the graph.
    event_counts : (int array, int array)
        How often each unit and each error unit sent in the last run, where they send events.
    preparation : float
        Seconds of the first run that were not time steps: building, compiling, setting up, writing.
    building_peak : int
        Peak memory (bytes) of the process that builds.
    """

    def __init__(self, simulation: neurodiff.Simulation, target: str):
        self.simulation = neurodiff.Simulation(simulation.plan.replace(schedule=Schedule()))
        self._target = target
        self.weights, self.event_counts = np.zeros(0), (np.zeros(0, int), np.zeros(0, int))
        self.preparation, self.building_peak = 0.0, 0

    def measure(self) -> Measured:
        """Run it once from the beginning."""
        steps, first = steps_of(self.simulation), not self.preparation
        began = time.perf_counter()
        with prepared(self._target) as execute:
            reset_own_peak()
            built = self.simulation.build()
            measured = execute(built, steps)
            if first:
                self.preparation = time.perf_counter() - began - measured.seconds
                self.building_peak = own_peak()
            self.weights = built.synapses.weights()
            self.event_counts = built.synapses.event_counts() or self.event_counts
        return measured


#: Runs a network for some steps from the beginning.
Execute = Callable[[BuiltNetwork, int], Measured]


@contextmanager
def prepared(target: str) -> Iterator[Execute]:
    """One kind of machine code; all that is built and run must be inside the `with` block."""
    with machine_code(target) as run:
        if target != "cpp_standalone":
            yield _interpreter(run)
            return
        with _programs_that_note_their_memory():
            yield _program(run)


def _interpreter(run: Run) -> Execute:
    """Runs inside this process."""

    def execute(built: BuiltNetwork, steps: int) -> Measured:
        first: list[float] = []
        run(built, steps, lambda fraction: first.append(time.perf_counter()))
        return Measured(time.perf_counter() - first[0], own_peak())

    return execute


def _program(run: Run) -> Execute:
    """Compiles it, unless the same sources were compiled before."""

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
