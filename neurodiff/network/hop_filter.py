"""The exponential filter of each hop: the leak of a neuron, or the trace that spikes leave."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class LowPass(NamedTuple):
    """One step of tau dz/dt = -z + s: z(t) = keep z(t-1) + gain s(t), with keep + gain = 1.

    A step takes the signal as if it had been all along what it is at the end of the step. So a slow
    tone is late by tau less half a step where the step is exact, by tau less a whole step by
    Euler's method.

    Attributes
    ----------
    keep, gain : float
        k and 1 - k.
    """

    keep: float
    gain: float

    @property
    def lag(self) -> float:
        """Mean age in steps of what it holds, the mean of n under the weights (1 - k) k^n."""
        # k/(1 - k), which is about tau/dt - 1/2 where the step is exact, and tau/dt - 1 by Euler
        return self.keep / self.gain

    @property
    def spread(self) -> float:
        """Standard deviation in steps of the age of what it holds: about tau/dt."""
        return float(np.sqrt(self.keep) / self.gain)

    def phase(self, omega: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Radian by which it delays a tone of `omega` radian per step."""
        sine, cosine = np.sin(omega), np.cos(omega)
        return np.asarray(np.arctan2(self.keep * sine, 1 - self.keep * cosine))

    def amplitude(self, omega: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Part of the amplitude of a tone of `omega` radian per step that it lets pass."""
        # |1 - k e^(-i omega)|^2 = (1 - k)^2 + 4 k sin^2(omega/2)
        turned = 4 * self.keep * np.sin(np.asarray(omega) / 2) ** 2
        return np.asarray(self.gain / np.sqrt(self.gain**2 + turned))


def leaked(
    leak: LowPass | None, state: NDArray[np.float64], signal: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One step of a state that follows a signal, of one shape; the signal itself without a leak."""
    if leak is None:
        return signal
    # z(t) = k z(t-1) + (1 - k) s(t)
    return leak.keep * state + leak.gain * signal


def exact(time_step: float, time_constant: float) -> LowPass:
    """The step that is exact for a signal that is constant within it: k = e^(-dt/tau)."""
    steps = time_step / time_constant
    return LowPass(float(np.exp(-steps)), float(-np.expm1(-steps)))


def euler(time_step: float, time_constant: float) -> LowPass:
    """The step of Euler's method: k = 1 - dt/tau; with tau = dt nothing is kept."""
    steps = time_step / time_constant
    # a time constant of one step is that in spite of rounding
    return LowPass(1 - steps, steps) if steps < 1 - 1e-9 else LowPass(0.0, 1.0)
