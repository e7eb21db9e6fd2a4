"""The static map of a network: what every unit answers to an input that does not change.

Memoryless and without delays (theory 2.1), and for networks with cycles the fixed point to which
they settle (theory 6); NumPy only.
"""

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import FixedPointError
from neurodiff.network.graph import Graph, Projection

Floats = NDArray[np.float64]

#: Rounds of the relaxation, of plain iteration and of Newton's method, and halvings of its step.
_RELAXATIONS, _ROUNDS, _NEWTON, _HALVINGS = 400, 200, 60, 30

#: First step of the relaxation in units of its time constant, and by what it grows at most.
_FIRST, _GROWTH = 0.1, 1.5

#: Largest |sigma(a) W + b - a| of a fixed point, relative to the sum of its absolute terms.
_FIXED = 1e-13


def dense(graph: Graph, part: Projection, w: Floats) -> Floats:
    """Weights of one projection as a matrix (post units, pre units), 0 without a synapse.

    It may be a view of `w`; not to be written to.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    part : Projection
        Projection of the graph.
    w : array (n_synapses,)
        Weight of each synapse.
    """
    if part.is_matrix:
        view = w[part.synapses].reshape(part.pre.size, part.post.size).T
        view.flags.writeable = False
        return view
    matrix = np.zeros((part.post.size, part.pre.size))
    pre, post = graph.pre[part.synapses], graph.post[part.synapses]
    matrix[post - part.post.start, pre - part.pre.start] = w[part.synapses]
    return matrix


def respond(graph: Graph, w: Floats, bias: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Pre-activation a and activity x of all units for given inputs.

    a_l = sum over incoming projections of W x_pre, plus b;  x_l = sigma_l(a_l)

    For acyclic networks only; with cycles see `settle`.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    bias : array (n_units,)
        Bias of each unit; not used for inputs.
    u : array (batch, n_inputs)
        Inputs.

    Returns
    -------
    a, x : arrays (batch, n_units); for inputs a is 0 and x is `u`.
    """
    a = np.zeros((len(u), graph.n_units))
    x = np.zeros_like(a)
    x[:, : graph.n_inputs] = u
    for population in graph.populations:
        if population.role == "input":
            continue
        units = population.units
        a[:, units] = bias[units]
        for part in graph.projections:
            if part.post is population:
                a[:, units] += x[:, part.pre.units] @ dense(graph, part, w).T
        x[:, units] = population.sigma.function(a[:, units])
    return a, x


def settle(
    graph: Graph, w: Floats, bias: Floats, u: Floats, start: Floats | None = None
) -> tuple[Floats, Floats]:
    """Fixed point of all units of any network, cycles included, for one input.

    x = sigma(W x + b), with x = u for inputs. Where there are several, that to which the network
    relaxes from `start`, da/dt = -a + W sigma(a) + b, so that it is on the branch of the start. It
    is the one of a run if the start is a state of the run near it. Where nothing is reached so,
    that which Newton's method finds; then it is not stable (see `is_stable`).

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    bias : array (n_units,)
        Bias of each unit; not used for inputs.
    u : array (n_inputs,)
        Input that stays.
    start : array (n_units,), optional
        Activity to begin with; 0 unless given.

    Returns
    -------
    a, x : arrays (n_units,); for inputs a is 0 and x is `u`.

    Raises
    ------
    FixedPointError
        If none is found.
    """
    x = np.zeros(graph.n_units) if start is None else start
    with np.errstate(over="ignore", invalid="ignore"):
        a = _relax(graph, w, bias, u, x) if graph.cyclic else _iterate(graph, w, bias, u, x)
        for _ in range(_NEWTON):
            previous, a = a, _approach(graph, w, bias, u, a)
            if np.array_equal(a, previous):
                break
        residual, terms = _residual(graph, w, bias, u, a)
        # NaN is not near enough either
        near = np.abs(residual).max() <= _FIXED * terms.max()
    if not near:
        raise FixedPointError(
            "no fixed point was found: x = sigma(W x + b) has no solution near where the network "
            "begins; take smaller weights on the cycles, or write `validation.reference: delayed`"
        )
    return a, activate(graph, a, u)


def _relax(graph: Graph, w: Floats, bias: Floats, u: Floats, x: Floats) -> Floats:
    """Pre-activation to which da/dt = -a + W sigma(a) + b relaxes; the first where it does not.

    Implicit steps of Euler's method, (I + h (I - W D)) (a' - a) = h residual, that are small at
    first and grow as the residual falls (pseudo-transient continuation; Kelley and Keyes 1998).
    """
    first = a = drive(graph, w, bias, np.concatenate([u, x[graph.n_inputs :]]))
    step, distance = _FIRST, np.inf
    for _ in range(_RELAXATIONS):
        residual, terms = _residual(graph, w, bias, u, a)
        before, distance = distance, float(np.abs(residual).max())
        if distance <= _FIXED * terms.max():
            return a
        step *= min(_GROWTH, max(0.1, before / distance)) if np.isfinite(before) else 1.0
        matrix = (1 + step) * np.eye(len(a)) - step * recurrent(graph, w) * slopes(graph, a)
        try:
            a = a + np.linalg.solve(matrix, step * residual)
        except np.linalg.LinAlgError:
            return first
        if not np.abs(a).max() < 1 / np.finfo(float).eps:
            return first
    return a


def is_stable(graph: Graph, w: Floats, a: Floats) -> bool:
    """Whether the relaxation of `settle` comes back to a fixed point `a` (n_units,).

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    a : array (n_units,)
        Pre-activation at the fixed point.
    """
    eigenvalues = np.linalg.eigvals(recurrent(graph, w) * slopes(graph, a))
    return bool(eigenvalues.real.max(initial=0.0) < 1)


def _iterate(graph: Graph, w: Floats, bias: Floats, u: Floats, x: Floats) -> Floats:
    """Pre-activation after some rounds of x <- sigma(W x + b); of the first where they diverge."""
    x = np.concatenate([u, x[graph.n_inputs :]])
    first = a = drive(graph, w, bias, x)
    for _ in range(_ROUNDS):
        x = activate(graph, a, u)
        previous, a = a, drive(graph, w, bias, x)
        if np.array_equal(a, previous):
            break
    return a if np.abs(a).max() < 1 / np.finfo(float).eps else first


def _approach(graph: Graph, w: Floats, bias: Floats, u: Floats, a: Floats) -> Floats:
    """One step of Newton's method for sigma(a) W + b - a = 0, halved until it brings a nearer."""
    residual, _ = _residual(graph, w, bias, u, a)
    distance = np.abs(residual).max()
    try:
        # (I - W D) step = residual
        slope = slopes(graph, a)
        step = np.linalg.solve(np.eye(len(a)) - recurrent(graph, w) * slope, residual)
    except np.linalg.LinAlgError:
        step = residual
    for halving in range(_HALVINGS):
        nearer = a + 0.5**halving * step
        if np.abs(_residual(graph, w, bias, u, nearer)[0]).max() < distance:
            return nearer
    return a


def _residual(graph: Graph, w: Floats, bias: Floats, u: Floats, a: Floats) -> tuple[Floats, Floats]:
    """W sigma(a) + b - a, and the sum of the absolute values of its terms; 0 for inputs."""
    x = activate(graph, a, u)
    terms = drive(graph, np.abs(w), np.abs(bias), np.abs(x))
    return drive(graph, w, bias, x) - a, terms


def drive(graph: Graph, w: Floats, bias: Floats, x: Floats) -> Floats:
    """Pre-activation (n_units,) of the activity `x` (n_units,): sum of w x_pre, plus b.

    It is 0 for inputs, which have no bias and onto which nothing leads.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    bias : array (n_units,)
        Bias of each unit; not used for inputs.
    x : array (n_units,)
        Activity of the units.
    """
    return np.bincount(graph.post, weights=w * x[graph.pre], minlength=graph.n_units) + bias


def recurrent(graph: Graph, w: Floats) -> Floats:
    """All weights as one matrix (n_units, n_units), post by pre; those from inputs are left out.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    """
    matrix = np.zeros((graph.n_units, graph.n_units))
    own = graph.pre >= graph.n_inputs
    np.add.at(matrix, (graph.post[own], graph.pre[own]), w[own])
    return matrix


def activate(graph: Graph, a: Floats, u: Floats) -> Floats:
    """Activity (n_units,): the input itself, and sigma(a) of all other units.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    a : array (..., n_units)
        Pre-activation of the units; not used for inputs.
    u : array (..., n_inputs)
        Input.
    """
    x = np.empty_like(a)
    for population in graph.populations:
        x[population.units] = population.sigma.function(a[population.units])
    x[: graph.n_inputs] = u
    return x


def slopes(graph: Graph, a: Floats) -> Floats:
    """Slopes sigma'(a) of all units, shaped as `a` (..., n_units); 0 for inputs, without sigma.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    a : array (..., n_units)
        Pre-activation of the units.
    """
    slope = np.zeros_like(a)
    for population in graph.populations:
        if population.role != "input":
            units = population.units
            slope[..., units] = population.sigma.slope(a[..., units])
    return slope
