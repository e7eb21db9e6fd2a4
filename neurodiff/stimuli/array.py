"""Inputs and targets from files."""

from neurodiff.exceptions import ModelError
from neurodiff.files.arrays import load_array
from neurodiff.model_file import Model
from neurodiff.model_file.signals import ArrayInput, ArrayTarget
from neurodiff.stimuli.interface import (
    InputSignal,
    Pace,
    Place,
    TargetSignal,
    input_signal,
    target_signal,
)
from neurodiff.stimuli.rates import refuse_no_rates
from neurodiff.stimuli.signals import Table, held


@input_signal.register
def _(spec: ArrayInput, place: Place) -> InputSignal:
    model = place.model
    source = _array(spec, "input", place.graph.n_inputs, place.steps, model)
    refuse_no_rates(source.range, model, "input.file")
    pace = Pace(spec.interval / model.time_step, None)
    return InputSignal(source, pace, place.steps, place.steps)


@target_signal.register
def _(spec: ArrayTarget, place: Place, source: InputSignal) -> TargetSignal:
    n = len(place.graph.outputs)
    target = _array(spec, "target", n, source.steps, place.model)
    return TargetSignal(_in_unit_interval(target, place.model))


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
    return held(rows, hold, 0)


def _in_unit_interval(target: Table, model: Model) -> Table:
    least, most = target.range
    if model.loss == "cross_entropy" and (least < 0 or most > 1):
        text = f"cross_entropy needs target values between 0 and 1, not {least:g} to {most:g}"
        raise ModelError("target.file", text, "rescale the file, or write `loss: squared_error`")
    return target
