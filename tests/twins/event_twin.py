"""A dense twin of networks that send events: every synapse at every step, from the theory.

It is given what was sent and when, and works out what that does to the weights and to the sums that
the units read, without any short cut.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Train(NamedTuple):
    """Events in the order of time: at which step which unit sent which value."""

    step: Ints
    unit: Ints
    value: Floats


class Rule(NamedTuple):
    """dw = -learning_rate * delta * x - decay * w per step, from step `start` to before `stop`."""

    learning_rate: float
    decay: float
    start: int
    stop: int


class TwinStep(NamedTuple):
    """One step, with the weights (n_synapses,) and biases (n_units,) that are used in it.

    `drive` and `feedback` (n_units,) are the sums over the synapses onto, and back to, each unit.
    """

    w: Floats
    bias: Floats
    drive: Floats
    feedback: Floats


def dense_steps(
    graph: Graph, w: Floats, bias: Floats, x: Train, delta: Train, rule: Rule, steps: int
) -> Iterator[TwinStep]:
    """What these events do in a network that begins with these weights and biases, step by step."""
    sent_x = last_sent(x, steps, graph.n_units)
    sent_delta = last_sent(delta, steps, graph.n_units)
    w, bias = w.copy(), bias.copy()
    for t in range(steps):
        x_arrived = _arrived(sent_x, t, graph.pre, graph.forward_lag)
        delta_arrived = _arrived(sent_delta, t, graph.post, graph.backward_lag)
        yield TwinStep(
            w.copy(),
            bias.copy(),
            drive=np.bincount(graph.post, w * x_arrived, graph.n_units),
            feedback=np.bincount(graph.pre, w * delta_arrived, graph.n_units),
        )
        if rule.start <= t < rule.stop:
            # the synapses onto an error unit know what it sends in the same step
            product = sent_delta[t, graph.post] * x_arrived
            w -= graph.plastic * (rule.learning_rate * product + rule.decay * w)
            # a bias is a synapse from a unit that is always 1
            bias -= graph.has_bias * (rule.learning_rate * sent_delta[t] + rule.decay * bias)


def last_sent(train: Train, steps: int, n_units: int) -> Floats:
    """The value that each unit last sent, at or before each step (steps, n_units); 0 before any."""
    sent = np.zeros((steps, n_units))
    begin = np.searchsorted(train.step, np.arange(steps + 1))
    for t in range(steps):
        sent[t] = sent[t - 1] if t else 0.0
        now = slice(begin[t], begin[t + 1])
        sent[t, train.unit[now]] = train.value[now]
    return sent


def _arrived(sent: Floats, t: int, units: Ints, lag: Ints) -> Floats:
    """What has arrived at each synapse at step t (n_synapses,), `lag` steps after it was sent."""
    return np.where(lag <= t, sent[np.maximum(t - lag, 0), units], 0.0)
