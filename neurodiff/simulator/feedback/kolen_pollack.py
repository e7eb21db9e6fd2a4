"""Kolen-Pollack feedback: backward weights learn and decay as the forward weights do."""

from dataclasses import dataclass
from typing import ClassVar

import brian2 as b2
import numpy as np

from neurodiff.network.graph import Graph
from neurodiff.plan import feedback as planned
from neurodiff.simulator.alignment.traces import build_traces
from neurodiff.simulator.feedback.connections import own_bundle
from neurodiff.simulator.feedback.interface import Feedback, LocalState, Objects, Untrained, build
from neurodiff.simulator.history import READER
from neurodiff.simulator.kernels.bundle import Learning
from neurodiff.simulator.kernels.interface import Returning, Signals, returning
from neurodiff.simulator.kernels.reading import Moves, element, listed, past
from neurodiff.simulator.order import LEARN
from neurodiff.simulator.plasticity import Plasticity


@dataclass(frozen=True)
class KolenPollack(Untrained):
    """b_ij(t+1) = b_ij(t) - eta delta_i(t-r) x_j(t-r-p) - lambda b_ij(t).

    That is the product of the forward synapse, delta_i(t) x_j(t-p), r steps later. A backward
    synapse has to know the error that arrives, and the activity of the unit to which it leads r + p
    steps ago: it keeps as many. With traces of the present it keeps none, and takes x_j(t) instead.
    It learns r steps after the forward synapse, and so for as long.

    References
    ----------
    Kolen & Pollack 1994, Backpropagation without weight transport.

    Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019, Deep learning without weight transport.
    """

    graph: Graph
    feedback: planned.KolenPollack
    rule: Plasticity
    equations: ClassVar[str] = f"""
    {READER}
    lag : integer (constant)
    plastic : 1 (constant)
    kept : integer (constant)
    x_kept : 1 (linked)
    """

    def train(self, own: b2.NeuronGroup, local: LocalState, clock: b2.Clock) -> Objects:
        """Learn and decay with the numbers of the forward rule.

        Parameters
        ----------
        own : brian2.NeuronGroup
            Group with one element for each backward connection, which holds its weight `b`.
        local : LocalState
            Groups, and their past, that backward weights may read.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        returns = self.graph.backward
        local.error.connect(own, returns.source - self.graph.n_inputs, returns.lag)
        own.lag, own.plastic = returns.lag, self.graph.plastic[returns.synapse]
        new = self._keep(own, local, clock)
        own.namespace.update(self.rule.constants)
        learns = (
            "int(timestep(t, dt) >= learning_start + lag)"
            "*int(timestep(t, dt) < learning_stop + lag)*plastic"
        )
        change = "learning_rate*arrived*x_kept + weight_decay*b"
        own.run_regularly(f"b -= {learns}*({change})", name="train_feedback", **LEARN.when)
        return new

    def _keep(self, own: b2.NeuronGroup, local: LocalState, clock: b2.Clock) -> Objects:
        """Link `x_kept` to what waits for the error, or to what is there at present."""
        sink, age = self.graph.backward.sink, self.feedback.activity_age
        if not age.any():
            own.kept, own.x_kept = sink, b2.linked_var(local.units, "x", index="kept")
            return []
        (units, ages), kept = np.unique(np.stack([sink, age]), axis=1, return_inverse=True)
        traces = build_traces("feedback_traces", self.graph, units, ages, local.activity, clock)
        own.kept, own.x_kept = kept.ravel(), b2.linked_var(traces, "value", index="kept")
        return [traces]


@build.register
def _(feedback: planned.KolenPollack, graph: Graph, rule: Plasticity) -> Feedback:
    return KolenPollack(graph, feedback, rule)


@returning.register
def _(feedback: planned.KolenPollack, signals: Signals, learning: Learning) -> Returning:
    """Learn r steps after the forward synapse, from the error that has arrived."""
    graph = signals.plan.graph
    back, age = graph.backward, feedback.activity_age
    kept = element(signals.units.variables["x"], listed(back.sink))
    if age.any():
        kept = past(signals.activity, listed(back.sink), age, Moves.BEFORE)
    bundle = own_bundle(
        signals,
        learning=learning,
        plastic=graph.plastic[back.synapse],
        late=back.lag,
        row_met=kept,
        column_met=past(
            signals.error, listed(back.source - graph.n_inputs), back.lag, Moves.BEFORE
        ),
    )
    return Returning(bundle, [])
