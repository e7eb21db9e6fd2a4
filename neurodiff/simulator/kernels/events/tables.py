"""The rows of the weights by sender and by receiver, as tables of numbers for the kernel."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph, Projection
from neurodiff.network.populations import Population
from neurodiff.network.synapses import is_uniform

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Form(IntEnum):
    """How rows are laid out; the numbers are those of `synapses.h`."""

    #: All to all, one delay in each direction: rows are those of a matrix.
    DENSE = 0
    #: Rows are lists.
    SPARSE = 1


class Block(NamedTuple):
    """A projection, as a line of the table; see `struct Block` of `synapses.h`.

    A *sender* is a presynaptic unit with one of its delays, a *receiver* an error unit with one of
    its backward delays. Both are numbered delay by delay.

    Attributes
    ----------
    form : Form
        How its rows are laid out.
    learns : bool
        Whether its weights ever learn.
    returns : bool
        Whether errors go back through it; then there are rows of receivers.
    first_pre, n_pre : int
        Range of the presynaptic units.
    first_post, n_post : int
        Range of the postsynaptic error units.
    first_sender, n_forward : int
        Number of its first sender, and of its forward delays.
    first_receiver, n_backward : int
        Number of its first receiver, and of its backward delays.
    first_target : int
        Place of its first postsynaptic unit in sums of the block.
    forward_lags, backward_lags : int
        Places of its delays in the table of indices.
    by_sender, by_receiver : int
        Places of its weights.
    sender_starts, sender_units : int
        Places in the table of indices: where the row of each sender begins, and the receiving units
        of the row, from 0.
    receiver_starts, receiver_senders : int
        The same of receivers, with the senders of each row, from 0.
    """

    form: Form
    learns: bool
    returns: bool
    first_pre: int
    n_pre: int
    first_post: int
    n_post: int
    first_sender: int
    n_forward: int
    first_receiver: int
    n_backward: int
    first_target: int
    forward_lags: int
    backward_lags: int
    by_sender: int
    by_receiver: int
    sender_starts: int = 0
    sender_units: int = 0
    receiver_starts: int = 0
    receiver_senders: int = 0

    @property
    def n_senders(self) -> int:
        """Number of its senders."""
        return self.n_pre * self.n_forward

    @property
    def n_receivers(self) -> int:
        """Number of its receivers."""
        return self.n_post * self.n_backward

    @property
    def senders(self) -> slice:
        """Its senders among all."""
        return slice(self.first_sender, self.first_sender + self.n_senders)

    @property
    def receivers(self) -> slice:
        """Its receivers among all."""
        return slice(self.first_receiver, self.first_receiver + self.n_receivers)

    @property
    def targets(self) -> slice:
        """Its postsynaptic units in sums of the block."""
        return slice(self.first_target, self.first_target + self.n_post)

    @property
    def posts(self) -> slice:
        """Its postsynaptic units among the error units."""
        return slice(self.first_post, self.first_post + self.n_post)


class Rows(NamedTuple):
    """How the synapses of a projection are sorted into rows.

    Attributes
    ----------
    by_sender, by_receiver : array of int (n,) or None
        Synapses in the order of the rows; None where they are in this order anyway.
    sender, receiver : array of int (n,)
        Number in the block of the sender and of the receiver of each synapse.
    target : array of int (n,)
        Number in the projection of the postsynaptic unit of each synapse.
    """

    by_sender: Ints
    by_receiver: Ints
    sender: Ints
    receiver: Ints
    target: Ints


@dataclass(frozen=True, eq=False)
class Tables:
    """All that the kernel walks along.

    Attributes
    ----------
    graph : Graph
        Network.
    blocks : list of Block
        One for each projection that has synapses.
    index : int32 array
        Delays, beginnings of rows, and what their synapses connect.
    n_senders, n_receivers, n_targets : int
        Sizes of all blocks together.
    n_by_receiver : int
        Number of the weights that are kept by receiver, too.
    """

    graph: Graph
    blocks: list[Block]
    index: NDArray[np.int32]
    n_senders: int
    n_receivers: int
    n_targets: int
    n_by_receiver: int

    @property
    def populations(self) -> list[Population]:
        """Those that are no inputs."""
        return [part for part in self.graph.populations if part.role != "input"]

    @property
    def dense(self) -> bool:
        """Whether all rows are those of matrices."""
        return all(block.form is Form.DENSE for block in self.blocks)

    def lines(self) -> NDArray[np.int64]:
        """The blocks as one array."""
        return np.array([list(map(int, block)) for block in self.blocks], dtype=np.int64).ravel()

    def parts(self) -> Iterator[tuple[Block, Projection]]:
        """Each block with its projection."""
        projections = [part for part in self.graph.projections if part.start < part.stop]
        return zip(self.blocks, projections, strict=True)

    def copies(self, w: Floats) -> tuple[Floats, Floats]:
        """Weights by sender and by receiver, of weights (n_synapses,) in the order of the graph.

        Parameters
        ----------
        w : array (n_synapses,)
            Weights.
        """
        # of matrices the one order is that of the graph: no copy of large arrays
        by_sender = w if self.dense else w.copy()
        by_receiver = np.empty(self.n_by_receiver)
        for block, part in self.parts():
            own, end = w[part.synapses], block.by_receiver + part.stop - part.start
            if block.form is Form.DENSE:
                if block.returns:
                    matrix = by_receiver[block.by_receiver : end].reshape(block.n_post, block.n_pre)
                    matrix[:] = own.reshape(block.n_pre, block.n_post).T
                continue
            rows = rows_of(self.graph, part)
            by_sender[part.synapses] = own[rows.by_sender]
            if block.returns:
                by_receiver[block.by_receiver : end] = own[rows.by_receiver]
        return by_sender, by_receiver

    def in_graph(self, by_sender: Floats) -> Floats:
        """Values (..., n_synapses) in the order of the graph, of those by sender.

        Parameters
        ----------
        by_sender : array (..., n_synapses)
            Weights, or samples, in the order of the rows of senders.
        """
        if self.dense:
            return by_sender
        w = np.empty(by_sender.shape)
        for block, part in self.parts():
            own = w[..., part.synapses]
            if block.form is Form.DENSE:
                own[:] = by_sender[..., part.synapses]
            else:
                own[..., rows_of(self.graph, part).by_sender] = by_sender[..., part.synapses]
        return w


def tables_of(graph: Graph, *, frozen: bool) -> Tables:
    """Sort the synapses of a network into rows.

    Parameters
    ----------
    graph : Graph
        Network.
    frozen : bool
        Whether nothing ever learns.
    """
    maker = _Maker(graph, frozen)
    blocks = [maker.block(part) for part in graph.projections if part.start < part.stop]
    index = np.concatenate(maker.index).astype(np.int32)
    return Tables(graph, blocks, index, *maker.sizes)


def rows_of(graph: Graph, part: Projection) -> Rows:
    """How the synapses of a projection are sorted into rows.

    Parameters
    ----------
    graph : Graph
        Network.
    part : Projection
        One of its projections, with synapses.
    """
    pre, target = part.pairs.pre - part.pre.start, part.pairs.post - part.post.start
    forward, backward = _lags(graph, part)
    sender = np.searchsorted(_different(forward), forward) * part.pre.size + pre
    receiver = np.searchsorted(_different(backward), backward) * part.post.size + target
    by_sender = np.lexsort((target, sender))
    return Rows(by_sender, np.lexsort((sender, receiver)), sender, receiver, target)


def _lags(graph: Graph, part: Projection) -> tuple[Ints, Ints]:
    """Delays in steps of the synapses of a projection, forward and backward."""
    number, synapses = graph.projections.index(part), graph.synapses
    return synapses.forward_lags[number], synapses.backward_lags[number]


def _different(lags: Ints) -> Ints:
    return lags[:1] if is_uniform(lags) else np.unique(lags)


class _Maker:
    """Makes blocks, and collects the indices that they refer to."""

    def __init__(self, graph: Graph, frozen: bool):
        self._graph, self._frozen = graph, frozen
        self.index: list[Ints] = []
        #: Senders, receivers, targets, and weights by receiver so far.
        self.sizes = [0, 0, 0, 0]
        self._length = 0

    def block(self, part: Projection) -> Block:
        graph = self._graph
        forward, backward = map(_different, _lags(graph, part))
        # nothing comes back to inputs
        returns = part.pre.start >= graph.n_inputs
        backward = backward if returns else np.ones(1, dtype=np.int64)
        uniform = len(forward) == len(backward) == 1
        form = Form.DENSE if part.is_matrix and uniform else Form.SPARSE
        first_sender, first_receiver, first_target, by_receiver = self.sizes
        block = Block(
            form=form,
            learns=bool(graph.plastic[part.start]) and not self._frozen,
            returns=returns,
            first_pre=part.pre.start,
            n_pre=part.pre.size,
            first_post=part.post.start - graph.n_inputs,
            n_post=part.post.size,
            first_sender=first_sender,
            n_forward=len(forward),
            first_receiver=first_receiver,
            n_backward=len(backward),
            first_target=first_target,
            forward_lags=self._keep(forward),
            backward_lags=self._keep(backward),
            by_sender=part.start,
            by_receiver=by_receiver,
        )
        kept = part.stop - part.start if returns else 0
        added = [block.n_senders, block.n_receivers, part.post.size, kept]
        self.sizes = [size + more for size, more in zip(self.sizes, added, strict=True)]
        return block if form is Form.DENSE else self._listed(block, part)

    def _listed(self, block: Block, part: Projection) -> Block:
        rows = rows_of(self._graph, part)
        lists: dict[str, Ints] = {
            "sender_starts": _starts(rows.sender, block.n_senders),
            "sender_units": rows.target[rows.by_sender],
        }
        if block.returns:
            lists["receiver_starts"] = _starts(rows.receiver, block.n_receivers)
            lists["receiver_senders"] = rows.sender[rows.by_receiver]
        places: dict[str, Any] = {name: self._keep(values) for name, values in lists.items()}
        return block._replace(**places)

    def _keep(self, numbers: Ints) -> int:
        """Append to the table of indices, and say where."""
        self.index.append(numbers)
        self._length += len(numbers)
        return self._length - len(numbers)


def _starts(row: Ints, n: int) -> Ints:
    """Where each of n rows begins, and the end of the last."""
    return np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))])
