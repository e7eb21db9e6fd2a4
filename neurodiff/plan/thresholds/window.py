"""Which moments of a run a pilot looks at."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.stimuli import Stimuli

Ints = NDArray[np.int64]

#: Moments of a pilot: at least, at most, and so many that its arrays have so many numbers.
_FEWEST, _MOST, _NUMBERS = 1000, 1600, 8_000_000

#: Periods of a tone that these are at least.
_PERIODS = 2

#: How far learning may go from one moment to the next, of all that it has to.
_LEARNED = 0.02

#: Pairs of moments by which that is measured.
_PAIRS = 256


class Window(NamedTuple):
    """Moments of a run.

    Attributes
    ----------
    steps : int array (n,)
        Their steps.
    begins, lasting : int arrays (n,)
        The first of the steps for which each stands, and how many these are.
    """

    steps: Ints
    begins: Ints
    lasting: Ints

    def earlier(self, lag: float, rows: slice) -> Ints:
        """The moments (n_rows,) some steps before some of these; -1 before the first.

        Parameters
        ----------
        lag : float
            Steps.
        rows : slice
            Which moments.
        """
        return np.searchsorted(self.begins, self.steps[rows] - round(lag), side="right") - 1


def window(stimuli: Stimuli, n_units: int, settled: int, learning: float = 0.0) -> Window:
    """Moments that show what a run is like: two periods of a tone or more, or some presentations.

    Slow stimuli are looked at every so many steps, between which they hardly change, and little is
    learned; but in the beginning at every step, as what is sent then may stay for long. Of one that
    stays for long only the first steps are looked at; the last of them stands for the rest.

    Parameters
    ----------
    stimuli : Stimuli
        Input and target of the run.
    n_units : int
        Number of units, all of which are looked at.
    settled : int
        Steps after which both waves have followed a change.
    learning : float, optional
        Speed of learning per step: the part of what there is to learn.
    """
    steps = max(stimuli.learning_steps, 1)
    most = int(np.clip(_NUMBERS // n_units, _FEWEST, _MOST))
    hold = min(stimuli.period, steps)
    # by how much of its spread a tone changes from one moment to the next
    smooth = 2 * np.pi * _PERIODS / most
    if hold > 1 and _change(stimuli, hold, steps) > smooth:
        seen = settled + 1 if learning * hold <= _LEARNED else most
        return _presentations(hold, min(hold, seen), steps, most)
    stride = _stride(stimuli, steps, most, smooth)
    if learning * stride > _LEARNED:
        stride = max(int(_LEARNED / learning), 1)
    first = min(settled, most // 2, steps) if stride > 1 else 0
    strides = np.full(min(most, max((steps - first) // stride, 1)), stride)
    lasting = np.concatenate([np.ones(first, dtype=np.int64), strides])
    begins = np.cumsum(lasting) - lasting
    return Window(begins + (lasting - 1) // 2, begins, lasting)


def _presentations(hold: int, seen: int, steps: int, most: int) -> Window:
    """The first steps of some presentations, each of which lasts `hold` steps."""
    count = int(np.clip(most // seen, 2, max(steps // hold, 1)))
    lasting = np.ones(seen, dtype=np.int64)
    lasting[-1] = hold - seen + 1
    begins = (hold * np.arange(count)[:, None] + np.arange(seen)).ravel()
    return Window(begins, begins, np.tile(lasting, count))


def _stride(stimuli: Stimuli, steps: int, most: int, smooth: float) -> int:
    """The most steps over which stimuli hardly change, of a run that so many moments fit into."""
    stride = 1
    while 2 * stride * most <= steps and _change(stimuli, 2 * stride, steps) <= smooth:
        stride *= 2
    # a smooth signal changes as much as time goes on
    change = _change(stimuli, stride, steps)
    longer = min(int(stride * smooth / change) if change > 0 else stride, steps // most)
    return longer if longer > stride and _change(stimuli, longer, steps) <= 1.1 * smooth else stride


def _change(stimuli: Stimuli, lag: int, steps: int) -> float:
    """Root mean square change of the input over some steps, relative to its spread.

    Of the target where the input stays as it is.
    """
    change = 0.0
    if lag < steps:
        at = np.unique(np.linspace(0, steps - 1 - lag, _PAIRS).astype(np.int64))
        for signal in (stimuli.target, stimuli.input):
            before, after = signal.at(at), signal.at(at + lag)
            spread = np.sqrt(np.mean((before - before.mean(axis=0)) ** 2))
            by = np.sqrt(np.mean((after - before) ** 2))
            change = (float(by / spread) if spread > 0 else np.inf) if by > 0 else change
    return change
