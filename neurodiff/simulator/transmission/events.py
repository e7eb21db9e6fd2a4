"""Event-driven transmission: a unit sends only when it has something new to say.

An event carries a value, takes the delay of each synapse to get there, and corrects the sums that
the populations read. How weights learn although nothing is done for them at most steps is said in
`neurodiff.simulator.transmission.closed_form`.
"""

from typing import ClassVar

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph
from neurodiff.plan import Plan
from neurodiff.plan import transmission as planned
from neurodiff.plan.sampling import Sampling
from neurodiff.simulator.order import ARRIVE, ARRIVE_BACK, MEET, RENEW, SEND
from neurodiff.simulator.plasticity import Diffusion, solved_between_events
from neurodiff.simulator.population_parts import Addition
from neurodiff.simulator.sampling import SENT_NOW
from neurodiff.simulator.transmission import closed_form
from neurodiff.simulator.transmission.arrival import arrival
from neurodiff.simulator.transmission.closed_form import RENEWED_EVERY, ClosedForm
from neurodiff.simulator.transmission.interface import BY_MONITORS, SampledBy, Transmission, build
from neurodiff.simulator.transmission.lazy_synapses import (
    LazySynapses,
    Pathway,
    build_synapses,
    sorted_ends,
)
from neurodiff.simulator.transmission.send_on_change import (
    ACTIVITY,
    MOVING,
    RELATIVE,
    build_scales,
    changed,
    error_sent,
    send,
)

Floats = NDArray[np.float64]


class Events:
    """Event-driven transmission in one network.

    Parameters
    ----------
    graph : Graph
    thresholds : planned.Events
        When a value is sent.
    rule : Diffusion
        How the synapses learn.

    Attributes
    ----------
    of_units, of_errors : Addition
        What events add to the units and to the error units.
    """

    sampled_by: ClassVar[SampledBy] = BY_MONITORS

    def __init__(self, graph: Graph, thresholds: planned.Events, rule: Diffusion):
        self._graph, self._thresholds, self._rule = graph, thresholds, rule
        n_errors = graph.n_units - graph.n_inputs
        self._ends = sorted_ends(graph)
        order, pre, post, returns, _ = self._ends
        forward, backward = graph.forward_lag[order], graph.backward_lag[order]
        everywhere = np.ones_like(returns)
        self._x = arrival("x", "pre", ARRIVE, graph.n_units, pre, forward, everywhere)
        self._delta = arrival("delta", "post", ARRIVE_BACK, n_errors, post, backward, returns)
        self._form = ClosedForm(rule, self._x, self._delta, graph.plastic[order])
        self.of_units = self._addition_to_units()
        self.of_errors = self._addition_to_errors()

    def _addition_to_units(self) -> Addition:
        return Addition(
            f"{closed_form.UNITS}{self._x.sender_equations}{MOVING}",
            {"change": changed("x", self._thresholds)},
            {"threshold": self._thresholds.forward},
        )

    def _addition_to_errors(self) -> Addition:
        """Event `change` is the sending, `feed_back` that of units that reach synapses.

        An error unit without presynaptic error units has nobody to feed back to, and for its own
        synapses it is enough that it keeps what it last sent.
        """
        relative = "" if self._thresholds.average is None else RELATIVE
        return Addition(
            f"{closed_form.ERRORS}{self._delta.sender_equations}{relative}\n"
            "feeds_back : boolean (constant)\n",
            {
                "change": changed("delta", self._thresholds),
                "feed_back": f"feeds_back and {SENT_NOW}",
                "renewal": "timestep(t, dt) % renewed_every == 0",
            },
            {"error_threshold": self._thresholds.error, "renewed_every": RENEWED_EVERY},
        )

    def connect(
        self,
        w: Floats,
        units: b2.NeuronGroup,
        errors: b2.NeuronGroup,
        sampling: dict[str, Sampling],
        clock: b2.Clock,
    ) -> "LazySynapses":
        """Synapses that carry x forward and delta backward, and that learn.

        Parameters
        ----------
        w : array (n_synapses,)
            Initial weights.
        units : brian2.NeuronGroup
            Group of the units of the network.
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        sampling : dict
            Sampling of the weights and of the local products, by name; what is missing is not
            recorded.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        self._let_units_send(units, errors)
        self._let_sums_begin_anew(units, errors)
        synapses = self._synapses(w, units, errors, clock)
        others = []
        for part, senders in ((self._x, units), (self._delta, errors)):
            others += part.connect(senders, synapses, clock)
        if self._thresholds.average is not None:
            others += build_scales(self._graph, errors, self._thresholds.average, clock)
        self._rule.apply_to_sums(units, errors)
        return LazySynapses(synapses, others, self._ends, self._form, sampling)

    def _let_units_send(self, units: b2.NeuronGroup, errors: b2.NeuronGroup) -> None:
        errors.feeds_back = self._ends.feeds_back
        units.drive = b2.linked_var(errors, "drive", index="error")
        errors.feedback = b2.linked_var(units, "feedback", index="unit")
        errors.set_event_schedule("feed_back", **SEND.after().when)
        send(units, ACTIVITY, self._x.keep)
        error = f"sent_before = sent\nsent = {error_sent(self._thresholds)}\n"
        send(errors, error, self._delta.keep)

    def _let_sums_begin_anew(self, units: b2.NeuronGroup, errors: b2.NeuronGroup) -> None:
        errors.set_event_schedule("renewal", **RENEW.when)
        clock = b2.Clock(RENEWED_EVERY * units.clock.dt, name="renewal_clock")
        for group, sums in (
            (units, ("feedback", "fixed_feedback", "K")),
            (errors, ("drive", "fixed_drive", "S")),
        ):
            zero = "\n".join(f"{name} = 0" for name in sums)
            group.run_regularly(zero, name=f"{group.name}_renew", clock=clock, **RENEW.when)

    def _synapses(
        self, w: Floats, units: b2.NeuronGroup, errors: b2.NeuronGroup, clock: b2.Clock
    ) -> b2.Synapses:
        form, x, delta = self._form, self._x.lags, self._delta.lags
        pathways = [
            Pathway("arrive", "pre", "change", form.arrive, x, ARRIVE),
            Pathway("arrive_back", "post", "feed_back", form.arrive_back, delta, ARRIVE_BACK),
            Pathway("renew", "post", "renewal", form.renew, None, RENEW.after()),
        ]
        if form.meets:
            pathways.append(Pathway("meet", "post", "feed_back", form.meet, None, MEET))
        constants = self._rule.constants
        synapses = build_synapses(
            units, errors, form.equations, pathways, self._ends, constants, clock
        )
        synapses.anchor = w[self._ends.order]
        if "plastic" in synapses.variables:
            synapses.plastic = form.plastic
        return synapses


@build.register
def _(transmission: planned.Events, plan: Plan) -> Transmission:
    return Events(plan.graph, transmission, solved_between_events(plan.plasticity))
