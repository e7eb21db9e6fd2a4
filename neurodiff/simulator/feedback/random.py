"""Random feedback: feedback alignment."""

from neurodiff.network.graph import Graph
from neurodiff.plan import feedback as planned
from neurodiff.simulator.feedback.connections import own_bundle
from neurodiff.simulator.feedback.interface import Feedback, Untrained, build
from neurodiff.simulator.kernels.bundle import Learning
from neurodiff.simulator.kernels.interface import Returning, Signals, returning
from neurodiff.simulator.plasticity import Plasticity


class Random(Untrained):
    """b_ij = what was drawn.

    A backward synapse has to know nothing but the error that arrives.

    References
    ----------
    Lillicrap, Cownden, Tweed & Akerman 2016, Random synaptic feedback weights support error
    backpropagation for deep learning.
    """


@build.register
def _(feedback: planned.Random, graph: Graph, rule: Plasticity) -> Feedback:
    return Random()


@returning.register
def _(feedback: planned.Random, signals: Signals, learning: Learning) -> Returning:
    return Returning(own_bundle(signals), [])
