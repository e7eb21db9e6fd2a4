"""The linearised network: how it answers small tones, forth and back (theory 19)."""

from typing import NamedTuple

import numpy as np

from neurodiff.forecast.hops import Block, Complexes, Hops
from neurodiff.network.graph import Floats, Graph
from neurodiff.network.loss import Loss

#: Beyond so many inputs, or outputs, so many patterns stand for all.
_MANY, _PATTERNS = 64, 32


class Tone(NamedTuple):
    """Answers to a tone, each with a column or a row for each pattern or output.

    Attributes
    ----------
    power : array (n_units,)
        Sum over the patterns of the input of |X|^2, X being the phasor of the unit's activity.
    ahead : array (n_outputs, n_units)
        P: what an error x - y of 1 at one output is, as the gradient of the delayed network has it,
        at a unit's potential; conjugated, because the adjoint runs backward in time.
    back : array (n_outputs, n_units)
        B: what the backward wave makes of that error at a unit. Of many outputs, both have a row
        for each of some patterns of errors.
    """

    power: Floats
    ahead: Complexes
    back: Complexes


def answer(
    hops: Hops, slope: Floats, loss: Loss, omega: float, patterns: Complexes | None = None
) -> Tone:
    """How the network answers a tone of `omega` radian per step.

    Parameters
    ----------
    hops : Hops
        Responses of all connections to a tone, forward and backward.
    slope : array (n_units,)
        sigma' of the units where the network is linearised; 0 for inputs.
    loss : str
        Name of the loss: `squared_error` or `cross_entropy`.
    omega : float
        Angular frequency of a tone in radian per step.
    patterns : array (n_inputs, n)
        Phasors of the inputs; inputs that are not correlated, with the power 1, unless given.
    """
    own, late = own_errors(hops.graph, slope, loss), hops.graph.hop.output_error(omega)
    mixed = uncorrelated(len(own)).T
    power = np.sum(np.abs(activity(hops, slope, omega, patterns)) ** 2, axis=1)
    ahead = to_outputs(hops, slope, omega, np.conj(mixed) @ own)
    return Tone(power, ahead, errors(hops, slope, omega, late * (mixed @ own)))


def own_errors(graph: Graph, slope: Floats, loss: Loss) -> Floats:
    """dE/da (n_outputs, n_units) of each output for an error x - y of 1 at one output.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    slope : array (n_units,)
        Slope of the activation function of each unit.
    loss : str
        Name of the loss: `squared_error` or `cross_entropy`.
    """
    own = np.zeros((len(graph.outputs), graph.n_units))
    size = slope[graph.outputs] if loss == "squared_error" else 1.0
    own[np.arange(len(graph.outputs)), graph.outputs] = size
    return own


def activity(hops: Hops, slope: Floats, omega: float, patterns: Complexes | None) -> Complexes:
    """Phasors of all units (n_units, n_patterns).

    Parameters
    ----------
    hops : Hops
        Responses of all connections to a tone, forward and backward.
    slope : array (n_units,)
        Slope of the activation function of each unit.
    omega : float
        Angular frequency of a tone in radian per step.
    patterns : array of complex (n_inputs, n_patterns) or None
        Phasors of the inputs.
    """
    graph, leak = hops.graph, hops.graph.hop.response(omega)
    patterns = uncorrelated(graph.n_inputs) if patterns is None else patterns
    x = np.zeros((graph.n_units, patterns.shape[1]), dtype=np.complex128)
    x[: graph.n_inputs] = patterns
    if graph.cyclic:
        # x = sigma' L W x + u
        return np.asarray(np.linalg.solve(_loop(hops.forward, graph, slope * leak, omega), x))
    for part in hops.forward:
        x[part.sink] += leak * slope[part.sink, None] * (part.at(omega) @ x[part.source])
    return x


def uncorrelated(n: int) -> Complexes:
    """Patterns (n, n_patterns) of n signals with the power 1 each that are not correlated.

    Each signal alone; of many signals, some patterns with phases drawn at random.

    Parameters
    ----------
    n : int
        Number of signals.
    """
    if n <= _MANY:
        return np.eye(n, dtype=np.complex128)
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(n, _PATTERNS))
    return np.exp(1j * phases) / np.sqrt(_PATTERNS)


def to_outputs(hops: Hops, slope: Floats, omega: float, own: Complexes) -> Complexes:
    """Response of `own` (n, n_units) errors to each unit's potential (n, n_units).

    p_i = own_i + sigma'_i sum w e^(-i omega f) L p_post

    Parameters
    ----------
    hops : Hops
        Responses of all connections to a tone, forward and backward.
    slope : array (n_units,)
        Slope of the activation function of each unit.
    omega : float
        Angular frequency of a tone in radian per step.
    own : array of complex (n, n_units)
        Errors that enter at the outputs.
    """
    graph, leak = hops.graph, hops.graph.hop.response(omega)
    if graph.cyclic:
        matrix = _whole(hops.forward, graph, omega) * (leak * slope)
        return np.asarray(np.linalg.solve((np.eye(graph.n_units) - matrix).T, own.T).T)
    p = own.astype(np.complex128)
    for part in reversed(hops.forward):
        p[:, part.source] += leak * slope[part.source] * (p[:, part.sink] @ part.at(omega))
    return p


def errors(hops: Hops, slope: Floats, omega: float, own: Complexes | Floats) -> Complexes:
    """What the backward wave makes of errors `own` (n, n_units) of the outputs (n, n_units).

    With spikes it is as the synapses read it, through a trace.

    Parameters
    ----------
    hops : Hops
        Responses of all connections to a tone, forward and backward.
    slope : array (n_units,)
        Slope of the activation function of each unit.
    omega : float
        Angular frequency of a tone in radian per step.
    own : array (n, n_units)
        Errors that enter at the outputs.
    """
    graph, leak = hops.graph, hops.graph.hop.error_kept(omega) * hops.graph.hop.error_sent(omega)
    if graph.cyclic:
        matrix = _loop(hops.backward, graph, slope * leak, omega)
        delta = np.linalg.solve(matrix, np.asarray(own, dtype=np.complex128).T).T
    else:
        delta = np.asarray(own, dtype=np.complex128).copy()
        for part in _later_first(hops):
            back = delta[:, part.source] @ part.at(omega).T
            delta[:, part.sink] += leak * slope[part.sink] * back
    return np.asarray(delta * hops.graph.hop.error_sent(omega))


def _later_first(hops: Hops) -> tuple[Block, ...]:
    """Backward blocks in an order in which the errors of a source are complete.

    Direct feedback takes the errors of outputs as they are injected, in any order.
    """
    return hops.backward[::-1]


def _whole(blocks: tuple[Block, ...], graph: Graph, omega: float) -> Complexes:
    """All blocks in one matrix (n_units, n_units), sink by source."""
    matrix = np.zeros((graph.n_units, graph.n_units), dtype=np.complex128)
    numbers = np.arange(graph.n_units)
    for part in blocks:
        matrix[np.ix_(numbers[part.sink], numbers[part.source])] += part.at(omega)
    return matrix


def _loop(blocks: tuple[Block, ...], graph: Graph, gain: Complexes, omega: float) -> Complexes:
    """I - gain W, to be solved for what a network with cycles answers."""
    return np.eye(graph.n_units) - np.asarray(gain)[:, None] * _whole(blocks, graph, omega)


def symmetric_hops(graph: Graph, w: Floats, slope: Floats, loss: Loss) -> Hops:
    """Hops whose errors come back by the forward weights, or by direct ones that stand for them.

    With all the delays that there are: what is late is the same, and what comes is the gradient.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    slope : array (n_units,)
        sigma' of the units where the network is linearised.
    loss : str
        Name of the loss: `squared_error` or `cross_entropy`.
    """
    if graph.backward.along_synapses:
        return Hops.of(graph, w, w[graph.backward.synapse])
    forward = Hops.of(graph, w, np.zeros(len(graph.backward)))
    own = own_errors(graph, slope, loss)
    ahead = np.real(to_outputs(forward, slope, 0.0, own))
    source, sink = graph.backward.source, graph.backward.sink
    rows = np.array([np.flatnonzero(graph.outputs == unit)[0] for unit in source])
    # b sigma'_i delta_o is to be the gradient, with delta_o the output's own error
    scale = slope[sink] * own[rows, source]
    b = np.divide(ahead[rows, sink], scale, out=np.zeros(len(sink)), where=scale != 0)
    return Hops.of(graph, w, b)
