"""How large errors will be before anything is learned, from the statistics of each population.

An estimate, for choosing a scale: errors and weights are taken to be independent, as they are in a
network with random weights.
"""

import numpy as np
from numpy.typing import NDArray

from neurodiff.graph import Graph
from neurodiff.loss import Loss
from neurodiff.response import respond
from neurodiff.stimuli import Stimuli

Floats = NDArray[np.float64]

#: Moments of the learning phase that are looked at.
_MOMENTS = 64

#: Smallest |x - y| of an output: that a start happens to be right says little.
_LEAST = 0.05


def expected_error_sizes(
    graph: Graph, w: Floats, bias: Floats, stimuli: Stimuli, loss: Loss
) -> dict[str, float]:
    """Root mean square of delta by population, inputs left out.

    The mean square of an output's error is measured on the static network; going back through a
    projection it is multiplied by the sum of squared weights onto each presynaptic unit, and by the
    mean square of that unit's slope.

    Parameters
    ----------
    w, bias : arrays (n_synapses,), (n_units,)
        Initial weights and biases.
    """
    last = max(stimuli.learning_steps - 1, 0)
    steps = np.unique(np.linspace(0, last, _MOMENTS).round().astype(np.int64))
    a, x = respond(graph, w, bias, stimuli.input.at(steps))
    slope = np.zeros(graph.n_units)
    for part in graph.populations:
        if part.role == "input":
            continue
        slope[part.units] = np.sqrt(np.mean(part.sigma.slope(a[:, part.units]) ** 2, axis=0))
    square = np.zeros(graph.n_units)
    error = np.mean((x[:, graph.outputs] - stimuli.target.at(steps)) ** 2, axis=0)
    error = np.maximum(error, _LEAST**2)
    square[graph.outputs] = error if loss == "cross_entropy" else error * slope[graph.outputs] ** 2
    for projection in sorted(graph.projections, key=lambda part: -part.pre.start):
        own = projection.synapses
        pre, back = graph.pre[own], w[own] ** 2 * square[graph.post[own]]
        came = np.bincount(pre, weights=back, minlength=graph.n_units)
        square += came * slope**2
    return {
        part.name: float(np.sqrt(square[part.units].mean()))
        for part in graph.populations
        if part.role != "input"
    }
