"""What a hop does to a tone: delays as phases, leaks and traces as complex gains.

A signal Re[z e^(i omega t)] has the phasor z; omega is in radian per step. A delay of f steps is
the factor e^(-i omega f).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Floats, Graph, Ints

Complexes = NDArray[Any]
Units = slice | Ints


@dataclass(frozen=True, eq=False)
class Block:
    """Connections from one range of units to another, each with a weight and a delay.

    Attributes
    ----------
    source, sink : slice or int array
        Numbers of the units.
    by_lag : tuple of (int, array)
        For each of the delays that there are, in steps, the weights of that delay as a matrix (sink
        units, source units).
    """

    source: Units
    sink: Units
    by_lag: tuple[tuple[int, Floats], ...]

    def at(self, omega: float) -> Complexes:
        """The matrix (sink units, source units) for a tone.

        Parameters
        ----------
        omega : float
            Angular frequency of a tone in radian per step.
        """
        parts = [np.exp(-1j * omega * lag) * matrix for lag, matrix in self.by_lag]
        return np.asarray(sum(parts))

    def carry(self, signal: Complexes, omegas: NDArray[Any]) -> Complexes:
        """What arrives (n, sink units) of a signal (n, source units) of tones `omegas` (n,).

        Parameters
        ----------
        signal : array of complex (n, source units)
            Phasors of what the source sends.
        omegas : array (n,)
            Angular frequency of each tone in radian per step.
        """
        turns = ((np.exp(-1j * omegas * lag)[:, None], matrix) for lag, matrix in self.by_lag)
        return np.asarray(sum((turn * signal) @ matrix.T for turn, matrix in turns))

    def carry_back(self, signal: Complexes, omegas: NDArray[Any]) -> Complexes:
        """The adjoint of `carry`: from the sinks (n, sink units), earlier by the delays.

        Parameters
        ----------
        signal : array of complex (n, sink units)
            Phasors at the sinks.
        omegas : array (n,)
            Angular frequency of each tone in radian per step.
        """
        turns = ((np.exp(1j * omegas * lag)[:, None], matrix) for lag, matrix in self.by_lag)
        return np.asarray(sum((turn * signal) @ matrix for turn, matrix in turns))


@dataclass(frozen=True)
class Hops:
    """All connections of a network as blocks, forth and back.

    `forward` has a block for each projection, in their order.

    Attributes
    ----------
    graph : Graph
        Network of units, synapses and delays.
    forward, backward : tuple of Block
        Blocks of the forward, and of the backward connections.
    """

    graph: Graph
    forward: tuple[Block, ...]
    backward: tuple[Block, ...]

    @classmethod
    def of(cls, graph: Graph, w: Floats, b: Floats) -> "Hops":
        """Blocks of the weights w (n_synapses,) and b (n_backward,).

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        w : array (n_synapses,)
            Weight of each synapse.
        b : array (n_backward,)
            Weight of each backward connection.
        """
        forward = tuple(_forward(graph, part, w) for part in graph.projections)
        if not graph.backward.along_synapses:
            return cls(graph, forward, tuple(_direct(graph, b)))
        weights = np.zeros(graph.n_synapses)
        weights[graph.backward.synapse] = b
        backward = tuple(
            _backward(graph, part, weights)
            for part in graph.projections
            if part.pre.role != "input"
        )
        return cls(graph, forward, backward)


def _forward(graph: Graph, part: Any, w: Floats) -> Block:
    own = part.synapses
    rows, columns = graph.post[own] - part.post.start, graph.pre[own] - part.pre.start
    by_lag = _by_lag(rows, columns, w[own], graph.forward_lag[own], (part.post.size, part.pre.size))
    return Block(part.pre.units, part.post.units, by_lag)


def _backward(graph: Graph, part: Any, b: Floats) -> Block:
    own = part.synapses
    rows, columns = graph.pre[own] - part.pre.start, graph.post[own] - part.post.start
    by_lag = _by_lag(
        rows, columns, b[own], graph.backward_lag[own], (part.pre.size, part.post.size)
    )
    return Block(part.post.units, part.pre.units, by_lag)


def _direct(graph: Graph, b: Floats) -> list[Block]:
    returns, blocks, outputs = graph.backward, [], np.sort(graph.outputs)
    columns = np.searchsorted(outputs, returns.source)
    for part in graph.populations:
        if part.role == "hidden":
            own = returns.into(part.units)
            rows, shape = returns.sink[own] - part.start, (part.size, len(outputs))
            by_lag = _by_lag(rows, columns[own], b[own], returns.lag[own], shape)
            blocks.append(Block(outputs, part.units, by_lag))
    return blocks


def _by_lag(
    rows: Ints, columns: Ints, values: Floats, lags: Ints, shape: tuple[int, int]
) -> tuple[tuple[int, Floats], ...]:
    """Weights as a matrix for each delay; one of zeros where there is no connection."""
    matrices = {int(lag): np.zeros(shape) for lag in np.unique(lags)} or {1: np.zeros(shape)}
    for lag, matrix in matrices.items():
        own = lags == lag
        np.add.at(matrix, (rows[own], columns[own]), values[own])
    return tuple(matrices.items())
