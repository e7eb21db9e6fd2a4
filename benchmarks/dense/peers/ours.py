"""neurodiff on each of its kinds of machine code, and with each of its engines."""

import gc
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
from brian2.devices.device import get_device

import neurodiff
from dense.network import Floats, Network
from dense.program import CannotError, Program
from neurodiff.model_file.model import Run
from neurodiff.simulator.network import BuiltNetwork


class Ours(Program):
    """A model file, run by `neurodiff.Simulation`.

    The options are keys of `run` in the model file; those that are not given are not written, so
    that releases without these keys can be measured, too. Where the machine code is chosen
    (`target`), it is Brian2's: no engine is to replace it.
    """

    def version(self) -> str:
        """Version of neurodiff and Brian2."""
        return ", ".join(f"{name} {version(name)}" for name in ("neurodiff", "brian2"))

    def prepare(self, network: Network) -> None:
        """Only note it: a simulation is built for its number of steps."""
        self._network = network

    def run(self, steps: int) -> float:
        """Build, run; the seconds of the steps as neurodiff tells them."""
        keys = [f"run.{key}={value}" for key, value in self._keys(steps).items()]
        try:
            simulation = self._kind(neurodiff.load(self._network.model, keys)).run()
        except neurodiff.NeurodiffError as error:
            raise CannotError(f"{self.version()}: {error}") from None
        # only the weights are kept: processes wait for each other, and all must fit into memory
        self._last = simulation.recording["w"].isel(weight_time=-1).to_numpy().copy()
        seconds = self._seconds(simulation)
        del simulation
        gc.collect()
        return seconds

    def _keys(self, steps: int) -> dict[str, str | int]:
        native = "target" in self.options and "engine" in Run.model_fields
        return {
            "duration": f"{steps} ms",
            **({"engine": "native"} if native else {}),
            **self.options,
        }

    @property
    def _kind(self) -> type[neurodiff.Simulation]:
        return neurodiff.Simulation

    def _seconds(self, simulation: neurodiff.Simulation) -> float:
        return simulation.timing.run_s

    def weights(self) -> Floats:
        """What the recording has of the end of the run."""
        return np.asarray(self._last[self._network.order], dtype=np.float64)


class OursCompiled(Ours):
    """On cpp_standalone, by a clock in the compiled program.

    neurodiff looks four times a second at how far such a program is, and so does not see when its
    steps begin.
    """

    @property
    def _kind(self) -> type[neurodiff.Simulation]:
        return _Clocked

    def _seconds(self, simulation: neurodiff.Simulation) -> float:
        return float(_clock().read_text())


class _Clocked(neurodiff.Simulation):
    """Its compiled program writes to a file how long the steps took."""

    def build(self) -> BuiltNetwork:
        """Make the Brian2 network, and have its steps timed."""
        built, device = super().build(), get_device()
        device.insert_code(
            "before_network_run", "timespec began, ended; clock_gettime(CLOCK_MONOTONIC, &began);"
        )
        device.insert_code(
            "after_network_run",
            f"""
            clock_gettime(CLOCK_MONOTONIC, &ended);
            std::ofstream("{_clock()}") << std::fixed
                << (ended.tv_sec - began.tv_sec) + 1e-9*(ended.tv_nsec - began.tv_nsec);
            """,
        )
        return built


def _clock() -> Path:
    """Stays the same in this process, so that a program is compiled once in it."""
    return Path(tempfile.gettempdir()) / "stepping_seconds.txt"
