"""Connections with weights: what they read, what they sum and how they learn."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph
from neurodiff.simulator.kernels.reading import Reading

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Learning:
    """w(t+1) = (1 - decay) w(t) - rate row_met(t) column_met(t), from step `start` to `stop`.

    Attributes
    ----------
    rate, decay : float
        Per step.
    start, stop : int
        First step that learns, and first that does not learn any more; by default none learns.
    """

    rate: float = 0.0
    decay: float = 0.0
    start: int = 0
    stop: int = 0

    @property
    def frozen(self) -> bool:
        """Whether nothing will ever move."""
        return self.start >= self.stop


@dataclass(frozen=True, eq=False)
class Follows:
    """Backward weights that are the signs of forward weights, times a scale.

    Attributes
    ----------
    synapse : int array (n,)
        The forward synapse of each connection.
    scale : array (n,)
        Its factor.
    """

    synapse: Ints
    scale: Floats


@dataclass(frozen=True, eq=False)
class Bundle:
    """Connections with weights, each between a row, the presynaptic unit, and a column.

    Attributes
    ----------
    weights : array (n,)
        Weights at the start.
    ends : callable
        Presynaptic and postsynaptic units (n,), the rows and columns, of the connections of a
        slice; those of a segment are sorted by row.
    segments : list of slice
        Parts of the connections, each with rows of one population.
    plastic : bool array (n,)
        Whether a connection learns.
    column_now : Reading or None
        The error that has just arrived from the postsynaptic error unit; None where errors do not
        come back by these weights.
    row_now : Reading or None
        The activity that has just arrived from the presynaptic unit; None where nothing is driven.
    row_met, column_met : Reading or None
        The two factors of what is learned, as of the step before; None where nothing ever learns.
    learning : Learning
        Numbers of the rule.
    late : int array (n,) or None
        By how many steps its learning begins and ends later; None for none.
    follows : Follows or None
        Whose signs the weights follow.
    """

    weights: Floats
    ends: Callable[[slice], tuple[Ints, Ints]]
    segments: list[slice]
    plastic: NDArray[np.bool_]
    column_now: Reading | None = None
    row_now: Reading | None = None
    row_met: Reading | None = None
    column_met: Reading | None = None
    learning: Learning = field(default_factory=Learning)
    late: Ints | None = None
    follows: Follows | None = None

    @property
    def returns(self) -> bool:
        """Whether errors come back by these weights."""
        return self.column_now is not None

    @property
    def drives(self) -> bool:
        """Whether units are driven by these weights."""
        return self.row_now is not None


def backward_segments(graph: Graph) -> list[slice]:
    """Parts of the backward connections: by projection, or by the population that they lead to.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    """
    back = graph.backward
    if back.synapse is not None:
        edges = np.array([part.start for part in graph.projections] + [graph.n_synapses])
        bounds = np.searchsorted(back.synapse, edges)
    else:
        changes = np.flatnonzero(np.diff(graph.by_unit(lambda part: part.start)[back.sink])) + 1
        bounds = np.concatenate([[0], changes, [len(back)]])
    return [slice(int(a), int(b)) for a, b in zip(bounds[:-1], bounds[1:], strict=True) if a < b]
