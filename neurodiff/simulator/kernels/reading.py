"""Where a kernel finds the values that meet at a connection."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.history import Past

Ints = NDArray[np.int64]


class Moves(IntEnum):
    """Whether a place moves on with the rows of a history, and which row is meant.

    The numbers are those of `waves.h`.
    """

    FIXED = 0
    #: The row of this step.
    NOW = 1
    #: The row of the step before.
    BEFORE = 2


@dataclass(frozen=True, eq=False)
class Reading:
    """A value for each of some connections.

    Attributes
    ----------
    variable : ArrayVariable
        Array of Brian2 that has the values.
    place : callable
        Index into it (n,) of the connections of a slice.
    moves : Moves
        Whether the index moves with the rows of a history.
    """

    variable: ArrayVariable
    place: Callable[[slice], Ints]
    moves: Moves = Moves.FIXED


def element(variable: ArrayVariable, numbers: Ints) -> Reading:
    """An element of an array for each connection.

    Parameters
    ----------
    variable : ArrayVariable
        Array of Brian2.
    numbers : int array (n,)
        Number of the element of each connection.
    """
    return Reading(variable, lambda edges: numbers[edges])


def past(history: Past, units: Ints, lags: Ints, moves: Moves) -> Reading:
    """What a unit sent some steps before.

    Parameters
    ----------
    history : Past
        Past values of the units.
    units, lags : int arrays (n,)
        Unit of each connection, and how many steps ago it was sent.
    moves : Moves
        From which step on the lag counts.
    """
    variable = history.buffer.variables["value"]
    return Reading(variable, lambda edges: history.places(units[edges], lags[edges]), moves)
