"""Symmetric feedback: errors come back by the forward weights (weight transport)."""

from typing import ClassVar

import numpy as np

from neurodiff.model_file.feedback import SymmetricFeedback
from neurodiff.network.graph import Floats, Graph
from neurodiff.plan.feedback.interface import Context, Feedback, along_synapses, prepare


class Symmetric(Feedback):
    """b = w, at any time."""

    rule: ClassVar[str] = "symmetric"
    has_kernel: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    own_weights: ClassVar[bool] = False
    knows: ClassVar[str] = "the error that arrives, and the weight of its synapse"

    def at_start(self, graph: Graph, w: Floats) -> Floats:
        """The forward weights themselves; see `Feedback.at_start`."""
        return np.asarray(along_synapses(graph, w))


@prepare.register
def _(spec: SymmetricFeedback, context: Context) -> Symmetric:
    return Symmetric(np.asarray(along_synapses(context.graph, context.w)))
