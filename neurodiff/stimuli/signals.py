"""Signals: numbers as functions of the step, silent (0) before step 0.

Either rows of a table, each held for some steps, or sinusoids.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Signal(ABC):
    """Numbers as a function of the step; 0 before step 0."""

    @abstractmethod
    def at(self, steps: Ints) -> Floats:
        """Values (len(steps), n) at whole steps; 0 before step 0.

        Parameters
        ----------
        steps : array of int (n,)
            Time steps.
        """

    @property
    @abstractmethod
    def largest(self) -> float:
        """The largest size of a value."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many numbers it keeps."""

    @abstractmethod
    def spread(self, every: int) -> float:
        """How well samples every so many steps see all phases of it: from 0, badly, to 1.

        Parameters
        ----------
        every : int
            Interval between samples in steps.
        """

    @property
    def period(self) -> int:
        """Steps from one moment at which it may change to the next."""
        return 1

    @property
    def rows_of_all(self) -> Floats | None:
        """All values that it can have (n_rows, n), where they are listed."""
        return None


@dataclass(frozen=True, eq=False)
class Table(Signal):
    """Row k is shown from step k*hold to (k+1)*hold; the last row stays.

    Over the first `blend` steps of its time a row blends in linearly from the row before; the first
    row from `before`.

    Attributes
    ----------
    hold, blend : int
        Steps for which a row is shown, and in which it blends in.
    rows : array (n_rows, n)
    before : array (n,)
    """

    rows: Floats
    hold: int
    blend: int
    before: Floats

    @property
    def largest(self) -> float:
        """The largest size of a value."""
        return float(max(np.abs(self.rows).max(initial=0.0), np.abs(self.before).max(initial=0.0)))

    @property
    def size(self) -> int:
        """How many numbers it keeps."""
        return self.rows.size

    @property
    def period(self) -> int:
        """The time of a row, unless rows blend."""
        return 1 if self.blend else self.hold

    @property
    def rows_of_all(self) -> Floats:
        """All rows, and what the first blends in from."""
        return np.concatenate([self.before[None], self.rows])

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        values = self.rows_of_all
        return float(values.min()), float(values.max())

    def spread(self, every: int) -> float:
        """Whether samples every so many steps see all phases of a row's time: 1, or 0 if not.

        Parameters
        ----------
        every : int
            Interval between samples in steps.
        """
        return float(gcd(every, self.hold) == 1)

    def at(self, steps: Ints) -> Floats:
        """Values (len(steps), n) at whole steps; 0 before step 0.

        Parameters
        ----------
        steps : array of int (n,)
            Time steps.
        """
        row = np.clip(steps // self.hold, 0, len(self.rows) - 1)
        values = self.rows[row]
        if self.blend:
            previous = np.concatenate([self.before[None], self.rows])[row]
            weight = np.minimum(1.0, (steps - row * self.hold) / self.blend)[:, None]
            values = previous + (values - previous) * weight
        return np.where(steps[:, None] >= 0, values, 0.0)


@dataclass(frozen=True, eq=False)
class Sinusoids(Signal):
    """amplitude * sin(frequency * t + phase); frequency in radian per step, each an array (n,).

    Attributes
    ----------
    amplitude : array (n,)
        Amplitude of each tone.
    frequency : array (n,)
        Angular frequency of each tone in radian per step.
    phase : array (n,)
        Phase of each tone at step 0 in radian.
    """

    amplitude: Floats
    frequency: Floats
    phase: Floats

    @property
    def size(self) -> int:
        """How many numbers it keeps."""
        return 3 * len(self.amplitude)

    @property
    def largest(self) -> float:
        """The largest size of a value."""
        return float(np.abs(self.amplitude).max(initial=0.0))

    def spread(self, every: int) -> float:
        """How far samples every so many steps are from seeing but few phases of a period.

        The distance from a whole number of the periods between one sample and the next, and
        between it and the next but one, and but two; of the tone for which it is least.

        Parameters
        ----------
        every : int
            Interval between samples in steps.
        """
        periods = every * self.frequency / (2 * np.pi)
        periods = periods[periods > 0]
        nexts = np.arange(1, 4)[:, None] * periods
        # a slow tone is seen at many phases, however little of it passes from sample to sample
        apart = np.where(periods < 0.25, 1.0, np.abs(nexts - np.round(nexts)))
        return float(apart.min(initial=1.0))

    def at(self, steps: Ints) -> Floats:
        """Values (len(steps), n) at whole steps; 0 before step 0.

        Parameters
        ----------
        steps : array of int (n,)
            Time steps.
        """
        values = self.amplitude * np.sin(self.frequency * steps[:, None] + self.phase)
        return np.where(steps[:, None] >= 0, values, 0.0)


def held(rows: Floats, hold: int, blend: int) -> Table:
    """Rows (n_rows, n) that begin from 0, each held for some steps.

    Parameters
    ----------
    rows : array (n_rows, n)
        Values of each row.
    hold : int
        Steps for which each row is held.
    blend : int
        Steps in which one row passes into the next.
    """
    return Table(rows.astype(float), hold, blend, np.zeros(rows.shape[1]))
