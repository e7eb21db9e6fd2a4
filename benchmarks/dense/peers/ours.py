"""neurodiff on each of its kinds of machine code."""

from importlib.metadata import version

import numpy as np

import neurodiff
from dense.network import Floats, Network
from dense.program import CannotError, Program


class Ours(Program):
    """A model file, run by `neurodiff.Simulation`.

    The options are keys of `run` in the model file; those that are not given are not written, so
    that releases without these keys can be measured, too.
    """

    def version(self) -> str:
        """Version of neurodiff and Brian2."""
        return ", ".join(f"{name} {version(name)}" for name in ("neurodiff", "brian2"))

    def prepare(self, network: Network) -> None:
        """Only note it: a simulation is built for its number of steps."""
        self._network = network

    def run(self, steps: int) -> float:
        """Build, run; the seconds of the steps as neurodiff tells them."""
        changes = {"duration": f"{steps} ms", **self.options}
        try:
            path, keys = self._network.model, [f"run.{key}={v}" for key, v in changes.items()]
            self._simulation = neurodiff.Simulation(neurodiff.load(path, keys)).run()
        except neurodiff.ModelError as error:
            raise CannotError(f"neurodiff {version('neurodiff')}: {error}") from None
        return self._simulation.timing.run_s

    def weights(self) -> Floats:
        """What the recording has of the end of the run."""
        last = self._simulation.recording["w"].isel(weight_time=-1).to_numpy()
        return np.asarray(last[self._network.order], dtype=np.float64)
