"""Ordinary online backpropagation, one update per presentation: what streams are compared with."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dger

from neurodiff.network.activations import Activation
from neurodiff.network.dale import kept_signs
from neurodiff.network.graph import Bools, Graph, Ints, Projection
from neurodiff.network.loss import Loss
from neurodiff.network.static_response import dense, respond
from neurodiff.reference.backprop import injection

Floats = NDArray[np.float64]


class _Link(NamedTuple):
    """A projection as a matrix (post units, pre units).

    `learns` is 1 where a weight may change, otherwise 0; None where all may. `sign` is that of a
    weight that keeps it, otherwise 0; None where none does.
    """

    pre: slice
    post: slice
    matrix: Floats
    learns: Floats | None
    sign: Floats | None


class _Stage(NamedTuple):
    """A population with the links that end in it and those that begin there."""

    units: slice
    activation: Activation
    incoming: list[_Link]
    outgoing: list[_Link]


def train_online(
    graph: Graph,
    w: Floats,
    bias: Floats,
    frames: Floats,
    targets: Floats,
    order: Ints,
    loss: Loss,
    *,
    learning_rate: float,
    weight_decay: float = 0.0,
) -> tuple[Floats, Floats]:
    """Descend the gradient of one frame after another; weights and biases at the end.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        At the start; not changed.
    bias : array (n_units,)
        At the start; not changed.
    frames : array (n, n_inputs)
        Input of each frame.
    targets : array (n, n_outputs), in the order of ``graph.outputs``
        Target of each frame.
    order : int array (presentations,)
        Which frame is shown when.
    loss : str
        Name of the loss: `squared_error` or `cross_entropy`.
    learning_rate, weight_decay : float
        Per presentation. Only plastic synapses, and biases of units that have one, learn and decay.
        Weights that keep their signs stop at 0 (see `neurodiff.network.dale.kept_signs`).

    Returns
    -------
    w : array (n_synapses,)
    bias : array (n_units,)
    """
    signs = kept_signs(graph, w)
    links = [_link(graph, part, w, signs) for part in graph.projections]
    stages, bias, out = _stages(graph, links), bias.copy(), graph.outputs
    for frame in order:
        x, slope = _forward(stages, bias, frames[frame])
        delta = np.zeros_like(x)
        delta[out] = injection(loss, slope[out], x[out], targets[frame])
        _backward(stages, slope, delta)
        _descend(links, x, delta, learning_rate, weight_decay)
        bias -= graph.has_bias * (learning_rate * delta + weight_decay * bias)
    return _synaptic(graph, links), bias


def accuracy(graph: Graph, w: Floats, bias: Floats, frames: Floats, labels: Ints) -> float:
    """Fraction of the frames (n, n_inputs) whose largest output is the one of their label (n,).

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    bias : array (n_units,)
        Bias of each unit; not used for inputs.
    frames : array (n, n_inputs)
        Input of each frame.
    labels : array of int (n,)
        Label of each frame, the number of the output that should be largest.

    Returns
    -------
    float
        Share of the frames, from 0 to 1.
    """
    return float(np.mean(names_right(graph, w, bias, frames, labels)))


def names_right(graph: Graph, w: Floats, bias: Floats, frames: Floats, labels: Ints) -> Bools:
    """Of which of the frames (n, n_inputs) the largest output is that of the label (n,).

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    bias : array (n_units,)
        Bias of each unit; not used for inputs.
    frames : array (n, n_inputs)
        Input of each frame.
    labels : array of int (n,)
        Label of each frame, the number of the output that should be largest.
    """
    _, x = respond(graph, w, bias, frames)
    return np.asarray(x[:, graph.outputs].argmax(axis=1) == labels)


def _link(graph: Graph, part: Projection, w: Floats, signs: Floats) -> _Link:
    all_learn = part.is_matrix and graph.plastic[part.synapses].all()
    learns = None if all_learn else dense(graph, part, graph.plastic.astype(float))
    sign = dense(graph, part, signs) if graph.dale[part.synapses].any() else None
    return _Link(
        part.pre.units, part.post.units, np.array(dense(graph, part, w), order="C"), learns, sign
    )


def _stages(graph: Graph, links: list[_Link]) -> list[_Stage]:
    """All populations, each after those that project to it."""
    return [
        _Stage(
            population.units,
            population.sigma,
            incoming=[link for link in links if link.post == population.units],
            outgoing=[link for link in links if link.pre == population.units],
        )
        for population in graph.populations
        if population.role != "input"
    ]


def _forward(stages: list[_Stage], bias: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Activity x and slope sigma'(a), both (n_units,), for one input."""
    x, slope = np.zeros((2, len(bias)))
    x[: len(u)] = u
    for units, activation, incoming, _ in stages:
        a = bias[units].copy()
        for link in incoming:
            # a_l = W x_{l-1} + b
            a += link.matrix @ x[link.pre]
        x[units], slope[units] = activation.function(a), activation.slope(a)
    return x, slope


def _backward(stages: list[_Stage], slope: Floats, delta: Floats) -> None:
    """Add to the injected `delta` (n_units,) what comes back through the links."""
    for units, _, _, outgoing in reversed(stages):
        for link in outgoing:
            # delta_l = sigma'_l * (W_{l+1}^T delta_{l+1})
            delta[units] += slope[units] * (delta[link.post] @ link.matrix)


def _descend(links: list[_Link], x: Floats, delta: Floats, rate: float, decay: float) -> None:
    """Move every matrix in place by one step down the gradient."""
    for link in links:
        if link.learns is None and link.sign is None:
            # W <- W - eta delta x^T - decay W; BLAS counts by columns, and takes the transpose
            if decay:
                np.multiply(link.matrix, 1 - decay, out=link.matrix)
            dger(-rate, x[link.pre], delta[link.post], a=link.matrix.T, overwrite_a=True)
            continue
        step = np.dot(rate * delta[link.post, None], x[None, link.pre])
        if decay:
            step += decay * link.matrix
        step *= 1.0 if link.learns is None else link.learns
        # the same, where it learns
        np.subtract(link.matrix, step, out=link.matrix)
        if link.sign is not None:
            link.matrix[link.sign * link.matrix < 0] = 0.0


def _synaptic(graph: Graph, links: list[_Link]) -> Floats:
    """Weights (n_synapses,) out of the matrices."""
    w = np.empty(graph.n_synapses)
    for part, link in zip(graph.projections, links, strict=True):
        rows = graph.post[part.synapses] - part.post.start
        columns = graph.pre[part.synapses] - part.pre.start
        w[part.synapses] = link.matrix[rows, columns]
    return w
