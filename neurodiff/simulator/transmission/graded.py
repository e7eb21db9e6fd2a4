"""Graded transmission: at every step each synapse carries the exact value sent a delay ago.

The weights, and what has arrived at each synapse, live in a store with one element per synapse. The
forward and the backward synapses both link to it: with symmetric feedback the error travels through
the very weights of the forward synapses (weight transport, the model's explicit choice). With other
feedback the backward synapses link to a store of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph
from neurodiff.plan import Plan
from neurodiff.plan import transmission as planned
from neurodiff.plan.sampling import Sampling
from neurodiff.simulator import alignment as alignments
from neurodiff.simulator import feedback as feedbacks
from neurodiff.simulator import plasticity as rules
from neurodiff.simulator.alignment import Alignment
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.feedback import Feedback, LocalState
from neurodiff.simulator.feedback.connections import (
    BackwardWeights,
    build_backward,
    build_weights,
)
from neurodiff.simulator.history import READER, WRITER, History, at_step_0
from neurodiff.simulator.order import ARRIVE, MULTIPLY, OBSERVE
from neurodiff.simulator.plasticity import Plasticity
from neurodiff.simulator.population_parts import Addition
from neurodiff.simulator.sampling import Monitors, Sampled, monitor, samples
from neurodiff.simulator.transmission.interface import BY_MONITORS, SampledBy, Transmission, build

_STORE = """
w : 1
x_arrived : 1
plastic : 1 (constant)
error : integer (constant)
delta : 1 (linked)
product : 1
"""

_FORWARD = """
synapse : integer (constant)
w : 1 (linked)
x_arrived : 1 (linked)
drive_post = w*x_arrived : 1 (summed)
"""


@dataclass(frozen=True)
class Graded:
    """Graded transmission in one network; see `Transmission`.

    Attributes
    ----------
    plan : Plan
        Plan of the run.
    rule : Plasticity
        Learning rule as Brian2 code.
    meets : Alignment
        Alignment as Brian2 code.
    returns : Feedback
        Feedback as Brian2 code.
    """

    plan: Plan
    rule: Plasticity
    meets: Alignment
    returns: Feedback

    sampled_by: ClassVar[SampledBy] = BY_MONITORS

    @property
    def of_units(self) -> Addition:
        """The drive, the history of the activity, and what the feedback needs."""
        addition = self.returns.of_units()
        return replace(addition, equations="drive : 1\n" + WRITER + addition.equations)

    @property
    def of_errors(self) -> Addition:
        """The feedback, its history, and the slopes that it meets."""
        addition = self.returns.of_errors(self.meets)
        return replace(addition, equations="feedback : 1\n" + WRITER + addition.equations)

    def connect(
        self,
        w: np.ndarray,
        units: b2.NeuronGroup,
        errors: b2.NeuronGroup,
        sampling: dict[str, Sampling],
        clock: b2.Clock,
    ) -> "GradedSynapses":
        """Synapses that carry x forward and delta backward, each with its own delay.

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
        graph, meets, returns = self.plan.graph, self.meets, self.returns
        longest_age = max(int(graph.forward_lag.max()), self.plan.longest_age)
        x_history = History(units, "x", longest_age, clock)
        store = _build_store(graph, w, errors, x_history, self, sampling, clock)
        new = meets.connect(store, errors, x_history, clock)
        self.rule.apply(store, errors, meets.presynaptic)
        longest = int(graph.backward.lag.max(initial=1))
        local = LocalState(
            store, units, errors, x_history, History(errors, "delta", longest, clock)
        )
        parts = [store, *new, x_history.buffer, _build_forward(graph, store, units, clock)]
        parts.append(local.error.buffer)
        own = None
        if returns.own_store:
            own = build_weights(self.plan.backward_weights, returns, sampling, clock)
            parts += [*own.objects, *returns.train(own.group, local, clock)]
        if len(graph.backward):
            parts.append(build_backward(graph, own, local, clock))
        monitors = {name: _monitor(store, name, self.rule) for name in sampling}
        return GradedSynapses(store, [*parts, *monitors.values()], monitors, own)


@dataclass(frozen=True)
class GradedSynapses:
    """The synapses of a network with graded transmission; see `Connections`.

    Attributes
    ----------
    store : brian2.NeuronGroup
        Group with one element for each synapse, which holds its weight.
    objects : list of BrianObject
        What has to be in the Brian2 network.
    monitors : dict
        Monitors of weights and products.
    backward : BackwardWeights or None
        Weights of the backward connections, where these have their own.
    """

    store: b2.NeuronGroup
    objects: list[b2.core.base.BrianObject]
    monitors: dict[str, b2.EventMonitor]
    backward: BackwardWeights | None = None

    def keep_in(self, folder: Path) -> None:
        """Nothing is kept in files.

        Parameters
        ----------
        folder : Path
            Folder for samples.
        """

    @property
    def initial(self) -> dict[ArrayVariable, np.ndarray]:
        """Nothing: Brian2 fills all arrays itself."""
        return {}

    def weights(self) -> np.ndarray:
        """Weights (n_synapses,) at the end of the run."""
        return np.array(self.store.w[:])

    def recorded(self, sampling: str, variable: str) -> np.ndarray:
        """Samples (n_samples, n_synapses) of `w` or `product`; `sampling`: weights or products.

        Parameters
        ----------
        sampling : str
            What is sampled: `weights` or `products`.
        variable : str
            Name of the variable: `w` or `product`.
        """
        return samples(self.monitors[sampling], variable, len(self.store))

    def backward_weights(self) -> np.ndarray | None:
        """Samples (n_samples + 1, n_backward) of b; None with symmetric feedback."""
        return None if self.backward is None else self.backward.samples()

    @property
    def spike_monitors(self) -> dict[str, b2.EventMonitor]:
        """Nothing fires."""
        return {}

    @property
    def firing(self) -> dict[str, b2.NeuronGroup]:
        """Nothing fires."""
        return {}

    def sampled_of(self, monitors: Monitors) -> Sampled:
        """Monitors record the populations.

        Parameters
        ----------
        monitors : Monitors
            Monitors of the populations.
        """
        return monitors

    def begun(
        self, values: Mapping[str, NDArray[Any]], step: int, weights: Mapping[str, NDArray[Any]]
    ) -> Mapping[str, NDArray[Any]]:
        """The state of another run after some steps as that in which this network begins.

        Parameters
        ----------
        values : mapping
            State of the other run, by ``group.variable``.
        step : int
            Number of its steps.
        weights : mapping
            What it had learned: `w` and, where there are any, backward weights `b`.
        """
        return at_step_0(values, step)

    def event_counts(self) -> None:
        """Nothing is counted: every synapse works at every step."""


def _monitor(store: b2.NeuronGroup, name: str, rule: Plasticity) -> b2.EventMonitor:
    # weights that move are kept with the products that they made
    variables = {"weights": ["w"], "products": ["product"] if rule.frozen else ["product", "w"]}
    return monitor(store, name, variables[name], OBSERVE)


def _build_store(
    graph: Graph,
    w: np.ndarray,
    errors: b2.NeuronGroup,
    x_history: History,
    graded: Graded,
    sampling: dict[str, Sampling],
    clock: b2.Clock,
) -> b2.NeuronGroup:
    sampled = Addition(_STORE + READER + graded.meets.of_store).with_samples(sampling)
    store = b2.NeuronGroup(
        graph.n_synapses,
        sampled.equations,
        events=sampled.events,
        name="store",
        clock=clock,
        namespace=sampled.namespace,
    )
    store.w = w
    store.plastic = graph.plastic
    store.error = graph.post - graph.n_inputs
    store.delta = b2.linked_var(errors, "delta", index="error")
    x_history.connect(store, graph.pre, graph.forward_lag)
    store.run_regularly("x_arrived = arrived", name="arrive", **ARRIVE.when)
    if "products" in sampling:
        product = f"product = {graded.rule.product(graded.meets.presynaptic)}"
        store.run_regularly(product, name="multiply", **MULTIPLY.when)
    return store


def _build_forward(
    graph: Graph, store: b2.NeuronGroup, units: b2.NeuronGroup, clock: b2.Clock
) -> b2.Synapses:
    forward = b2.Synapses(units, units, _FORWARD, name="forward", clock=clock)
    forward.connect(i=graph.pre, j=graph.post)
    forward.synapse = np.arange(graph.n_synapses)
    for variable in ("w", "x_arrived"):
        setattr(forward, variable, b2.linked_var(store, variable, index="synapse"))
    return forward


@build.register
def _(transmission: planned.Graded, plan: Plan) -> Transmission:
    rule = rules.build(plan.plasticity)
    meets = alignments.build(plan.alignment, plan.graph)
    returns = feedbacks.build(plan.feedback, plan.graph, rule)
    return Graded(plan, rule, meets, returns)
