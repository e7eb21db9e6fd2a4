"""The local products that a run recorded, and what the reference says at the same moments.

They are lists of one number for each synapse, or, where a recording has the two factors of each
product instead, outer products: then no number for each synapse is made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neurodiff.files.mapped import forget
from neurodiff.reference.backprop import products
from neurodiff.reference.outer import Listed, Outer, Products
from neurodiff.reference.replay import Replay, errors_in
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
    if case.listed:
        values = recording["product"].values
        return [Listed(values[:, part.synapses]) for part in parts]
    kept = factors_of(case)[case.rows]
    delta, ends = errors_in(case.graph, kept), np.cumsum([0] + [part.pre.size for part in parts])
    return [
        Outer(delta[:, part.post.units], kept[:, start : start + part.pre.size])
        for part, start in zip(parts, ends, strict=False)
    ]


@dataclass(frozen=True, eq=False)
class Factors:
    """Factors of some steps, of which no more stays in memory than what was asked for last.

    Attributes
    ----------
    values : array (steps, n)
        All of them; they may be mapped to a file.
    """

    values: Floats

    def __getitem__(self, rows: Any) -> Floats:
        """Those of some steps (steps, n)."""
        found = np.array(self.values[rows])
        forget(self.values)
        return found


def factors_of(case: Case) -> Factors:
    """The factors that a run recorded.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    """
    return Factors(case.recording["factors"].values)


def recorded_errors(case: Case) -> Floats:
    """Errors (times, n_units) with which the products were made; what inputs have is no error.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    """
    if case.listed:
        return np.asarray(case.recording["product_delta"].values)
    return errors_in(case.graph, factors_of(case)[case.rows])


def weights_of(case: Case) -> Iterator[tuple[Floats, Floats]]:
    """Weights (n_synapses,) and biases (n_units,) of the compared steps, one after the other.

    They may change when the next are asked for.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    """
    if case.frozen:
        return repeat((case.plan.w, case.plan.bias), len(case.steps))
    if "product_w" in case.recording:
        return _snapshots(case)
    return _replayed(case)


def _snapshots(case: Case) -> Iterator[tuple[Floats, Floats]]:
    w, bias = case.recording["product_w"].values, case.recording["product_bias"].values
    for row, of_units in zip(w, bias, strict=True):
        yield np.asarray(row, dtype=np.float64), np.nan_to_num(of_units)
        forget(row)


def _replayed(case: Case) -> Iterator[tuple[Floats, Floats]]:
    replay = Replay(case.plan, factors_of(case))
    for step in case.steps:
        replay.go_to(int(step))
        yield replay.w, replay.bias


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
    return _Lists(case) if case.listed else _Factors(case)


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
