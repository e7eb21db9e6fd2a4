"""Activation functions: sigma and sigma', as Brian2 text and as NumPy, side by side.

The two forms of a function are the same formula, so that they agree to rounding. The text of the
slope is in x: it spares a second tanh or exp, and who remembers x knows the slope of that time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import UnknownKindError
from neurodiff.model_file.transmission import (
    EventTransmission,
    GradedTransmission,
    SpikeTransmission,
)

Array = NDArray[np.float64]


class Activation(NamedTuple):
    """sigma(a) and its derivative.

    The texts are functions of the Brian2 variables `a` and, for the slope, x = sigma(a); only that
    of a `Membrane` is in `a`. No value is above `most`, and no slope above `steepest`.

    Attributes
    ----------
    text, slope_text : str
        Brian2 text of sigma and of its derivative.
    function, slope : callable
        The same two as functions of arrays.
    most, steepest : float
        Upper bounds of the value and of the slope.
    """

    text: str
    slope_text: str
    function: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    most: float = np.inf
    steepest: float = 1.0


def _sigmoid(a: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * a))


def _sigmoid_slope(a: Array) -> Array:
    return 0.25 * (1 - np.tanh(0.5 * a) ** 2)


def _softplus(a: Array) -> Array:
    return 0.5 * (a + np.abs(a)) + np.log1p(np.exp(-np.abs(a)))


@dataclass(frozen=True)
class Membrane:
    """A leaky integrate-and-fire neuron that a constant current drives.

    Voltages are such that rest is 0 and the threshold 1; times are in time steps.

    Attributes
    ----------
    time_constant, refractory : float
    reset : float
        Where the voltage stays for the refractory time after a spike.
    background : float
        Where the voltage would go with a = 0; with any a, `background + a`.
    maximum_rate : float
        Spikes per step that stand for an activity of 1.
    """

    time_constant: float
    refractory: float
    reset: float
    background: float
    maximum_rate: float

    def rate(self, a: Array) -> Array:
        """Activity x = f(a)/maximum_rate of the f-I curve.

        f = 1/(refractory + time_constant log((I - reset)/(I - 1))) for I = background + a > 1.

        Parameters
        ----------
        a : array
            Pre-activation, in units of the voltage from rest to threshold.
        """
        current, fires = self._current(a)
        return fires * self._frequency(current) / self.maximum_rate

    def slope(self, a: Array) -> Array:
        """Its derivative, f^2 time_constant (1 - reset)/((I - 1)(I - reset))/maximum_rate.

        Parameters
        ----------
        a : array
            Pre-activation, in units of the voltage from rest to threshold.
        """
        current, fires = self._current(a)
        bend = self.time_constant * (1 - self.reset) / ((current - 1) * (current - self.reset))
        return fires * self._frequency(current) ** 2 * bend / self.maximum_rate

    def _current(self, a: Array) -> tuple[Array, NDArray[np.bool_]]:
        """The current, at least a little above the threshold, and whether it is above."""
        current = self.background + a
        return np.maximum(current, 1 + _ABOVE), current > 1

    def _frequency(self, current: Array) -> Array:
        interval = np.log((current - self.reset) / (current - 1))
        return np.asarray(1 / (self.refractory + self.time_constant * interval))

    @property
    def activation(self) -> "Activation":
        """The f-I curve as an activation function."""
        current = f"clip({self.background!r} + a, {1 + _ABOVE!r}, 1e300)"
        reset, tau = repr(self.reset), repr(self.time_constant)
        logarithm = f"log(({current} - {reset})/({current} - 1))"
        frequency = f"1/({self.refractory!r} + {tau}*{logarithm})"
        fires = f"int({self.background!r} + a > 1)/{self.maximum_rate!r}"
        bend = f"{tau}*(1 - {reset})/(({current} - 1)*({current} - {reset}))"
        return Activation(
            text=f"{fires}*{frequency}",
            slope_text=f"{fires}*({frequency})**2*{bend}",
            function=self.rate,
            slope=self.slope,
            most=1 / (self.refractory * self.maximum_rate),
            steepest=np.inf,
        )


#: The f-I curve rises vertically at the threshold; nearer to it than this nothing fires.
_ABOVE = 1e-9

#: Those without parameters; the f-I curve of a `Membrane` is the other one.
ACTIVATIONS = {
    "linear": Activation(
        text="a",
        slope_text="1.0",
        function=lambda a: a,
        slope=np.ones_like,
    ),
    "tanh": Activation(
        text="tanh(a)",
        slope_text="(1 - x**2)",
        function=np.tanh,
        slope=lambda a: 1 - np.tanh(a) ** 2,
        most=1.0,
    ),
    "sigmoid": Activation(
        text="0.5*(1 + tanh(0.5*a))",
        slope_text="x*(1 - x)",
        function=_sigmoid,
        slope=_sigmoid_slope,
        most=1.0,
        steepest=0.25,
    ),
    "relu": Activation(
        text="0.5*(a + abs(a))",
        slope_text="int(x > 0)",
        function=lambda a: 0.5 * (a + np.abs(a)),
        slope=lambda a: (a > 0).astype(float),
    ),
    "softplus": Activation(
        # log(1 + e^a), written so that e^a cannot overflow
        text="(0.5*(a + abs(a)) + log1p(exp(-abs(a))))",
        slope_text="(1 - exp(-x))",
        function=_softplus,
        slope=_sigmoid,
    ),
}


@singledispatch
def membrane_of(transmission: object, time_step: float) -> Membrane | None:
    """The membrane of leaky integrate-and-fire neurons, its times in steps; None without them.

    Parameters
    ----------
    transmission : object
        The `transmission` part of the model.
    time_step : float
        Time step in seconds.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `transmission`.
    """
    raise UnknownKindError("neurodiff.network.activations.membrane_of", transmission)


@membrane_of.register
def _(transmission: GradedTransmission | EventTransmission, time_step: float) -> None:
    return None


@membrane_of.register
def _(spikes: SpikeTransmission, time_step: float) -> Membrane | None:
    if spikes.neuron != "lif":
        return None
    assert spikes.membrane_time_constant is not None and spikes.refractory is not None
    assert spikes.rest is not None and spikes.reset is not None
    assert spikes.threshold is not None and spikes.background is not None
    return Membrane(
        time_constant=spikes.membrane_time_constant / time_step,
        refractory=spikes.refractory / time_step,
        reset=(spikes.reset - spikes.rest) / (spikes.threshold - spikes.rest),
        background=spikes.background,
        maximum_rate=spikes.maximum_rate * time_step,
    )
