"""By what weights errors come back in the reference, and how these learn, from the past."""

from typing import NamedTuple, Protocol

import numpy as np

from neurodiff.network.graph import Bools, Floats, Graph
from neurodiff.plan.feedback import Feedback, Fixed, KolenPollack, Mirror, Signs, along_synapses
from neurodiff.reference.history import History


class Moment(NamedTuple):
    """What there is at step t, for weights to learn from.

    Attributes
    ----------
    x, delta : History
        What was sent, and the errors, up to step t.
    response : array (n_units,)
        sigma(a(t)), which is x(t) but for units that send noise.
    arrived : array (n_synapses,)
        x_pre(t - f).
    """

    t: int
    x: History
    delta: History
    response: Floats
    arrived: Floats


class Learning(NamedTuple):
    """The rule of the forward weights, per step; `learns` (steps,) says when they move."""

    rate: float
    decay: float
    learns: Bools


class Returned(Protocol):
    """The backward weights; asked once for each step, in order."""

    def weights(self, w: Floats) -> Floats:
        """Weights b (n_returning,) of this step; w (n_synapses,) are those of the synapses."""
        ...

    def learn(self, now: Moment) -> None:
        """Change b at the end of a step."""
        ...


class Transported:
    """Symmetric: b = w."""

    def __init__(self, graph: Graph):
        self._graph = graph

    def weights(self, w: Floats) -> Floats:
        """The weights of the synapses themselves."""
        return np.asarray(along_synapses(self._graph, w))

    def learn(self, now: Moment) -> None:
        """Nothing of its own."""


class Drawn:
    """Random and direct: b stays."""

    def __init__(self, feedback: Fixed):
        self._b = feedback.b

    def weights(self, w: Floats) -> Floats:
        """What was drawn."""
        return self._b

    def learn(self, now: Moment) -> None:
        """Nothing."""


class OfOneSize:
    """Sign-symmetric: b = scale sign(w)."""

    def __init__(self, graph: Graph, feedback: Signs):
        self._graph, self._scale = graph, feedback.scale

    def weights(self, w: Floats) -> Floats:
        """The signs that the weights have now."""
        return np.asarray(self._scale * np.sign(along_synapses(self._graph, w)))

    def learn(self, now: Moment) -> None:
        """Nothing of its own."""


class Twin:
    """Kolen and Pollack: b learns from delta_i(t - r) x_j(t - age), and decays as w does."""

    def __init__(self, graph: Graph, feedback: KolenPollack, learning: Learning):
        self._graph, self._feedback, self._learning = graph, feedback, learning
        self._b = feedback.b.copy()

    def weights(self, w: Floats) -> Floats:
        """As learned so far."""
        return self._b

    def learn(self, now: Moment) -> None:
        """Learn where the forward synapse learned when the error was sent."""
        returns, rule = self._graph.returning, self._learning
        error = now.delta.ago(now.t, returns.lag, returns.source)
        activity = now.x.ago(now.t, self._feedback.activity_age, returns.sink)
        sent = now.t - returns.lag
        learns = (sent >= 0) & rule.learns[np.maximum(sent, 0)]
        learns &= along_synapses(self._graph, self._graph.plastic)
        # b(t+1) = b(t) - eta delta_i(t - r) x_j(t - age) - lambda b(t)
        self._b = self._b - learns * (rule.rate * error * activity + rule.decay * self._b)


class Mirrored:
    """Weight mirror: b learns from noise and the response to it, and then stays."""

    def __init__(self, graph: Graph, feedback: Mirror):
        self._graph, self._feedback = graph, feedback
        self._b = feedback.b.copy()

    def weights(self, w: Floats) -> Floats:
        """As learned so far."""
        return self._b

    def learn(self, now: Moment) -> None:
        """Learn while there is noise."""
        rule, returns = self._feedback, self._graph.returning
        if now.t >= rule.steps:
            return
        noise = now.x.now(now.t)[returns.sink]
        if rule.aligned:
            noise = along_synapses(self._graph, now.arrived)
        # b(t+1) = b(t) + eta_m xi_j(t - f) sigma_i(a_i(t)) - lambda_m b(t)
        product = noise * now.response[returns.source]
        self._b = self._b + rule.learning_rate * product - rule.weight_decay * self._b


def returned(graph: Graph, feedback: Feedback | None, learning: Learning) -> Returned:
    """The class of a feedback; None is symmetric."""
    if feedback is None:
        return Transported(graph)
    if isinstance(feedback, Fixed):
        return Drawn(feedback)
    if isinstance(feedback, Signs):
        return OfOneSize(graph, feedback)
    if isinstance(feedback, KolenPollack):
        return Twin(graph, feedback, learning)
    return Mirrored(graph, feedback)


def sent(feedback: Feedback | None, t: int, response: Floats) -> Floats:
    """What units send at step t (n_units,): their response, or the noise of a mirror."""
    if not isinstance(feedback, Mirror) or t >= feedback.steps:
        return response
    x = response.copy()
    x[feedback.senders] = feedback.noise[t]
    return x


def errors_pass(feedback: Feedback | None, t: int) -> bool:
    """Whether errors pass hidden units at step t: not while there is noise of a mirror."""
    return not isinstance(feedback, Mirror) or t >= feedback.clear
