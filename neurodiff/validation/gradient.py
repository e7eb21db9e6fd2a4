"""Sets what the simulated synapses learned from against what the reference says.

Here the two halves meet. The local product delta_post * x_pre of every synapse, as the simulation
recorded it, is compared with the gradient (or with the waves) that the model's
`validation.reference` asks for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
import xarray as xr

from neurodiff.exceptions import FixedPointError, SimulationError
from neurodiff.network.settling_time import activity_factor
from neurodiff.network.static_response import drive
from neurodiff.reference.backprop import Gradient, backprop
from neurodiff.reference.fixed_point import recurrent_backprop
from neurodiff.reference.outer import Listed, Outer, Products
from neurodiff.reference.stimuli import stimuli_of
from neurodiff.reference.waves import WaveStep, delayed_waves
from neurodiff.validation.case import Case, Floats, case_of, refuse_incomplete
from neurodiff.validation.every_step import EveryStep, compare_every_step, why_not
from neurodiff.validation.loss import LossReport, compare_loss, tenths
from neurodiff.validation.moments import Compared, setting_of
from neurodiff.validation.recorded import gathering, recorded, recorded_errors, some, weights_of
from neurodiff.validation.report import (
    NO_MOMENT,
    GradientReport,
    Interval,
    LayerReport,
    compare,
    exact_from,
    over_time,
    reports_of,
)
from neurodiff.validation.sampled import estimates, sample_of, too_few
from neurodiff.validation.threads import threads_of
from neurodiff.validation.verdict import judge
from neurodiff.validation.weight_transport import compare_transport, mean_cosine

#: A deviation that grows by more than this in a step grows for good.
_AWAY = 1 + 1e-4

#: The products of each projection.
Parts = Sequence[Products]

#: Which moments are compared: `auto` is every step where that can be.
Moments = Literal["auto", "every step", "sampled"]


def validate(source: Any, moments: Moments = "auto") -> GradientReport:
    """Hold the local products of a run against their reference.

    Parameters
    ----------
    source : Simulation or xarray.Dataset
        A simulation that has run, or its recording.
    moments : {"auto", "every step", "sampled"}
        Which moments of the run the figures are of. Of those that were recorded only, figures are
        estimates with intervals.

    Returns
    -------
    GradientReport
        With `summary()`, `plot()` and `to_dict()`.

    Raises
    ------
    SimulationError
        If the simulation has not run, or stopped before the first sample.
    FixedPointError
        If the reference is a fixed point and none was found.
    """
    return validate_case(case_of(source), moments)


def validate_case(case: Case, moments: Moments = "auto") -> GradientReport:
    """Hold the local products of a rebuilt case against their reference; see `validate`.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    moments : {"auto", "every step", "sampled"}, optional
        Which moments of the run the figures are of.

    Returns
    -------
    GradientReport
        With `summary()`, `plot()` and `to_dict()`.

    Raises
    ------
    SimulationError
        If the run stopped before its first sample.
    FixedPointError
        If the reference is a fixed point and none was found.
    """
    refuse_incomplete(case)
    if not len(case.steps):
        raise SimulationError("nothing to validate: the run stopped before its first sample")
    with threads_of(case.model):
        return _report(case, moments)


def _report(case: Case, moments: Moments) -> GradientReport:
    g, truth = recorded(case), _TRUTHS[case.model.reference](case)
    found = _compare(case, g, truth, moments)
    layers = _with_exact_steps(case, g, truth, found.reports[:-1])
    if not case.plan.feedback.symmetric:
        layers = _with_transport(case, layers, found)
    verdict, asked = judge(layers, case.model, found.moments.deviation or 0.0)
    return GradientReport(
        verdict=verdict,
        asked=asked,
        reference=case.model.reference,
        total=found.reports[-1],
        layers=tuple(layers),
        moments=found.moments,
        setting=setting_of(case),
        over_time=_over_time(case, g, truth),
        title=case.model.name,
        loss=_loss(case, found.every_step),
    )


class _Comparison(NamedTuple):
    """Reports of all projections, and of all as one, and which moments they are of.

    `every_step` is what the pass over all steps gave, where there was one.
    """

    moments: Compared
    reports: list[LayerReport]
    every_step: EveryStep | None = None


def _compare(case: Case, g: Parts, truth: Parts, moments: Moments) -> _Comparison:
    """Compare every step, as recorded or computed anew; else the moments that were recorded."""
    n, of = int(case.window.sum()), case.stop - case.start
    if of <= 0:
        return _nothing(case, Compared(0, 0, "every step"), NO_MOMENT)
    if n == of and moments != "sampled":
        reports = compare(some(g, case.window), some(truth, case.window), _names(case))
        return _Comparison(Compared(n, n, "every step"), reports)
    every = moments == "every step"
    why = why_not(case, asked=every) if moments != "sampled" else "as was asked for"
    if why is None:
        found = compare_every_step(case)
        if found.same:
            compared = Compared(of, of, "every step", found.deviation, replayed=found.replayed)
            return _Comparison(compared, reports_of(found.sums, _names(case)), found)
        other = "what follows from its products" if found.replayed else "the reference's own waves"
        why = f"what was recorded differs from {other} by {found.deviation:.1g}"
    if every:
        raise SimulationError(f"{n} of {of} moments were recorded: {why}")
    return _estimate(case, g, truth, Compared(n, of, "sampled", why=why))


def _estimate(case: Case, g: Parts, truth: Parts, compared: Compared) -> _Comparison:
    """Figures of the recorded moments, with intervals."""
    if too_few(compared.n):
        why = f"{compared.n} moments are too few to compare; write a smaller `validation.every`"
        return _nothing(case, compared, why)
    window = case.window
    sample = sample_of(case, some(g, window), some(truth, window), case.steps[window])
    return _Comparison(compared, estimates(sample, _names(case), case.model.seed))


def _nothing(case: Case, compared: Compared, why: str) -> _Comparison:
    return _Comparison(compared, [LayerReport(name, why=why) for name in _names(case)])


def _names(case: Case) -> list[str]:
    return [*(part.name for part in case.graph.projections), "total"]


def _loss(case: Case, every_step: EveryStep | None) -> LossReport | None:
    """Loss of every step where the waves of the run can be had; else of what was recorded."""
    if every_step is None and tenths(case) is not None and why_not(case) is None:
        every_step = compare_every_step(case, gradients=False)
    known = every_step is not None and every_step.same
    return every_step.loss if every_step is not None and known else compare_loss(case)


def _with_exact_steps(
    case: Case, g: Parts, truth: Parts, reports: Sequence[LayerReport]
) -> list[LayerReport]:
    """The reports, with the first exact step of layers that have a gradient, where it is defined.

    Backward weights of their own, and cycles, make something else of the gradient.
    """
    exact = (
        case.plan.feedback.symmetric and not case.graph.cyclic and case.model.reference != "delayed"
    )
    if not (case.steady and exact):
        return list(reports)
    rows = case.plan.projection_latencies
    layers = []
    for report, row, own, true in zip(reports, rows, g, truth, strict=True):
        first = exact_from(own, true, case.steps)
        if report.still is None:
            report = replace(report, exact_from_step=first, predicted_exact_step=row.exact_from)
        layers.append(report)
    return layers


def _with_transport(
    case: Case, layers: Sequence[LayerReport], found: _Comparison
) -> list[LayerReport]:
    """The reports, with how well errors come back to each layer."""
    errors = _compare_errors(case, found)
    transports = [
        compare_transport(case.graph, part, case.recording, *error)
        for part, error in zip(case.graph.projections, errors, strict=True)
    ]
    pairs = zip(layers, transports, strict=True)
    return [replace(layer, transport=transport) for layer, transport in pairs]


def _compare_errors(case: Case, found: _Comparison) -> list[tuple[float | None, Interval | None]]:
    """Cosine of each layer's errors with those of backprop, and its interval if it is an estimate.

    Of the same moments as the products; with cycles errors are about no one input.
    """
    parts = case.graph.projections
    if case.graph.cyclic:
        return [(None, None)] * len(parts)
    if found.every_step is not None and case.model.reference == "error_frame":
        return [(c if np.isfinite(c) else None, None) for c in found.every_step.errors]
    window = case.window
    truth, delta = _true_errors(case)[window], recorded_errors(case)[window]
    units = [part.post.units for part in parts]
    if found.moments.how == "every step" and found.every_step is None:
        return [(mean_cosine(delta[:, own], truth[:, own]), None) for own in units]
    if too_few(len(delta)):
        return [(None, None)] * len(parts)
    came, true = ([Listed(values[:, own]) for own in units] for values in (delta, truth))
    sample = sample_of(case, came, true, case.steps[window])._replace(sums=[None] * len(parts))
    reports = estimates(sample, _names(case), case.model.seed)[:-1]
    return [(report.cosine, report.intervals.get("cosine")) for report in reports]


def _true_errors(case: Case) -> Floats:
    """Errors (times, n_units) of backprop, each for the input that the unit's error is about."""
    graph, truth = case.graph, np.zeros((len(case.steps), case.graph.n_units))
    parts = [part for part in graph.populations if part.role != "input"]
    ages = np.array([case.plan.latencies.error_age(part) for part in parts])
    for sample, (step, weights) in enumerate(zip(case.steps, weights_of(case), strict=True)):
        frames = np.maximum(step - ages, 0)
        u, y = case.stimuli.input.at(frames), case.stimuli.target.at(frames)
        gradient = backprop(graph, *weights, u, y, case.model.loss)
        for row, part in enumerate(parts):
            truth[sample, part.units] = gradient.delta[row, part.units]
    return truth


def _over_time(case: Case, g: Parts, truth: Parts) -> xr.Dataset:
    parts = [over_time(*both) for both in zip(g, truth, strict=True)]
    variables = {
        name: (("product_time", "layer_name"), np.stack([part[name] for part in parts], axis=1))
        for name in ("cosine", "relative_error", "norm_ratio")
    }
    names = [part.name for part in case.graph.projections]
    times = ("product_time", case.steps * case.model.time_step)
    return xr.Dataset(variables, {"product_time": times, "layer_name": names})


def _error_frame(case: Case) -> list[Products]:
    """Backprop for the input that the arriving error is about, u(t - R_l - F_L).

    Before the first input has come back as an error, that of the first input.
    """
    ages = [case.plan.latencies.error_age(part.post) for part in case.graph.projections]
    return _gradients(case, ages)


def _instantaneous(case: Case) -> list[Products]:
    """Backprop for the input and the target of this moment."""
    return _gradients(case, [0] * len(case.graph.projections))


def _gradients(case: Case, ages: list[int]) -> list[Products]:
    """Gradients of each projection for the input `age` steps before each recorded moment."""
    found, distinct = gathering(case), sorted(set(ages))
    rows = [distinct.index(age) for age in ages]
    for sample, (step, weights) in enumerate(zip(case.steps, weights_of(case), strict=True)):
        frames = np.maximum(step - np.array(distinct), 0)
        u, y = case.stimuli.input.at(frames), case.stimuli.target.at(frames)
        gradient = backprop(case.graph, *weights, u, y, case.model.loss)
        for number, row in enumerate(rows):
            found.put(sample, number, gradient.x[row], gradient.delta[row])
    return found.products()


def _fixed_point(case: Case) -> list[Products]:
    """Recurrent backprop for the input and the target of this moment, with its weights.

    Of several fixed points it is the one to which the network settles from its state of this
    moment, which the reference's own waves have brought about, with all delays and all inputs.
    """
    gathered, settled = gathering(case), None
    pairs = zip(_at_samples(case), weights_of(case), strict=True)
    for sample, (wave, weights) in enumerate(pairs):
        step = case.steps[sample : sample + 1]
        u, y = case.stimuli.input.at(step), case.stimuli.target.at(step)
        start = wave.x[None]
        try:
            settled = recurrent_backprop(case.graph, *weights, u, y, case.model.loss, start)
        except FixedPointError as error:
            raise FixedPointError(f"validation.reference: at step {step[0]} {error}") from None
        for number in range(len(case.graph.projections)):
            gathered.put(sample, number, settled.x[0], settled.delta[0])
    if settled is not None:
        _refuse_where_it_does_not_settle(case, settled, weights)
    return gathered.products()


def _refuse_where_it_does_not_settle(
    case: Case, found: Gradient, weights: tuple[Floats, Floats]
) -> None:
    """Refuse a last fixed point from which the activity moves away, with the delays there are."""
    graph = case.graph
    factor = activity_factor(graph, weights[0], drive(graph, *weights, found.x[0]))
    if factor > _AWAY:
        raise FixedPointError(
            f"validation.reference: at step {case.steps[-1]} the network does not settle at the "
            f"fixed point: deviations grow by {factor:.4g} in a step; take smaller weights on the "
            "cycles, or write `validation.reference: delayed`"
        )


def _delayed(case: Case) -> list[Products]:
    """What the delayed waves must give at this moment, with the reference's own moving weights."""
    waves = _at_samples(case)
    if case.listed:
        values = np.stack([wave.product for wave in waves])
        return [Listed(values[:, part.synapses]) for part in case.graph.projections]
    pairs = [(wave.delta, wave.met) for wave in waves]
    return [
        Outer(
            np.stack([delta[part.post.units] for delta, _ in pairs]),
            # all synapses of a unit have met the same
            np.stack([met[part.synapses][:: part.post.size] for _, met in pairs]),
        )
        for part in case.graph.projections
    ]


def _at_samples(case: Case) -> Iterator[WaveStep]:
    """The reference's own waves at the validated steps."""
    waves = delayed_waves(case.plan, *stimuli_of(case.plan, int(case.steps[-1]) + 1))
    wanted = set(case.steps.tolist())
    return (wave for step, wave in enumerate(waves) if step in wanted)


_TRUTHS = {
    "error_frame": _error_frame,
    "instantaneous": _instantaneous,
    "delayed": _delayed,
    "fixed_point": _fixed_point,
}
