"""Direct feedback: b stays."""

from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import feedback as planned
from neurodiff.plan.plasticity import Plasticity
from neurodiff.reference.feedback.interface import Feedback, follow


class Direct(Feedback):
    """b stays as it was drawn.

    References
    ----------
    Nøkland 2016, Direct feedback alignment provides learning in deep neural networks.
    """

    def __init__(self, feedback: planned.Direct):
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
def _(feedback: planned.Direct, graph: Graph, learning: Plasticity) -> Feedback:
    return Direct(feedback)
