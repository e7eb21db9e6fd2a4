"""Backward weights that are drawn along the synapses."""

import numpy as np

from neurodiff.model_file import Model
from neurodiff.model_file.feedback import (
    KolenPollackFeedback,
    RandomFeedback,
    WeightMirrorFeedback,
)
from neurodiff.network.graph import Floats, Graph
from neurodiff.network.weights import weights_by_projection
from neurodiff.plan.feedback.interface import along_synapses


def along_synapses_drawn(
    model: Model,
    feedback: RandomFeedback | KolenPollackFeedback | WeightMirrorFeedback,
    graph: Graph,
) -> Floats:
    """Backward weights (n_backward,) at the start, drawn by projection.

    Parameters
    ----------
    model : Model
        Model, checked.
    feedback : RandomFeedback, KolenPollackFeedback or WeightMirrorFeedback
        The `feedback` part of the model, which may have its own rule for the weights.
    graph : Graph
        Network of units, synapses and delays.
    """
    _, specs = model.network.digraph()
    rules = {str(part.name): feedback.weights or part.weights for part in specs}
    returning = [part for part in graph.projections if part.pre.role != "input"]
    b, _ = weights_by_projection(
        model,
        graph,
        returning,
        rules,
        model.seed,
        "feedback weights",
        lambda _: "feedback.weights.path",
    )
    return np.asarray(along_synapses(graph, b))
