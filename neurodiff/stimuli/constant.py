"""Inputs and targets that never change."""

import numpy as np

from neurodiff.model_file.signals import ConstantInput, ConstantTarget
from neurodiff.network.graph import Floats
from neurodiff.stimuli.interface import (
    InputSignal,
    Pace,
    Place,
    TargetSignal,
    input_signal,
    target_signal,
)
from neurodiff.stimuli.signals import Table, held


@input_signal.register
def _(spec: ConstantInput, place: Place) -> InputSignal:
    return InputSignal(_constant(spec.values), Pace(np.inf, 0.0), place.steps, place.steps)


@target_signal.register
def _(spec: ConstantTarget, place: Place, source: InputSignal) -> TargetSignal:
    values = np.asarray(spec.values, dtype=np.float64)

    def answer(u: Floats) -> Floats:
        return np.broadcast_to(values, (len(u), len(values)))

    return TargetSignal(_constant(spec.values), steady=True, answer=answer)


def _constant(values: list[float]) -> Table:
    return held(np.array([values], dtype=float), hold=1, blend=0)
