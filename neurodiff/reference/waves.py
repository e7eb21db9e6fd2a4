"""The forward and the backward wave with delays, step by step, while the weights move.

The past of every unit is kept as far back as anything looks, so that a delayed signal is one look
into the past, and memory does not grow with the run.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Bools, Graph, Ints
from neurodiff.network.hop_filter import leaked
from neurodiff.network.loss import Loss
from neurodiff.network.static_response import activate, slopes
from neurodiff.plan.alignment import Alignment
from neurodiff.plan.feedback import Feedback, KolenPollack
from neurodiff.reference.alignment import aligned
from neurodiff.reference.backprop import injection
from neurodiff.reference.feedback import Learning, Moment, errors_pass, returned, sent
from neurodiff.reference.history import History

Floats = NDArray[np.float64]


class Rows(Protocol):
    """One row of numbers for each step."""

    def __len__(self) -> int:
        """Number of steps."""
        ...

    def __getitem__(self, step: int, /) -> Floats:
        """The numbers (n,) of a step; steps are asked for in order."""
        ...


class WaveStep(NamedTuple):
    """One time step; the weights are those used in it, before the update at its end.

    Attributes
    ----------
    x, delta : arrays (n_units,)
        Activity, and error dE/da (0 for inputs).
    product : array (n_synapses,)
        What the synapse learns from: delta_post times the x_pre that has just arrived, the PSP that
        it makes, or what the alignment gives.
    w : array (n_synapses,)
    bias : array (n_units,)
    b : array (n_returning,)
        Weights by which errors come back.
    """

    x: Floats
    delta: Floats
    product: Floats
    w: Floats
    bias: Floats
    b: Floats


def delayed_waves(
    graph: Graph,
    w: Floats,
    bias: Floats,
    u: Rows,
    y: Rows,
    loss: Loss,
    *,
    learning_rate: float = 0.0,
    weight_decay: float = 0.0,
    learns: Bools | None = None,
    alignment: Alignment | None = None,
    feedback: Feedback | None = None,
) -> Iterator[WaveStep]:
    """Diffusion of both waves through delayed synapses (Betti & Gori, arXiv:1912.04635).

    In that paper every lag is one step; here each synapse has its own, forward and backward,
    of at least 1. Weights are read when a signal arrives, not when it was sent. Every signal is 0
    before step 0.

    Leaky neurons, tau da/dt = -a + drive, low-pass their drive, what comes back to them, and what
    arrives at their synapses; the injected error is not low-passed (theory 5).

    Parameters
    ----------
    w : array (n_synapses,)
        At the start; not changed.
    bias : array (n_units,)
        At the start; not changed.
    u : Rows, such as an array (steps, n_inputs)
    y : Rows, such as an array (steps, n_outputs)
        Targets as they meet the outputs, already delayed; in the order of ``graph.outputs``.
    learning_rate, weight_decay : float
        Per step.
    learns : bool array (steps,), optional
        In which steps weights and biases move; always unless given.
    alignment : Alignment, optional
        Which activity and which slopes meet an error; those of this moment unless given.
    feedback : Feedback, optional
        By what weights errors come back; by those of the synapses unless given.
    """
    longest = _longest_age(graph, alignment, feedback)
    x, delta = History(longest, graph.n_units), History(longest, graph.n_units)
    a, came, psp = np.zeros(graph.n_units), np.zeros(graph.n_units), np.zeros(graph.n_synapses)
    w, bias, out = w.copy(), bias.copy(), graph.outputs
    learns = np.ones(len(u), dtype=bool) if learns is None else learns
    meets, returns = aligned(graph, alignment), graph.returning
    back = returned(graph, feedback, Learning(learning_rate, weight_decay, learns))
    for t in range(len(u)):
        arrived = x.ago(t, graph.forward_lag, graph.pre)
        came_back = delta.ago(t, returns.lag, returns.source)
        # a_i(t) = sum w x_pre(t - f) + b_i; leaky: k a_i(t-1) + (1 - k) (sum w x_pre(t - f) + b_i)
        a = leaked(graph.leak, a, _sum_into(graph.post, w * arrived, graph.n_units) + bias)
        response, slope, b = activate(graph, a, u[t]), slopes(graph, a), back.weights(w)
        x.put(t, sent(feedback, t, response))
        # delta_j(t) = sigma'(a_j(t - s)) sum b delta_i(t - r), and the injection at the outputs
        error = _sum_into(returns.sink, b * came_back, graph.n_units)
        came = leaked(graph.leak, came, meets.slope(t, slope) * error)
        delta.put(t, came * errors_pass(feedback, t))
        x_now, delta_now = x.now(t), delta.now(t)
        delta_now[out] += injection(loss, slope[out], x_now[out], y[t])
        # g(t) = delta_post(t) x_pre(t - p); without alignment p = f and s = 0; leaky: the PSP
        psp = leaked(graph.leak, psp, arrived)
        product = delta_now[graph.post] * meets.activity(t, x, psp)
        yield WaveStep(
            x_now.copy(), delta_now.copy(), product.copy(), w.copy(), bias.copy(), b.copy()
        )
        back.learn(Moment(t, x, delta, response, arrived))
        if learns[t]:
            # w(t+1) = w(t) - eta g(t) - decay w(t); a bias is a synapse from a constant 1
            w -= graph.plastic * (learning_rate * product + weight_decay * w)
            bias -= graph.has_bias * (learning_rate * delta_now + weight_decay * bias)


def _longest_age(graph: Graph, alignment: Alignment | None, feedback: Feedback | None) -> int:
    """How many steps back anything looks at an activity, an error or a slope."""
    lags = [graph.forward_lag.max(initial=1), graph.returning.lag.max(initial=1)]
    lags += [alignment.longest_age] if alignment else []
    lags += [feedback.activity_age.max(initial=0)] if isinstance(feedback, KolenPollack) else []
    return int(max(lags))


def _sum_into(units: Ints, values: Floats, n_units: int) -> Floats:
    """Sum (n_units,) of the synapses' values over all synapses of each unit."""
    return np.bincount(units, weights=values, minlength=n_units).astype(float)
