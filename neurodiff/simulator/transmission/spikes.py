"""Spiking transmission: both waves travel as spikes, and synapses know traces of what arrives.

The neurons of a unit fire at the rate that stands for its activity; a spike takes the delay of each
synapse to get there, makes a postsynaptic current there and moves the trace that the synapse learns
from. The error units have ON and OFF cells, whose spikes go back the same way. How weights learn
although nothing is done for them between spikes is said in `trace_form`.
"""

from typing import ClassVar

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.network.dale import kept_signs
from neurodiff.network.graph import Graph
from neurodiff.plan import Plan
from neurodiff.plan import transmission as planned
from neurodiff.plan.sampling import Sampling
from neurodiff.simulator.order import (
    ADVANCE,
    ARRIVE,
    ARRIVE_BACK,
    FIRE,
    GATHER,
    MEET,
    SEND,
)
from neurodiff.simulator.plasticity import Diffusion, solved_between_events
from neurodiff.simulator.population_parts import Addition
from neurodiff.simulator.transmission.arrival import Ring
from neurodiff.simulator.transmission.firing_neurons import build_firing
from neurodiff.simulator.transmission.interface import SampledBy, Transmission, build
from neurodiff.simulator.transmission.lazy_synapses import (
    LazySynapses,
    Pathway,
    build_synapses,
    sorted_ends,
)
from neurodiff.simulator.transmission.trace_form import TraceForm

Floats = NDArray[np.float64]

_UNITS = """
rate : 1
drive : 1 (linked)
spikes : 1
quantum : 1 (constant)
times_sent : integer
"""

_ERRORS = """
rate : 1
sigma : 1 (linked)
drive : 1
quantum : 1 (constant)
times_sent : integer
feeds_back : boolean (constant)
"""


class Spikes:
    """Spiking transmission in one network.

    Parameters
    ----------
    graph : Graph
    spiking : planned.Spikes
        The neurons, and the traces that they make.
    rule : Diffusion
        How the synapses learn.

    Attributes
    ----------
    of_units, of_errors : Addition
        What spikes add to the units and to the error units.
    """

    #: It is neurons that fire, and they are made with the synapses.
    sampled_by: ClassVar[SampledBy] = SampledBy(
        units=("signals", "answers"),
        errors=("signals", "weights", "products"),
        synapses=("weights", "products", "events"),
    )

    def __init__(self, graph: Graph, spiking: planned.Spikes, rule: Diffusion):
        self._graph, self._spiking, self._rule = graph, spiking, rule
        self._ends = sorted_ends(graph)
        order = self._ends.order
        self._forward = Ring("x", ["spikes"], self._ends.pre, graph.forward_lag[order])
        self._counts = ["spikes"] if spiking.mutual_inhibition else ["on_spikes", "off_spikes"]
        back = np.where(self._ends.returns, graph.backward_lag[order], 1)
        self._backward = Ring("delta", self._counts, self._ends.post, back)
        self.of_units, self.of_errors = self._addition_to_units(), self._addition_to_errors()

    @property
    def _feedback(self) -> list[str]:
        """The sums of what comes back to a unit."""
        return ["feedback"] if self._spiking.mutual_inhibition else ["feedback_on", "feedback_off"]

    @property
    def _error_spikes(self) -> str:
        """The spikes of an error unit in this step with their signs, as Brian2 text."""
        return "spikes" if self._spiking.mutual_inhibition else "(on_spikes - off_spikes)"

    def _addition_to_units(self) -> Addition:
        sums = "".join(f"{name} : 1\n" for name in self._feedback)
        return Addition(
            _UNITS + sums + self._forward.sender_equations,
            {"volley": "spikes > 0"},
            {"decay": self._spiking.decay},
            computed="rate",
        )

    def _addition_to_errors(self) -> Addition:
        """Event `volley` is the firing of any cell, `feed_back` that of units that reach others."""
        counts = "".join(f"{name} : 1\n" for name in self._counts)
        sums = "".join(f"{name} : 1 (linked)\n" for name in self._feedback)
        if not self._spiking.mutual_inhibition:
            sums += "feedback = feedback_on - feedback_off : 1\n"
        fired = " or ".join(f"{name} != 0" for name in self._counts)
        return Addition(
            _ERRORS + counts + sums + self._backward.sender_equations,
            {"volley": fired, "feed_back": f"feeds_back and ({fired})"},
            {"decay": self._spiking.decay},
            computed="rate",
            moves_target=True,
        )

    def connect(
        self,
        w: Floats,
        units: b2.NeuronGroup,
        errors: b2.NeuronGroup,
        sampling: dict[str, Sampling],
        clock: b2.Clock,
    ) -> "LazySynapses":
        """Synapses that spikes cross in both directions, and that learn from their traces.

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
        self._let_traces_decay(units, errors)
        self._let_units_send(units, errors)
        form = self._form(w)
        synapses = self._synapses(form, w, units, errors, clock)
        rings = [
            self._forward.connect(units, synapses, clock),
            self._backward.connect(errors, synapses, clock),
        ]
        self._rule.apply_to_biases(errors)
        kept = sampling.get("events")
        of_synapses = {name: part for name, part in sampling.items() if name != "events"}
        firing = build_firing(self._graph, units, errors, self._spiking, kept, clock)
        others, groups = [*rings, *firing.gather], tuple(firing.groups.values())
        return LazySynapses(
            synapses, others, self._ends, form, of_synapses, groups, firing.monitors
        )

    def _form(self, w: Floats) -> TraceForm:
        """How the synapses learn; the signs that are kept go by the weights `w` (n_synapses,)."""
        graph, order = self._graph, self._ends.order
        signs = kept_signs(graph, w).astype(np.int64)
        return TraceForm(self._rule, self._spiking.decay, graph.plastic[order], signs[order])

    def _let_traces_decay(self, units: b2.NeuronGroup, errors: b2.NeuronGroup) -> None:
        for group, traces in ((units, self._feedback), (errors, ["delta", "drive"])):
            decay = "\n".join(f"{name} *= decay" for name in traces)
            group.run_regularly(decay, name=f"{group.name}_decay", **ADVANCE.when)
        # outputs are compared before they fire: with the whole trace of the step before, whose mean
        # is the activity
        units.run_regularly("x *= decay", name="x_decay", **FIRE.when)
        # the target is compared with a trace, and so passes through one of its own
        errors.run_regularly(
            "target += (1 - decay)*(played - target)", name="target_trace", **FIRE.when
        )

    def _let_units_send(self, units: b2.NeuronGroup, errors: b2.NeuronGroup) -> None:
        graph, spiking = self._graph, self._spiking
        units.quantum = spiking.x_quantum
        errors.quantum = spiking.delta_quantum[graph.n_inputs :]
        errors.feeds_back = self._ends.feeds_back
        units.drive = b2.linked_var(errors, "drive", index="error")
        for name in self._feedback:
            setattr(errors, name, b2.linked_var(units, name, index="unit"))
        for group, trace, counts, ring in (
            (units, "x += quantum*spikes", ["spikes"], self._forward),
            (errors, f"delta += quantum*{self._error_spikes}", self._counts, self._backward),
        ):
            anew = "\n".join(f"{name} = 0" for name in counts)
            code = f"{trace}\n{ring.keep}\n{anew}\ntimes_sent += 1"
            group.set_event_schedule("volley", **GATHER.after().when)
            group.run_on_event("volley", code, **SEND.when)
        errors.set_event_schedule("feed_back", **GATHER.after().when)

    def _synapses(
        self,
        form: TraceForm,
        w: Floats,
        units: b2.NeuronGroup,
        errors: b2.NeuronGroup,
        clock: b2.Clock,
    ) -> b2.Synapses:
        x, delta, back = self._forward, self._backward, self._arrive_back
        arrive = f"{form.arrive(x.arriving['spikes'])}\n{x.move_on}"
        pathways = [
            Pathway("arrive", "pre", "volley", arrive, x.lags, ARRIVE),
            Pathway("arrive_back", "post", "feed_back", back, delta.lags, ARRIVE_BACK),
        ]
        if form.learns:
            pathways.append(Pathway("meet", "post", "volley", form.meet, None, MEET))
        equations = f"{form.equations}\n{x.synapse_equations}{delta.synapse_equations}"
        synapses = build_synapses(
            units, errors, equations, pathways, self._ends, form.constants, clock
        )
        synapses.anchor = w[self._ends.order]
        if form.learns:
            synapses.plastic, synapses.kept_sign = form.plastic, form.signs
        return synapses

    @property
    def _arrive_back(self) -> str:
        """Spikes of error cells arrive at the error unit of `pre`; an inhibitory weight swaps."""
        back = self._backward
        if self._spiking.mutual_inhibition:
            return f"feedback_pre += w*quantum_post*{back.arriving['spikes']}\n{back.move_on}"
        on, off = (back.arriving[name] for name in self._counts)
        excites, inhibits = "clip(w, 0, 1e300)", "clip(-w, 0, 1e300)"
        return "\n".join(
            [
                f"feedback_on_pre += quantum_post*({excites}*{on} + {inhibits}*{off})",
                f"feedback_off_pre += quantum_post*({excites}*{off} + {inhibits}*{on})",
                back.move_on,
            ]
        )


@build.register
def _(transmission: planned.Spikes, plan: Plan) -> Transmission:
    return Spikes(plan.graph, transmission, solved_between_events(plan.plasticity))
