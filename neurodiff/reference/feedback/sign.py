"""Sign-symmetric feedback: b = scale sign(w)."""

import numpy as np

from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import feedback as planned
from neurodiff.plan.feedback import along_synapses
from neurodiff.plan.plasticity import Plasticity
from neurodiff.reference.feedback.interface import Feedback, follow


class Sign(Feedback):
    """Sign-symmetric: b = scale sign(w).

    References
    ----------
    Liao, Leibo & Poggio 2016, How important is weight symmetry in backpropagation?
    """

    def __init__(self, graph: Graph, feedback: planned.Sign):
        self._graph, self._scale = graph, feedback.scale

    def weights(self, w: Floats) -> Floats:
        """The signs that the weights have now.

        Parameters
        ----------
        w : array (n_synapses,)
            Weight of each synapse.
        """
        return np.asarray(self._scale * np.sign(along_synapses(self._graph, w)))


@follow.register
def _(feedback: planned.Sign, graph: Graph, learning: Plasticity) -> Feedback:
    return Sign(graph, feedback)
