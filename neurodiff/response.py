"""The static map of a network: what every unit answers to an input that does not change.

Memoryless and without delays, for any acyclic network (theory 2.1); NumPy only.
"""

import numpy as np
from numpy.typing import NDArray

from neurodiff.graph import Graph, Projection

Floats = NDArray[np.float64]


def dense(graph: Graph, part: Projection, w: Floats) -> Floats:
    """Weights of one projection as a matrix (post units, pre units), 0 without a synapse."""
    matrix = np.zeros((part.post.size, part.pre.size))
    pre, post = graph.pre[part.synapses], graph.post[part.synapses]
    matrix[post - part.post.start, pre - part.pre.start] = w[part.synapses]
    return matrix


def respond(graph: Graph, w: Floats, bias: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Pre-activation a and activity x of all units for given inputs.

    a_l = sum over incoming projections of W x_pre, plus b;  x_l = sigma_l(a_l)

    Parameters
    ----------
    w : array (n_synapses,)
    bias : array (n_units,)
    u : array (batch, n_inputs)

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
