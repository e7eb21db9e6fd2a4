"""What units and error units would send of values that are known for all moments."""

import numpy as np

from neurodiff.network.graph import Floats, Ints

#: How far ahead an activity that moves on is sent, in thresholds.
AHEAD = 0.25

#: Smaller errors count as 0, relative to the largest running size of the population's so far.
LEAST = 1e-6


class Activities:
    """What units send: x when it has moved by more than the threshold, and a little ahead.

    Parameters
    ----------
    n : int
        Number of units.
    threshold : float
        Largest move that is not sent.

    Attributes
    ----------
    times : array (n,)
        How often each unit has sent; a large move between moments that are many steps apart counts
        as so many of the threshold.
    """

    def __init__(self, n: int, threshold: float):
        self._threshold, self.times = threshold, np.zeros(n)
        self._last, self._moved = np.zeros(n), np.zeros(n)

    def send(self, x: Floats, lasting: Ints) -> Floats:
        """What was sent last (n_moments, n), at each of the moments that follow.

        Parameters
        ----------
        x : array (n_moments, n)
            Activities.
        lasting : int array (n_moments,)
            Steps of the run that each moment stands for.
        """
        sent, threshold = np.empty_like(x), self._threshold
        for now, value in enumerate(x):
            move = value - self._last
            own = np.flatnonzero(np.abs(move) > threshold)
            if len(own):
                by = move[own]
                moves_on = (by * self._moved[own] > 0) & (np.abs(by) < 2 * threshold)
                self._last[own] = value[own] + AHEAD * threshold * np.sign(by) * moves_on
                self._moved[own] = by
                self.times[own] += np.minimum(np.abs(by) / threshold, lasting[now])
            sent[now] = self._last
        return sent


class Errors:
    """What error units of a population send: what has changed by a part of their running size.

    Parameters
    ----------
    n : int
        Number of units.
    threshold : float
        Largest change that is not sent, relative to the running root mean square of all.
    average : float
        Steps over which that is taken.

    Attributes
    ----------
    times : array (n,)
        How often each error unit has sent; see `Activities`.
    """

    def __init__(self, n: int, threshold: float, average: float):
        self._threshold, self._average = threshold, average
        self.times = np.zeros(n)
        self._mean, self._least, self._last, self._steps = 0.0, 0.0, np.zeros(n), 0

    def send(self, delta: Floats, lasting: Ints) -> Floats:
        """What was sent last (n_moments, n), at each of the moments that follow.

        Parameters
        ----------
        delta : array (n_moments, n)
            Errors.
        lasting : int array (n_moments,)
            Steps of the run that each moment stands for.
        """
        squares, sent = np.mean(delta**2, axis=1), np.empty_like(delta)
        steps = self._steps + np.cumsum(lasting)
        parts = np.minimum(lasting / np.minimum(steps, self._average), 1.0)
        for now, value in enumerate(delta):
            self._mean += (squares[now] - self._mean) * parts[now]
            size = np.sqrt(self._mean)
            self._least = max(self._least, LEAST * size)
            value = np.where(np.abs(value) > self._least, value, 0.0)
            move, threshold = np.abs(value - self._last), self._threshold * size
            own = np.flatnonzero(move > threshold)
            if len(own):
                self._last[own] = value[own]
                self.times[own] += np.minimum(move[own] / threshold, lasting[now])
            sent[now] = self._last
        self._steps = int(steps[-1])
        return sent
