"""Recurrent backpropagation: the gradient of a network with cycles at its fixed point.

Almeida (1987) and Pineda (1987). For acyclic networks it is backpropagation.
"""

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import FixedPointError
from neurodiff.network.graph import Graph
from neurodiff.network.loss import Loss, loss_of
from neurodiff.network.static_response import recurrent, settle, slopes
from neurodiff.reference.backprop import Gradient, injection

Floats = NDArray[np.float64]


def recurrent_backprop(
    graph: Graph,
    w: Floats,
    bias: Floats,
    u: Floats,
    y: Floats,
    loss: Loss,
    start: Floats | None = None,
) -> Gradient:
    """Exact gradient of the loss at the fixed point of the network, for any digraph.

    It is what the waves carry once nothing changes, whatever the delays, where the network settles
    (theory 6): x* = sigma(W x* + b), delta* = (I - D W^T)^-1 D e, and dE/dw = delta*_post x*_pre.

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
    y : array (batch, n_outputs), in the order of ``graph.outputs``
        Targets of the outputs, in the order of ``graph.outputs``.
    loss : str
        Name of the loss: `squared_error` or `cross_entropy`.
    start : array (batch, n_units), optional
        Activity of the network at each of the moments, from which it settles. Of several fixed
        points a network is at the one to which its history led. Unless given, it settles to the
        first input from 0, and to each other from the one before.

    Returns
    -------
    Gradient
        Activity, errors and loss at the fixed point of each moment.

    Raises
    ------
    FixedPointError
        If no fixed point is found, or the errors have none.

    References
    ----------
    Almeida 1987, A learning rule for asynchronous perceptrons with feedback in a combinatorial
    environment.

    Pineda 1987, Generalization of back-propagation to recurrent neural networks.
    """
    x, delta = np.zeros((2, len(u), graph.n_units))
    for row, (inputs, targets) in enumerate(zip(u, y, strict=True)):
        # the row before the first is the last, which is still 0
        begin = x[row - 1] if start is None else start[row]
        a, x[row] = settle(graph, w, bias, inputs, begin)
        delta[row] = _errors(graph, w, a, x[row], targets, loss)
    return Gradient(x, delta, loss_of(loss, x[:, graph.outputs], y))


def _errors(graph: Graph, w: Floats, a: Floats, x: Floats, y: Floats, loss: Loss) -> Floats:
    """delta* (n_units,) of delta = D W^T delta + injection; 0 for inputs."""
    slope, out = slopes(graph, a), graph.outputs
    injected = np.zeros(graph.n_units)
    injected[out] = injection(loss, slope[out], x[out], y)
    # inputs have the slope 0, and so nothing comes back to them
    returns = slope[:, None] * recurrent(graph, w).T
    try:
        return np.asarray(np.linalg.solve(np.eye(graph.n_units) - returns, injected))
    except np.linalg.LinAlgError as error:
        raise FixedPointError(
            "at the fixed point the errors have none: I - D W^T is singular; change the weights on "
            "the cycles, or write `validation.reference: delayed`"
        ) from error
