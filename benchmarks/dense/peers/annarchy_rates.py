"""The network in ANNarchy: rate units, and two projections between neighbouring layers.

A projection goes one way only, so errors come back through a second one, which keeps a copy of the
weights and moves it by the same products. The units keep their last activity, `old`: synapses learn
after units have changed, and with a delay of one step `pre.r` is then the new activity.
"""

import tempfile
import time
from importlib.metadata import version
from itertools import pairwise

import ANNarchy as ann
import numpy as np

from dense.network import Floats, Network
from dense.program import Program

_SOURCE = ann.Neuron(
    parameters="amplitude = 0.0\nfrequency = 0.0\nphase = 0.0",
    equations="old = r\nr = amplitude * sin(frequency * t + phase)",
)
_HIDDEN = ann.Neuron(
    equations="old = r\nr = tanh(sum(exc))\ndelta = (1.0 - r*r) * sum(err)",
)
_OUTPUT = ann.Neuron(
    parameters="target = 0.0\nlag = 0.0",
    equations="""
        old = r
        r = tanh(sum(exc))
        y = if t >= lag: target else: 0.0
        delta = (1.0 - r*r) * (r - y)
    """,
)
_FORWARD = ann.Synapse(
    parameters="eta = 0.0 : projection",
    equations="w += -eta * post.delta * pre.old",
    psp="w * pre.r",
)
_BACK = ann.Synapse(
    parameters="eta = 0.0 : projection",
    equations="w += -eta * pre.delta * post.old",
    psp="w * pre.delta",
)


class AnnarchyRates(Program):
    """Compiled for each size."""

    _size: tuple[int, int] | None = None

    def version(self) -> str:
        """Version of ANNarchy."""
        return f"ANNarchy {version('ANNarchy')}, dense storage, {self._flags()}"

    def _flags(self) -> str:
        return "-O3 -march=native -ffast-math"

    def prepare(self, network: Network) -> None:
        """Build and compile, or begin anew where the network has the same size."""
        size, self._network = (network.layers, network.width), network
        if size == self._size:
            self._net.reset(populations=True)
        else:
            self._size = size
            self._build()
        self._set()

    def _build(self) -> None:
        """All without its numbers."""
        self._net, network = ann.Network(dt=1.0), self._network
        kinds = [_SOURCE, *[_HIDDEN] * (network.layers - 1), _OUTPUT]
        self._units = [self._net.create(network.width, kind) for kind in kinds]
        pairs = list(pairwise(self._units))
        self._forward = [self._connect(a, b, "exc", _FORWARD) for a, b in pairs]
        self._back = [self._connect(b, a, "err", _BACK) for a, b in pairs[1:]]
        flags, folder = self._flags(), tempfile.mkdtemp()
        self._net.compile(directory=folder, compiler_flags=flags, silent=True)

    def _connect(self, pre, post, target: str, synapse):  # type: ignore
        part = self._net.connect(pre, post, target, synapse)
        return part.all_to_all(
            weights=0.0, delays=1.0, force_multiple_weights=True, storage_format="dense"
        )

    def _set(self) -> None:
        """The numbers."""
        network, inputs, outputs = self._network, self._units[0], self._units[-1]
        for name in ("amplitude", "frequency", "phase"):
            setattr(inputs, name, getattr(network, name))
        outputs.target, outputs.lag = network.target, network.target_lag.astype(float)
        matrices = network.matrices
        for part, W in zip(self._forward, matrices, strict=True):
            part.w, part.eta = W, network.eta
        for part, W in zip(self._back, matrices[1:], strict=True):
            part.w, part.eta = np.ascontiguousarray(W.T), network.eta

    def run(self, steps: int) -> float:
        """Call `simulate`."""
        began = time.perf_counter()
        self._net.simulate(float(steps))
        return time.perf_counter() - began

    def weights(self) -> Floats:
        """Of the forward projections."""
        return np.concatenate([np.ravel(part.w) for part in self._forward])
