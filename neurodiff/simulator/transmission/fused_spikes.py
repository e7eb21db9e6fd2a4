"""Spiking transmission by fused kernels: one pass over all weights in a step.

It is the same network as `Spikes` builds: the same neurons and cells fire, and a spike makes a
postsynaptic current of the weight that it finds. A kernel sums what arrives in a step, by what each
unit fired a delay ago; the currents, and the traces that synapses learn from, are those of units
and decay there. Where a share of the synapses has a spike in every step that is faster than to take
these alone, and a weight takes 8 bytes.
"""

from dataclasses import dataclass
from typing import ClassVar

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph
from neurodiff.plan import Plan
from neurodiff.plan import transmission as planned
from neurodiff.plan.sampling import Sampling
from neurodiff.simulator import plasticity as rules
from neurodiff.simulator.history import READER, Past
from neurodiff.simulator.kernels.interface import Met, Signals, learning_of
from neurodiff.simulator.kernels.kernel import Kernel, Numbers
from neurodiff.simulator.kernels.reading import Ints, Numbered, element, listed, presynaptic
from neurodiff.simulator.order import ARRIVE, DRIVE, FEEDBACK, FIRE, SEND
from neurodiff.simulator.plasticity import Plasticity
from neurodiff.simulator.population_parts import Addition
from neurodiff.simulator.sampling import Monitors, Sampled
from neurodiff.simulator.transmission.by_kernel import ByKernel, Values
from neurodiff.simulator.transmission.firing_neurons import Firing, build_firing
from neurodiff.simulator.transmission.fused import synapses_of
from neurodiff.simulator.transmission.interface import SampledBy, Transmission, build

#: Of units and error units: what they are to fire, the spikes of a step and what these send, and
#: the sum of what has arrived in a step with the current that it makes.
_BOTH = """
rate : 1
spikes : 1
sent : 1
quantum : 1 (constant)
times_sent : integer
"""
_UNITS = _BOTH + "arrived : 1\ndrive : 1\n"
_ERRORS = _BOTH + "came_back : 1\nfeedback : 1\nsigma : 1 (linked)\n"


@dataclass(frozen=True)
class FusedSpikes:
    """Spiking transmission by kernels in one network; see `Transmission`.

    Attributes
    ----------
    plan : Plan
        Plan of the run.
    spiking : neurodiff.plan.transmission.FusedSpikes
        The neurons, and the traces that they make.
    rule : Plasticity
        Learning rule as Brian2 code, for the biases.
    """

    plan: Plan
    spiking: planned.FusedSpikes
    rule: Plasticity

    sampled_by: ClassVar[SampledBy] = SampledBy(
        units=("signals", "answers"),
        errors=("signals", "weights", "products"),
        synapses=("weights", "products", "events"),
    )

    @property
    def of_units(self) -> Addition:
        """Rate, spikes and current."""
        return Addition(_UNITS, namespace={"decay": self.spiking.decay}, computed="rate")

    @property
    def of_errors(self) -> Addition:
        """The same of error units, whose target is a trace."""
        decay = {"decay": self.spiking.decay}
        return Addition(_ERRORS, namespace=decay, computed="rate", moves_target=True)

    def connect(
        self,
        w: NDArray[np.float64],
        units: b2.NeuronGroup,
        errors: b2.NeuronGroup,
        sampling: dict[str, Sampling],
        clock: b2.Clock,
    ) -> "FusedSpikingSynapses":
        """A kernel that carries spikes in both directions, and learns from their traces.

        Parameters
        ----------
        w : array (n_synapses,)
            Initial weights.
        units : brian2.NeuronGroup
            Group of the units of the network.
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        sampling : dict
            Sampling of the weights, of the local products and of spikes, by name; what is missing
            is not recorded.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        graph = self.plan.graph
        activity = Past(units, int(graph.forward_lag.max()), clock)
        error = Past(errors, int(graph.backward.lag.max(initial=1)), clock)
        sent, summed = ("sent", "sent"), ("arrived", "came_back")
        signals = Signals(self.plan, units, errors, activity, error, clock, sent, summed)
        traces = self._traces(signals)
        bundle = synapses_of(w, signals, traces, learning_of(self.plan.plasticity))
        of_synapses = {name: part for name, part in sampling.items() if name != "events"}
        numbers = Numbers(self.spiking.precision, self.spiking.threads)
        kernel = Kernel(signals, [bundle], of_synapses, numbers)
        self._let_them_send(units, errors)
        self.rule.apply_to_biases(errors)
        kept = sampling.get("events")
        firing = build_firing(graph, units, errors, self.spiking, kept, clock)
        objects = [kernel.group, activity.buffer, error.buffer, *traces.objects, *firing.gather]
        objects += [*firing.groups.values(), *firing.monitors.values()]
        return FusedSpikingSynapses(kernel, objects, firing, (units, errors))

    def _traces(self, signals: Signals) -> Met:
        """Traces of the spikes that have arrived, one for each unit and delay."""
        graph, clock = signals.plan.graph, signals.clock
        units, ages, of_synapse = _distinct(graph)
        equations = READER + "value : 1\n"
        traces = b2.NeuronGroup(len(units), equations, name="traces", clock=clock)
        traces.namespace["decay"] = self.spiking.decay
        signals.activity.connect(traces, units, ages)
        code = "value = decay*value + arrived"
        traces.run_regularly(code, name="traces_decay", **ARRIVE.when)
        return Met(element(traces.variables["value"], of_synapse), [traces])

    def _let_them_send(self, units: b2.NeuronGroup, errors: b2.NeuronGroup) -> None:
        """Currents and traces decay, and the spikes of a step are sent."""
        units.quantum = self.spiking.x_quantum
        errors.quantum = self.spiking.delta_quantum[self.plan.graph.n_inputs :]
        units.run_regularly("drive = decay*drive + arrived", name="current", **DRIVE.when)
        errors.run_regularly(
            "feedback = decay*feedback + came_back", name="current_back", **FEEDBACK.when
        )
        # outputs are compared before they fire: with the whole trace of the step before; errors
        # decay when a kernel has learned from what they were
        units.run_regularly("x *= decay", name="x_decay", **FIRE.when)
        errors.run_regularly(
            "delta *= decay\ntarget += (1 - decay)*(played - target)",
            name="error_traces",
            **FIRE.when,
        )
        for group, trace in ((units, "x"), (errors, "delta")):
            code = f"""
            sent = quantum*spikes
            {trace} += sent
            times_sent += int(spikes != 0)
            spikes = 0
            """
            group.run_regularly(code, name=f"{group.name}_send", **SEND.when)


@dataclass(frozen=True, eq=False)
class FusedSpikingSynapses(ByKernel):
    """The synapses of a spiking network with kernels; see `ByKernel`.

    Attributes
    ----------
    kernel : Kernel
        What holds the weights.
    objects : list of BrianObject
        What has to be in the Brian2 network.
    fires : Firing
        What fires, and what records spikes.
    populations : tuple of NeuronGroup
        Groups of the units and of the error units.
    """

    kernel: Kernel
    objects: list[b2.core.base.BrianObject]
    fires: Firing
    populations: tuple[b2.NeuronGroup, b2.NeuronGroup]

    @property
    def firing(self) -> dict[str, b2.NeuronGroup]:
        """What fires, by name."""
        return self.fires.groups

    @property
    def spike_monitors(self) -> dict[str, b2.EventMonitor]:
        """What records spikes, by the name of what fires."""
        return self.fires.monitors

    def weights(self) -> NDArray[np.float64]:
        """Weights (n_synapses,) at the end of the run."""
        return self.kernel.ended()[0].astype(np.float64, copy=False)

    def backward_weights(self) -> None:
        """Errors come back through the weights of the synapses."""

    def sampled_of(self, monitors: Monitors) -> Sampled:
        """Monitors record the populations.

        Parameters
        ----------
        monitors : Monitors
            Monitors of the populations.
        """
        return monitors

    def begun(self, values: Values, step: int, weights: Values) -> Values:
        """No run begins in the state of another; see `planned.FusedSpikes.hidden`.

        Parameters
        ----------
        values : mapping
            State of the other run, by ``group.variable``.
        step : int
            Number of its steps.
        weights : mapping
            What it had learned.
        """
        raise AssertionError("the state of random numbers is not known, so there is no state")

    def event_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How often each unit and each error unit has sent."""
        units, errors = self.populations
        return np.array(units.times_sent[:]), np.array(errors.times_sent[:])


def _distinct(graph: Graph) -> tuple[Ints, Ints, Numbered]:
    """Units and delays with a trace of their own, and which of them each synapse has."""
    lags, n_units = graph.forward_lag, graph.n_units
    if lags.min() == lags.max():
        units = np.arange(n_units)
        return units, np.full(n_units, lags[0]), presynaptic(graph)
    keys, own = np.unique(lags * n_units + graph.pre, return_inverse=True)
    return keys % n_units, keys // n_units, listed(own)


@build.register
def _(transmission: planned.FusedSpikes, plan: Plan) -> Transmission:
    return FusedSpikes(plan, transmission, rules.build(plan.plasticity))
