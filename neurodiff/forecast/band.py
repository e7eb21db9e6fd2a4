"""Up to what frequency of the input each projection learns what reduces the loss (theory 19).

A projection learns at a frequency while the inner product of its mean local product with the
gradient of the delayed network's mean loss, over its plastic synapses, is positive. Both are those
of the network at its start, with its own weights, delays, leaks, alignment and feedback.

- For an input of tones with a constant target or a teacher, both are found from the network's
  periodic answer, for the amplitudes and phases of the model; all tones keep their proportions.
- For any other input or target the network is linearised at some moments of the run, inputs are
  taken to be uncorrelated tones of one size, and errors to have any phase.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurodiff.exceptions import FixedPointError
from neurodiff.forecast.hops import Hops
from neurodiff.forecast.linear import answer, symmetric_hops
from neurodiff.forecast.operating import operating_points
from neurodiff.forecast.periodic import PeriodicNetwork
from neurodiff.forecast.sign_changes import first_turns
from neurodiff.forecast.tones import tones_of
from neurodiff.network.graph import Floats, Projection
from neurodiff.network.loops import compute_loops
from neurodiff.network.settling_time import SETTLED, estimate_convergence
from neurodiff.plan import Plan

#: Points for the longest delay of the scan's period, points at most, and those with cycles, where
#: each takes many rounds.
_RESOLUTION, _POINTS, _ROUND = 8, 4000, 200

#: Elementary operations that a scan may take.
_WORK = 2e10

#: Moments at which a network is linearised, and synapses of a large one: there it is one.
_MOMENTS, _LARGE = 3, 50_000

#: Gradients below this part of the largest are rounding.
_ROUNDING = 1e-11


@dataclass(frozen=True)
class Band:
    """What frequencies one projection learns from.

    Attributes
    ----------
    projection : Projection
    cutoff : float
        In Hz: the first at which its mean update turns against the gradient; inf where none does,
        NaN where there is no number, or nothing learns.
    why : str
        Why there is no number; empty where there is one, and where nothing learns.
    at_input : float
        Cosine of its mean update with the gradient at the tones of the model; NaN without tones.
    """

    projection: Projection
    cutoff: float
    why: str = ""
    at_input: float = np.nan


def learnable_bands(plan: Plan) -> list[Band]:
    """Up to what frequency each projection of a model learns, in the order of the graph.

    Parameters
    ----------
    plan : Plan
        A model with what was made of it: a simulation, or a recorded run.
    """
    why = _no_number(plan)
    if why:
        return [Band(part, np.nan, why) for part in plan.graph.projections]
    measure, now = _measure(plan)
    try:
        return _scan(plan, measure, now)
    except FixedPointError as error:
        return [Band(part, np.nan, str(error)) for part in plan.graph.projections]


def _no_number(plan: Plan) -> str:
    """Why nothing can be said of how fast an input may be; empty where something may."""
    feedback = plan.feedback
    if feedback.learned_first:
        return "the backward weights are learned before anything else, and not known at the start"
    return "" if settles(plan) else "with the weights of the start its cycles do not settle"


def settles(plan: Plan) -> bool:
    """Whether both waves of a model settle with its first input and the weights of its start.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    """
    graph, b = plan.graph, plan.backward_weights
    if not graph.cyclic:
        return True
    first = plan.first_input
    return estimate_convergence(graph, plan.w, plan.bias, first, b).steps is not None


Measure = Callable[[float], Floats]


def _measure(plan: Plan) -> tuple[Measure, float | None]:
    """Cosines by frequency of the fastest tone in radian per step; and the model's own, if any."""
    tones, target = tones_of(plan.stimuli.input), plan.stimuli.target_of
    if tones is None or target is None:
        return _linear_measure(plan), None
    b = plan.backward_weights
    network = PeriodicNetwork(
        hops=Hops.of(plan.graph, plan.w, b),
        bias=plan.bias,
        loss=plan.model.loss,
        alignment=plan.alignment,
        tones=tones.pattern,
        target=target,
        target_lag=plan.stimuli.target_lag,
    )

    def measure(omega: float) -> Floats:
        return _cosines(plan, *network.means(omega))

    return measure, tones.fastest


def _cosines(plan: Plan, product: Floats, gradient: Floats) -> Floats:
    """Cosine of both (n_synapses,) over the plastic synapses of each projection; NaN without."""
    found: list[float] = []
    largest = np.abs(gradient).max(initial=0.0)
    for part in plan.graph.projections:
        own = np.flatnonzero(plan.graph.plastic[part.synapses]) + part.start
        sizes = np.linalg.norm(product[own]), np.linalg.norm(gradient[own])
        if sizes[1] <= _ROUNDING * largest or not largest:
            found.append(np.nan)
        else:
            found.append(float(product[own] @ gradient[own] / (sizes[0] * sizes[1] or 1.0)))
    return np.array(found)


def _linear_measure(plan: Plan) -> Measure:
    """Cosines of the linearised network, for inputs and errors of any phase."""
    strengths = strengths_of(plan)
    return lambda omega: _ratio(*strengths(omega))


def _ratio(strength: Floats, size: Floats) -> Floats:
    known = size > _ROUNDING * size.max(initial=0.0)
    return np.divide(strength, size, out=np.full_like(size, np.nan), where=known)


def strengths_of(
    plan: Plan, *, symmetric: bool = False
) -> Callable[[float], tuple[Floats, Floats]]:
    """Inner products of mean updates with gradients (n_projections,), and what they are at most.

    Both are functions of the frequency in radian per step.

    With P and B as in `neurodiff.forecast.linear.Tone`, A what alignment does to the arriving
    activity and X the phasor of the presynaptic activity, the mean over all phases of the error is

        sum over synapses and outputs of Re[B_post P_post conj(A)] |X_pre|^2

    For one length of the loop it is cos(omega M) of what it is at most. With `symmetric` errors are
    taken to come back by the forward weights, whatever the feedback: what is left is its delays.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    symmetric : bool, optional
        Whether errors come back by the forward weights instead of by those of the model's feedback.
    """
    graph = plan.graph
    moments = _MOMENTS if graph.n_synapses <= _LARGE else 1
    points, loss = operating_points(plan, moments), plan.model.loss
    hops = [Hops.of(graph, plan.w, plan.backward_weights)] * len(points)
    if symmetric:
        hops = [symmetric_hops(graph, plan.w, point.slope, loss) for point in points]

    def of_synapses(omega: float) -> tuple[Floats, Floats]:
        waits = plan.alignment.activity_response(graph, omega, slice(None))
        strength, size = np.zeros((2, graph.n_synapses))
        for point, ways in zip(points, hops, strict=True):
            tone = answer(ways, point.slope, loss, omega)
            both, power = tone.back * tone.ahead, tone.power[graph.pre] * graph.plastic
            strength += np.real(both.sum(axis=0)[graph.post] * np.conj(waits)) * power
            size += np.abs(both).sum(axis=0)[graph.post] * np.abs(waits) * power
        return strength, size

    def by_projection(omega: float) -> tuple[Floats, Floats]:
        strength, size = of_synapses(omega)
        own = [part.synapses for part in graph.projections]
        return np.array([strength[k].sum() for k in own]), np.array([size[k].sum() for k in own])

    return by_projection


def _scan(plan: Plan, measure: Measure, now: float | None) -> list[Band]:
    """Bands from the cosines by frequency."""
    graph, longest, exact = plan.graph, longest_lag(plan), _exact(plan)
    step = np.pi / (_RESOLUTION * max(longest, 1.0))
    most = int(min(_ROUND if graph.cyclic else _POINTS, _WORK / (200 * graph.n_synapses)))

    def wanted(omega: float) -> Floats:
        # what is the gradient itself need not be scanned
        return np.where(exact, np.nan, measure(omega))

    slow = measure(1e-3 * step)
    turns, end = first_turns(wanted, step, most)
    at_input = measure(now) if now else np.full(len(turns), np.nan)
    bands = []
    for n, part in enumerate(graph.projections):
        learns = exact[n] and not np.isnan(slow[n])
        cutoff, why = _cutoff(turns[n], end, graph.time_step) if not learns else (np.inf, "")
        if not graph.plastic[part.synapses].any():
            cutoff, why = np.nan, ""
        bands.append(Band(part, cutoff, why, float(at_input[n])))
    return bands


def _cutoff(turn: float, end: float, time_step: float) -> tuple[float, str]:
    """Frequency in Hz of a turn in radian per step, or why there is none."""
    if np.isnan(turn):
        return np.nan, "no gradient reaches it at the start"
    if turn == 0:
        return np.nan, (
            "at the start its mean update does not go down the gradient, however slow the input"
        )
    if np.isinf(turn) and end < np.pi:
        return np.nan, f"it learns up to {end / (2 * np.pi * time_step):.4g} Hz at least"
    return float(turn / (2 * np.pi * time_step)), ""


def _exact(plan: Plan) -> np.ndarray:
    """Projections (n,) of which the local product is the gradient itself, at any speed."""
    graph = plan.graph
    loops = compute_loops(graph)
    at_once = loops.one_length & (np.nan_to_num(loops.mean) == 0)
    at_once |= plan.alignment.exact_units(plan.graph)
    if not plan.feedback.symmetric:
        # errors of hidden units are something else than the gradient
        at_once &= np.isin(np.arange(graph.n_units), graph.outputs)
    return np.array([bool(at_once[graph.post[part.synapses]].all()) for part in graph.projections])


def longest_lag(plan: Plan) -> float:
    """Steps of the longest way of a signal that counts for its phase.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    """
    graph, alignment = plan.graph, plan.alignment
    loops = compute_loops(graph)
    ages = float(alignment.longest_wait)
    if graph.cyclic:
        first = plan.first_input
        steps = estimate_convergence(graph, plan.w, plan.bias, first).steps or 0
        # a deviation that is e^-3 of what it was turns no sum around
        return ages + steps * 3 / -np.log(SETTLED)
    ways = plan.latencies.longest_forward[graph.outputs]
    finite = [values[np.isfinite(values)] for values in (loops.longest, ways)]
    return ages + sum(float(values.max(initial=0.0)) for values in finite)
