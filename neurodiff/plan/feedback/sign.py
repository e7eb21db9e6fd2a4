"""Sign-symmetric feedback: backward weights have the signs of the forward weights, and one size."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodiff.model_file.feedback import SignFeedback
from neurodiff.network.graph import Floats, Graph
from neurodiff.plan.feedback.interface import Context, Feedback, along_synapses, prepare


@dataclass(frozen=True, eq=False)
class Sign(Feedback):
    """b = scale sign(w).

    Attributes
    ----------
    b, scale : arrays (n_backward,)
        Weights at the start; and their size, which is the same for all of a projection.

    References
    ----------
    Liao, Leibo & Poggio 2016, How important is weight symmetry in backpropagation?
    """

    scale: Floats
    rule: ClassVar[str] = "sign"
    has_kernel: ClassVar[bool] = True
    own_weights: ClassVar[bool] = False
    knows: ClassVar[str] = "the error that arrives, and the sign of its synapse's weight"

    def at_start(self, graph: Graph, w: Floats) -> Floats:
        """The signs of the forward weights, of one size; see `Feedback.at_start`."""
        return np.asarray(self.scale * np.sign(along_synapses(graph, w)))


@prepare.register
def _(spec: SignFeedback, context: Context) -> Sign:
    scale = _scale(context.graph, context.w)
    return Sign(scale * np.sign(along_synapses(context.graph, context.w)), scale)


def _scale(graph: Graph, w: Floats) -> Floats:
    """Size of b (n_backward,): with it b and w have one root mean square in each projection."""
    scale = np.zeros(graph.n_synapses)
    for part in graph.projections:
        own = w[part.synapses]
        # sum of b^2 = sum of w^2, and b is 0 where w is
        scale[part.synapses] = np.sqrt(np.sum(own**2) / max(int(np.count_nonzero(own)), 1))
    return np.asarray(along_synapses(graph, scale))
