"""The fused loop of waves.cpp in Python, compiled by Numba."""

import time

import numba
import numpy as np

from dense.network import Floats, Network
from dense.program import Program

_ROWS = 4


class NumbaLoop(Program):
    """One pass over the weights in each step."""

    def version(self) -> str:
        """Version of Numba."""
        return f"numba {numba.__version__}"

    def prepare(self, network: Network) -> None:
        """Copy the weights, and compile."""
        self._network, self._w = network, network.matrices
        _steps(*self._arguments(0))

    def _arguments(self, steps: int) -> tuple:
        network = self._network
        signals = (network.amplitude, network.frequency, network.phase)
        return self._w, *signals, network.target, network.target_lag, network.eta, steps

    def run(self, steps: int) -> float:
        """Call it."""
        arguments = self._arguments(steps)
        began = time.perf_counter()
        _steps(*arguments)
        return time.perf_counter() - began

    def weights(self) -> Floats:
        """In one row."""
        return self._w.ravel()


@numba.njit(fastmath=True)
def _steps(w, amplitude, frequency, phase, target, target_lag, eta, steps):  # type: ignore
    layers, n = w.shape[0], w.shape[1]
    x0, x1, x2 = np.zeros((layers + 1, n)), np.zeros((layers + 1, n)), np.zeros((layers + 1, n))
    d0, d1 = np.zeros((layers + 1, n)), np.zeros((layers + 1, n))
    for t in range(steps):
        for j in range(n):
            x0[0, j] = amplitude[j] * np.sin(frequency[j] * t + phase[j])
        for k in range(layers):
            d0[k] = 0.0
            _matrix(w[k], x1[k], x2[k], d1[k + 1], x0[k + 1], d0[k], eta)
        for k in range(1, layers + 1):
            for i in range(n):
                x = np.tanh(x0[k, i])
                error = d0[k, i]
                if k == layers:
                    error = x - (target[i] if t >= target_lag[i] else 0.0)
                x0[k, i], d0[k, i] = x, (1 - x * x) * error
        x0, x1, x2 = x2, x0, x1
        d0, d1 = d1, d0
    for k in range(layers):
        for i in range(n):
            for j in range(n):
                w[k, i, j] -= eta * d1[k + 1, i] * x2[k, j]


@numba.njit(fastmath=True)
def _matrix(w, x1, x2, delta, drive, feedback, eta):  # type: ignore
    """Both waves through a matrix, with the update of the step before; four rows at a time."""
    n, i = w.shape[0], 0
    while i + _ROWS <= n:
        w0, w1, w2, w3 = w[i], w[i + 1], w[i + 2], w[i + 3]
        e0, e1, e2, e3 = delta[i], delta[i + 1], delta[i + 2], delta[i + 3]
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for j in range(n):
            step, x = eta * x2[j], x1[j]
            v0, v1, v2, v3 = (
                w0[j] - step * e0,
                w1[j] - step * e1,
                w2[j] - step * e2,
                w3[j] - step * e3,
            )
            w0[j], w1[j], w2[j], w3[j] = v0, v1, v2, v3
            s0, s1, s2, s3 = s0 + v0 * x, s1 + v1 * x, s2 + v2 * x, s3 + v3 * x
            feedback[j] += v0 * e0 + v1 * e1 + v2 * e2 + v3 * e3
        drive[i], drive[i + 1], drive[i + 2], drive[i + 3] = s0, s1, s2, s3
        i += _ROWS
    while i < n:
        row, error, total = w[i], delta[i], 0.0
        for j in range(n):
            value = row[j] - eta * x2[j] * error
            row[j] = value
            total += value * x1[j]
            feedback[j] += value * error
        drive[i] = total
        i += 1
