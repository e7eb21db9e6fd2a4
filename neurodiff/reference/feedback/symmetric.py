"""Symmetric feedback: b = w."""

import numpy as np

from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import feedback as planned
from neurodiff.plan.feedback import along_synapses
from neurodiff.plan.plasticity import Plasticity
from neurodiff.reference.feedback.interface import Feedback, follow


class Symmetric(Feedback):
    """Symmetric: b = w."""

    def __init__(self, graph: Graph):
        self._graph = graph

    def weights(self, w: Floats) -> Floats:
        """The weights of the synapses themselves.

        Parameters
        ----------
        w : array (n_synapses,)
            Weight of each synapse.
        """
        return np.asarray(along_synapses(self._graph, w))


@follow.register
def _(feedback: planned.Symmetric, graph: Graph, learning: Plasticity) -> Feedback:
    return Symmetric(graph)
