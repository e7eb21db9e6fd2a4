"""Backpropagation by the chain rule, for any acyclic network.

The sign is that of the whole project: delta = dE/da, so dE/dw = delta_post x_pre, and learning
goes down it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph
from neurodiff.network.loss import Loss, loss_of
from neurodiff.network.static_response import dense, respond, slopes

Floats = NDArray[np.float64]


class Gradient(NamedTuple):
    """Activity, errors and loss of a batch of inputs.

    Attributes
    ----------
    x : array (batch, n_units)
    delta : array (batch, n_units)
        dE/da, the gradient for a unit's pre-activation and so for its bias; 0 for inputs.
    loss : array (batch,)
    """

    x: Floats
    delta: Floats
    loss: Floats


def backprop(graph: Graph, w: Floats, bias: Floats, u: Floats, y: Floats, loss: Loss) -> Gradient:
    """Exact gradient of the loss of the static network (the chain rule).

    It is what the delayed waves carry once nothing changes (Betti & Gori, arXiv:1912.04635). An
    output that also projects further gets both its injection and what comes back to it.

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

    Returns
    -------
    Gradient
        Activity, errors and loss; see `products` for the gradient by weight.

    References
    ----------
    Betti & Gori, arXiv:1912.04635.
    """
    a, x = respond(graph, w, bias, u)
    slope, answer = slopes(graph, a), x[:, graph.outputs]
    delta = np.zeros_like(x)
    delta[:, graph.outputs] = injection(loss, slope[:, graph.outputs], answer, y)
    for part in reversed(graph.projections):
        back = delta[:, part.post.units] @ dense(graph, part, w)
        # delta_l = sigma'_l(a_l) * (W_{l+1}^T delta_{l+1})
        delta[:, part.pre.units] += slope[:, part.pre.units] * back
    return Gradient(x, delta, loss_of(loss, answer, y))


def products(graph: Graph, x: Floats, delta: Floats, synapses: slice = slice(None)) -> Floats:
    """dE/dw (batch, n) of the n chosen synapses, from x and delta (batch, n_units).

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    x : array (batch, n_units)
        Activity.
    delta : array (batch, n_units)
        Errors dE/da.
    synapses : slice, optional
        Range of synapse numbers.

    Returns
    -------
    array (batch, n)
        Gradient dE/dw of each chosen synapse.
    """
    # dE/dw_ij = delta_i x_j
    return delta[:, graph.post[synapses]] * x[:, graph.pre[synapses]]


def injection(loss: Loss, slope: Floats, x: Floats, y: Floats) -> Floats:
    """dE/da of the outputs where the error enters, all of the shape (..., n_outputs).

    For the cross-entropy the slope of the sigmoid cancels against the derivative of the logarithms.

    Parameters
    ----------
    loss : str
        Name of the loss: `squared_error` or `cross_entropy`.
    slope : array (..., n_outputs)
        Slope sigma'(a) of the outputs.
    x : array (..., n_outputs)
        Activity of the outputs.
    y : array (..., n_outputs)
        Targets of the outputs.

    Returns
    -------
    array (..., n_outputs)
        Errors dE/da that enter at the outputs.
    """
    if loss == "cross_entropy":
        # delta_L = x - y
        return x - y
    # delta_L = sigma'_L(a_L) * (x - y)
    return slope * (x - y)
