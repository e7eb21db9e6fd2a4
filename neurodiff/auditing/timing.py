"""How learning goes on in time: who waits for whom, how fast inputs and weights may change."""

import numpy as np

from neurodiff.auditing.finding import Finding, Verdict
from neurodiff.forecast import (
    Band,
    Ceiling,
    against_ceiling,
    hold_shares,
    learnable_bands,
    learning_rate_ceilings,
)
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.latency import ProjectionLatency
from neurodiff.plan import Plan

_LOCKING = "no weight has to stay as it is until the waves have passed"
_PHASES = "activity, errors and learning need no periods of their own"
_BAND = "the input is slow enough for each layer to learn what reduces the loss"
_CEILING = "weights learn slowly enough for the delay of their own loop"


def update_locking(plan: Plan) -> Finding:
    """Whether weights have to wait, once learning has begun, for any wave to come by."""
    graph, rule = plan.graph, plan.plasticity
    evidence: dict[str, object] = {"steps_between_updates": 1}
    details = ["every weight may change in every step"]
    if not graph.cyclic:
        waves = max(row.exact_from for row in plan.projection_latencies)
        evidence["steps_of_both_waves"] = waves
        details.append(f"both waves together take {waves} steps, and weights do not wait for them")
    return Finding(
        "update_locking",
        _LOCKING,
        "holds",
        f"weights learn in every step from step {rule.start} on, while the waves are on their way",
        evidence,
        tuple(details),
    )


def separate_phases(plan: Plan) -> Finding:
    """Whether anything is done at times when something else must not be."""
    silent, steps = plan.feedback.first_errors, plan.stimuli.learning_steps
    verdict: Verdict = "holds"
    why = "activity and errors travel, and weights learn, all at the same time"
    if silent:
        verdict = "does not hold"
        why = (
            "at first units send noise, from which backward weights learn, and no error comes back "
            "until that has left the network"
        )
    evidence = {"share_of_the_time_apart": silent / steps, "time_apart_ms": _ms(silent, plan)}
    details = (f"{100 * silent / steps:.3g} % of the time of learning is set apart",)
    return Finding("separate_phases", _PHASES, verdict, why, evidence, details)


def learnable_band(plan: Plan) -> Finding:
    """Whether the mean update of each projection goes down the gradient, for the model's input."""
    bands = learnable_bands(plan)
    verdict, why, evidence = _against_input(plan, bands)
    cutoffs = {band.projection.name: _number(band.cutoff) for band in bands}
    reasons = {band.projection.name: band.why for band in bands if band.why}
    rows = plan.projection_latencies
    details = tuple(_limit(band, row) for band, row in zip(bands, rows, strict=True))
    found = {"cutoff_hz": cutoffs, "depends": reasons} | evidence
    return Finding("learnable_band", _BAND, verdict, why, found, details)


def _against_input(plan: Plan, bands: list[Band]) -> tuple[Verdict, str, dict[str, object]]:
    """Compare what each projection learns from with what the model says of its input."""
    pace, shown = plan.stimuli.pace, plan.stimuli.presentations
    learning = [band for band in bands if plan.graph.plastic[band.projection.synapses].any()]
    if learning and all(np.isinf(band.cutoff) for band in learning):
        return "holds", "activity and error that meet are about one input, at any speed", {}
    if shown is not None:
        return _against_hold(plan, learning, shown.hold)
    if pace.fastest == 0:
        return _against_rest(learning)
    if pace.fastest is not None:
        return _against_tones(learning, pace.fastest)
    why = "the model file does not say how fast its input is; compare it with these frequencies"
    return "depends", why, {}


def _against_rest(bands: list[Band]) -> tuple[Verdict, str, dict[str, object]]:
    """Whether updates go down the gradient once both waves have come to rest."""
    unknown = [band for band in bands if np.isnan(band.cutoff)]
    if not unknown:
        return "holds", "the input is constant", {"input_hz": 0.0}
    names = ", ".join(band.projection.name for band in unknown)
    whys = ", ".join(dict.fromkeys(band.why for band in unknown if band.why))
    return "depends", f"no number is known for {names}: {whys}", {"input_hz": 0.0}


def _against_tones(bands: list[Band], fastest: float) -> tuple[Verdict, str, dict[str, object]]:
    """Whether updates go down the gradient at the tones themselves, or below the frequencies."""
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
        why = f"the input has {fastest:g} Hz, too fast for {', '.join(beyond)}"
        return "does not hold", why, evidence
    if unknown:
        whys = ", ".join(dict.fromkeys(band.why for band in bands if band.why))
        return "depends", f"no number is known for {', '.join(unknown)}: {whys}", evidence
    why = f"with tones of up to {fastest:g} Hz the mean update of each layer goes down the gradient"
    return "holds", why, evidence


def _learns_from(band: Band, fastest: float) -> bool | None:
    """Whether a projection learns from tones of up to so many Hz; None where nobody knows."""
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
        why = f"a frame lasts {held}: too short for its error to meet it in {', '.join(never)}"
        return "does not hold", why, evidence
    if unknown:
        return "depends", f"no share is known for {', '.join(unknown)}", evidence
    why = (
        f"a frame lasts {held}: activity and error of one frame meet in "
        f"{100 * min(shares.values()):.3g} % of it at least"
    )
    return "holds", why, evidence


def _limit(band: Band, row: ProjectionLatency) -> str:
    name = band.projection.name
    if np.isnan(band.cutoff):
        return (
            f"{name}: depends: {band.why}" if band.why else f"{name}: its weights stay as they are"
        )
    if np.isinf(band.cutoff):
        return f"{name}: learns at any speed of the input"
    apart = f"its waves are {row.mismatch:.4g} steps apart"
    return f"{name}: learns below {band.cutoff:.4g} Hz ({apart})"


def learning_rate_ceiling(plan: Plan) -> Finding:
    """Whether the learning rate is below what the delays of all loops together allow."""
    rate = plan.plasticity.learning_rate / plan.graph.time_step
    found = learning_rate_ceilings(plan)
    alone = {part.population.name: part.rate for part in found.alone if part.population}
    names = [name for name, ceiling in alone.items() if rate >= ceiling]
    evidence = {
        "learning_rate_hz": rate,
        "ceiling_of_all_hz": found.whole.rate if found.whole else None,
        "swing_steps": found.whole.swing if found.whole else None,
        "ceiling_hz": alone,
        "above": names,
    }
    if found.whole is None:
        return Finding("learning_rate_ceiling", _CEILING, "depends", found.why, evidence)
    verdict, why = against_ceiling(plan, rate, found.whole)
    details = (_whole(found.whole), *(_ceiling(part) for part in found.alone))
    return Finding("learning_rate_ceiling", _CEILING, verdict, why, evidence, details)


def _whole(part: Ceiling) -> str:
    return (
        f"all that learn together: below {part.rate:.4g} Hz, beyond which weights swing with a "
        f"period of {part.swing:.4g} steps"
    )


def _ceiling(part: Ceiling) -> str:
    name = part.population.name if part.population else "all"
    return (
        f"{name}, if nothing else learned: below {part.rate:.4g} Hz, by a loop of {part.loop:.4g} "
        f"steps and a curvature of {part.curvature:.3g}"
    )


def _ms(steps: float, plan: Plan) -> float:
    return round(1e3 * steps * plan.model.time_step, 9)


def _number(frequency: float) -> float | None:
    """A frequency as JSON holds it: None for any speed, and where there is none."""
    return frequency if np.isfinite(frequency) else None
