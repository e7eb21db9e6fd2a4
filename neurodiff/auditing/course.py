"""How learning goes on in time: who waits for whom, how fast inputs and weights may change."""

import numpy as np

from neurodiff.alignment import learning_latencies
from neurodiff.auditing.finding import Finding, Verdict
from neurodiff.feedback import Mirror
from neurodiff.latency import ProjectionLatency
from neurodiff.simulation import Simulation
from neurodiff.spec.quantities import TIME_UNITS, format_quantity
from neurodiff.spec.signals import ArrayInput, NoiseInput, SinusoidInput
from neurodiff.validation.case import Case
from neurodiff.validation.ceilings import Ceiling, learning_rate_ceilings

_LOCKING = "no weight has to stay as it is until the waves have passed"
_PHASES = "activity, errors and learning need no periods of their own"
_BAND = "the input is slow enough for each layer to learn what reduces the loss"
_CEILING = "weights learn slowly enough for the delay of their own loop"


def update_locking(simulation: Simulation) -> Finding:
    """Whether weights have to wait, once learning has begun, for any wave to come by."""
    graph, rule = simulation.graph, simulation.rule
    evidence: dict[str, object] = {"steps_between_updates": 1}
    details = ["every weight may change in every step"]
    if not graph.cyclic:
        rows = learning_latencies(graph, simulation.latencies, simulation.alignment)
        waves = max(row.exact_from for row in rows)
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


def separate_phases(simulation: Simulation) -> Finding:
    """Whether anything is done at times when something else must not be."""
    feedback, steps = simulation.feedback, simulation.stimuli.learning_steps
    silent = feedback.clear if isinstance(feedback, Mirror) else 0
    verdict: Verdict = "holds"
    why = "activity and errors travel, and weights learn, all at the same time"
    if silent:
        verdict = "does not hold"
        why = (
            "at first units send noise, from which backward weights learn, and no error comes back "
            "until that has left the network"
        )
    evidence = {"share_of_the_time_apart": silent / steps, "time_apart_ms": _ms(silent, simulation)}
    details = (f"{100 * silent / steps:.3g} % of the time of learning is set apart",)
    return Finding("separate_phases", _PHASES, verdict, why, evidence, details)


def learnable_band(simulation: Simulation) -> Finding:
    """Whether the input is slow against the mismatch of each projection's waves."""
    graph = simulation.graph
    if graph.cyclic:
        why = "with cycles an error is about inputs of many ages, and has no one cutoff frequency"
        return Finding("learnable_band", _BAND, "depends", why, {})
    rows = learning_latencies(graph, simulation.latencies, simulation.alignment)
    verdict, why, evidence = _against_input(simulation, rows)
    cutoffs = {row.projection.name: _number(row.cutoff) for row in rows}
    details = tuple(f"{row.projection.name}: {_limit(row)}" for row in rows)
    return Finding(
        "learnable_band", _BAND, verdict, why, {"cutoff_hz": cutoffs} | evidence, details
    )


def _against_input(
    simulation: Simulation, rows: list[ProjectionLatency]
) -> tuple[Verdict, str, dict[str, object]]:
    """Compare the cutoffs, or the mismatches, with what the model says of its input."""
    model, shown = simulation.model, simulation.stimuli.presentations
    if all(np.isinf(row.cutoff) for row in rows):
        return "holds", "activity and error that meet are about one input, at any speed", {}
    if isinstance(model.input, SinusoidInput):
        fastest = float(np.max(model.input.frequency))
        beyond = [row.projection.name for row in rows if row.cutoff <= fastest]
        why = f"the fastest tone of the input, {fastest:g} Hz, is below the cutoff of each layer"
        if beyond:
            why = f"the input has {fastest:g} Hz, too fast for {', '.join(beyond)}"
        return "does not hold" if beyond else "holds", why, {"input_hz": fastest, "beyond": beyond}
    if shown is not None:
        return _against_hold(simulation, rows, shown.hold)
    if model.input.kind == "constant":
        return "holds", "the input is constant", {"input_hz": 0.0}
    why = "the model file does not say how fast its input is; compare it with these cutoffs"
    return "depends", why, {}


def _against_hold(
    simulation: Simulation, rows: list[ProjectionLatency], hold: int
) -> tuple[Verdict, str, dict[str, object]]:
    # layer l sees max(0, T_h - M_l) exact steps of each frame (theory 2.3)
    shares = {
        row.projection.name: 1.0 if np.isinf(row.cutoff) else max(0.0, 1 - row.mismatch / hold)
        for row in rows
    }
    never = [name for name, share in shares.items() if share == 0]
    held = format_quantity(hold * simulation.model.time_step, TIME_UNITS)
    least = min(shares.values())
    why = (
        f"a frame lasts {held}: activity and error of one frame meet in {100 * least:.3g} % of it "
        "at least"
    )
    if never:
        why = f"a frame lasts {held}: too short for its error to meet it in {', '.join(never)}"
    evidence = {"hold_ms": _ms(hold, simulation), "share_that_meets": shares, "beyond": never}
    return "does not hold" if never else "holds", why, evidence


def _limit(row: ProjectionLatency) -> str:
    if np.isnan(row.cutoff):
        return "its paths have several lengths, which alignment makes up for about"
    if np.isinf(row.cutoff):
        return "learns at any speed of the input"
    return f"learns below {row.cutoff:.4g} Hz (its waves are {row.mismatch:.4g} steps apart)"


def learning_rate_ceiling(simulation: Simulation | Case) -> Finding:
    """Whether the learning rate is below what the delay of each loop allows."""
    graph, rule = simulation.graph, simulation.rule
    if graph.cyclic:
        why = "with cycles a weight comes back in many loops, for which there is no one ceiling"
        return Finding("learning_rate_ceiling", _CEILING, "depends", why, {})
    rate = rule.learning_rate / graph.time_step
    ceilings = learning_rate_ceilings(simulation, slice(rule.start, rule.stop))
    above = [part for part in ceilings if rate >= part.rate]
    names = [part.population.name for part in above]
    lasts = _steps_of_one_input(simulation)
    verdict: Verdict = "holds"
    why = f"the learning rate, {rate:.4g} Hz, is below the ceiling of each population"
    if any(part.swing <= lasts for part in above):
        verdict, why = "does not hold", f"{rate:.4g} Hz is too high for {', '.join(names)}"
    elif above:
        verdict = "depends"
        why = (
            f"{rate:.4g} Hz would be too high for {', '.join(names)} if inputs lasted; but a swing "
            f"takes {min(part.swing for part in above):.4g} steps, and an input {lasts:.4g}"
        )
    if simulation.feedback is not None:
        why += "; ceilings are those of errors that come back through the forward weights"
    evidence = {
        "learning_rate_hz": rate,
        "ceiling_hz": {part.population.name: part.rate for part in ceilings},
        "above": names,
    }
    details = tuple(_ceiling(part) for part in ceilings)
    return Finding("learning_rate_ceiling", _CEILING, verdict, why, evidence, details)


def _steps_of_one_input(simulation: Simulation | Case) -> float:
    """For how long the input stays about as it is: of a tone, a quarter of its period."""
    model, shown = simulation.model, simulation.stimuli.presentations
    if shown is not None:
        return float(shown.hold)
    if isinstance(model.input, SinusoidInput):
        fastest = float(np.max(model.input.frequency))
        return 1 / (4 * fastest * model.time_step) if fastest else np.inf
    if isinstance(model.input, NoiseInput):
        return model.input.time_constant / model.time_step
    if isinstance(model.input, ArrayInput):
        return model.input.interval / model.time_step
    return np.inf


def _ceiling(part: Ceiling) -> str:
    return (
        f"{part.population.name}: below {part.rate:.4g} Hz, by a loop of {part.loop:.4g} steps and "
        f"a curvature of {part.curvature:.3g}"
    )


def _ms(steps: float, simulation: Simulation) -> float:
    return round(1e3 * steps * simulation.model.time_step, 9)


def _number(frequency: float) -> float | None:
    """A frequency as JSON holds it: None for any speed, and where there is none."""
    return frequency if np.isfinite(frequency) else None
