"""Input and target as functions of time.

Both are `Signal`s. The simulator plays them, the reference reads them; both get the same numbers.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.files.arrays import load_array
from neurodiff.model_file import Model
from neurodiff.model_file.quantities import (
    FREQUENCY_UNITS,
    TIME_UNITS,
    format_quantity,
    rounded_down,
)
from neurodiff.model_file.signals import (
    ArrayInput,
    ArrayTarget,
    ConstantInput,
    ConstantTarget,
    FramesInput,
    NoiseInput,
    SinusoidInput,
    TeacherTarget,
)
from neurodiff.model_file.transmission import SpikeTransmission
from neurodiff.network.graph import Graph, random_stream
from neurodiff.network.latency import Latencies, first_answer
from neurodiff.network.limits import refuse_long_run, refuse_many_numbers
from neurodiff.network.static_response import respond
from neurodiff.network.weights import initial_weights
from neurodiff.results.divergence import LARGEST
from neurodiff.stimuli.datasets import Frames, load_frames
from neurodiff.stimuli.signals import Signal, Sinusoids, Table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


#: How many steps of a teacher are computed at once: all of its units are held for that long.
_CHUNK = 4096


@dataclass(frozen=True)
class Presentations:
    """Which frame is shown when: training frames by epochs, then every test frame once.

    Attributes
    ----------
    order : int array (n_presentations,)
        Frame number of each presentation.
    n_training : int
        How many of them come before the test, in which nothing is learned.
    hold, crossfade : int
        Steps per presentation, and how many of them blend in from the frame before.
    """

    frames: Frames
    order: Ints
    n_training: int
    hold: int
    crossfade: int

    @property
    def steps(self) -> int:
        """Number of steps that all presentations take."""
        return len(self.order) * self.hold


@dataclass(frozen=True)
class Stimuli:
    """All that comes from outside, for a run of `steps` steps.

    Attributes
    ----------
    target_lag : int array (n_outputs,)
        Steps by which the target of each output is delayed (D_y).
    learning_steps : int
        Plasticity is off from this step on (the test phase); without one, the length of the run.
    """

    input: Signal
    target: Signal
    target_lag: Ints
    steps: int
    learning_steps: int
    presentations: Presentations | None

    def target_at(self, steps: Ints) -> Floats:
        """Target (len(steps), n_outputs) as it meets the outputs, y(t - D_y)."""
        columns = np.arange(len(self.target_lag))
        delayed = [
            self.target.at(steps - lag)[:, k]
            for k, lag in zip(columns, self.target_lag, strict=True)
        ]
        return np.stack(delayed, axis=1)

    def has_target(self, steps: Ints) -> NDArray[np.bool_]:
        """Whether the target has met the outputs at steps (n,) or earlier: (n, n_outputs)."""
        return np.asarray(steps[:, None] >= self.target_lag)


def build_stimuli(model: Model, graph: Graph, latencies: Latencies) -> Stimuli:
    """Input and target of a model for the whole of its run.

    With frames, `run.duration` or `run.epochs` is the time of learning; the test follows it.

    Raises
    ------
    ModelError
        If a file is missing, has NaN, or does not fit the network or the length of the run.
    """
    if isinstance(model.input, FramesInput):
        shown = _present(model, model.input, graph)
        steps, learning_steps = shown.steps, shown.n_training * shown.hold
        # slow outputs answer to the last frame only after its time
        answers_after = first_answer(latencies, graph, shown.hold, shown.crossfade)
        steps += max(0, answers_after + 1 - shown.hold)
        refuse_long_run(steps, model)
    else:
        shown, steps = None, model.steps(model.run.duration or 0.0)
        learning_steps = steps
    source = _input(model, graph, steps, shown)
    target = _target(model, graph, steps, shown, source)
    _refuse_what_diverges(source, "input")
    _refuse_what_diverges(target, "target")
    _refuse_what_no_rate_reaches(target, model, graph)
    return Stimuli(
        input=source,
        target=target,
        target_lag=_target_lags(model, graph, latencies),
        steps=steps,
        learning_steps=learning_steps,
        presentations=shown,
    )


def _refuse_what_diverges(signal: Signal, field: str) -> None:
    """Refuse values at which a run counts as diverged: no square of them may overflow."""
    if signal.largest > LARGEST:
        text = f"values of up to {signal.largest:.3g} are too large"
        raise ModelError(field, text, f"write, or scale them to, {LARGEST:g} or less")


def _present(model: Model, spec: FramesInput, graph: Graph) -> Presentations:
    frames = load_frames(spec, model)
    if frames.images.shape[1] != graph.n_inputs:
        width = frames.images.shape[1]
        text = f"{spec.dataset} has {width} values a frame, the input {graph.n_inputs} units"
        raise ModelError("input.dataset", text, f"give the network {width} input units")
    images = frames.images
    _refuse_no_rates((float(images.min()), float(images.max())), model, "input.dataset")
    hold, crossfade = model.steps(spec.hold), model.steps(spec.crossfade)
    n = len(frames.training)
    if model.run.epochs is not None:
        n_training = model.run.epochs * n
    else:
        n_training = _presentations_in(model.run.duration or 0.0, spec, model)
    _refuse_many_presentations(n_training + len(frames.test), hold, graph, model)
    rng = random_stream(model.seed, "order of frames")
    epochs = -(-n_training // n)
    shuffled = spec.order == "shuffled"
    order = [rng.permutation(n) if shuffled else np.arange(n) for _ in range(epochs)]
    training = frames.training[np.concatenate(order)[:n_training]]
    order_of_all = np.concatenate([training, frames.test])
    return Presentations(frames, order_of_all, n_training, hold, crossfade)


def _refuse_many_presentations(n: int, hold: int, graph: Graph, model: Model) -> None:
    """Refuse more presentations than can be counted in steps, or kept with all their values."""
    refuse_long_run(n * hold, model)
    width = graph.n_inputs + len(graph.outputs)
    field = "run.duration" if model.run.epochs is None else "run.epochs"
    refuse_many_numbers(n * width, f"{n:,} frames of {width:,} values", field, "write less")


def _presentations_in(duration: float, spec: FramesInput, model: Model) -> int:
    """How many frames a duration of learning takes; it must be a whole number of them."""
    steps, hold = model.steps(duration), model.steps(spec.hold)
    if steps == 0 or steps % hold:
        held = format_quantity(spec.hold, TIME_UNITS)
        text = f"{format_quantity(duration, TIME_UNITS)} is no multiple of `input.hold`, {held}"
        raise ModelError("run.duration", text, "write a multiple of it, or `epochs: 1`")
    return steps // hold


def _input(model: Model, graph: Graph, steps: int, shown: Presentations | None) -> Signal:
    spec, n = model.input, graph.n_inputs
    if isinstance(spec, ConstantInput):
        return _constant(spec.values)
    if isinstance(spec, SinusoidInput):
        return _sinusoids(spec, n, model)
    if isinstance(spec, NoiseInput):
        return _noise(spec, n, steps, model)
    if isinstance(spec, ArrayInput):
        source = _array(spec, "input", n, steps, model)
        _refuse_no_rates(_range(source), model, "input.file")
        return source
    assert shown is not None
    return _held(shown.frames.images[shown.order], shown.hold, shown.crossfade)


def _target(
    model: Model, graph: Graph, steps: int, shown: Presentations | None, source: Signal
) -> Signal:
    spec, n = model.target, len(graph.outputs)
    if isinstance(spec, ConstantTarget):
        return _constant(spec.values)
    if isinstance(spec, ArrayTarget):
        return _in_unit_interval(_array(spec, "target", n, steps, model), model)
    if isinstance(spec, TeacherTarget):
        w, bias = initial_weights(model, graph, teacher_seed=spec.seed)
        return _teach(graph, w, bias, source, steps)
    assert shown is not None and isinstance(source, Table)
    labels = shown.frames.labels
    _refuse_labels_beyond(labels, n)
    return _held(np.eye(n)[labels[shown.order]], source.hold, source.blend)


def _refuse_labels_beyond(labels: Ints, n: int) -> None:
    """Refuse labels that are no numbers of outputs, 0 to n - 1; the remedy wastes no output."""
    if labels.max() < n:
        return
    classes, first = len(np.unique(labels)), labels.min()
    text = f"label {labels.max()} is beyond the {n} outputs, which are numbered from 0"
    remedies = [] if classes <= n else [f"give the network {classes} output units"]
    if first > 0 and labels.max() - first + 1 == classes:
        text = f"labels begin at {first}, and {text}"
        remedies.append(f"subtract {first} from all labels")
    elif labels.max() + 1 != classes:
        remedies.append(f"number the {classes} classes 0 to {classes - 1}")
    raise ModelError("target", text, " and ".join(remedies))


def _target_lags(model: Model, graph: Graph, latencies: Latencies) -> Ints:
    """D_y of each output unit: F of its population where the target is matched."""
    if model.target_delay is not None:
        return np.full(len(graph.outputs), model.target_delay)
    outputs = [graph.population(name) for name in graph.output_names]
    return np.concatenate([np.full(part.size, latencies.target_lag(part)) for part in outputs])


def _constant(values: list[float]) -> Table:
    return _held(np.array([values], dtype=float), hold=1, blend=0)


def _held(rows: Floats, hold: int, blend: int) -> Table:
    return Table(rows.astype(float), hold, blend, np.zeros(rows.shape[1]))


def _sinusoids(spec: SinusoidInput, n: int, model: Model) -> Sinusoids:
    rng = random_stream(model.seed, "input phase")
    phase = rng.uniform(0, 2 * np.pi, size=n) if spec.phase == "random" else spec.phase
    frequency = 2 * np.pi * np.broadcast_to(np.asarray(spec.frequency, dtype=float), n)
    return Sinusoids(
        amplitude=np.broadcast_to(np.asarray(spec.amplitude, dtype=float), n).copy(),
        frequency=frequency * model.time_step,
        phase=np.broadcast_to(np.asarray(phase, dtype=float), n).copy(),
    )


def _noise(spec: NoiseInput, n: int, steps: int, model: Model) -> Table:
    """Ornstein-Uhlenbeck process, exact at the steps, begun in its stationary distribution."""
    refuse_many_numbers(
        steps * n, f"noise of {steps:,} steps for {n:,} units", "run.duration", "write less"
    )
    rng = random_stream(model.seed, "input noise")
    keep = np.exp(-model.time_step / spec.time_constant)
    rows = rng.normal(0, spec.sd, size=(steps, n))
    # u(t+dt) = u(t) e^(-dt/tau) + sd sqrt(1 - e^(-2 dt/tau)) xi
    rows[1:] *= np.sqrt(1 - keep**2)
    for step in range(1, steps):
        rows[step] += keep * rows[step - 1]
    return _held(rows, hold=1, blend=0)


def _array(spec: ArrayInput, field: str, n: int, steps: int, model: Model) -> Table:
    path = model.file(spec.file)
    rows, hold = load_array(path, f"{field}.file"), model.steps(spec.interval)
    if rows.shape[1] != n:
        text = f"{path} has {rows.shape[1]} values a time for {n} units"
        raise ModelError(f"{field}.file", text, f"make it an array (time, {n})")
    linear = spec.interpolation == "linear"
    lasting = (len(rows) - linear) * hold
    if lasting < steps:
        ends = f"{lasting * model.time_step:g} s", f"{steps * model.time_step:g} s"
        text = f"{path} lasts {ends[0]}, the run {ends[1]}"
        raise ModelError(f"{field}.file", text, "shorten `run.duration` or lengthen the file")
    if linear:
        return Table(rows[1:], hold, hold, rows[0])
    return _held(rows, hold, 0)


def _range(table: Table) -> tuple[float, float]:
    """The smallest and the largest value of a table."""
    values = np.concatenate([table.before[None], table.rows])
    return float(values.min()), float(values.max())


def _refuse_no_rates(reach: tuple[float, float], model: Model, field: str) -> None:
    """Refuse an input that reaches beyond 0 to 1 where transmission makes spikes of it."""
    if not isinstance(model.transmission, SpikeTransmission):
        return
    least, most = reach
    if least < 0 or most > 1:
        # a value just above 1 must not read as 1
        ends = f"{least:g} to {most!r}" if f"{most:g}" == "1" else f"{least:g} to {most:g}"
        text = f"spike rates are values between 0 and 1, not {ends}"
        raise ModelError(field, text, "rescale the file, or use another transmission")


def _refuse_what_no_rate_reaches(target: Signal, model: Model, graph: Graph) -> None:
    """With spikes a target is a rate that its output can have."""
    spikes = model.transmission
    if not isinstance(spikes, SpikeTransmission) or not isinstance(target, Table):
        return
    once_a_step = 1 / (spikes.maximum_rate * model.time_step)
    most = graph.by_unit(lambda part: min(part.sigma.most, once_a_step))[graph.outputs]
    values = np.concatenate([target.before[None], target.rows])
    wrong = (values < 0) | (values > most * (1 + 1e-9))
    if wrong.any():
        row, output = np.argwhere(wrong)[0]
        value, most = values[row, output], most[output]
        field = {"constant": "target.values", "array": "target.file"}.get(model.target.kind)
        text = f"output {output} fires for 0 to {most:.4g} and is to reach {value:g}"
        remedy = f"write values of 0 to {most:.4g}"
        if value > most and most != 1:
            slower = format_quantity(
                rounded_down(spikes.maximum_rate * most / value), FREQUENCY_UNITS
            )
            remedy = f"write `maximum_rate: {slower}` or less, or smaller targets"
        raise ModelError(field or "target", text, remedy)


def _in_unit_interval(target: Table, model: Model) -> Table:
    least, most = _range(target)
    if model.loss == "cross_entropy" and (least < 0 or most > 1):
        text = f"cross_entropy needs target values between 0 and 1, not {least:g} to {most:g}"
        raise ModelError("target.file", text, "rescale the file, or write `loss: squared_error`")
    return target


def _teach(graph: Graph, w: Floats, bias: Floats, source: Signal, steps: int) -> Table:
    """What the network with these weights answers to the present input, at once."""
    if isinstance(source, Table) and source.blend == 0:
        _, x = respond(graph, w, bias, source.rows)
        return replace(source, rows=x[:, graph.outputs], before=np.zeros(len(graph.outputs)))
    n = len(graph.outputs)
    what = f"a teacher's answers of {steps:,} steps for {n:,} outputs"
    refuse_many_numbers(steps * (n + 1), what, "run.duration", "write less, or a constant target")
    chunks = np.array_split(np.arange(steps), -(-steps // _CHUNK))
    answers = [respond(graph, w, bias, source.at(chunk))[1][:, graph.outputs] for chunk in chunks]
    return _held(np.concatenate(answers), hold=1, blend=0)
