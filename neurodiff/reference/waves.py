"""The forward and the backward wave with delays, step by step, while the weights move.

The past of every unit is kept as far back as anything looks, so that a delayed signal is one look
into the past, and memory does not grow with the run.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Ints
from neurodiff.network.static_response import activate, slopes
from neurodiff.plan import Plan
from neurodiff.reference import alignment as alignments
from neurodiff.reference import feedback as feedbacks
from neurodiff.reference import plasticity as rules
from neurodiff.reference.backprop import injection
from neurodiff.reference.feedback import Moment
from neurodiff.reference.history import History
from neurodiff.reference.stimuli import Rows, stimuli_of

Floats = NDArray[np.float64]


class WaveStep(NamedTuple):
    """One time step; the weights are those used in it, before the update at its end.

    Attributes
    ----------
    x, delta : arrays (n_units,)
        Activity, and error dE/da (0 for inputs).
    product : array (n_synapses,)
        What the synapse learns from: delta_post times `met`.
    w : array (n_synapses,)
    bias : array (n_units,)
    b : array (n_backward,)
        Weights by which errors come back.
    met : array (n_synapses,)
        The x_pre that has just arrived, the PSP that it makes, or what the alignment gives.
    """

    x: Floats
    delta: Floats
    product: Floats
    w: Floats
    bias: Floats
    b: Floats
    met: Floats


def delayed_waves(plan: Plan, u: Rows | None = None, y: Rows | None = None) -> Iterator[WaveStep]:
    """Diffusion of both waves through delayed synapses (Betti & Gori, arXiv:1912.04635).

    In that paper every lag is one step; here each synapse has its own, forward and backward,
    of at least 1. Weights are read when a signal arrives, not when it was sent. Every signal is 0
    before step 0.

    Leaky neurons, tau da/dt = -a + drive, low-pass their drive, what comes back to them, and what
    arrives at their synapses; the injected error is not low-passed (theory 5).

    Parameters
    ----------
    plan : Plan
        Graph, weights at the start, loss, alignment, feedback and learning rule.
    u : Rows, such as an array (steps, n_inputs), optional
        Input, instead of that of the plan.
    y : Rows, such as an array (steps, n_outputs), optional
        Targets as they meet the outputs, already delayed, instead of those of the plan; in the
        order of ``graph.outputs``.

    Yields
    ------
    WaveStep
        State of each time step, before the update of the weights at its end.

    References
    ----------
    Betti & Gori, arXiv:1912.04635.
    """
    if u is None or y is None:
        u, y = stimuli_of(plan, plan.stimuli.steps)
    graph, rule, loss = plan.graph, plan.plasticity, plan.model.loss
    longest = _longest_age(plan)
    x, delta = History(longest, graph.n_units), History(longest, graph.n_units)
    a, came, psp = np.zeros(graph.n_units), np.zeros(graph.n_units), np.zeros(graph.n_synapses)
    w, bias, out = plan.w.copy(), plan.bias.copy(), graph.outputs
    learns = rule.learns_at(np.arange(len(u)))
    meets, returns = alignments.follow(plan.alignment, graph), graph.backward
    back, learning = feedbacks.follow(plan.feedback, graph, rule), rules.follow(rule, graph)
    pre, post, forward = graph.pre, graph.post, graph.forward_lag
    source, sink, backward = returns.source, returns.sink, returns.lag
    for t in range(len(u)):
        arrived = x.ago(t, forward, pre)
        came_back = delta.ago(t, backward, source)
        # a_i(t) = sum w x_pre(t - f) + b_i; leaky: k a_i(t-1) + (1 - k) (sum w x_pre(t - f) + b_i)
        a = graph.hop.leaked(a, _sum_into(post, w * arrived, graph.n_units) + bias)
        response, slope, b = activate(graph, a, u[t]), slopes(graph, a), back.weights(w)
        x.put(t, back.sent(t, response))
        # delta_j(t) = sigma'(a_j(t - s)) sum b delta_i(t - r), and the injection at the outputs
        error = _sum_into(sink, b * came_back, graph.n_units)
        came = graph.hop.leaked(came, meets.slope(t, slope) * error)
        delta.put(t, came * back.errors_pass(t))
        x_now, delta_now = x.now(t), delta.now(t)
        delta_now[out] += injection(loss, slope[out], x_now[out], y[t])
        # g(t) = delta_post(t) x_pre(t - p); without alignment p = f and s = 0; leaky: the PSP
        psp = graph.hop.leaked(psp, arrived)
        met = meets.activity(t, x, psp)
        product = learning.product(delta_now[post], met)
        step = x_now, delta_now, product, w, bias, b, met
        yield WaveStep(*(part.copy() for part in step))
        back.learn(Moment(t, x, delta, response, arrived))
        if learns[t]:
            learning.learn(w, bias, product, delta_now)


def _longest_age(plan: Plan) -> int:
    """How many steps back anything looks at an activity, an error or a slope."""
    lags = plan.graph.forward_lag.max(initial=1), plan.graph.backward.lag.max(initial=1)
    return int(max(*lags, plan.longest_age))


def _sum_into(units: Ints, values: Floats, n_units: int) -> Floats:
    """Sum (n_units,) of the synapses' values over all synapses of each unit."""
    return np.bincount(units, weights=values, minlength=n_units).astype(float)
