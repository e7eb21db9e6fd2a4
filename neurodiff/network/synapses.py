"""Which units each synapse connects, and its delays, without an array of numbers for each of them.

A projection from all to all is a matrix, and delays are mostly the same for all its synapses. What
is the same for all is kept once; arrays with a number for each synapse are made when somebody asks
for them, and large ones live as long as somebody uses them.
"""

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Arrays of so many numbers stay, once they are made.
_SMALL = 100_000


class Pairs(NamedTuple):
    """The pairs of units that a projection connects, sorted by the presynaptic one.

    Attributes
    ----------
    first_pre, n_pre, first_post, n_post : int
        Ranges of the units of the two populations.
    listed : (int32 array (n,), int32 array (n,)) or None
        Numbers within their populations of the units of each synapse; None for all pairs.
    """

    first_pre: int
    n_pre: int
    first_post: int
    n_post: int
    listed: tuple[NDArray[np.int32], NDArray[np.int32]] | None = None

    @property
    def size(self) -> int:
        """Number of synapses."""
        return self.n_pre * self.n_post if self.listed is None else len(self.listed[0])

    @property
    def pre(self) -> Ints:
        """Presynaptic unit of each synapse (n,)."""
        if self.listed is None:
            units = np.arange(self.first_pre, self.first_pre + self.n_pre)
            return np.repeat(units, self.n_post)
        return self.listed[0].astype(np.int64) + self.first_pre

    @property
    def post(self) -> Ints:
        """Postsynaptic unit of each synapse (n,)."""
        if self.listed is None:
            units = np.arange(self.first_post, self.first_post + self.n_post)
            return np.tile(units, self.n_pre)
        return self.listed[1].astype(np.int64) + self.first_post


def pairs_of(rows: Ints, columns: Ints, first: tuple[int, int], shape: tuple[int, int]) -> Pairs:
    """The pairs of a projection; those of all with all are not listed.

    Parameters
    ----------
    rows, columns : arrays of int (n,)
        Numbers within their populations of the units of each synapse, sorted by the first.
    first, shape : tuples of int
        First unit, and number of units, of the presynaptic and of the postsynaptic population.
    """
    (first_pre, first_post), (n_pre, n_post) = first, shape
    whole = Pairs(first_pre, n_pre, first_post, n_post)
    if len(rows) == whole.size:
        # pairs are different, and sorted by the first, so all of them are there
        across = columns.reshape(n_pre, n_post)
        if (across == np.arange(n_post)).all():
            return whole
    return whole._replace(listed=(rows.astype(np.int32), columns.astype(np.int32)))


def compact(values: NDArray[Any]) -> NDArray[Any]:
    """The same values (n,), in the memory of one where they are all equal; not to be written to.

    Parameters
    ----------
    values : array (n,)
        One value for each of some synapses or connections.
    """
    if len(values) and (values == values[0]).all():
        return np.broadcast_to(values[:1].copy(), values.shape)
    return values


@dataclass(frozen=True, eq=False)
class Synapses:
    """All synapses, projection by projection.

    Attributes
    ----------
    pairs : tuple of Pairs
        Pairs of units of each projection.
    forward_lags, backward_lags : tuples of int arrays (n,)
        Delays in steps of the synapses of each projection.
    """

    pairs: tuple[Pairs, ...]
    forward_lags: tuple[Ints, ...]
    backward_lags: tuple[Ints, ...]
    _alive: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Made anew from what is kept; arrays that were asked for are left behind."""
        return Synapses, (self.pairs, self.forward_lags, self.backward_lags)

    def __len__(self) -> int:
        """Number of synapses."""
        return sum(part.size for part in self.pairs)

    @property
    def pre(self) -> Ints:
        """Presynaptic unit of each synapse (n_synapses,)."""
        return self.shared("pre", lambda: np.concatenate([part.pre for part in self.pairs]))

    @property
    def post(self) -> Ints:
        """Postsynaptic unit of each synapse (n_synapses,)."""
        return self.shared("post", lambda: np.concatenate([part.post for part in self.pairs]))

    def ends(self, own: slice) -> tuple[Ints, Ints]:
        """Presynaptic and postsynaptic units (n,) of some synapses, and of no others.

        Parameters
        ----------
        own : slice
            The synapses of one projection, or others.
        """
        first = 0
        for part in self.pairs:
            if own == slice(first, first + part.size):
                return part.pre, part.post
            first += part.size
        return self.pre[own], self.post[own]

    @property
    def forward_lag(self) -> Ints:
        """Steps (n_synapses,) until what a unit does arrives at the synapse."""
        return self.shared("forward_lag", lambda: joined(self.forward_lags))

    @property
    def backward_lag(self) -> Ints:
        """Steps (n_synapses,) until the error of the postsynaptic unit comes back."""
        return self.shared("backward_lag", lambda: joined(self.backward_lags))

    def shared(self, name: str, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """An array that is made when it is asked for; a large one goes when nobody uses it.

        Parameters
        ----------
        name : str
            Its name.
        make : callable
            Makes the array.
        """
        kept = self._alive.get(name, lambda: None)()
        if kept is None:
            kept = make()
            kept.flags.writeable = False
            self._alive[name] = weakref.ref(kept) if kept.size > _SMALL else partial(_same, kept)
        return kept


def _same(array: NDArray[Any]) -> NDArray[Any]:
    return array


def joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Values of all projections, one after the other; `compact` where they are all equal.

    Parameters
    ----------
    parts : sequence of arrays (n,)
        Values of the synapses of each projection.
    """
    filled = [part for part in parts if len(part)]
    firsts = {part[0] for part in filled}
    if len(firsts) == 1 and all(is_uniform(part) for part in filled):
        size = sum(len(part) for part in filled)
        return np.broadcast_to(filled[0][:1].copy(), (size,))
    return np.concatenate(parts)


def plus(values: NDArray[Any], more: float) -> NDArray[np.float64]:
    """Values (n,) and a number more; kept once where all are kept once.

    Parameters
    ----------
    values : array (n,)
        One value for each of some synapses or connections.
    more : float
        What is added to each.
    """
    if len(values) and values.strides == (0,):
        return np.broadcast_to(np.float64(values[0] + more), values.shape)
    return np.asarray(values + more, dtype=np.float64)


def is_uniform(values: NDArray[Any]) -> bool:
    """Whether all values (n,) are equal.

    Parameters
    ----------
    values : array (n,)
        One value for each of some synapses or connections.
    """
    return not len(values) or values.strides == (0,) or bool((values == values[0]).all())
