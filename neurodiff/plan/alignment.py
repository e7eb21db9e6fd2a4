"""How long activity and slopes must wait for their error, and the two ways in which they can.

The error that reaches a unit is about what the unit did one loop ago: so long is the way from its
output to an output of the network and back, along the same synapses, to its own error. The activity
that meets the error must have arrived then, M = s_post, and been sent the delay of its synapse
before, p = s_post + f. The slope in the error must be as old as the loop (theory 16). In a chain

    M_l = R_l + F_L - F_l = M^s_l

Where a unit has loops of several lengths both are means over them; lags by which signals come to
the unit do not matter.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from neurodiff.model_file import Model
from neurodiff.model_file.model import Plasticity
from neurodiff.network.graph import Bools, Floats, Graph, Ints
from neurodiff.network.latency import Latencies, ProjectionLatency, projection_latencies
from neurodiff.network.loops import compute_loops

#: After how many of its mean lags a trace is taken to have settled.
_SETTLED = 5


@dataclass(frozen=True)
class Matched:
    """Activity and slopes of just the age of their error: exact at any speed of the input.

    With s the length of the unit's loop and p = s_post + f the local product is the gradient of the
    delayed network, while the weights do not move (theory 4 and 16).

    Attributes
    ----------
    activity_age : int array (n_synapses,)
        p: how many steps ago the activity in the product was sent.
    slope_age : int array (n_units,)
        s: how old the slope in the error is; 0 where no error comes back.
    exact : bool array (n_units,)
        Whether all loops through the unit have one length; if not, its ages are rounded means.
    """

    activity_age: Ints
    slope_age: Ints
    exact: Bools

    @property
    def one_length(self) -> bool:
        """Whether the loops of each unit have one length, so that the ages are exact."""
        return bool(self.exact.all())

    @property
    def exact_units(self) -> Bools:
        """Units (n_units,) of which the synapses learn from the gradient itself."""
        return self.exact

    @property
    def longest_wait(self) -> float:
        """Steps for which anything waits at most."""
        return float(self.longest_age)

    @property
    def longest_age(self) -> int:
        """How many steps of the past of any unit are needed."""
        return int(max(self.activity_age.max(), self.slope_age.max()))

    def remembered(self, graph: Graph) -> Ints:
        """Values of its past that each unit keeps (n_units,), in one buffer for both uses."""
        kept = self.slope_age.copy()
        np.maximum.at(kept, graph.pre, self.activity_age)
        return kept

    def settling_steps(self) -> int:
        """Steps from the first exact one on until means are good: it is exact at once."""
        return 0

    def row(self, row: ProjectionLatency, graph: Graph, latencies: Latencies) -> ProjectionLatency:
        """The latencies of a projection, with the first exact step of its ages."""
        own = row.projection.synapses
        errors = _settled_errors(graph, latencies, self.slope_age)[graph.post[own]]
        activity = latencies.longest_forward[graph.pre[own]] + self.activity_age[own]
        last = np.maximum(errors, activity)
        exact_from = int(last[np.isfinite(last)].max(initial=0))
        return replace(row, exact_from=exact_from)


@dataclass(frozen=True)
class Traced:
    """Exponential traces of activity and slopes whose mean lag is what they must wait.

    Stages in a row, each with an equal part of the lag, make it a gamma (Erlang) trace. What is
    left of a phase w M is about (w M)^3/(3 n^2) with n stages (theory 4).

    Attributes
    ----------
    activity_lag : array (n_synapses,)
        M: mean lag in steps of the trace of what arrives.
    slope_lag : array (n_units,)
        M^s, likewise; 0 where no error comes back.
    stages : int
        n.
    one_length : bool
        Whether the loops of each unit have one length; if not, lags are means over them.
    """

    activity_lag: Floats
    slope_lag: Floats
    stages: int
    one_length: bool
    longest_age: ClassVar[int] = 1

    @property
    def exact_units(self) -> Bools:
        """Units (n_units,) of which the synapses learn from the gradient itself: none by traces."""
        return np.zeros(len(self.slope_lag), dtype=bool)

    @property
    def longest_wait(self) -> float:
        """Mean steps for which anything waits at most."""
        return float(max(self.activity_lag.max(initial=0), self.slope_lag.max(initial=0)))

    def remembered(self, graph: Graph) -> Ints:
        """Values of traces that each unit keeps (n_units,): those of its activity and its slope."""
        kept = self.stages * (self.slope_lag > 0).astype(np.int64)
        pre, _, lag = self.distinct(graph)[0]
        np.add.at(kept, pre.astype(np.int64), self.stages * (lag > 0))
        return kept

    def distinct(self, graph: Graph) -> tuple[Floats, Ints]:
        """The traces (3, n), each a unit, a delay and a lag, and the one of each synapse.

        All synapses of a unit with the same delay and lag share one.
        """
        keys = np.stack([graph.pre, graph.forward_lag, self.activity_lag])
        traces, own = np.unique(keys, axis=1, return_inverse=True)
        return traces, own.ravel()

    def settling_steps(self) -> int:
        """Steps from the first exact one of the waves on until all traces have settled."""
        lags = [self.activity_lag.max(initial=0), self.slope_lag.max(initial=0)]
        return int(np.ceil(_SETTLED * max(lags)))

    def row(self, row: ProjectionLatency, graph: Graph, latencies: Latencies) -> ProjectionLatency:
        """The latencies of a projection: as they are, until traces settle (`settling_steps`)."""
        return row


Alignment = Matched | Traced


class Smoothing(NamedTuple):
    """One stage of a trace: z += gain (x - z) in every step.

    What is read is z as it was before this step, or, where `at_once`, after it; see `smoothing`.
    """

    gain: Floats
    at_once: Bools


def smoothing(lag: Floats, stages: int) -> Smoothing:
    """The stage of which `stages` in a row have the mean lag `lag`, to the very step.

    z(t) = z(t-1) + k (x(t) - z(t-1)) weighs x(t-j) by k (1-k)^j, of which the mean age is (1-k)/k.
    Read before its update, z(t-1), it is one step more: 1/k. So for a lag of m = lag/stages of one
    step or more, k = 1/m, read before; this also is the better of the two, because one of the m
    steps is then a pure delay. Below one step it must be read after: k = 1/(1 + m). A lag of 0
    leaves x as it is.

    Parameters
    ----------
    lag : array
        Mean lags in steps, 0 or more, of any shape.
    """
    each = np.asarray(lag, dtype=np.float64) / stages
    at_once = each < 1
    return Smoothing(1 / (each + at_once), at_once)


def build_alignment(model: Model, graph: Graph, latencies: Latencies) -> Alignment | None:
    """How the model's waves are aligned; None where the product is of what is there now."""
    rule = model.plasticity
    if not isinstance(rule, Plasticity) or rule.alignment == "none":
        return None
    loops = compute_loops(graph)
    activity, slope = _lag(loops.mean[graph.post]), _lag(loops.returned)
    if rule.alignment == "trace":
        return Traced(activity, slope, rule.stages or 1, bool(loops.one_length.all()))
    ages = np.rint(activity).astype(np.int64) + graph.forward_lag
    return Matched(ages, np.rint(slope).astype(np.int64), loops.one_length)


def learning_latencies(
    graph: Graph, latencies: Latencies, alignment: Alignment | None
) -> list[ProjectionLatency]:
    """F, R, M and first exact step of every projection, as it learns."""
    rows = projection_latencies(graph, latencies)
    return [alignment.row(row, graph, latencies) if alignment else row for row in rows]


def _lag(loop: Floats) -> Floats:
    """Steps to wait; 0 where no error comes. A mean is a whole number only to rounding."""
    return np.maximum(np.nan_to_num(np.round(loop, 9)), 0.0)


def _settled_errors(graph: Graph, latencies: Latencies, slope_age: Ints) -> Floats:
    """Step (n_units,) from which errors stay as they are, with constant stimuli.

    An error does when what comes back does, and when its slope is that of a settled activity.
    """
    settled, returns = latencies.longest_age.copy(), graph.returning
    slope = latencies.longest_forward + slope_age
    for part in reversed(graph.populations):
        settled[part.units] = np.maximum(settled[part.units], slope[part.units])
        own = returns.out_of(part.units)
        np.maximum.at(settled, returns.sink[own], settled[returns.source[own]] + returns.lag[own])
    return settled
