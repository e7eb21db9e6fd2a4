"""Direct feedback: direct feedback alignment."""

from neurodiff.network.graph import Graph
from neurodiff.plan import feedback as planned
from neurodiff.simulator.feedback.connections import own_bundle
from neurodiff.simulator.feedback.interface import Feedback, Untrained, build
from neurodiff.simulator.kernels.bundle import Learning
from neurodiff.simulator.kernels.interface import Returning, Signals, returning
from neurodiff.simulator.plasticity import Plasticity


class Direct(Untrained):
    """b_ij = what was drawn.

    A backward synapse has to know nothing but the error that arrives.

    References
    ----------
    Nøkland 2016, Direct feedback alignment provides learning in deep neural networks.
    """


@build.register
def _(feedback: planned.Direct, graph: Graph, rule: Plasticity) -> Feedback:
    return Direct()


@returning.register
def _(feedback: planned.Direct, signals: Signals, learning: Learning) -> Returning:
    return Returning(own_bundle(signals), [])
