"""Random feedback: b stays."""

from neurodiff.network.graph import Graph
from neurodiff.plan import feedback as planned
from neurodiff.plan.plasticity import Plasticity
from neurodiff.reference.feedback.interface import Feedback, Fixed, follow


class Random(Fixed):
    """b stays as it was drawn.

    References
    ----------
    Lillicrap, Cownden, Tweed & Akerman 2016, Random synaptic feedback weights support error
    backpropagation for deep learning.
    """


@follow.register
def _(feedback: planned.Random, graph: Graph, learning: Plasticity) -> Feedback:
    return Random(feedback)
