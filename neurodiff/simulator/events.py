"""Event-driven transmission: a unit sends only when it has something new to say.

What has arrived at a synapse stays as it is until the next event arrives, so between events nothing
happens there that is not known in closed form. With x the value that has arrived from the unit,
delta the one that the error unit last sent, and e that which has arrived from it at the error unit
of the sender, the rule

    w(t+1) = (1 - lambda) w(t) - eta delta_post(t) x

is solved by

    w(t) = (1 - lambda)^(t - t0) anchor - eta x learned_post(t),
    learned(t+1) = (1 - lambda) learned(t) + delta(t),

where only `learned`, one number per error unit, moves at every step; `anchor`, one per synapse, is
set anew when x changes, at t0. The sums that the populations read move as

    drive_post:   drive    += -eta delta S - lambda drive,      S = sum of x^2
    feedback_pre: feedback += -eta K       - lambda feedback,   K = sum of delta_post x e

and S and K, one per unit, change at events only. An event costs a few operations for each synapse
that it reaches; a step without events costs nothing for any synapse.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.graph import Graph
from neurodiff.simulator.coder import (
    RELATIVE,
    SENDER,
    SentValues,
    Thresholds,
    build_scales,
    move_on,
    receiver,
    send,
)
from neurodiff.simulator.connections import Addition
from neurodiff.simulator.order import COMPARE, DELIVER, MEET, OBSERVE
from neurodiff.simulator.plasticity import Diffusion
from neurodiff.simulator.sampling import Sampling

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_UNITS = """
drive : 1 (linked)
feedback : 1
fixed_feedback : 1
K : 1
"""

_ERRORS = """
drive : 1
fixed_drive : 1
feedback : 1 (linked)
S : 1
sent_before : 1
learned : 1
decays : integer
feeds_back : boolean (constant)
"""

_SYNAPSES = """
anchor : 1
x_arrived : 1
delta_arrived : 1
"""


def additions(thresholds: Thresholds) -> tuple[Addition, Addition]:
    """What events add to the units and to the error units.

    Event `change` is the sending. An error unit without presynaptic error units has nobody to feed
    back to but its own synapses, and for these `sent` is enough: so `feed_back` are the events that
    reach synapses.
    """
    x, delta = thresholds.changed("x"), thresholds.changed("delta")
    units = Addition(_UNITS + SENDER, {"change": x}, {"threshold": thresholds.forward})
    relative = "" if thresholds.average is None else RELATIVE
    errors = Addition(
        _ERRORS + SENDER + relative,
        {"change": delta, "feed_back": f"feeds_back and {delta}"},
        {"error_threshold": thresholds.error},
    )
    return units, errors


#: What has to be known of each synapse, and of each error unit, to know the weights and products.
_KEPT = ("anchor", "x_arrived", "anchored")
_KEPT_OF_ERRORS = ("sent", "learned", "decays")


class _Sampled:
    """Samples of all synapses, on a clock of their own.

    The other samples are events of a group; events of synapses would have to be looked for at every
    synapse and step.
    """

    def __init__(
        self, synapses: b2.Synapses, n_synapses: int, name: str, sampling: Sampling, rule: Diffusion
    ):
        clock = b2.Clock(sampling.every * synapses.clock.dt, name=f"{name}_clock")
        kept = [variable for variable in _KEPT if variable in synapses.variables]
        of_errors = list(_KEPT_OF_ERRORS)
        self._sampling = sampling
        self.monitors = [
            b2.StateMonitor(
                group,
                variables,
                record=np.arange(n),
                clock=clock,
                name=f"{group.name}_{name}_state_monitor",
                **OBSERVE.when,
            )
            for group, variables, n in (
                (synapses, kept, n_synapses),
                (synapses.target, of_errors, len(synapses.target)),
            )
        ]

    def values(self, variable: str) -> Floats:
        """Samples (n_samples, n_synapses or n_error_units) of a variable."""
        values = np.array(getattr(self.monitors[variable in _KEPT_OF_ERRORS], variable)[:]).T
        # the clock goes on to the end of the run, and perhaps the sampling does not
        return values[: len(self._sampling.steps(len(values) * self._sampling.every))]


@dataclass(frozen=True)
class Events:
    """The synapses of a network with event-driven transmission.

    `order` (n_synapses,) are the graph's numbers of the synapses, which are sorted here by their
    error unit: two of the three pathways walk along it.
    """

    synapses: b2.Synapses
    order: Ints
    plastic: Bools
    rule: Diffusion
    others: tuple[b2.core.base.BrianObject, ...]
    monitors: dict[str, _Sampled]

    @property
    def objects(self) -> list[b2.core.base.BrianObject]:
        """What has to be in the Brian2 network."""
        monitors = [part for sampled in self.monitors.values() for part in sampled.monitors]
        return [self.synapses, *self.others, *monitors]

    def weights(self) -> Floats:
        """Weights (n_synapses,) at the end of the run, in the order of the graph."""
        return self._w(lambda name: np.array(self._owner(name)[:])[None])[0]

    def recorded(self, sampling: str, variable: str) -> Floats:
        """Samples (n_samples, n_synapses) of `w` or `product`, in the order of the graph."""
        value = self.monitors[sampling].values
        return self._w(value) if variable == "w" else self._product(value)

    def event_counts(self) -> tuple[Ints, Ints]:
        """How often each unit and each error unit has sent."""
        units, errors = self.synapses.source, self.synapses.target
        return np.array(units.times_sent[:]), np.array(errors.times_sent[:])

    def _owner(self, name: str) -> Any:
        owner = self.synapses if name in _KEPT else self.synapses.target
        return getattr(owner, name)

    def _product(self, value: Callable[[str], Floats]) -> Floats:
        return self._as_in_graph(self._of_post(value("sent")) * value("x_arrived"))

    def _w(self, value: Callable[[str], Floats]) -> Floats:
        """The closed form of the weights: w in `_equations`, for whole arrays.

        `value` gives a variable (n_samples, n_synapses or n_error_units) by its name.
        """
        w, rule = value("anchor"), self.rule
        if rule.frozen:
            return self._as_in_graph(w)
        if rule.weight_decay:
            decays = self._of_post(value("decays")) - value("anchored")
            w = w * (1 - rule.weight_decay) ** (self.plastic * decays)
        moved = self.plastic * value("x_arrived") * self._of_post(value("learned"))
        return self._as_in_graph(w - rule.learning_rate * moved)

    def _of_post(self, values: Floats) -> Floats:
        return values[:, np.array(self.synapses.j[:])]

    def _as_in_graph(self, values: Floats) -> Floats:
        result = np.empty_like(values)
        result[:, self.order] = values
        return result


def build_events(
    graph: Graph,
    w: Floats,
    units: b2.NeuronGroup,
    errors: b2.NeuronGroup,
    thresholds: Thresholds,
    rule: Diffusion,
    sampling: dict[str, Sampling],
    clock: b2.Clock,
) -> Events:
    """Synapses through which events carry x forward and delta backward, and which learn.

    Parameters
    ----------
    w : array (n_synapses,)
        Initial weights.
    """
    order = np.lexsort((graph.pre, graph.post))
    _prepare_populations(graph, units, errors, rule)
    synapses = _build_synapses(graph, order, w, units, errors, rule, clock)
    x_sent = SentValues(units, int(graph.forward_lag.max()), clock)
    x_sent.connect(synapses, "x", graph.pre[order])
    delta_sent = SentValues(errors, int(graph.backward_lag.max()), clock)
    delta_sent.connect(synapses, "delta", graph.post[order] - graph.n_inputs)
    others = [x_sent.buffer, delta_sent.buffer]
    if thresholds.average is not None:
        others += build_scales(graph, errors, thresholds.average, clock)
    monitors = {
        name: _Sampled(synapses, graph.n_synapses, name, part, rule)
        for name, part in sampling.items()
    }
    return Events(synapses, order, graph.plastic[order], rule, tuple(others), monitors)


def _prepare_populations(
    graph: Graph, units: b2.NeuronGroup, errors: b2.NeuronGroup, rule: Diffusion
) -> None:
    """Who hears of whom, when changes are noticed and sent, and how the sums learn."""
    hears_back = np.unique(graph.post[graph.pre >= graph.n_inputs])
    errors.feeds_back = np.isin(np.arange(graph.n_inputs, graph.n_units), hears_back)
    units.drive = b2.linked_var(errors, "drive", index="error")
    errors.feedback = b2.linked_var(units, "feedback", index="unit")
    for group, event in ((units, "change"), (errors, "change"), (errors, "feed_back")):
        group.set_event_schedule(event, **COMPARE.when)
    send(units, "x")
    send(errors, "delta", before="sent_before = sent")
    if not rule.frozen:
        rule.apply_to_sums(units, errors)


def _build_synapses(
    graph: Graph,
    order: Ints,
    w: Floats,
    units: b2.NeuronGroup,
    errors: b2.NeuronGroup,
    rule: Diffusion,
    clock: b2.Clock,
) -> b2.Synapses:
    of_pre, of_post = _pathways(rule)
    events = {"arrive": "change"} | dict.fromkeys(of_post, "feed_back")
    synapses = b2.Synapses(
        units,
        errors,
        _equations(rule),
        on_pre=of_pre,
        on_post=of_post,
        on_event=events,
        namespace=rule.constants,
        name="synapses",
        clock=clock,
    )
    synapses.connect(i=graph.pre[order], j=graph.post[order] - graph.n_inputs)
    synapses.anchor = w[order]
    if not rule.frozen:
        synapses.plastic = graph.plastic[order]
    # what is delivered at the end of a step is there at the beginning of the next
    synapses.arrive.delay = (graph.forward_lag[order] - 1) * clock.dt
    synapses.arrive_back.delay = (graph.backward_lag[order] - 1) * clock.dt
    for name in events:
        moment = MEET if name == "meet" else DELIVER
        pathway = getattr(synapses, name)
        pathway.when, pathway.order = moment.slot, moment.order
    return synapses


def _equations(rule: Diffusion) -> str:
    equations = _SYNAPSES + receiver("x") + receiver("delta")
    if rule.frozen:
        return equations + "w = anchor : 1"
    equations += "plastic : boolean (constant)\n"
    if not rule.weight_decay:
        return equations + "w = anchor - int(plastic)*learning_rate*x_arrived*learned_post : 1"
    return equations + (
        "anchored : integer\n"
        "w = anchor*(1 - weight_decay)**(int(plastic)*(decays_post - anchored))"
        " - int(plastic)*learning_rate*x_arrived*learned_post : 1"
    )


def _pathways(rule: Diffusion) -> tuple[dict[str, str], dict[str, str]]:
    """What an event does at each synapse that it reaches, by name; of pre and of post."""
    arrive = ["change = x_arriving - x_arrived", "drive_post += w*change"]
    back = ["back_change = delta_arriving - delta_arrived", "feedback_pre += w*back_change"]
    meet = {}
    if not rule.frozen:
        # w stays as it is at this moment: w_anchor - eta x learned does, with the new x
        arrive += [
            "S_post += int(plastic)*(x_arriving**2 - x_arrived**2)",
            "K_pre += int(plastic)*delta_arrived*sent_post*change",
            "anchor = w + int(plastic)*learning_rate*x_arriving*learned_post",
        ]
        back += ["K_pre += int(plastic)*sent_post*x_arrived*back_change"]
        meet = {
            "meet": "K_pre += int(plastic)*delta_arrived*x_arrived*(sent_post - sent_before_post)"
        }
        if rule.weight_decay:
            arrive += ["fixed_drive_post += int(not plastic)*w*change", "anchored = decays_post"]
            back += ["fixed_feedback_pre += int(not plastic)*w*back_change"]
    arrive += ["x_arrived = x_arriving", move_on("x")]
    back += ["delta_arrived = delta_arriving", move_on("delta")]
    return {"arrive": "\n".join(arrive)}, meet | {"arrive_back": "\n".join(back)}
