"""Scans of a function of frequency for the first time that it turns from positive to negative."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Of the largest value: what counts as above 0, and below what a dip is looked at closely.
_ABOVE, _SHALLOW = 1e-9, 0.3

#: Rounds of false position, and golden sections in which the lowest point is looked for.
_ROUNDS, _SECTIONS = 40, 25
_GOLDEN = (np.sqrt(5) - 1) / 2


def first_turns(measure: Callable[[float], Floats], step: float, most: int) -> tuple[Floats, float]:
    """First frequencies at which each of some cosines turns negative.

    Parameters
    ----------
    measure : callable
        Cosines (n,), NaN where there is none, at a frequency in radian per step.
    step : float
        By which the scan goes on, up to pi. A turn there and back within two steps shows as a dip,
        which is followed to its lowest point.
    most : int
        Steps at most.

    Returns
    -------
    turns : array (n,)
        In radian per step; inf where there is none up to where the scan ended, 0 where the cosine
        is not positive at the very beginning, NaN where there is no cosine.
    end : float
        Where the scan ended: at pi, unless all have turned or there were too many steps.
    """
    omegas = np.minimum(step * np.concatenate([[1e-3], np.arange(1, most + 1)]), np.pi)
    omegas = omegas[: int(np.argmax(omegas >= np.pi)) + 1] if omegas[-1] >= np.pi else omegas
    first = measure(omegas[0])
    turns = np.where(np.isnan(first), np.nan, np.where(first > _ABOVE, np.inf, 0.0))
    values, end = [first], omegas[0]
    for k in range(1, len(omegas)):
        if not np.isinf(turns).any():
            break
        end = omegas[k]
        values = [*values[-2:], measure(end)]
        for n in np.flatnonzero(np.isinf(turns)):
            turns[n] = _turn_of_one(measure, n, omegas[max(k - 2, 0) : k + 1], values)
    return turns, float(end)


def _turn_of_one(
    measure: Callable[[float], Floats], n: int, omegas: Floats, values: list[Floats]
) -> float:
    """Turn of one cosine in the last two intervals of a scan; inf where there is none."""
    seen = [value[n] for value in values]
    if seen[-1] <= -_ABOVE:
        return _between(measure, n, omegas[-2], omegas[-1])
    if len(seen) == 3 and seen[1] < min(seen[0], seen[2], _SHALLOW):
        lowest = _lowest(measure, n, omegas[0], omegas[2])
        if measure(lowest)[n] <= -_ABOVE:
            return _between(measure, n, omegas[0], lowest)
    return np.inf


def _between(measure: Callable[[float], Floats], n: int, low: float, high: float) -> float:
    """Where a cosine turns negative between two frequencies.

    By false position, with the value of the end that stays halved (Illinois).
    """
    # where a gradient passes through 0 there is no cosine for a moment
    values = [
        float(np.nan_to_num(measure(end)[n], nan=sign)) for end, sign in ((low, 1), (high, -1))
    ]
    for _ in range(_ROUNDS):
        middle = low + (high - low) * values[0] / (values[0] - values[1])
        value = float(measure(middle)[n])
        if not abs(value) > 1e-10 or high - low <= 1e-10 * high:
            break
        if value > 0:
            low, values = middle, [value, values[1] / 2]
        else:
            high, values = middle, [values[0] / 2, value]
    return float(middle)


def _lowest(measure: Callable[[float], Floats], n: int, low: float, high: float) -> float:
    """Where a cosine is lowest between two frequencies, by golden sections."""
    for _ in range(_SECTIONS):
        first, second = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, second) if measure(first)[n] < measure(second)[n] else (first, high)
    return float((low + high) / 2)
