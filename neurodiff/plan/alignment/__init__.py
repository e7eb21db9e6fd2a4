"""How long activity and slopes must wait for their error, and the two ways in which they can.

The error that reaches a unit is about what the unit did one loop ago: so long is the way from its
output to an output of the network and back, along the same synapses, to its own error. The activity
that meets the error must have arrived then, M = s_post, and been sent the delay of its synapse
before, p = s_post + f. The slope in the error must be as old as the loop (theory 16). In a chain

    M_l = R_l + F_L - F_l = M^s_l

Where a unit has loops of several lengths both are means over them; lags by which signals come to
the unit do not matter.
"""

import numpy as np

from neurodiff.model_file import Model
from neurodiff.network.graph import Floats, Graph
from neurodiff.network.latency import Latencies, ProjectionLatency, projection_latencies
from neurodiff.network.loops import compute_loops
from neurodiff.plan.alignment.interface import Ages, Alignment
from neurodiff.plan.alignment.matched import Matched
from neurodiff.plan.alignment.traced import Smoothing, Traced, smoothing
from neurodiff.plan.alignment.unaligned import Unaligned

__all__ = [
    "Ages",
    "Alignment",
    "Matched",
    "Smoothing",
    "Traced",
    "Unaligned",
    "learning_latencies",
    "prepare",
    "smoothing",
]


def prepare(model: Model, graph: Graph) -> Alignment:
    """How the model's waves are aligned.

    Parameters
    ----------
    model : Model
        Model, checked.
    graph : Graph
        Its units, synapses and delays.
    """
    return _KINDS[model.plasticity.alignment](model, graph)


def _unaligned(model: Model, graph: Graph) -> Unaligned:
    return Unaligned()


def _traced(model: Model, graph: Graph) -> Traced:
    loops = compute_loops(graph)
    activity, slope = _lag(loops.mean[graph.post]), _lag(loops.returned)
    return Traced(activity, slope, model.plasticity.stages or 1, bool(loops.one_length.all()))


def _matched(model: Model, graph: Graph) -> Matched:
    loops = compute_loops(graph)
    activity, slope = _lag(loops.mean[graph.post]), _lag(loops.returned)
    ages = np.rint(activity).astype(np.int64) + graph.forward_lag
    return Matched(ages, np.rint(slope).astype(np.int64), loops.one_length)


#: By the name in the model file.
_KINDS = {Unaligned.kind: _unaligned, Traced.kind: _traced, Matched.kind: _matched}


def learning_latencies(
    graph: Graph, latencies: Latencies, alignment: Alignment
) -> list[ProjectionLatency]:
    """F, R, M and first exact step of every projection, as it learns.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    latencies : Latencies
        Latencies of both waves in steps.
    alignment : Alignment
        Alignment of activity and error, prepared for the plan.

    Returns
    -------
    list of ProjectionLatency
        One for each projection, in the order of the graph.
    """
    rows = projection_latencies(graph, latencies)
    return [alignment.row(row, graph, latencies) for row in rows]


def _lag(loop: Floats) -> Floats:
    """Steps to wait; 0 where no error comes. A mean is a whole number only to rounding."""
    return np.maximum(np.nan_to_num(np.round(loop, 9)), 0.0)
