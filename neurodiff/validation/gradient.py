"""Sets what the simulated synapses learned from against what the reference says.

Here the two halves meet. The local product delta_post * x_pre of every synapse, as the simulation
recorded it, is compared with the gradient (or with the waves) that the model's
`validation.reference` asks for.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurodiff.alignment import Alignment, Traced, build_alignment, learning_latencies
from neurodiff.convergence import activity_factor
from neurodiff.data_files import recorded_model
from neurodiff.exceptions import FixedPointError, SimulationError
from neurodiff.feedback import Feedback, build_feedback
from neurodiff.graph import Graph, build_graph
from neurodiff.latency import Latencies, compute_latencies
from neurodiff.plan import learning_rule, validation_start
from neurodiff.recorded import another_network, misfit, missing
from neurodiff.reference.backprop import Gradient, backprop, products
from neurodiff.reference.fixed_point import recurrent_backprop
from neurodiff.reference.waves import WaveStep, delayed_waves
from neurodiff.response import drive
from neurodiff.simulator.plasticity import Diffusion
from neurodiff.spec import Model
from neurodiff.spec.signals import ConstantInput, ConstantTarget, TeacherTarget
from neurodiff.stimuli import Stimuli, build_stimuli
from neurodiff.validation.report import (
    NO_GRADIENT,
    GradientReport,
    LayerReport,
    compare,
    exact_from,
    over_time,
)
from neurodiff.validation.transport import compare_transport

#: A deviation that grows by more than this in a step grows for good.
_AWAY = 1 + 1e-4

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Case(NamedTuple):
    """A recorded run with what its model says of it; built anew, not taken from the simulation."""

    model: Model
    graph: Graph
    latencies: Latencies
    stimuli: Stimuli
    recording: xr.Dataset
    alignment: Alignment | None
    feedback: Feedback | None

    @property
    def steps(self) -> Ints:
        """Steps at which local products were recorded (times,)."""
        times = self.recording["update_time"].values
        return np.asarray(np.rint(times / self.model.time_step).astype(np.int64))

    @property
    def rule(self) -> Diffusion:
        """The learning rule, per step."""
        return learning_rule(self.model, self.stimuli, self.feedback)

    @property
    def frozen(self) -> bool:
        """Whether weights never moved."""
        return self.rule.frozen

    @property
    def w(self) -> Floats:
        """Weights (n_synapses,) at the start."""
        return np.asarray(self.recording["w"].values[0])

    @property
    def bias(self) -> Floats:
        """Biases (n_units,) at the start."""
        return np.nan_to_num(self.recording["bias"].values[0])

    @property
    def steady(self) -> bool:
        """Whether all stays as it is, so that the products must become exact; filters never are."""
        if self.graph.filter_lag or isinstance(self.alignment, Traced):
            return False
        target = isinstance(self.model.target, ConstantTarget | TeacherTarget)
        return self.frozen and target and isinstance(self.model.input, ConstantInput)


def validate(source: Any) -> GradientReport:
    """Hold the local products of a run against their reference.

    Parameters
    ----------
    source : Simulation or xarray.Dataset
        A simulation that has run, or its recording.

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
    return validate_case(rebuild(source))


def validate_case(case: Case) -> GradientReport:
    """Hold the local products of a rebuilt case against their reference; see `validate`."""
    _refuse(missing(case.recording, _compared(case)), "cannot be validated")
    if not len(case.steps):
        raise SimulationError("nothing to validate: the run stopped before its first sample")
    reference, window = case.model.reference, _window(case)
    g, truth = case.recording["update"].values, _TRUTHS[reference](case)
    # backward weights of their own make something else of the gradient
    exact = case.feedback is None and not case.graph.cyclic
    predicts = reference != "delayed" and exact
    layers = _layers(case, g, truth, window, predicts=predicts)
    if case.feedback is not None:
        layers = _with_transport(case, layers, window)
    return GradientReport(
        passed=_passed(layers, case.model),
        reference=reference,
        total=compare("total", g, truth, window),
        layers=layers,
        over_time=_over_time(case, g, truth),
        title=case.model.name,
    )


def rebuild(source: Any) -> Case:
    """The case of a simulation that has run, or of a recording, from the model that it carries.

    Raises
    ------
    SimulationError
        If `source` is neither, or was not run; or if a file that the run read has changed.
    """
    recording = getattr(source, "recording", source)
    if not isinstance(recording, xr.Dataset) or "model" not in recording.attrs:
        kind = type(source).__name__
        raise SimulationError(f"{kind} is no run; give a Simulation that has run or its recording")
    _refuse(misfit(recording), "is no recording of neurodiff")
    model = recorded_model(recording)
    graph = build_graph(model)
    latencies = compute_latencies(graph, model.target_delay)
    alignment = build_alignment(model, graph, latencies)
    stimuli = build_stimuli(model, graph, latencies)
    _refuse(another_network(recording, graph, stimuli.steps), "is not of the model that it carries")
    w = np.asarray(recording["w"].values[0])
    feedback = build_feedback(model, graph, w, latencies, alignment)
    return Case(model, graph, latencies, stimuli, recording, alignment, feedback)


def _compared(case: Case) -> set[str]:
    """Variables of a recording that are held against the reference."""
    moving = set() if case.frozen else {"update_w", "update_bias"}
    own = set() if case.feedback is None else {"update_delta"}
    backward = {"b"} if own and case.graph.direct is None else set()
    return {"update", "update_time", "bias"} | moving | own | backward


def _refuse(why: str | None, what: str) -> None:
    """Refuse a recording for a reason, if there is one."""
    if why is not None:
        raise SimulationError(f"the recording {what}: {why}; run the model again")


def _layers(
    case: Case, g: Floats, truth: Floats, window: Bools, *, predicts: bool
) -> tuple[LayerReport, ...]:
    """One report for each projection; with its first exact step, where that is defined."""
    reports = []
    for row in learning_latencies(case.graph, case.latencies, case.alignment):
        own = row.projection.synapses
        report = compare(row.projection.name, g[:, own], truth[:, own], window)
        if case.steady and predicts:
            first = exact_from(g[:, own], truth[:, own], case.steps)
            exact = {"exact_from_step": first, "predicted_exact_step": row.exact_from}
            report = LayerReport(**{**vars(report), **exact})
        reports.append(report)
    return tuple(reports)


def _with_transport(
    case: Case, layers: tuple[LayerReport, ...], window: Bools
) -> tuple[LayerReport, ...]:
    """The reports, with how well errors come back to each layer."""
    truth = None if case.graph.cyclic else _true_errors(case)
    parts = zip(layers, case.graph.projections, strict=True)
    return tuple(
        replace(layer, transport=compare_transport(case.graph, part, case.recording, truth, window))
        for layer, part in parts
    )


def _true_errors(case: Case) -> Floats:
    """Errors (times, n_units) of backprop, each for the input that the unit's error is about."""
    graph, truth = case.graph, np.zeros((len(case.steps), case.graph.n_units))
    parts = [part for part in graph.populations if part.role != "input"]
    ages = np.array([case.latencies.error_age(part) for part in parts])
    for sample, step in enumerate(case.steps):
        frames = np.maximum(step - ages, 0)
        u, y = case.stimuli.input.at(frames), case.stimuli.target.at(frames)
        gradient = backprop(graph, *_weights_at(case, sample), u, y, case.model.loss)
        for row, part in enumerate(parts):
            truth[sample, part.units] = gradient.delta[row, part.units]
    return truth


def _window(case: Case) -> Bools:
    return np.asarray(case.steps >= validation_start(case))


def _passed(layers: tuple[LayerReport, ...], model: Model) -> bool:
    """Whether every layer that has a gradient meets the bounds, and at least one has."""
    bounds = model.validation
    measured = [layer for layer in layers if layer.why != NO_GRADIENT]
    return bool(measured) and all(
        layer.cosine is not None
        and layer.relative_error is not None
        and layer.cosine >= bounds.minimum_cosine
        and layer.relative_error <= (bounds.maximum_relative_error or np.inf)
        for layer in measured
    )


def _over_time(case: Case, g: Floats, truth: Floats) -> xr.Dataset:
    parts = [
        over_time(g[:, part.synapses], truth[:, part.synapses]) for part in case.graph.projections
    ]
    variables = {
        name: (("update_time", "layer_name"), np.stack([part[name] for part in parts], axis=1))
        for name in ("cosine", "relative_error", "norm_ratio")
    }
    names = [part.name for part in case.graph.projections]
    times = case.recording["update_time"]
    return xr.Dataset(variables, {"update_time": times, "layer_name": names})


def _weights_at(case: Case, sample: int) -> tuple[Floats, Floats]:
    """Weights and biases of the step of a sample."""
    if case.frozen:
        return case.w, case.bias
    w, bias = case.recording["update_w"], case.recording["update_bias"]
    return w.values[sample], np.nan_to_num(bias.values[sample])


def _error_frame(case: Case) -> Floats:
    """Backprop for the input that the arriving error is about, u(t - R_l - F_L).

    Before the first input has come back as an error, that of the first input.
    """
    ages = [case.latencies.error_age(part.post) for part in case.graph.projections]
    return _gradients(case, ages)


def _instantaneous(case: Case) -> Floats:
    """Backprop for the input and the target of this moment."""
    return _gradients(case, [0] * len(case.graph.projections))


def _gradients(case: Case, ages: list[int]) -> Floats:
    """Gradients (times, n_synapses), for each projection that of the input `age` steps ago."""
    truth = np.empty((len(case.steps), case.graph.n_synapses))
    distinct = sorted(set(ages))
    for sample, step in enumerate(case.steps):
        frames = np.maximum(step - np.array(distinct), 0)
        u, y = case.stimuli.input.at(frames), case.stimuli.target.at(frames)
        w, bias = _weights_at(case, sample)
        gradient = backprop(case.graph, w, bias, u, y, case.model.loss)
        for part, age in zip(case.graph.projections, ages, strict=True):
            row = slice(distinct.index(age), distinct.index(age) + 1)
            own = part.synapses
            truth[sample, own] = products(case.graph, gradient.x[row], gradient.delta[row], own)[0]
    return truth


def _fixed_point(case: Case) -> Floats:
    """Recurrent backprop for the input and the target of this moment, with its weights.

    Of several fixed points it is the one to which the network settles from its state of this
    moment, which the reference's own waves have brought about, with all delays and all inputs.
    """
    truth = np.empty((len(case.steps), case.graph.n_synapses))
    states = _at_samples(case, lambda wave: wave.x)
    for sample, step in enumerate(case.steps[:, None]):
        u, y = case.stimuli.input.at(step), case.stimuli.target.at(step)
        weights, start = _weights_at(case, sample), states[sample : sample + 1]
        try:
            found = recurrent_backprop(case.graph, *weights, u, y, case.model.loss, start)
        except FixedPointError as error:
            raise FixedPointError(f"validation.reference: at step {step[0]} {error}") from None
        truth[sample] = products(case.graph, found.x, found.delta)[0]
    _refuse_where_it_does_not_settle(case, found)
    return truth


def _refuse_where_it_does_not_settle(case: Case, found: Gradient) -> None:
    """Refuse a last fixed point from which the activity moves away, with the delays there are."""
    weights, graph = _weights_at(case, len(case.steps) - 1), case.graph
    factor = activity_factor(graph, weights[0], drive(graph, *weights, found.x[0]))
    if factor > _AWAY:
        raise FixedPointError(
            f"validation.reference: at step {case.steps[-1]} the network does not settle at the "
            f"fixed point: deviations grow by {factor:.4g} in a step; take smaller weights on the "
            "cycles, or write `validation.reference: delayed`"
        )


def _delayed(case: Case) -> Floats:
    """What the delayed waves must give at this moment, with the reference's own moving weights."""
    return _at_samples(case, lambda wave: wave.product)


def _at_samples(case: Case, signal: Callable[[WaveStep], Floats]) -> Floats:
    """A signal of the reference's own waves at the validated steps (times, n)."""
    rule, steps = case.rule, np.arange(case.steps[-1] + 1)
    waves = delayed_waves(
        case.graph,
        case.w,
        case.bias,
        case.stimuli.input.at(steps),
        case.stimuli.target_at(steps),
        case.model.loss,
        learning_rate=rule.learning_rate,
        weight_decay=rule.weight_decay,
        learns=(steps >= rule.start) & (steps < rule.stop),
        alignment=case.alignment,
        feedback=case.feedback,
    )
    wanted = set(case.steps.tolist())
    return np.stack([signal(wave) for step, wave in enumerate(waves) if step in wanted])


_TRUTHS = {
    "error_frame": _error_frame,
    "instantaneous": _instantaneous,
    "delayed": _delayed,
    "fixed_point": _fixed_point,
}
