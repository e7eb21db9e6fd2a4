"""Weight mirrors: backward weights learn from noise and the response to it."""

from dataclasses import dataclass
from typing import ClassVar

import brian2 as b2
import numpy as np
from brian2.utils.stringtools import word_substitute

from neurodiff.network.graph import Graph
from neurodiff.plan import feedback as planned
from neurodiff.simulator.alignment import Alignment
from neurodiff.simulator.feedback.connections import own_bundle
from neurodiff.simulator.feedback.interface import Feedback, LocalState, Objects, Untrained, build
from neurodiff.simulator.kernels.bundle import Learning
from neurodiff.simulator.kernels.interface import Returning, Signals, returning
from neurodiff.simulator.kernels.reading import Moves, element, listed, past
from neurodiff.simulator.order import ACTIVATE, LEARN
from neurodiff.simulator.plasticity import Plasticity
from neurodiff.simulator.players import build_player
from neurodiff.simulator.population_parts import Addition
from neurodiff.simulator.units import activation_text
from neurodiff.stimuli.signals import Table

_MIRROR_UNITS = """
response : 1
noise : 1 (linked)
column : integer (constant)
is_sender : boolean (constant)
"""

_MIRROR = """
kept : integer (constant)
x_kept : 1 (linked)
responder : integer (constant)
response : 1 (linked)
"""


@dataclass(frozen=True)
class WeightMirror(Untrained):
    """b_ij(t+1) = b_ij(t) + eta_m xi_j(t-f) sigma_i(a_i(t)) - lambda_m b_ij(t), while xi is sent.

    Units that are no outputs then send the noise xi, and keep their response sigma(a) in a
    compartment of their own. A backward synapse has to know that response of the unit from which it
    comes, and what the unit to which it leads sent f steps ago; with traces of the present, now. No
    error passes a hidden unit until all noise has left the network.

    References
    ----------
    Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019, Deep learning without weight transport.
    """

    graph: Graph
    feedback: planned.WeightMirror
    equations: ClassVar[str] = _MIRROR

    def of_units(self) -> Addition:
        """The response, apart from what is sent."""
        return Addition(_MIRROR_UNITS, computed="response")

    def of_errors(self, meets: Alignment) -> Addition:
        """Slopes of the response, which are 0 while there is noise.

        Parameters
        ----------
        meets : Alignment
            Alignment that decides which activity meets an error.
        """
        slope = activation_text(self.graph, "slope_text")
        met = "aligned_slope" if meets.slope else "slope"
        code = f"""
        slope = {word_substitute(slope, {"x": "response"})}
        {meets.slope}
        aligned_slope = int(timestep(t, dt) >= mirror_clear)*{met}
        """
        return Addition(
            meets.of_errors + "response : 1 (linked)\n",
            namespace={"mirror_clear": self.feedback.clear},
            aligns_slope=code,
        )

    def train(self, own: b2.NeuronGroup, local: LocalState, clock: b2.Clock) -> Objects:
        """Send noise, and learn from it.

        Parameters
        ----------
        own : brian2.NeuronGroup
            Group with one element for each backward connection, which holds its weight `b`.
        local : LocalState
            Groups, and their past, that backward weights may read.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        local.errors.response = b2.linked_var(local.units, "response", index="unit")
        player = self.send_noise(local.units, clock)
        own.responder = self.graph.backward.source
        own.response = b2.linked_var(local.units, "response", index="responder")
        if self.feedback.aligned:
            own.kept = self.graph.backward.synapse
            own.x_kept = b2.linked_var(local.store, "x_arrived", index="kept")
        else:
            own.kept = self.graph.backward.sink
            own.x_kept = b2.linked_var(local.units, "x", index="kept")
        own.namespace.update(
            mirror_steps=self.feedback.steps,
            mirror_rate=self.feedback.learning_rate,
            mirror_decay=self.feedback.weight_decay,
        )
        change = "mirror_rate*x_kept*response - mirror_decay*b"
        code = f"b += int(timestep(t, dt) < mirror_steps)*({change})"
        own.run_regularly(code, name="train_feedback", **LEARN.when)
        return [player]

    def send_noise(self, units: b2.NeuronGroup, clock: b2.Clock) -> b2.NeuronGroup:
        """Let units send noise in the first steps, then their response.

        Parameters
        ----------
        units : brian2.NeuronGroup
            Group of the units of the network.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        senders, n = self.feedback.senders, len(self.feedback.senders)
        noise = Table(self.feedback.noise, hold=1, blend=0, before=np.zeros(n))
        player = build_player(noise, "noise", np.zeros(n, dtype=np.int64), clock)
        column = np.zeros(self.graph.n_units, dtype=np.int64)
        column[senders] = np.arange(n)
        units.column = column
        units.is_sender = np.isin(np.arange(self.graph.n_units), senders)
        units.noise = b2.linked_var(player, "value", index="column")
        units.namespace["mirror_steps"] = self.feedback.steps
        sends = "int(is_sender and timestep(t, dt) < mirror_steps)"
        code = f"x = {sends}*noise + (1 - {sends})*response"
        units.run_regularly(code, name="send_noise", **ACTIVATE.after().when)
        return player


@build.register
def _(feedback: planned.WeightMirror, graph: Graph, rule: Plasticity) -> Feedback:
    return WeightMirror(graph, feedback)


@returning.register
def _(feedback: planned.WeightMirror, signals: Signals, learning: Learning) -> Returning:
    """Learn from noise and the response to it, while noise is sent."""
    graph, units = signals.plan.graph, signals.units
    back = graph.backward
    signals.errors.response = b2.linked_var(units, "response", index="unit")
    built = WeightMirror(graph, feedback)
    player = built.send_noise(units, signals.clock)
    sent = element(units.variables["x"], listed(back.sink))
    if feedback.aligned:
        lag = graph.forward_lag[back.synapse]
        sent = past(signals.activity, listed(back.sink), lag, Moves.BEFORE)
    bundle = own_bundle(
        signals,
        # b += rate x response - decay b
        learning=Learning(-feedback.learning_rate, feedback.weight_decay, 0, feedback.steps),
        row_met=sent,
        column_met=element(units.variables["response"], listed(back.source)),
    )
    return Returning(bundle, [player])
