"""Random feedback: b stays."""

from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import feedback as planned
from neurodiff.plan.plasticity import Plasticity
from neurodiff.reference.feedback.interface import Feedback, follow


class Random(Feedback):
    """b stays as it was drawn.

    References
    ----------
    Lillicrap, Cownden, Tweed & Akerman 2016, Random synaptic feedback weights support error
    backpropagation for deep learning.
    """

    def __init__(self, feedback: planned.Random):
        self._b = feedback.b

    def weights(self, w: Floats) -> Floats:
        """What was drawn.

        Parameters
        ----------
        w : array (n_synapses,)
            Weight of each synapse.
        """
        return self._b


@follow.register
def _(feedback: planned.Random, graph: Graph, learning: Plasticity) -> Feedback:
    return Random(feedback)
