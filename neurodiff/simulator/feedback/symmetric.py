"""Symmetric feedback: the backward synapses take the weights of the forward synapses."""

from typing import ClassVar

from neurodiff.network.graph import Graph
from neurodiff.plan import feedback as planned
from neurodiff.simulator.feedback.interface import Feedback, Untrained, build
from neurodiff.simulator.kernels.bundle import Learning
from neurodiff.simulator.kernels.interface import Returning, Signals, returning
from neurodiff.simulator.plasticity import Plasticity


class Symmetric(Untrained):
    """b_ij(t) = w_ij(t): weight transport, without a store.

    A backward synapse has to know the forward weight, at any time.
    """

    own_store: ClassVar[bool] = False


@build.register
def _(feedback: planned.Symmetric, graph: Graph, rule: Plasticity) -> Feedback:
    return Symmetric()


@returning.register
def _(feedback: planned.Symmetric, signals: Signals, learning: Learning) -> Returning:
    return Returning(None, [])
