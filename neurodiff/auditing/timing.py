"""How learning proceeds in time: locking, phases, and how fast inputs and weights may change."""

import numpy as np

from neurodiff.auditing.finding import Finding, Verdict
from neurodiff.forecast import (
    Band,
    Ceiling,
    Ceilings,
    against_ceiling,
    hold_shares,
    learnable_bands,
    learning_rate_ceilings,
)
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.latency import ProjectionLatency
from neurodiff.plan import Plan

_LOCKING = "weights are updated without waiting for a forward and a backward pass to end"
_PHASES = "activity, errors and learning need no separate phases"
_BAND = "the input changes slowly enough for the mean update of each layer to reduce the loss"
_CEILING = "the learning rate is low enough for all weights to converge in spite of the delays"

#: What is said of a learning rate below its ceiling, above it, and where that is open.
_OF_RATE: dict[str, Verdict] = {"holds": "met", "does not hold": "not met", "depends": "depends"}

#: Ceilings that differ by less than this are equal but for rounding.
_ROUNDING = 1e-6


def updates_without_locking(plan: Plan) -> Finding:
    """Judge whether weights are updated without waiting for a forward or a backward pass.

    Parameters
    ----------
    plan : Plan
        The plan of the model.

    Returns
    -------
    Finding
        Met by every model, as weights are updated in every step.
    """
    graph, rule = plan.graph, plan.plasticity
    evidence: dict[str, object] = {"steps_between_updates": 1}
    details = ["every weight may change in every step"]
    if not graph.cyclic:
        waves = max(row.exact_from for row in plan.projection_latencies)
        evidence["steps_of_both_waves"] = waves
        details.append(f"both passes together take {waves} steps; updates do not wait for them")
    return Finding(
        "updates_without_locking",
        _LOCKING,
        "met",
        f"weights are updated in every step from step {rule.start} on, while activity and errors "
        "still travel",
        evidence,
        tuple(details),
    )


def one_phase(plan: Plan) -> Finding:
    """Judge whether activity, errors and learning go on at the same time.

    Parameters
    ----------
    plan : Plan
        The plan of the model.

    Returns
    -------
    Finding
        Not met where the backward weights are learned in a phase of their own.
    """
    silent, steps = plan.feedback.first_errors, plan.stimuli.learning_steps
    verdict: Verdict = "met"
    why = "activity and errors travel, and weights learn, all at the same time"
    if silent:
        verdict = "not met"
        why = (
            "in a first phase units send noise, from which the backward weights learn; no error is "
            "sent back until the noise has left the network"
        )
    evidence = {"share_of_the_time_apart": silent / steps, "time_apart_ms": _ms(silent, plan)}
    details = (f"{100 * silent / steps:.3g} % of the learning time is a separate phase",)
    return Finding("one_phase", _PHASES, verdict, why, evidence, details)


def input_slow_enough(plan: Plan) -> Finding:
    """Judge whether the mean update of each projection follows the gradient for the model's input.

    Parameters
    ----------
    plan : Plan
        The plan of the model.

    Returns
    -------
    Finding
        Not met where the input is too fast for a projection; depends where that is not known.
    """
    bands = learnable_bands(plan)
    verdict, why, evidence = _against_input(plan, bands)
    cutoffs = {band.projection.name: _number(band.cutoff) for band in bands}
    reasons = {band.projection.name: band.why for band in bands if band.why}
    rows = plan.projection_latencies
    details = tuple(_limit(band, row) for band, row in zip(bands, rows, strict=True))
    found = {"cutoff_hz": cutoffs, "depends": reasons} | evidence
    return Finding("input_slow_enough", _BAND, verdict, why, found, details)


def _against_input(plan: Plan, bands: list[Band]) -> tuple[Verdict, str, dict[str, object]]:
    """Compare the limits of each projection with what the model says of its input."""
    pace, shown = plan.stimuli.pace, plan.stimuli.presentations
    learning = [band for band in bands if plan.graph.plastic[band.projection.synapses].any()]
    if learning and all(np.isinf(band.cutoff) for band in learning):
        return "met", "activity and error that meet belong to the same input at any speed", {}
    if shown is not None:
        return _against_hold(plan, learning, shown.hold)
    if pace.fastest == 0:
        return _against_rest(learning)
    if pace.fastest is not None:
        return _against_tones(learning, pace.fastest)
    why = (
        "the model file does not say how fast its input changes; compare it with these frequencies"
    )
    return "depends", why, {}


def _against_rest(bands: list[Band]) -> tuple[Verdict, str, dict[str, object]]:
    """Whether updates follow the gradient once activity and errors are constant."""
    unknown = [band for band in bands if np.isnan(band.cutoff)]
    if not unknown:
        return "met", "the input is constant", {"input_hz": 0.0}
    names = ", ".join(band.projection.name for band in unknown)
    whys = ", ".join(dict.fromkeys(band.why for band in unknown if band.why))
    return "depends", f"no number is known for {names}: {whys}", {"input_hz": 0.0}


def _against_tones(bands: list[Band], fastest: float) -> tuple[Verdict, str, dict[str, object]]:
    """Whether updates follow the gradient at the tones, or else at frequencies up to theirs."""
    names = [band.projection.name for band in bands]
    learns = [_learns_from(band, fastest) for band in bands]
    beyond = [name for name, does in zip(names, learns, strict=True) if does is False]
    unknown = [name for name, does in zip(names, learns, strict=True) if does is None]
    evidence = {
        "input_hz": fastest,
        "beyond": beyond,
        "cosine_at_input": {band.projection.name: _number(band.at_input) for band in bands},
    }
    if beyond:
        why = f"the input has {fastest:g} Hz, which is too fast for {', '.join(beyond)}"
        return "not met", why, evidence
    if unknown:
        whys = ", ".join(dict.fromkeys(band.why for band in bands if band.why))
        return "depends", f"no number is known for {', '.join(unknown)}: {whys}", evidence
    why = f"for tones of up to {fastest:g} Hz the mean update of each layer reduces the loss"
    return "met", why, evidence


def _learns_from(band: Band, fastest: float) -> bool | None:
    """Whether a projection learns from tones of up to so many Hz; None where that is not known."""
    if not np.isnan(band.at_input):
        return band.at_input > 0
    return None if np.isnan(band.cutoff) else fastest < band.cutoff


def _against_hold(
    plan: Plan, bands: list[Band], hold: int
) -> tuple[Verdict, str, dict[str, object]]:
    # layer l sees max(0, T_h - M_l) exact steps of each frame (theory 2.3)
    found = hold_shares(plan, hold)
    parts = plan.graph.projections
    shares = {band.projection.name: float(found[parts.index(band.projection)]) for band in bands}
    never = [name for name, share in shares.items() if share <= 0]
    unknown = [name for name, share in shares.items() if np.isnan(share)]
    held = format_quantity(hold * plan.model.time_step, TIME_UNITS)
    evidence = {
        "hold_ms": _ms(hold, plan),
        "share_that_meets": {name: _number(share) for name, share in shares.items()},
        "beyond": never,
    }
    if never:
        names = ", ".join(never)
        why = f"a frame lasts {held}: its error comes too late to meet its activity in {names}"
        return "not met", why, evidence
    if unknown:
        return "depends", f"no share is known for {', '.join(unknown)}", evidence
    why = (
        f"a frame lasts {held}: activity and error of the same frame meet in at least "
        f"{100 * min(shares.values()):.3g} % of that time"
    )
    return "met", why, evidence


def _limit(band: Band, row: ProjectionLatency) -> str:
    """The limit of a projection in words."""
    name = band.projection.name
    if np.isnan(band.cutoff):
        return f"{name}: depends: {band.why}" if band.why else f"{name}: its weights do not learn"
    if np.isinf(band.cutoff):
        return f"{name}: learns at any speed of the input"
    apart = f"activity and error are {row.mismatch:.4g} steps apart"
    return f"{name}: learns from inputs below {band.cutoff:.4g} Hz ({apart})"


def learning_rate_low_enough(plan: Plan) -> Finding:
    """Judge whether the learning rate is below its ceiling: the largest with which weights settle.

    Parameters
    ----------
    plan : Plan
        The plan of the model.

    Returns
    -------
    Finding
        Not met above the ceiling of all weights together; depends where there is no such number, or
        where inputs are shorter than an oscillation of the weights.
    """
    rate = plan.plasticity.learning_rate / plan.graph.time_step
    found = learning_rate_ceilings(plan)
    alone = {part.population.name: part.rate for part in found.alone if part.population}
    damped = _damped(found)
    evidence = {
        "learning_rate_hz": rate,
        "ceiling_of_all_hz": found.whole.rate if found.whole else None,
        "swing_steps": found.whole.swing if found.whole else None,
        "ceiling_hz": alone,
        "above": [name for name, ceiling in alone.items() if rate >= ceiling],
        "damped": damped,
    }
    name = "learning_rate_low_enough"
    if found.whole is None:
        return Finding(name, _CEILING, "depends", found.why, evidence)
    verdict, why = against_ceiling(plan, rate, found.whole)
    details = [_whole(found.whole), *(_ceiling(part) for part in found.alone)]
    if damped:
        details.append(
            f"the ceiling of all weights together is above that of {', '.join(damped)} alone, "
            "because layers nearer to the output correct the same error after a shorter delay, and "
            "so damp the layers before them"
        )
    return Finding(name, _CEILING, _OF_RATE[verdict], why, evidence, tuple(details))


def _damped(found: Ceilings) -> list[str]:
    """Names of populations whose own ceiling is below that of all weights together."""
    if found.whole is None:
        return []
    least = found.whole.rate * (1 - _ROUNDING)
    return [part.population.name for part in found.alone if part.population and part.rate < least]


def _whole(part: Ceiling) -> str:
    return (
        f"all weights together: below {part.rate:.4g} Hz; above it they oscillate with a period of "
        f"{part.swing:.4g} steps"
    )


def _ceiling(part: Ceiling) -> str:
    name = part.population.name if part.population else "all"
    return (
        f"{name} alone: below {part.rate:.4g} Hz, with a loop of {part.loop:.4g} steps and a "
        f"curvature of {part.curvature:.3g}"
    )


def _ms(steps: float, plan: Plan) -> float:
    return round(1e3 * steps * plan.model.time_step, 9)


def _number(frequency: float) -> float | None:
    """A frequency as JSON holds it: None for any speed, and where there is none."""
    return frequency if np.isfinite(frequency) else None
