"""The exact gradient of the delayed network itself, through time: what a forecast must agree with.

Apart from all code of the package but for the graph, the activation functions and the loss. Frozen
weights; any digraph, drawn delays, leaks (theory 16).
"""

import numpy as np

from neurodiff.network.graph import Graph
from tests.networks import Floats


def activities(graph: Graph, w: Floats, bias: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Membrane v and activity x, both (steps, n_units), of a network that was silent before."""
    keep = graph.hop.keep if graph.hop.leaks else 0.0
    v, x = np.zeros((2, len(u), graph.n_units))
    for t in range(len(u)):
        known = t >= graph.forward_lag
        arrived = np.where(known, x[np.maximum(t - graph.forward_lag, 0), graph.pre], 0.0)
        drive = np.bincount(graph.post, w * arrived, graph.n_units) + bias
        v[t] = keep * v[t - 1] * (t > 0) + (1 - keep) * drive
        for part in graph.populations:
            x[t, part.units] = part.sigma.function(v[t, part.units])
        x[t, : graph.n_inputs] = u[t]
    return v, x


def through_time(
    graph: Graph,
    w: Floats,
    bias: Floats,
    u: Floats,
    y: Floats,
    loss: str,
    window: slice,
    weight: Floats | None = None,
) -> tuple[Floats, Floats]:
    """dE/dw (n_synapses,) and dE/db (n_units,), E being the sum of the loss over the window.

    With `weight` (steps,) the summands of dE/dw are weighed by the step at which a synapse acts.
    """
    v, x = activities(graph, w, bias, u)
    keep, (_, stop, _) = graph.hop.keep if graph.hop.leaks else 0.0, window.indices(len(u))
    slope, counted = np.zeros_like(v), np.zeros(len(u), dtype=bool)
    for part in graph.populations[1:] if graph.n_inputs else graph.populations:
        slope[:, part.units] = part.sigma.slope(v[:, part.units])
    slope[:, : graph.n_inputs], counted[window] = 0.0, True
    drive, membrane, n = np.zeros_like(v), np.zeros(graph.n_units), graph.n_units
    for t in range(stop - 1, -1, -1):
        ahead = t + graph.forward_lag
        came = np.where(ahead < stop, drive[np.minimum(ahead, stop - 1), graph.post], 0.0)
        back = slope[t] * np.bincount(graph.pre, w * came, n)
        out = graph.outputs
        error = (x[t, out] - y[t]) * counted[t]
        back[out] += error if loss == "cross_entropy" else slope[t, out] * error
        # the leak backward in time: mu(t) = lambda(t) + k mu(t + 1), and lambda_drive = (1 - k) mu
        membrane = back + keep * membrane
        drive[t] = (1 - keep) * membrane
    gradient = np.zeros(graph.n_synapses)
    for t in range(stop):
        known = t >= graph.forward_lag
        arrived = np.where(known, x[np.maximum(t - graph.forward_lag, 0), graph.pre], 0.0)
        gradient += (1.0 if weight is None else weight[t]) * drive[t, graph.post] * arrived
    return gradient, drive[:stop].sum(axis=0)
