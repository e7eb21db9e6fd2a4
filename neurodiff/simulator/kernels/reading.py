"""Where a kernel finds the values that meet at a connection."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.history import Past

Ints = NDArray[np.int64]

#: A number for each of the connections of a slice.
Numbered = Callable[[slice], Ints]


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
    place: Numbered
    moves: Moves = Moves.FIXED


def listed(numbers: Ints) -> Numbered:
    """Those of a list for the connections of a slice.

    Parameters
    ----------
    numbers : int array (n,)
        Number for each connection.
    """
    return lambda own: numbers[own]


def presynaptic(graph: Graph) -> Numbered:
    """The presynaptic unit of each synapse of a slice.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    """
    return lambda own: graph.synapses.ends(own)[0]


def element(variable: ArrayVariable, numbers: Numbered) -> Reading:
    """An element of an array for each connection.

    Parameters
    ----------
    variable : ArrayVariable
        Array of Brian2.
    numbers : callable
        Number of the element of each connection of a slice.
    """
    return Reading(variable, numbers)


def past(history: Past, units: Numbered, lags: Ints, moves: Moves) -> Reading:
    """What a unit sent some steps before.

    Parameters
    ----------
    history : Past
        Past values of the units.
    units : callable
        Unit of each connection of a slice.
    lags : int array (n,)
        How many steps ago each was sent.
    moves : Moves
        From which step on the lag counts.
    """
    variable = history.buffer.variables["value"]
    return Reading(variable, lambda edges: history.places(units(edges), lags[edges]), moves)
