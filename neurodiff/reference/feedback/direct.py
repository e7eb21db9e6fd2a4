"""Direct feedback: b stays."""

from neurodiff.network.graph import Graph
from neurodiff.plan import feedback as planned
from neurodiff.plan.plasticity import Plasticity
from neurodiff.reference.feedback.interface import Feedback, Fixed, follow


class Direct(Fixed):
    """b stays as it was drawn.

    References
    ----------
    Nøkland 2016, Direct feedback alignment provides learning in deep neural networks.
    """


@follow.register
def _(feedback: planned.Direct, graph: Graph, learning: Plasticity) -> Feedback:
    return Direct(feedback)
