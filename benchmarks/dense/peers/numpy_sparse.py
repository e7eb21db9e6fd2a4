"""A loop over steps in NumPy for synapses with delays of their own, dense or sparse.

All synapses of the network are one list; a delayed signal is a look into a ring of past steps.
"""

import time

import numpy as np

from dense.network import Floats, Ints, Network
from dense.program import Program


class Sparse(Program):
    """`late` moves the weights by the product of the step before, which is wrong; for tests."""

    def version(self) -> str:
        """Version of NumPy."""
        return f"numpy {np.__version__}"

    def prepare(self, network: Network) -> None:
        """Number the units of all layers in one row."""
        self._network, self._w = network, network.w.copy()
        layer = np.repeat(np.arange(network.layers), np.diff(network.first))
        self._pre = network.pre + layer * network.width
        self._post = network.post + (layer + 1) * network.width
        self._forward, self._backward = (
            lag.astype(np.int64) for lag in (network.forward, network.backward)
        )
        self._slots = 1 + int(max(self._forward.max(), self._backward.max()))

    def run(self, steps: int) -> float:
        """The loop."""
        units = (self._network.layers + 1) * self._network.width
        self._x, self._delta = np.zeros((2, self._slots, units))
        self._product = np.zeros_like(self._w)
        began = time.perf_counter()
        for t in range(steps):
            self._step(t)
        return time.perf_counter() - began

    def _step(self, t: int) -> None:
        network, now, out = self._network, t % self._slots, slice(-self._network.width, None)
        arrived = self._x[(t - self._forward) % self._slots, self._pre]
        came_back = self._delta[(t - self._backward) % self._slots, self._post]
        x = np.tanh(self._sum(self._post, self._w * arrived))
        x[: network.width] = network.input_at(t)
        delta = (1 - x**2) * self._sum(self._pre, self._w * came_back)
        delta[: network.width] = 0
        delta[out] = (1 - x[out] ** 2) * (x[out] - network.target_at(t))
        self._x[now], self._delta[now] = x, delta
        product = delta[self._post] * arrived
        self._w -= network.eta * (self._product if self.options.get("late") else product)
        self._product = product

    def _sum(self, units: Ints, values: Floats) -> Floats:
        return np.bincount(units, weights=values, minlength=self._x.shape[1]).astype(float)

    def weights(self) -> Floats:
        """As they are."""
        return self._w
