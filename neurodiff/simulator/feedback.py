"""By what weights errors come back: one small class for each rule.

Throughout, i is the unit whose error comes back and j the unit to which it comes, r the delay of
that way, and f that of the synapse from j to i. Symmetric feedback takes the weights of the forward
synapses themselves. All other rules have weights of their own, in a store with one element for each
backward connection, and train them there.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import brian2 as b2
import numpy as np
from brian2.utils.stringtools import word_substitute

from neurodiff.network.graph import Graph
from neurodiff.plan import feedback as planned
from neurodiff.simulator.alignment import Meeting, build_traces
from neurodiff.simulator.history import READER, History
from neurodiff.simulator.order import ACTIVATE, LEARN, OBSERVE
from neurodiff.simulator.plasticity import Diffusion
from neurodiff.simulator.players import build_player
from neurodiff.simulator.sampling import Sampling, monitor, samples
from neurodiff.simulator.transmission.interface import Addition
from neurodiff.simulator.units import activation_text
from neurodiff.stimuli.signals import Table

Objects = list[b2.core.base.BrianObject]

_BACKWARD = """
connection : integer (constant)
b : 1 (linked)
feedback_post = b*arrived : 1 (summed)
"""


class Ends(NamedTuple):
    """What backward weights may know: the store of the synapses, both populations, their past."""

    store: b2.NeuronGroup
    units: b2.NeuronGroup
    errors: b2.NeuronGroup
    activity: History
    error: History


class Rule(Protocol):
    """Where the weights of the backward connections come from.

    Attributes
    ----------
    equations : str
        What it adds to each element of their store.
    longest_age : int
        How far back it looks into the activity of the units, in steps.
    """

    @property
    def equations(self) -> str: ...  # noqa: D102

    @property
    def longest_age(self) -> int: ...  # noqa: D102

    def of_units(self) -> Addition:
        """What it adds to the units."""
        ...

    def of_errors(self, meets: Meeting) -> Addition:
        """What it adds to the error units, besides what the alignment does."""
        ...

    def train(self, own: b2.NeuronGroup, ends: Ends, clock: b2.Clock) -> Objects:
        """Let the `b` of the store `own` change, and return the objects that are new."""
        ...


class _Untrained:
    """What a rule is that trains nothing, adds nothing to the populations, and looks at no past."""

    equations: ClassVar[str] = ""

    @property
    def longest_age(self) -> int:
        """What every history has."""
        return 1

    def of_units(self) -> Addition:
        """Nothing."""
        return Addition("")

    def of_errors(self, meets: Meeting) -> Addition:
        """What the alignment adds."""
        return Addition(meets.of_errors, aligns_slope=meets.slope)

    def train(self, own: b2.NeuronGroup, ends: Ends, clock: b2.Clock) -> Objects:
        """Nothing changes."""
        return []


class Symmetric(_Untrained):
    """b_ij(t) = w_ij(t): weight transport, without a store.

    A backward synapse has to know the forward weight, at any time.
    """


class Fixed(_Untrained):
    """b_ij = what was drawn: feedback alignment, or with direct connections direct feedback.

    A backward synapse has to know nothing but the error that arrives.
    """


@dataclass(frozen=True)
class Signs(_Untrained):
    """b_ij(t) = s sign(w_ij(t)), with one s for each projection.

    A backward synapse has to know the sign of the forward weight, at any time.
    """

    graph: Graph
    feedback: planned.Signs
    rule: Diffusion
    equations: ClassVar[str] = "scale : 1 (constant)\nsynapse : integer (constant)\nw : 1 (linked)"

    def train(self, own: b2.NeuronGroup, ends: Ends, clock: b2.Clock) -> Objects:
        """Follow the weights, as soon as these have learned."""
        own.scale = self.feedback.scale
        own.synapse = self.graph.returning.synapse
        own.w = b2.linked_var(ends.store, "w", index="synapse")
        if self.rule.frozen:
            return []
        own.run_regularly("b = scale*sign(w)", name="follow_signs", **LEARN.after().when)
        return []


@dataclass(frozen=True)
class KolenPollack(_Untrained):
    """b_ij(t+1) = b_ij(t) - eta delta_i(t-r) x_j(t-r-p) - lambda b_ij(t).

    That is the product of the forward synapse, delta_i(t) x_j(t-p), r steps later. A backward
    synapse has to know the error that arrives, and the activity of the unit to which it leads r + p
    steps ago: it keeps as many. With traces of the present it keeps none, and takes x_j(t) instead.
    It learns r steps after the forward synapse, and so for as long.
    """

    graph: Graph
    feedback: planned.KolenPollack
    rule: Diffusion
    equations: ClassVar[str] = f"""
    {READER}
    lag : integer (constant)
    plastic : 1 (constant)
    kept : integer (constant)
    x_kept : 1 (linked)
    """

    @property
    def longest_age(self) -> int:
        """The longest r + p."""
        return max(1, int(self.feedback.activity_age.max()))

    def train(self, own: b2.NeuronGroup, ends: Ends, clock: b2.Clock) -> Objects:
        """Learn and decay with the numbers of the forward rule."""
        returns = self.graph.returning
        ends.error.connect(own, returns.source - self.graph.n_inputs, returns.lag)
        own.lag, own.plastic = returns.lag, self.graph.plastic[returns.synapse]
        new = self._keep(own, ends, clock)
        own.namespace.update(self.rule.constants)
        learns = (
            "int(timestep(t, dt) >= learning_start + lag)"
            "*int(timestep(t, dt) < learning_stop + lag)*plastic"
        )
        change = "learning_rate*arrived*x_kept + weight_decay*b"
        own.run_regularly(f"b -= {learns}*({change})", name="train_feedback", **LEARN.when)
        return new

    def _keep(self, own: b2.NeuronGroup, ends: Ends, clock: b2.Clock) -> Objects:
        """Link `x_kept` to what waits for the error, or to what is there at present."""
        sink, age = self.graph.returning.sink, self.feedback.activity_age
        if not age.any():
            own.kept, own.x_kept = sink, b2.linked_var(ends.units, "x", index="kept")
            return []
        (units, ages), kept = np.unique(np.stack([sink, age]), axis=1, return_inverse=True)
        traces = build_traces("feedback_traces", self.graph, units, ages, ends.activity, clock)
        own.kept, own.x_kept = kept.ravel(), b2.linked_var(traces, "value", index="kept")
        return [traces]


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
class Mirror(_Untrained):
    """b_ij(t+1) = b_ij(t) + eta_m xi_j(t-f) sigma_i(a_i(t)) - lambda_m b_ij(t), while xi is sent.

    Units that are no outputs then send the noise xi, and keep their response sigma(a) in a
    compartment of their own. A backward synapse has to know that response of the unit from which it
    comes, and what the unit to which it leads sent f steps ago; with traces of the present, now. No
    error passes a hidden unit until all noise has left the network.
    """

    graph: Graph
    feedback: planned.Mirror
    equations: ClassVar[str] = _MIRROR

    def of_units(self) -> Addition:
        """The response, apart from what is sent."""
        return Addition(_MIRROR_UNITS, computed="response")

    def of_errors(self, meets: Meeting) -> Addition:
        """Slopes of the response, which are 0 while there is noise."""
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

    def train(self, own: b2.NeuronGroup, ends: Ends, clock: b2.Clock) -> Objects:
        """Send noise, and learn from it."""
        ends.errors.response = b2.linked_var(ends.units, "response", index="unit")
        player = self._send_noise(ends.units, clock)
        own.responder = self.graph.returning.source
        own.response = b2.linked_var(ends.units, "response", index="responder")
        if self.feedback.aligned:
            own.kept = self.graph.returning.synapse
            own.x_kept = b2.linked_var(ends.store, "x_arrived", index="kept")
        else:
            own.kept = self.graph.returning.sink
            own.x_kept = b2.linked_var(ends.units, "x", index="kept")
        own.namespace.update(
            mirror_steps=self.feedback.steps,
            mirror_rate=self.feedback.learning_rate,
            mirror_decay=self.feedback.weight_decay,
        )
        change = "mirror_rate*x_kept*response - mirror_decay*b"
        code = f"b += int(timestep(t, dt) < mirror_steps)*({change})"
        own.run_regularly(code, name="train_feedback", **LEARN.when)
        return [player]

    def _send_noise(self, units: b2.NeuronGroup, clock: b2.Clock) -> b2.NeuronGroup:
        """Let units send noise in the first steps, then their response."""
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


def feedback_rule(graph: Graph, feedback: planned.Feedback | None, rule: Diffusion) -> Rule:
    """The class of a feedback; None is symmetric."""
    if feedback is None:
        return Symmetric()
    if isinstance(feedback, planned.Signs):
        return Signs(graph, feedback, rule)
    if isinstance(feedback, planned.KolenPollack):
        return KolenPollack(graph, feedback, rule)
    return Mirror(graph, feedback) if isinstance(feedback, planned.Mirror) else Fixed()


@dataclass(frozen=True)
class BackwardWeights:
    """The weights of the backward connections, where these have their own."""

    initial: np.ndarray
    group: b2.NeuronGroup
    recorded: b2.EventMonitor | None

    @property
    def objects(self) -> Objects:
        """What has to be in the Brian2 network."""
        return [self.group] if self.recorded is None else [self.group, self.recorded]

    def samples(self) -> np.ndarray:
        """Samples (n_samples + 1, n_returning) of b, at least that of the start; and the last."""
        first = self.initial
        if self.recorded is not None:
            first = samples(self.recorded, "b", len(self.group))
        return np.vstack([first, self.group.b[:]])


def build_weights(
    feedback: planned.Feedback,
    rule: Rule,
    sampling: dict[str, Sampling],
    clock: b2.Clock,
) -> BackwardWeights:
    """The store of the backward weights, which is sampled like the forward weights."""
    kept = {name: part for name, part in sampling.items() if name == "weights"}
    addition = Addition(f"b : 1\n{rule.equations}").with_samples(kept)
    own = b2.NeuronGroup(
        len(feedback.b),
        addition.equations,
        events=addition.events,
        name="feedback_store",
        clock=clock,
        namespace=addition.namespace,
    )
    own.b = feedback.b
    recorded = monitor(own, "weights", ["b"], OBSERVE) if kept else None
    return BackwardWeights(feedback.b, own, recorded)


def build_backward(
    graph: Graph, own: BackwardWeights | None, ends: Ends, clock: b2.Clock
) -> b2.Synapses:
    """Synapses that carry delta back, by their own weights or by those of the forward synapses."""
    returns, errors = graph.returning, ends.errors
    source = returns.source - graph.n_inputs
    backward = b2.Synapses(errors, errors, _BACKWARD + READER, name="backward", clock=clock)
    backward.connect(i=source, j=returns.sink - graph.n_inputs)
    if own is None:
        # b = w: weight transport
        backward.connection = returns.synapse
        backward.b = b2.linked_var(ends.store, "w", index="connection")
    else:
        backward.connection = np.arange(len(returns))
        backward.b = b2.linked_var(own.group, "b", index="connection")
    ends.error.connect(backward, source, returns.lag)
    return backward
