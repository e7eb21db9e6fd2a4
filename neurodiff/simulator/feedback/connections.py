"""The backward connections and, where these have weights of their own, the store of these."""

from dataclasses import dataclass
from typing import Any

import brian2 as b2
import numpy as np

from neurodiff.network.graph import Graph
from neurodiff.plan.sampling import Sampling
from neurodiff.simulator.feedback.interface import Feedback, LocalState, Objects
from neurodiff.simulator.history import READER
from neurodiff.simulator.kernels.bundle import Bundle, backward_segments
from neurodiff.simulator.kernels.interface import Signals
from neurodiff.simulator.kernels.reading import Moves, listed, past
from neurodiff.simulator.order import OBSERVE
from neurodiff.simulator.population_parts import Addition
from neurodiff.simulator.sampling import monitor, samples

_BACKWARD = """
connection : integer (constant)
b : 1 (linked)
feedback_post = b*arrived : 1 (summed)
"""


@dataclass(frozen=True, eq=False)
class BackwardWeights:
    """The weights of the backward connections, where these have their own.

    Attributes
    ----------
    initial : array (n_backward,)
        Weights at the start.
    group : brian2.NeuronGroup
        Group that holds the weights.
    recorded : brian2.EventMonitor or None
        Monitor of the weights, where they are sampled.
    """

    initial: np.ndarray
    group: b2.NeuronGroup
    recorded: b2.EventMonitor | None

    @property
    def objects(self) -> Objects:
        """What has to be in the Brian2 network."""
        return [self.group] if self.recorded is None else [self.group, self.recorded]

    def samples(self) -> np.ndarray:
        """Samples (n_samples + 1, n_backward) of b, at least that of the start; and the last."""
        first = self.initial
        if self.recorded is not None:
            first = samples(self.recorded, "b", len(self.group))
        return np.vstack([first, self.group.b[:]])


def build_weights(
    b: np.ndarray,
    built: Feedback,
    sampling: dict[str, Sampling],
    clock: b2.Clock,
) -> BackwardWeights:
    """The store of the backward weights, which is sampled like the forward weights.

    Parameters
    ----------
    b : array (n_backward,)
        Weights at the start.
    built : Feedback
        Class that makes Brian2 code of the feedback.
    sampling : dict
        Sampling of the weights and of the local products, by name; what is missing is not recorded.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.
    """
    kept = {name: part for name, part in sampling.items() if name == "weights"}
    addition = Addition(f"b : 1\n{built.equations}").with_samples(kept)
    own = b2.NeuronGroup(
        len(b),
        addition.equations,
        events=addition.events,
        name="feedback_store",
        clock=clock,
        namespace=addition.namespace,
    )
    own.b = b
    recorded = monitor(own, "weights", ["b"], OBSERVE) if kept else None
    return BackwardWeights(b, own, recorded)


def build_backward(
    graph: Graph, own: BackwardWeights | None, local: LocalState, clock: b2.Clock
) -> b2.Synapses:
    """Synapses that carry delta back, by their own weights or by those of the forward synapses.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    own : BackwardWeights or None
        Weights of the backward connections; None where they are those of the synapses.
    local : LocalState
        Groups, and their past, that backward weights may read.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.
    """
    returns, errors = graph.backward, local.errors
    source = returns.source - graph.n_inputs
    backward = b2.Synapses(errors, errors, _BACKWARD + READER, name="backward", clock=clock)
    backward.connect(i=source, j=returns.sink - graph.n_inputs)
    if own is None:
        # b = w: weight transport
        backward.connection = returns.synapse
        backward.b = b2.linked_var(local.store, "w", index="connection")
    else:
        backward.connection = np.arange(len(returns))
        backward.b = b2.linked_var(own.group, "b", index="connection")
    local.error.connect(backward, source, returns.lag)
    return backward


def own_bundle(signals: Signals, **learned: Any) -> Bundle:
    """Backward connections with weights of their own, for a kernel.

    Parameters
    ----------
    signals : Signals
        What there is to read.
    **learned
        Other fields of the `Bundle`: how the weights learn.
    """
    plan = signals.plan
    back = plan.graph.backward
    source = back.source - plan.graph.n_inputs
    parts: dict[str, Any] = {"plastic": np.ones(len(back), dtype=bool)}
    return Bundle(
        weights=plan.backward_weights,
        ends=lambda own: (back.sink[own], back.source[own]),
        segments=backward_segments(plan.graph),
        column_now=past(signals.error, listed(source), back.lag, Moves.NOW),
        **(parts | learned),
    )
