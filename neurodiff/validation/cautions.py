"""What to know beside a verdict: that nothing moved, that units are saturated, and so on."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from neurodiff.forecast import against_ceiling, learning_rate_ceilings
from neurodiff.network.populations import Population
from neurodiff.network.static_response import respond, slopes
from neurodiff.validation.case import Case
from neurodiff.validation.report import GradientReport

Floats = NDArray[np.float64]

#: Updates that are so many times as large as the gradient are told.
_MANY_TIMES = 3.0

#: A unit is saturated where its slope is below this part of its steepest, for all inputs looked at;
#: of that without drive where there is no steepest.
_FLAT, _INPUTS = 0.01, 50


def cautions(case: Case, gradient: GradientReport | None) -> tuple[str, ...]:
    """Sentences on what makes a run say less than its verdict seems to.

    Parameters
    ----------
    case : Case
        Of a run that has ended.
    gradient : GradientReport or None
        Report on the gradient; None where the run was not compared.

    Returns
    -------
    tuple of str
        Sentences; empty where there is nothing to know.
    """
    found = [*_nothing_moved(case), *_saturated(case), *_too_fast(case)]
    if gradient is not None:
        found += [*_many_frames(case), *_too_large(gradient)]
    return tuple(found)


def _nothing_moved(case: Case) -> Iterator[str]:
    """That no weight moved, and why."""
    w = case.recording["w"].values
    if not np.array_equal(w[0], w[-1]):
        return
    compared = "the local products were compared all the same"
    yield f"no weight moved: {_why_frozen(case)}; {compared}"


def _why_frozen(case: Case) -> str:
    if not case.plan.plasticity.learns:
        return "the model has no plasticity rule"
    if case.plan.plasticity.learning_rate == case.plan.plasticity.weight_decay == 0:
        return "`plasticity.learning_rate` is 0"
    if not case.graph.plastic.any():
        return "every projection is `plastic: false`"
    first = np.nanmin(case.plan.latencies.age[case.graph.outputs], initial=np.inf)
    steps = int(case.recording.attrs["steps"])
    if steps <= max(first, case.plan.plasticity.start):
        return f"the run ended after {steps} steps, before a first error could change anything"
    return "all local products were 0 while plasticity was on"


def _saturated(case: Case) -> Iterator[str]:
    """Populations of which more than half of the units hardly answer to anything, at the end."""
    if case.graph.cyclic or not np.isfinite(case.recording["w"].values[-1]).all():
        return
    steps = np.linspace(0, max(case.stop - 1, 0), _INPUTS).astype(np.int64)
    w, bias = case.recording["w"].values[-1], case.recording["bias"].values[-1]
    with np.errstate(over="ignore", invalid="ignore"):
        a, _ = respond(case.graph, w, np.nan_to_num(bias), case.stimuli.input.at(steps))
        slope = slopes(case.graph, a).max(axis=0)
    for part in _may_saturate(case):
        steep = part.sigma.steepest
        if not np.isfinite(steep):
            # an f-I curve rises vertically where neurons begin to fire
            steep = float(part.sigma.slope(np.zeros(1))[0])
        flat = int(np.sum(slope[part.units] < _FLAT * steep))
        if flat > part.size / 2:
            yield (
                f"{flat} of {part.size} units of `{part.name}` are saturated with the weights of "
                "the end, and no error passes them; a lower `plasticity.learning_rate`, or smaller "
                "weights at the start, may help"
            )


def _may_saturate(case: Case) -> Sequence[Population]:
    """All populations but inputs, and outputs whose error does not pass their slope."""
    free = {"input", "output"} if case.model.loss == "cross_entropy" else {"input"}
    return [part for part in case.graph.populations if part.role not in free]


def _too_fast(case: Case) -> Iterator[str]:
    """That the learning rate is above what the delays allow, as the audit says."""
    if case.frozen or case.graph.cyclic:
        return
    whole = learning_rate_ceilings(case.plan).whole
    if whole is None:
        return
    rate = case.plan.plasticity.learning_rate / case.graph.time_step
    verdict, why = against_ceiling(case.plan, rate, whole)
    if verdict == "does not hold":
        yield f"above the ceiling of the learning rate: {why} (see `neurodiff audit`)"


def _many_frames(case: Case) -> Iterator[str]:
    """That no one frame is in a layer, where the reference takes one for all of its synapses."""
    latencies, graph = case.plan.latencies, case.graph
    if case.model.reference != "error_frame":
        return
    spread = latencies.longest_forward - latencies.shortest_forward
    mixed = [part.name for part in graph.populations if (spread[part.units] > 0).any()]
    if mixed:
        yield (
            f"paths of several lengths lead from the input to `{mixed[0]}`: error_frame takes the "
            "gradient for one moment of the input, and that of the delayed network is about several"
        )


def _too_large(gradient: GradientReport) -> Iterator[str]:
    """That updates are many times as large as the gradient."""
    large = [layer for layer in gradient.layers if (layer.norm_ratio or 0.0) >= _MANY_TIMES]
    if large:
        sizes = ", ".join(f"{layer.text('norm_ratio')} times in {layer.name}" for layer in large)
        yield f"updates are many times as large as the gradient: {sizes}"
