"""What every hop goes through besides its delay: nothing, a leak of neurons, or a trace of spikes.

The leak and the trace are the same exponential filter, in different places: a leak follows the
drive of a unit, what comes back to its error unit, and what arrives at its synapses; a trace is
what arriving spikes leave, wherever they arrive.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import UnknownKindError
from neurodiff.model_file.model import LeakyNeuron, StaticNeuron
from neurodiff.model_file.transmission import (
    EventTransmission,
    GradedTransmission,
    SpikeTransmission,
)

Floats = NDArray[np.float64]


class Hop(ABC):
    """What every hop goes through besides its delay.

    Attributes
    ----------
    lag : float
        Mean steps that it adds to the delay.
    error_lag : float
        Mean steps by which errors are late besides their travel.
    settling_lags : float
        After how many of its lags what comes through is taken to have settled; 0 where that is told
        by the number of hops.
    leaks : bool
        Whether units leak.
    """

    lag: float
    error_lag: float
    settling_lags: ClassVar[float] = 0.0
    leaks: ClassVar[bool] = False

    @abstractmethod
    def response(self, omega: float) -> complex:
        """What it does to a tone of `omega` radian per step.

        Parameters
        ----------
        omega : float
            Angular frequency of a tone in radian per step.
        """

    def output_error(self, omega: float) -> complex:
        """How late outputs are compared, as what it does to a tone.

        Parameters
        ----------
        omega : float
            Angular frequency of a tone in radian per step.
        """
        return 1.0

    def error_sent(self, omega: float) -> complex:
        """What an error goes through where it arrives, besides its delay.

        Parameters
        ----------
        omega : float
            Angular frequency of a tone in radian per step.
        """
        return 1.0

    def error_kept(self, omega: float) -> complex:
        """What an error that came back goes through in its unit.

        Parameters
        ----------
        omega : float
            Angular frequency of a tone in radian per step.
        """
        return 1.0

    def leaked(self, state: Floats, signal: Floats) -> Floats:
        """One step of a state that follows a signal, of one shape; without a leak the signal.

        Parameters
        ----------
        state : array
            State of the step before.
        signal : array
            Signal of this step, in the shape of the state.
        """
        return signal

    def leaked_text(self, state: str, signal: str) -> str:
        """The same as text of an equation, with the numbers of `constants`.

        Parameters
        ----------
        state : str
            Name of the state in the equation.
        signal : str
            Text of the signal in the equation.
        """
        return signal

    @property
    def constants(self) -> dict[str, float]:
        """The numbers of `leaked_text`."""
        return {}


@dataclass(frozen=True)
class Instant(Hop):
    """Nothing but the delay."""

    lag: ClassVar[float] = 0.0  # type: ignore[misc]
    error_lag: ClassVar[float] = 0.0  # type: ignore[misc]

    def response(self, omega: float) -> complex:
        """Nothing becomes of a tone: 1.

        Parameters
        ----------
        omega : float
            Angular frequency of a tone in radian per step.
        """
        return 1.0


@dataclass(frozen=True)
class LowPass(Hop):
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
    def lag(self) -> float:  # type: ignore[override]
        """Mean age in steps of what it holds, the mean of n under the weights (1 - k) k^n."""
        # k/(1 - k), which is about tau/dt - 1/2 where the step is exact, and tau/dt - 1 by Euler
        return self.keep / self.gain

    @property
    def spread(self) -> float:
        """Standard deviation in steps of the age of what it holds: about tau/dt."""
        return float(np.sqrt(self.keep) / self.gain)

    def phase(self, omega: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Radian by which it delays a tone of `omega` radian per step.

        Parameters
        ----------
        omega : float or array
            Angular frequency of a tone in radian per step.
        """
        sine, cosine = np.sin(omega), np.cos(omega)
        return np.asarray(np.arctan2(self.keep * sine, 1 - self.keep * cosine))

    def amplitude(self, omega: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Part of the amplitude of a tone of `omega` radian per step that it lets pass.

        Parameters
        ----------
        omega : float or array
            Angular frequency of a tone in radian per step.
        """
        # |1 - k e^(-i omega)|^2 = (1 - k)^2 + 4 k sin^2(omega/2)
        turned = 4 * self.keep * np.sin(np.asarray(omega) / 2) ** 2
        return np.asarray(self.gain / np.sqrt(self.gain**2 + turned))

    def response(self, omega: float) -> complex:
        """(1 - k)/(1 - k e^(-i omega)).

        Parameters
        ----------
        omega : float
            Angular frequency of a tone in radian per step.
        """
        return complex(self.gain / (1 - self.keep * np.exp(-1j * omega)))


@dataclass(frozen=True)
class Leak(LowPass):
    """The leak of leaky neurons, of their error units, and of the PSPs at their synapses."""

    error_lag: ClassVar[float] = 0.0  # type: ignore[misc]
    leaks: ClassVar[bool] = True

    def error_kept(self, omega: float) -> complex:
        """An error that comes back is low-passed in its unit.

        Parameters
        ----------
        omega : float
            Angular frequency of a tone in radian per step.
        """
        return self.response(omega)

    def leaked(self, state: Floats, signal: Floats) -> Floats:
        """z(t) = k z(t-1) + (1 - k) s(t).

        Parameters
        ----------
        state : array
            State of the step before.
        signal : array
            Signal of this step, in the shape of the state.
        """
        return self.keep * state + self.gain * signal

    def leaked_text(self, state: str, signal: str) -> str:
        """The formula of `leaked`.

        Parameters
        ----------
        state : str
            Name of the state in the equation.
        signal : str
            Text of the signal in the equation.
        """
        return f"keep*{state} + gain*{signal}"

    @property
    def constants(self) -> dict[str, float]:
        """Keep and gain."""
        return {"keep": self.keep, "gain": self.gain}


@dataclass(frozen=True)
class Trace(LowPass):
    """The trace that arriving spikes leave.

    An output is compared by its trace of the step before, and a synapse reads its error as a trace.
    """

    settling_lags: ClassVar[float] = 5.0

    @property
    def error_lag(self) -> float:  # type: ignore[override]
        """Two traces and a step."""
        return 2 * self.lag + 1

    def output_error(self, omega: float) -> complex:
        """The trace of the step before.

        Parameters
        ----------
        omega : float
            Angular frequency of a tone in radian per step.
        """
        return self.response(omega) * np.exp(-1j * omega)

    def error_sent(self, omega: float) -> complex:
        """A trace.

        Parameters
        ----------
        omega : float
            Angular frequency of a tone in radian per step.
        """
        return self.response(omega)


@singledispatch
def hop_of(transmission: object, neuron: object, time_step: float) -> Hop:
    """The filter of each hop, from the parts `transmission` and `neuron` of a model.

    Parameters
    ----------
    transmission : object
        The `transmission` part of the model.
    neuron : object
        The `neuron` part of the model.
    time_step : float
        Time step in seconds.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of either.
    """
    raise UnknownKindError("neurodiff.network.hop_filter.hop_of", transmission)


@hop_of.register
def _(transmission: GradedTransmission | EventTransmission, neuron: Any, time_step: float) -> Hop:
    return hop_of_neuron(neuron, time_step)


@hop_of.register
def _(transmission: SpikeTransmission, neuron: Any, time_step: float) -> Hop:
    return Trace(*exact(time_step, transmission.synaptic_time_constant))


@singledispatch
def hop_of_neuron(neuron: object, time_step: float) -> Hop:
    """The filter of each hop where the neurons alone decide; see `hop_of`.

    Parameters
    ----------
    neuron : object
        The `neuron` part of the model.
    time_step : float
        Time step in seconds.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `neuron`.
    """
    raise UnknownKindError("neurodiff.network.hop_filter.hop_of_neuron", neuron)


@hop_of_neuron.register
def _(neuron: StaticNeuron, time_step: float) -> Hop:
    return Instant()


@hop_of_neuron.register
def _(neuron: LeakyNeuron, time_step: float) -> Hop:
    integrate = {"exact": exact, "euler": euler}[neuron.integration]
    return Leak(*integrate(time_step, neuron.time_constant))


def exact(time_step: float, time_constant: float) -> tuple[float, float]:
    """Keep and gain, exact for a signal that is constant within the step: k = e^(-dt/tau).

    Parameters
    ----------
    time_step : float
        Time step in seconds.
    time_constant : float
        Time constant of the leak in seconds.

    Returns
    -------
    keep, gain : float
        k and 1 - k, per step.
    """
    steps = time_step / time_constant
    return float(np.exp(-steps)), float(-np.expm1(-steps))


def euler(time_step: float, time_constant: float) -> tuple[float, float]:
    """Keep and gain of Euler's method: k = 1 - dt/tau; with tau = dt nothing is kept.

    Parameters
    ----------
    time_step : float
        Time step in seconds.
    time_constant : float
        Time constant of the leak in seconds.

    Returns
    -------
    keep, gain : float
        k and 1 - k, per step.
    """
    steps = time_step / time_constant
    # a time constant of one step is that in spite of rounding
    return (1 - steps, steps) if steps < 1 - 1e-9 else (0.0, 1.0)
