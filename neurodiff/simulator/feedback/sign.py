"""Sign-symmetric feedback: backward weights follow the signs of the forward weights."""

from dataclasses import dataclass
from typing import ClassVar

import brian2 as b2

from neurodiff.network.graph import Graph
from neurodiff.plan import feedback as planned
from neurodiff.simulator.feedback.connections import own_bundle
from neurodiff.simulator.feedback.interface import Feedback, LocalState, Objects, Untrained, build
from neurodiff.simulator.kernels.bundle import Follows, Learning
from neurodiff.simulator.kernels.interface import Returning, Signals, returning
from neurodiff.simulator.order import LEARN
from neurodiff.simulator.plasticity import Plasticity


@dataclass(frozen=True)
class Sign(Untrained):
    """b_ij(t) = s sign(w_ij(t)), with one s for each projection.

    A backward synapse has to know the sign of the forward weight, at any time.

    References
    ----------
    Liao, Leibo & Poggio 2016, How important is weight symmetry in backpropagation?
    """

    graph: Graph
    feedback: planned.Sign
    rule: Plasticity
    equations: ClassVar[str] = "scale : 1 (constant)\nsynapse : integer (constant)\nw : 1 (linked)"

    def train(self, own: b2.NeuronGroup, local: LocalState, clock: b2.Clock) -> Objects:
        """Follow the weights, as soon as these have learned.

        Parameters
        ----------
        own : brian2.NeuronGroup
            Group with one element for each backward connection, which holds its weight `b`.
        local : LocalState
            Groups, and their past, that backward weights may read.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        own.scale = self.feedback.scale
        own.synapse = self.graph.backward.synapse
        own.w = b2.linked_var(local.store, "w", index="synapse")
        if self.rule.frozen:
            return []
        own.run_regularly("b = scale*sign(w)", name="follow_signs", **LEARN.after().when)
        return []


@build.register
def _(feedback: planned.Sign, graph: Graph, rule: Plasticity) -> Feedback:
    return Sign(graph, feedback, rule)


@returning.register
def _(feedback: planned.Sign, signals: Signals, learning: Learning) -> Returning:
    synapse = signals.plan.graph.backward.synapse
    assert synapse is not None  # signs are those of synapses
    return Returning(own_bundle(signals, follows=Follows(synapse, feedback.scale)), [])
