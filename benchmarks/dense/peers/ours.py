"""neurodiff on each of its kinds of machine code, and with each of its engines."""

import gc
from importlib.metadata import version

import numpy as np

import neurodiff
from dense.network import Floats, Network
from dense.program import CannotError, Program


class Ours(Program):
    """A model file, run by `neurodiff.Simulation`.

    The options are keys of `run` in the model file.
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
            simulation = neurodiff.Simulation(neurodiff.load(self._network.model, keys)).run()
        except neurodiff.NeurodiffError as error:
            raise CannotError(f"{self.version()}: {error}") from None
        # only the weights are kept: processes wait for each other, and all must fit into memory
        self._last = simulation.recording["w"].isel(weight_time=-1).to_numpy().copy()
        seconds = simulation.timing.run_s
        del simulation
        gc.collect()
        return seconds

    def _keys(self, steps: int) -> dict[str, str | int]:
        return {"duration": f"{steps} ms", **self.options}

    def weights(self) -> Floats:
        """What the recording has of the end of the run."""
        return np.asarray(self._last[self._network.order], dtype=np.float64)
