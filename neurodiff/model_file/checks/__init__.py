"""What a model file's parts must agree on, and what neurodiff cannot do yet.

Each check yields the problems that it finds; `Model` refuses to exist while there are any.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from pydantic.fields import FieldInfo

from neurodiff.model_file.base import Part, Problem, nearest
from neurodiff.model_file.checks.feedback import feedback_misfits
from neurodiff.model_file.checks.leaky import leaky_misfits
from neurodiff.model_file.checks.limits import too_large, too_long
from neurodiff.model_file.checks.spikes import spike_misfits
from neurodiff.model_file.cycles import cycle_misfits, reached
from neurodiff.model_file.network import (
    ConstantWeights,
    Delay,
    Delays,
    FileWeights,
    LognormalDelay,
    Network,
    NormalDelay,
    PopulationSpec,
    ProjectionSpec,
    UniformDelay,
)
from neurodiff.model_file.quantities import ON_GRID, TIME_UNITS, format_quantity
from neurodiff.model_file.signals import (
    GENERATED,
    ArrayInput,
    ConstantInput,
    FramesInput,
    SinusoidInput,
    TeacherTarget,
)

if TYPE_CHECKING:
    from neurodiff.model_file.model import Model


def problems(model: Model) -> Iterator[Problem]:
    """Everything that keeps `model` from being built, the most basic first.

    Parameters
    ----------
    model : Model
        Model, checked.
    """
    yield from _names(model.network)
    yield from too_large(model)
    yield from too_long([*_times(model), *_drawn_times(model)], model.time_step)
    yield from cycle_misfits(model)
    yield from _off_the_grid(model)
    yield from _short_means(model)
    yield from _input_misfits(model)
    yield from _target_misfits(model)
    yield from _run_misfits(model)
    yield from spike_misfits(model)
    yield from leaky_misfits(model)
    yield from _alignment_misfits(model)
    yield from feedback_misfits(model)
    yield from _ignored(model)


def steps(time: float, time_step: float) -> int | None:
    """Number of time steps in `time`, or None where it is no whole number of them.

    Parameters
    ----------
    time : float
        Time in seconds.
    time_step : float
        Time step in seconds.
    """
    count = round(time / time_step)
    on_the_grid = abs(time / time_step - count) <= 1e-6 + 1e-12 * count
    return count if on_the_grid and (count > 0 or time == 0) else None


def _names(network: Network) -> Iterator[Problem]:
    populations, projections = network.digraph()
    seen: set[str] = set()
    for number, part in enumerate(projections):
        field = f"network.projections.{number}"
        for end in ("pre", "post"):
            name = getattr(part, end)
            if name not in populations:
                text = f"no population is named {name!r}"
                yield Problem(f"{field}.{end}", text, nearest(name, list(populations)))
        if part.name in seen:
            text = f"two projections are named {part.name!r}"
            yield Problem(field, text, "give it a `name` of its own")
        seen.add(part.name or "")
        yield from _one_to_one_misfit(field, part, populations)
        if part.connectivity.weights and not isinstance(part.weights, FileWeights):
            text = "only a weights file says which synapses there are, and these weights are drawn"
            remedy = "write `weights: {init: file, path: ...}`, or another connectivity"
            yield Problem(f"{field}.connectivity", text, remedy)
    for role in ("input", "output"):
        if not any(part.role == role for part in populations.values()):
            text = f"none has the role {role}"
            yield Problem("network.populations", text, f"write `role: {role}` in one of them")
    yield from _loose_ends(populations, projections)
    yield from _loose_cycles(populations, projections)


def _one_to_one_misfit(
    field: str, part: ProjectionSpec, populations: dict[str, PopulationSpec]
) -> Iterator[Problem]:
    if not part.connectivity.one_to_one or not {part.pre, part.post} <= populations.keys():
        return
    sizes = populations[part.pre].size, populations[part.post].size
    if sizes[0] != sizes[1]:
        text = f"one_to_one between {sizes[0]} and {sizes[1]} units"
        yield Problem(f"{field}.connectivity", text, "use populations of equal size")


def _loose_ends(
    populations: dict[str, PopulationSpec], projections: list[ProjectionSpec]
) -> Iterator[Problem]:
    for name, part in populations.items():
        field = f"network.populations.{name}"
        receives = any(projection.post == name for projection in projections)
        projects = any(projection.pre == name for projection in projections)
        if part.role == "input" and receives:
            text = "an input population receives a projection"
            yield Problem(field, text, "remove the projection, or write `role: hidden`")
        if part.role != "input" and not receives:
            yield Problem(field, "no projection reaches it", "add one, or remove the population")
        if part.role != "output" and not projects:
            yield Problem(
                field, "it reaches no output", "add a projection, or remove the population"
            )


def _loose_cycles(
    populations: dict[str, PopulationSpec], projections: list[ProjectionSpec]
) -> Iterator[Problem]:
    """Cycles that no input reaches, or that lead to no output, with all that hangs on them."""
    ends = {
        role: [name for name, part in populations.items() if part.role == role]
        for role in ("input", "output")
    }
    driven = reached(ends["input"], projections)
    heard = reached(ends["output"], projections, backwards=True)
    for name in populations:
        field = f"network.populations.{name}"
        if name not in driven:
            yield Problem(field, "no input reaches it", "add a projection to its cycle")
        if name not in heard:
            yield Problem(field, "it reaches no output", "add a projection from its cycle")


def _alignment_misfits(model: Model) -> Iterator[Problem]:
    alignment, kind = getattr(model.plasticity, "alignment", "none"), model.transmission.kind
    if alignment != "none" and kind != "graded":
        text = f"{alignment} needs graded transmission, and transmission is by {kind}"
        yield Problem("plasticity.alignment", text, "write `none`, or `transmission: graded`")


def _off_the_grid(model: Model) -> Iterator[Problem]:
    for field, time in _times(model):
        if steps(time, model.time_step) is None:
            value = format_quantity(time, TIME_UNITS)
            grid = format_quantity(model.time_step, TIME_UNITS)
            text = f"{value} is no multiple of the time step, {grid}"
            yield Problem(field, text, f"write {grid}, or a multiple of it, or change `time_step`")


def _times(model: Model) -> Iterator[tuple[str, float]]:
    yield from _delay_times("network.delay", model.network.delay)
    for number, projection in enumerate(model.network.projections or []):
        yield from _delay_times(f"network.projections.{number}.delay", projection.delay)
    yield from _lag_times("feedback.delay", getattr(model.feedback, "delay", None))
    yield from _times_of(model, "")


def _times_of(part: Part, prefix: str) -> Iterator[tuple[str, float]]:
    """Every time of a part that is a whole number of steps, by its key; found by its type."""
    for name, info in type(part).model_fields.items():
        value = getattr(part, name)
        if isinstance(value, Part):
            yield from _times_of(value, f"{prefix}{name}.")
        elif isinstance(value, float) and _is_on_grid(info):
            yield f"{prefix}{name}", value
        elif isinstance(value, tuple) and _is_on_grid(info):
            for place, time in enumerate(value):
                yield f"{prefix}{name}.{place}", time


def _is_on_grid(annotation: Any) -> bool:
    """Whether a type, a field, or any alternative of it is marked as on the grid of the steps."""
    if isinstance(annotation, FieldInfo):
        return ON_GRID in annotation.metadata or _is_on_grid(annotation.annotation)
    marks = getattr(annotation, "__metadata__", ())
    return ON_GRID in marks or any(map(_is_on_grid, get_args(annotation)))


def _delay_times(field: str, delays: Delays | None) -> Iterator[tuple[str, float]]:
    for direction in ("forward", "backward"):
        yield from _lag_times(f"{field}.{direction}", getattr(delays, direction, None))


def _lag_times(field: str, delay: Delay | None) -> Iterator[tuple[str, float]]:
    if isinstance(delay, UniformDelay):
        for end in (0, 1):
            yield f"{field}.uniform.{end}", delay.uniform[end]
    elif delay is not None and not isinstance(delay, NormalDelay | LognormalDelay):
        yield field, delay


def _drawn_times(model: Model) -> Iterator[tuple[str, float]]:
    """Means and standard deviations of delays that are drawn from distributions without bounds."""
    for field, delay in _delays(model):
        form = next((name for name in ("normal", "lognormal") if hasattr(delay, name)), None)
        for place, time in enumerate(getattr(delay, form) if form else ()):
            yield f"{field}.{form}.{place}", time


def _delays(model: Model) -> Iterator[tuple[str, Delay | None]]:
    """Every delay of the model by its key."""
    delays = {"network.delay": model.network.delay}
    for number, projection in enumerate(model.network.projections or []):
        if projection.delay is not None:
            delays[f"network.projections.{number}.delay"] = projection.delay
    for field, both in delays.items():
        for direction in ("forward", "backward"):
            yield f"{field}.{direction}", getattr(both, direction)
    yield "feedback.delay", getattr(model.feedback, "delay", None)


def _short_means(model: Model) -> Iterator[Problem]:
    """Normal and lognormal delays of which most would be below one step."""
    for field, time in _drawn_times(model):
        if field.endswith("normal.0") and time < model.time_step:
            mean = format_quantity(time, TIME_UNITS)
            yield Problem(field, f"{mean} is less than a time step", "write at least one")


def _ignored(model: Model) -> Iterator[Problem]:
    """What would have no effect: better said than silently ignored."""
    for name, part in (model.network.populations or {}).items():
        for key in ("activation", "bias"):
            if part.role == "input" and getattr(part, key) is not None:
                field = f"network.populations.{name}.{key}"
                yield Problem(field, "an input has none, it takes the stimulus", "leave it out")
    if model.record.events is not None and model.transmission.kind == "graded":
        text = f"there are no events where transmission is {model.transmission.kind}"
        yield Problem(
            "record.events", text, "leave it out, or write `transmission: {kind: events, ...}`"
        )
    if model.record.window is not None and model.record.signals == "none":
        text = "no signals are recorded, so there is nothing to limit"
        yield Problem("record.window", text, "leave it out, or set `record.signals`")


def _size(model: Model, role: str) -> int:
    populations, _ = model.network.digraph()
    return sum(part.size for part in populations.values() if part.role == role)


def _input_misfits(model: Model) -> Iterator[Problem]:
    size, lengths = _size(model, "input"), dict[str, object]()
    if isinstance(model.input, ConstantInput):
        lengths = {"values": model.input.values}
    elif isinstance(model.input, SinusoidInput):
        parts = ("frequency", "amplitude", "phase")
        lengths = {part: getattr(model.input, part) for part in parts}
    elif isinstance(model.input, FramesInput):
        yield from _frame_misfits(model.input)
    for field, values in lengths.items():
        if isinstance(values, list) and len(values) != size:
            text = f"{len(values)} values for {size} input units"
            yield Problem(f"input.{field}", text, f"write {size} values")


def _frame_misfits(frames: FramesInput) -> Iterator[Problem]:
    if frames.crossfade > frames.hold:
        crossfade = format_quantity(frames.crossfade, TIME_UNITS)
        text = f"{crossfade} is longer than a frame is held"
        yield Problem("input.crossfade", text, "write at most the value of `hold`")
    if frames.samples is not None and frames.dataset not in GENERATED:
        text = f"{frames.dataset} is not generated, and has as many frames as it has"
        remedy = f"leave it out; {' and '.join(GENERATED)} are generated"
        yield Problem("input.samples", text, remedy)


def _target_misfits(model: Model) -> Iterator[Problem]:
    size, values = _size(model, "output"), getattr(model.target, "values", None)
    if values is not None and len(values) != size:
        text = f"{len(values)} values for {size} output units"
        yield Problem("target.values", text, f"write {size} values")
    if model.target.kind == "labels" and not isinstance(model.input, FramesInput):
        text = f"labels need frames, and the input is {model.input.kind}"
        yield Problem("target.kind", text, "write `input: {kind: frames, ...}` or another target")
    if isinstance(model.target, TeacherTarget) and not _draws_weights(model.network):
        text = "a teacher draws its weights, and those of this network are not drawn"
        yield Problem("target.kind", text, "use another `weights: {init: ...}` or another target")
    if model.loss == "cross_entropy":
        yield from _cross_entropy_misfits(model, values)


def _draws_weights(network: Network) -> bool:
    """Whether any weight comes from a random draw."""
    _, projections = network.digraph()
    return any(not isinstance(part.weights, ConstantWeights | FileWeights) for part in projections)


def _cross_entropy_misfits(model: Model, values: list[float] | None) -> Iterator[Problem]:
    populations, _ = model.network.digraph()
    for name, part in populations.items():
        if part.role == "output" and part.activation != "sigmoid":
            text = f"cross_entropy needs sigmoid outputs, and `{name}` has {part.activation}"
            remedy = "write `output_activation: sigmoid` in `network`, or `loss: squared_error`"
            if getattr(model.transmission, "neuron", None) == "lif":
                remedy = "write `loss: squared_error`"
            yield Problem("loss", text, remedy)
    wrong = [value for value in values or [] if not 0 <= value <= 1]
    if wrong:
        text = f"cross_entropy needs target values between 0 and 1, not {wrong[0]}"
        yield Problem("target.values", text, "change it, or write `loss: squared_error`")


def _run_misfits(model: Model) -> Iterator[Problem]:
    if model.run.epochs is not None and not isinstance(model.input, FramesInput):
        text = f"epochs need frames, and the input is {model.input.kind}"
        yield Problem("run.epochs", text, "write `duration: 2 s` instead")
    if isinstance(model.input, ArrayInput) and model.run.duration is None:
        yield Problem("run.duration", "missing", "write how long, such as `duration: 2 s`")
