"""What units and error units would send of values that are known for all moments."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Floats

#: How far ahead an activity that moves on is sent, in thresholds.
AHEAD = 0.25

#: Smaller errors count as 0, relative to the largest running size of the population's so far.
LEAST = 1e-6


class Sent(NamedTuple):
    """What was sent of values.

    Attributes
    ----------
    values : array (n_moments, n)
        What was sent last, at each moment.
    times : int array (n,)
        How often each unit has sent.
    """

    values: Floats
    times: NDArray[np.int64]


def send_activities(x: Floats, threshold: float) -> Sent:
    """What units send: x when it has moved by more than the threshold, and a little ahead.

    Parameters
    ----------
    x : array (n_moments, n)
        Activities.
    threshold : float
        Largest move that is not sent.
    """
    sent, times = np.empty_like(x), np.zeros(x.shape[1], dtype=np.int64)
    last, moved = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for now, value in enumerate(x):
        move = value - last
        own = np.flatnonzero(np.abs(move) > threshold)
        if len(own):
            by = move[own]
            moves_on = (by * moved[own] > 0) & (np.abs(by) < 2 * threshold)
            last[own] = value[own] + AHEAD * threshold * np.sign(by) * moves_on
            moved[own] = by
            times[own] += 1
        sent[now] = last
    return Sent(sent, times)


def send_errors(
    delta: Floats, threshold: float, average: float, lasting: NDArray[np.int64]
) -> Sent:
    """What error units of a population send: what has changed by a part of their running size.

    Parameters
    ----------
    delta : array (n_moments, n)
        Errors.
    threshold : float
        Largest change that is not sent, relative to the running root mean square of all.
    average : float
        Steps over which that is taken.
    lasting : int array (n_moments,)
        Steps of the run that each moment stands for.
    """
    squares = np.mean(delta**2, axis=1)
    sent, times = np.empty_like(delta), np.zeros(delta.shape[1], dtype=np.int64)
    weights = np.minimum(lasting / np.minimum(np.cumsum(lasting), average), 1.0)
    mean, least, last = 0.0, 0.0, np.zeros(delta.shape[1])
    for now, value in enumerate(delta):
        mean += (squares[now] - mean) * weights[now]
        size = np.sqrt(mean)
        least = max(least, LEAST * size)
        value = np.where(np.abs(value) > least, value, 0.0)
        own = np.flatnonzero(np.abs(value - last) > threshold * size)
        last[own] = value[own]
        times[own] += 1
        sent[now] = last
    return Sent(sent, times)
