"""Activation functions: sigma and sigma', as Brian2 text and as NumPy, side by side.

The two forms of a function are the same formula, so that they agree to rounding. That of the slope
is in x where that spares a second tanh or exp.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Activation(NamedTuple):
    """sigma(a) and its derivative.

    The texts are functions of the Brian2 variables `a` and, for the slope, x = sigma(a).
    """

    text: str
    slope_text: str
    function: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def _sigmoid(a: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * a))


def _sigmoid_slope(a: Array) -> Array:
    return 0.25 * (1 - np.tanh(0.5 * a) ** 2)


def _softplus(a: Array) -> Array:
    return 0.5 * (a + np.abs(a)) + np.log1p(np.exp(-np.abs(a)))


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
    ),
    "sigmoid": Activation(
        text="0.5*(1 + tanh(0.5*a))",
        slope_text="x*(1 - x)",
        function=_sigmoid,
        slope=_sigmoid_slope,
    ),
    "relu": Activation(
        text="0.5*(a + abs(a))",
        slope_text="int(a > 0)",
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
