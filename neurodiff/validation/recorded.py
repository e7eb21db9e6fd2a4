"""The local products that a run recorded, and what the reference says at the same moments.

They are lists of one number for each synapse, or, where a recording has the two factors of each
product instead, outer products: then no number for each synapse is made.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Projection
from neurodiff.reference.backprop import products
from neurodiff.reference.outer import Listed, Outer, Products
from neurodiff.validation.case import Case

Floats = NDArray[np.float64]


def recorded(case: Case) -> list[Products]:
    """The local products of each projection at the recorded moments.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    """
    parts, recording = case.graph.projections, case.recording
    if not case.factors:
        values = recording["product"].values
        return [Listed(values[:, part.synapses]) for part in parts]
    delta, x = recording["product_delta"].values, recording["product_x"].values
    return [
        Outer(delta[:, part.post.units], x[:, own])
        for part, own in zip(parts, meeting(parts), strict=True)
    ]


def meeting(parts: Sequence[Projection]) -> list[slice]:
    """Where the presynaptic units of each projection are in `product_x`.

    Parameters
    ----------
    parts : sequence of Projection
        Projections of a graph.
    """
    ends = np.cumsum([0] + [part.pre.size for part in parts])
    return [slice(int(a), int(b)) for a, b in zip(ends[:-1], ends[1:], strict=True)]


def some(parts: Sequence[Products], which: NDArray[np.bool_]) -> list[Products]:
    """The products of each projection at some of the moments.

    Parameters
    ----------
    parts : sequence of Products
        Products of each projection.
    which : bool array (times,)
        Moments that are kept.
    """
    rows = np.flatnonzero(which)
    return [part.rows(rows) for part in parts]


class Gathering(Protocol):
    """Takes in what the reference says of each moment and projection."""

    def put(self, sample: int, number: int, x: Floats, delta: Floats) -> None:
        """Take in activity and errors of one moment.

        Parameters
        ----------
        sample, number : int
            Number of the moment, and of the projection.
        x, delta : arrays (n_units,)
            Activity, and errors dE/da.
        """
        ...

    def products(self) -> list[Products]:
        """The products of each projection at all moments."""
        ...


def gathering(case: Case) -> Gathering:
    """What takes in the reference of a case, for products of the kind that was recorded.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    """
    return _Factors(case) if case.factors else _Lists(case)


class _Lists:
    """See `Gathering`."""

    def __init__(self, case: Case):
        self._graph = case.graph
        self._values = np.empty((len(case.steps), case.graph.n_synapses))

    def put(self, sample: int, number: int, x: Floats, delta: Floats) -> None:
        own = self._graph.projections[number].synapses
        self._values[sample, own] = products(self._graph, x[None], delta[None], own)[0]

    def products(self) -> list[Products]:
        return [Listed(self._values[:, part.synapses]) for part in self._graph.projections]


class _Factors:
    """See `Gathering`."""

    def __init__(self, case: Case):
        self._parts, times = case.graph.projections, len(case.steps)
        self._x = [np.empty((times, part.pre.size)) for part in self._parts]
        self._delta = [np.empty((times, part.post.size)) for part in self._parts]

    def put(self, sample: int, number: int, x: Floats, delta: Floats) -> None:
        part = self._parts[number]
        self._x[number][sample] = x[part.pre.units]
        self._delta[number][sample] = delta[part.post.units]

    def products(self) -> list[Products]:
        return [Outer(delta, x) for delta, x in zip(self._delta, self._x, strict=True)]
