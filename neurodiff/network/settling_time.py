"""Whether and how fast a network with cycles settles; theory 6. NumPy only."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import FixedPointError
from neurodiff.network.fixed_points import state_from_rest
from neurodiff.network.graph import Graph, Ints
from neurodiff.network.static_response import recurrent, settle, slopes

Floats = NDArray[np.float64]

#: It has settled when what is left of a deviation is this part of it.
SETTLED = 1e-6

#: Steps for which deviations are followed: about so many additions, at least, at most, and at
#: least so many times the longest delay. Beyond these sizes their rate is known well enough.
_WORK, _FEWEST, _MOST, _TIMES = 1e8, 200, 2000, 30
_SMALLEST, _LARGEST = 1e-100, 1e100


class Convergence(NamedTuple):
    """How a network with cycles settles.

    Attributes
    ----------
    bound : float
        Spectral radius of |W| sigma'_max, the steepest slope of each unit. Below 1 both waves
        settle for every set of delays.
    forward, backward : float or None
        Factor by which a small deviation of a wave from the fixed point changes in a step, in the
        long run and with the delays that there are. None where no fixed point was found.
    steps : int or None
        About how many steps until both waves have settled; None where they do not.
    """

    bound: float
    forward: float | None
    backward: float | None
    steps: int | None


def estimate_convergence(
    graph: Graph, w: Floats, bias: Floats, u: Floats, b: Floats | None = None
) -> Convergence:
    """How both waves settle with these weights, from rest and for an input that stays.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w, bias : arrays (n_synapses,), (n_units,)
        Weight of each synapse, and bias of each unit.
    u : array (n_inputs,)
        Input that stays.
    b : array (n_backward,), optional
        Weights of the backward connections; those of the synapses unless given.
    """
    bound = stability_bound(graph, w)
    try:
        a, _ = settle(graph, w, bias, u, state_from_rest(graph, w, bias, u))
    except FixedPointError:
        return Convergence(bound, None, None, None)
    slope, returns = slopes(graph, a), graph.backward
    b = w[returns.synapse] if b is None else b
    forward = _follow_activity(graph, w, a)
    # delta_pre moves by sigma'_pre b
    gain = slope[returns.sink] * b
    backward = _follow(returns.source, returns.sink, gain, returns.lag, graph)
    factors = _factor(forward), _factor(backward)
    return Convergence(bound, *factors, _steps(forward, backward, max(factors)))


def activity_factor(graph: Graph, w: Floats, a: Floats) -> float:
    """Factor by which a small deviation of the activity from a fixed point changes in a step.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    a : array (n_units,)
        Pre-activation at the fixed point.
    """
    return _factor(_follow_activity(graph, w, a))


def _follow_activity(graph: Graph, w: Floats, a: Floats) -> Floats:
    """Sizes of a deviation of the activity, step by step."""
    own = graph.pre >= graph.n_inputs
    # x_post moves by sigma'_post w
    gain = (slopes(graph, a)[graph.post] * w)[own]
    return _follow(graph.pre[own], graph.post[own], gain, graph.forward_lag[own], graph)


def stability_bound(graph: Graph, w: Floats) -> float:
    """Spectral radius of |W| sigma'_max; below 1 no set of delays is unstable (theory 6, C4).

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    """
    steepest = graph.by_unit(lambda part: part.sigma.steepest)
    matrix = np.abs(recurrent(graph, w)) * steepest
    while True:
        # what does not both get something and send it on is on no cycle
        kept = matrix.any(axis=0) & matrix.any(axis=1)
        if kept.all():
            return float(np.abs(np.linalg.eigvals(matrix)).max(initial=0.0))
        matrix = matrix[np.ix_(kept, kept)]


def _follow(source: Ints, sink: Ints, gain: Floats, lag: Ints, graph: Graph) -> Floats:
    """Sizes (steps + 1,) of a deviation in the linearised network, relative to the first.

    All units but the inputs deviate at first. A size is the largest of the last steps, as many as
    the longest delay has: what may still be on its way. Leaky units keep a part of their own.
    """
    own = gain != 0
    source, sink, gain, lag = source[own], sink[own], gain[own], lag[own]
    length = int(lag.max(initial=1))
    start = np.random.default_rng(0).normal(size=graph.n_units)
    past, sizes = np.tile(start, (length, 1)), [1.0]
    affordable = min(_MOST, int(_WORK / (len(gain) + 1)))
    slowest = _TIMES * (length + int(graph.filter_lag))
    for t in range(max(_FEWEST, slowest, affordable)):
        arrived = past[(t - lag) % length, source]
        came = np.bincount(sink, gain * arrived, graph.n_units).astype(float)
        past[t % length] = graph.hop.leaked(past[(t - 1) % length], came)
        sizes.append(float(np.abs(past).max() / np.abs(start).max()))
        if not _SMALLEST < sizes[-1] < _LARGEST:
            break
    return np.array(sizes)


def _factor(sizes: Floats) -> float:
    """By what a deviation of these sizes changes in a step, over the second half of them."""
    last = len(sizes) - 1
    half = last // 2
    return float((sizes[last] / sizes[half]) ** (1 / (last - half)))


def _steps(forward: Floats, backward: Floats, factor: float) -> int | None:
    """Steps until no deviation is left of which the error is due to that of the activity."""
    if factor >= 1:
        return None
    unfinished = [len(sizes) for sizes in (forward, backward) if sizes[-1] > _SMALLEST]
    # an error goes on from whatever moment the activity made it
    sizes = np.convolve(forward, backward)[: min(unfinished, default=None)]
    late = np.flatnonzero(sizes > SETTLED)[-1] + 1
    if late < len(sizes):
        return int(late)
    return int(late + np.log(SETTLED / sizes[-1]) / np.log(factor))
