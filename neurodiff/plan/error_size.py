"""How large errors will be before anything is learned: one backward pass at the start.

It is the chain rule of the static network (theory 2), with the weights of the start, at some
moments of the learning phase. What chooses a scale of errors, such as the gain of error cells, goes
by it. Apart from the reference, which the simulation must not know.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph
from neurodiff.network.loss import Loss
from neurodiff.network.static_response import dense, respond, slopes
from neurodiff.stimuli import Stimuli

Floats = NDArray[np.float64]

#: Moments of the learning phase that are looked at.
_MOMENTS = 64

#: Smallest |x - y| of an output: that a start happens to be right says little.
_LEAST = 0.05

#: What is left of errors that cancel, relative to what they are without their signs: rounding.
_ROUNDING = 1e-12


class ErrorSize(NamedTuple):
    """Size of the errors of one population, root mean squares over its units and the moments.

    Attributes
    ----------
    size : float
        Of delta = dE/da; 0 where the errors that come back cancel, or none comes back.
    unsigned : float
        Of what it would be if nothing cancelled: with the absolute values of errors and weights.
    """

    size: float
    unsigned: float


def expected_error_sizes(
    graph: Graph, w: Floats, bias: Floats, stimuli: Stimuli, loss: Loss
) -> dict[str, ErrorSize]:
    """Sizes of the errors by population, inputs left out.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w, bias : arrays (n_synapses,), (n_units,)
        Initial weights and biases, by which errors come back too.
    stimuli : Stimuli
        Input and target of the run.
    loss : str
        Name of the loss: `squared_error` or `cross_entropy`.

    Returns
    -------
    dict of ErrorSize
        Sizes by the name of the population.
    """
    last = max(stimuli.learning_steps - 1, 0)
    steps = np.unique(np.linspace(0, last, _MOMENTS).round().astype(np.int64))
    a, x = respond(graph, w, bias, stimuli.input.at(steps))
    slope, out = slopes(graph, a), graph.outputs
    error = _at_least(x[:, out] - stimuli.target.at(steps))
    # delta_L = sigma'_L (x - y), or x - y for the cross-entropy
    injected = error if loss == "cross_entropy" else slope[:, out] * error
    delta = _send_back(graph, w, slope, injected)
    unsigned = _send_back(graph, np.abs(w), np.abs(slope), np.abs(injected))
    sizes = {}
    for part in graph.populations:
        if part.role != "input":
            whole = _root_mean_square(unsigned[:, part.units])
            size = _root_mean_square(delta[:, part.units])
            sizes[part.name] = ErrorSize(size if size > _ROUNDING * whole else 0.0, whole)
    return sizes


def _at_least(error: Floats) -> Floats:
    """Errors (moments, n_outputs), larger where those of an output are too small to go by."""
    size = np.sqrt(np.mean(error**2, axis=0))
    return np.where(size < _LEAST, np.where(error < 0, -_LEAST, _LEAST), error)


def _send_back(graph: Graph, w: Floats, slope: Floats, injected: Floats) -> Floats:
    """Errors (moments, n_units) from those of the outputs (moments, n_outputs)."""
    delta = np.zeros_like(slope)
    delta[:, graph.outputs] = injected
    for part in reversed(graph.projections):
        # delta_l = sigma'_l (W_{l+1}^T delta_{l+1})
        back = delta[:, part.post.units] @ dense(graph, part, w)
        delta[:, part.pre.units] += slope[:, part.pre.units] * back
    return delta


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
