"""Input and target step by step, as the waves ask for them."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurodiff.plan import Plan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Steps of a stimulus that are read at once.
_BLOCK = 1024


class Rows(Protocol):
    """One row of numbers for each step."""

    def __len__(self) -> int:
        """Number of steps."""
        ...

    def __getitem__(self, step: int, /) -> Floats:
        """The numbers (n,) of a step; steps are asked for in order."""
        ...


class Played:
    """A signal step by step, of which only some steps are in memory."""

    def __init__(self, at: Callable[[Ints], Floats], steps: int):
        self._at, self._steps, self._first = at, steps, -_BLOCK
        self._rows = np.empty((0, 0))

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int, /) -> Floats:
        if not 0 <= step - self._first < _BLOCK:
            self._first = step
            self._rows = self._at(np.arange(step, min(step + _BLOCK, self._steps)))
        return np.asarray(self._rows[step - self._first])


def stimuli_of(plan: Plan, steps: int) -> tuple[Rows, Rows]:
    """Input u(t) and target as it meets the outputs y(t - D_y), of the first steps of a plan.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    steps : int
        Number of steps.

    Returns
    -------
    u, y : Rows
        Input (steps, n_inputs), and target (steps, n_outputs).
    """
    return Played(plan.stimuli.input.at, steps), Played(plan.stimuli.target_at, steps)
