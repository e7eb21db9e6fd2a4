"""The loop of ../../numpy_loop.py over dense matrices: what one writes first."""

import time

import numpy as np
from numpy_loop import UPDATES, run

from dense.network import Floats, Network
from dense.program import Program


class Dense(Program):
    """`update` is how the weights move: `outer`, or BLAS's `ger`."""

    def version(self) -> str:
        """Version of NumPy, and of SciPy, whose BLAS has `ger`."""
        from scipy import __version__ as scipy

        return f"numpy {np.__version__}" + (f", scipy {scipy}" if self._update == "ger" else "")

    @property
    def _update(self) -> str:
        return str(self.options["update"])

    def prepare(self, network: Network) -> None:
        """Copy the weights."""
        self._network, self._weights = network, list(network.matrices)

    def run(self, steps: int) -> float:
        """The loop."""
        network, (lag,) = self._network, set(self._network.target_lag)
        target, update = network.target, UPDATES[self._update]
        began = time.perf_counter()
        run(self._weights, network.input_at, target, lag, network.eta, steps, update)
        return time.perf_counter() - began

    def weights(self) -> Floats:
        """All matrices in one."""
        return np.concatenate([W.ravel() for W in self._weights])
