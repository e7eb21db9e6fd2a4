"""Inputs that show labelled frames, one after the other, and the labels as targets."""

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.model_file.signals import FramesInput, LabelsTarget
from neurodiff.network.graph import Graph, random_stream
from neurodiff.network.latency import first_answer
from neurodiff.network.limits import refuse_long_run, refuse_many_numbers
from neurodiff.stimuli.datasets import load_frames
from neurodiff.stimuli.interface import (
    InputSignal,
    Pace,
    Place,
    TargetSignal,
    input_signal,
    target_signal,
)
from neurodiff.stimuli.presentations import Presentations
from neurodiff.stimuli.rates import refuse_no_rates
from neurodiff.stimuli.signals import held

Ints = NDArray[np.int64]


@input_signal.register
def _(spec: FramesInput, place: Place) -> InputSignal:
    """`run.duration` or `run.epochs` is the time of learning; the test follows it."""
    model, graph = place.model, place.graph
    shown = _present(model, spec, graph)
    # slow outputs answer to the last frame only after its time
    answers_after = first_answer(place.latencies, graph, shown.hold, shown.crossfade)
    steps = shown.steps + max(0, answers_after + 1 - shown.hold)
    refuse_long_run(steps, model)
    signal = held(shown.frames.images[shown.order], shown.hold, shown.crossfade)
    pace = Pace(float(shown.hold), None)
    return InputSignal(signal, pace, steps, shown.n_training * shown.hold, shown)


@target_signal.register
def _(spec: LabelsTarget, place: Place, source: InputSignal) -> TargetSignal:
    n, shown = len(place.graph.outputs), source.presentations
    assert shown is not None  # the model file refuses labels without frames
    labels = shown.frames.labels
    _refuse_labels_beyond(labels, n)
    signal = held(np.eye(n)[labels[shown.order]], shown.hold, shown.crossfade)
    return TargetSignal(signal, labelled=True)


def _present(model: Model, spec: FramesInput, graph: Graph) -> Presentations:
    frames = load_frames(spec, model)
    if frames.images.shape[1] != graph.n_inputs:
        width = frames.images.shape[1]
        text = f"{spec.dataset} has {width} values a frame, the input {graph.n_inputs} units"
        raise ModelError("input.dataset", text, f"give the network {width} input units")
    images = frames.images
    refuse_no_rates((float(images.min()), float(images.max())), model, "input.dataset")
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
