"""Graded transmission by fused kernels: one pass over all weights in a step.

It is the same network as `Graded` builds, whose units and error units stay Brian2 groups with their
equations; see `neurodiff.simulator.kernels`.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.files.mapped import apart
from neurodiff.network.graph import Graph
from neurodiff.plan import Plan
from neurodiff.plan import transmission as planned
from neurodiff.plan.sampling import Sampling
from neurodiff.simulator import alignment as alignments
from neurodiff.simulator import feedback as feedbacks
from neurodiff.simulator import plasticity as rules
from neurodiff.simulator.alignment import Alignment
from neurodiff.simulator.feedback import Feedback
from neurodiff.simulator.history import Past, at_step_0
from neurodiff.simulator.kernels.bundle import Bundle, Learning
from neurodiff.simulator.kernels.interface import Met, Signals, learning_of, met, returning
from neurodiff.simulator.kernels.kernel import Kernel, Numbers
from neurodiff.simulator.kernels.reading import Moves, Numbered, element, past, presynaptic
from neurodiff.simulator.kernels.vector_math import VECTOR
from neurodiff.simulator.plasticity import Plasticity
from neurodiff.simulator.population_parts import Addition
from neurodiff.simulator.transmission.by_kernel import ByKernel, Values
from neurodiff.simulator.transmission.interface import SampledBy, Transmission, build


@dataclass(frozen=True)
class Fused:
    """Graded transmission by kernels in one network; see `Transmission`.

    Attributes
    ----------
    plan : Plan
        Plan of the run.
    numbers : Numbers
        How kernels compute.
    rule : Plasticity
        Learning rule as Brian2 code, for the biases.
    meets : Alignment
        Alignment as Brian2 code, for the slopes.
    returns : Feedback
        Feedback as Brian2 code, for the populations.
    """

    plan: Plan
    numbers: Numbers
    rule: Plasticity
    meets: Alignment
    returns: Feedback

    #: The kernel records everything, so that no monitor looks at every unit in every step.
    sampled_by: ClassVar[SampledBy] = SampledBy(
        (), (), ("signals", "answers", "weights", "products", "factors")
    )

    @property
    def of_units(self) -> Addition:
        """The drive, and what the feedback needs."""
        addition = self.returns.of_units()
        equations = "drive : 1\n" + addition.equations
        return replace(addition, equations=equations, functions=VECTOR)

    @property
    def of_errors(self) -> Addition:
        """The feedback, and the slopes that it meets."""
        addition = self.returns.of_errors(self.meets)
        return replace(addition, equations="feedback : 1\n" + addition.equations)

    def connect(
        self,
        w: np.ndarray,
        units: b2.NeuronGroup,
        errors: b2.NeuronGroup,
        sampling: dict[str, Sampling],
        clock: b2.Clock,
    ) -> "FusedSynapses":
        """A kernel that carries x forward and delta backward, and learns.

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
        plan, graph = self.plan, self.plan.graph
        longest_age = max(int(graph.forward_lag.max()), plan.longest_age)
        activity = Past(units, longest_age, clock)
        error = Past(errors, int(graph.backward.lag.max(initial=1)), clock)
        signals = Signals(plan, units, errors, activity, error, clock)
        learning = learning_of(plan.plasticity)
        waits = met(plan.alignment, signals)
        slopes = self.meets.connect_slopes(errors, activity, clock)
        own = returning(plan.feedback, signals, learning)
        bundles = [synapses_of(w, signals, waits, learning)]
        if own.bundle is not None:
            bundles.append(own.bundle)
        self.rule.apply_to_biases(errors)
        kernel = Kernel(signals, bundles, sampling, self.numbers)
        kept = [activity.buffer, error.buffer, *waits.objects, *slopes, *own.objects]
        return FusedSynapses(kernel, [kernel.group, *kept], w, plan.backward_weights)


def synapses_of(w: np.ndarray, signals: Signals, waits: Met, learning: Learning) -> Bundle:
    """The synapses: what drives units, what comes back by them, and what they learn from.

    Parameters
    ----------
    w : array (n_synapses,)
        Weights at the start.
    signals : Signals
        Populations, and their past.
    waits : Met
        The activity that meets an error at each synapse.
    learning : Learning
        Numbers of the learning rule.
    """
    graph, plan = signals.plan.graph, signals.plan
    back = None
    if plan.feedback.symmetric:
        back = past(signals.error, _errors(graph), graph.backward_lag, Moves.NOW)
    return Bundle(
        weights=w,
        ends=graph.synapses.ends,
        segments=[part.synapses for part in graph.projections],
        plastic=graph.plastic,
        row_now=past(signals.activity, presynaptic(graph), graph.forward_lag, Moves.NOW),
        column_now=back,
        row_met=waits.reading,
        column_met=element(signals.errors.variables["delta"], _errors(graph)),
        learning=learning,
    )


def _errors(graph: Graph) -> Numbered:
    """The error unit of the postsynaptic unit of each synapse of a slice."""
    return lambda own: graph.synapses.ends(own)[1] - graph.n_inputs


@dataclass(frozen=True, eq=False)
class FusedSynapses(ByKernel):
    """The synapses of a graded network with kernels; see `ByKernel`.

    Attributes
    ----------
    kernel : Kernel
        What holds the weights.
    objects : list of BrianObject
        What has to be in the Brian2 network.
    w, b : arrays (n_synapses,), (n_backward,)
        Weights at the start, forward and backward.
    """

    kernel: Kernel
    objects: list[b2.core.base.BrianObject]
    w: NDArray[np.float64]
    b: NDArray[np.float64]

    def weights(self) -> np.ndarray:
        """Weights (n_synapses,) at the end of the run."""
        ended = self.kernel.ended()[0]
        return ended if ended.dtype == np.float64 else apart(ended, np.float64)

    def backward_weights(self) -> np.ndarray | None:
        """Samples (n_samples + 1, n_backward) of b; None with symmetric feedback."""
        if len(self.kernel.weights) == 1:
            return None
        first = self.b
        if self.kernel.has("weights", "feedback", "b"):
            first = self.kernel.samples("weights", "feedback", "b")
        return np.vstack([first, self.kernel.ended()[1]]).astype(np.float64)

    def begun(self, values: Values, step: int, weights: Values) -> Values:
        """With what was learned in the last step; see `ByKernel`.

        Parameters
        ----------
        values : mapping
            State of the other run, by ``group.variable``.
        step : int
            Number of its steps.
        weights : mapping
            What it had learned: `w` and, where there are any, backward weights `b`.
        """
        # a kernel learns from a step only when the next one has begun
        late = {"kernel.weights0": "w", "kernel.weights1": "b"}
        learned = {name: weights[part] for name, part in late.items() if name in values}
        return {**at_step_0(values, step), **learned}

    def event_counts(self) -> None:
        """Nothing is counted: every synapse works at every step."""


@build.register
def _(transmission: planned.Fused, plan: Plan) -> Transmission:
    rule = rules.build(plan.plasticity)
    meets = alignments.build(plan.alignment, plan.graph)
    returns = feedbacks.build(plan.feedback, plan.graph, rule)
    numbers = Numbers(transmission.precision, transmission.threads)
    return Fused(plan, numbers, rule, meets, returns)
