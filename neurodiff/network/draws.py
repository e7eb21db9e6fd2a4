"""Random draws of a network: a generator for each purpose, and delays in steps."""

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import UnknownKindError
from neurodiff.model_file import Model
from neurodiff.model_file.network import Delay, LognormalDelay, NormalDelay, UniformDelay

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def random_stream(seed: int, purpose: str) -> np.random.Generator:
    """Generator of its own for each purpose, so that one draw never shifts another.

    Parameters
    ----------
    seed : int
        Seed of the random numbers.
    purpose : str
        What is drawn; each purpose has its own stream of random numbers.
    """
    return np.random.default_rng([seed, *purpose.encode()])


def draw_lags(delay: Delay | None, n: int, model: Model, purpose: str) -> Ints:
    """Delays (n,) in steps, at least 1; one step where the model says nothing.

    Parameters
    ----------
    delay : Delay or None
        Rule for the delays, in seconds.
    n : int
        Number of delays.
    model : Model
        Model, checked.
    purpose : str
        What is drawn; each purpose has its own stream of random numbers.
    """
    if delay is None:
        return _all(n, 1)
    return _lags(delay, n, model, random_stream(model.seed, purpose))


@singledispatch
def _lags(delay: object, n: int, model: Model, rng: np.random.Generator) -> Ints:
    """Delays (n,) in steps, by their distribution."""
    raise UnknownKindError("neurodiff.network.draws._lags", delay)


@_lags.register
def _(delay: float, n: int, model: Model, rng: np.random.Generator) -> Ints:
    return _all(n, model.steps(delay))


@_lags.register
def _(delay: UniformDelay, n: int, model: Model, rng: np.random.Generator) -> Ints:
    shortest, longest = map(model.steps, delay.uniform)
    return rng.integers(shortest, longest, size=n, endpoint=True)


@_lags.register
def _(delay: NormalDelay, n: int, model: Model, rng: np.random.Generator) -> Ints:
    mean, sd = delay.normal
    return _in_steps(rng.normal(mean, sd, size=n), model)


@_lags.register
def _(delay: LognormalDelay, n: int, model: Model, rng: np.random.Generator) -> Ints:
    return _in_steps(_lognormal(rng, *delay.lognormal, n), model)


def _all(n: int, steps: int) -> Ints:
    """The same delay for all (n,), kept once."""
    return np.broadcast_to(np.int64(steps), (n,))


def _in_steps(delays: Floats, model: Model) -> Ints:
    """Delays (n,) in s rounded to whole steps, at least 1."""
    return np.maximum(np.rint(delays / model.time_step), 1).astype(np.int64)


def _lognormal(rng: np.random.Generator, mean: float, sd: float, n: int) -> Floats:
    """Lognormally distributed numbers (n,) with this mean and standard deviation of their own."""
    # s^2 = ln(1 + sd^2/mean^2), m = ln(mean) - s^2/2
    variance = np.log1p((sd / mean) ** 2)
    return rng.lognormal(np.log(mean) - variance / 2, np.sqrt(variance), size=n)
