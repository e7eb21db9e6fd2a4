"""How curved the loss is along the weights of each population: what learning rates go by."""

import numpy as np
from numpy.typing import NDArray

from neurodiff.graph import Graph
from neurodiff.loss import Loss
from neurodiff.reference.backprop import backprop
from neurodiff.response import respond

Floats = NDArray[np.float64]


def largest_curvatures(graph: Graph, w: Floats, bias: Floats, u: Floats, loss: Loss) -> Floats:
    """Largest eigenvalue of the Gauss-Newton matrix of the weights onto each population.

    It is lambda of the loop through a layer (theory: delayed gradient descent is stable where
    eta lambda < 2 sin(pi / (2 (2 T + 1))) for a loop of T steps), where a single input is shown for
    long. With J = dx_L/da of the population, and s_i the sum of the squares of what arrives at the
    plastic synapses onto i, 1 for its bias included, it is that of J diag(s) J^T. For the
    cross-entropy J is da_L/da, times the root of the outputs' sigma'.

    Parameters
    ----------
    w : array (n_synapses,)
    bias : array (n_units,)
    u : array (n, n_inputs)
    loss : str

    Returns
    -------
    array (n, n_populations)
        Squared loss per unit of squared weight; 0 for populations onto which nothing learns.
    """
    return np.stack([_of_one_input(graph, w, bias, single, loss) for single in u])


def _of_one_input(graph: Graph, w: Floats, bias: Floats, u: Floats, loss: Loss) -> Floats:
    _, x = respond(graph, w, bias, u[None])
    jacobian = _jacobian(graph, w, bias, u, x[0, graph.outputs], loss)
    # s_i = sum of x_j^2, and 1 for the bias
    squares = graph.plastic * x[0, graph.pre] ** 2
    arriving = np.bincount(graph.post, weights=squares, minlength=graph.n_units)
    arriving = arriving + graph.has_bias
    largest = np.zeros(len(graph.populations))
    for number, part in enumerate(graph.populations):
        if part.role != "input":
            own = jacobian[:, part.units]
            largest[number] = np.linalg.eigvalsh((own * arriving[part.units]) @ own.T)[-1]
    return largest


def _jacobian(
    graph: Graph, w: Floats, bias: Floats, u: Floats, answer: Floats, loss: Loss
) -> Floats:
    """J (n_outputs, n_units): errors that come back from an error of 1 at one output each."""
    n = len(answer)
    each = np.broadcast_to(u, (n, len(u)))
    rows = backprop(graph, w, bias, each, answer - np.eye(n), loss).delta
    if loss == "cross_entropy":
        # d2E/da^2 = sigma'(a) of a sigmoid
        rows = np.sqrt(answer * (1 - answer))[:, None] * rows
    return rows
