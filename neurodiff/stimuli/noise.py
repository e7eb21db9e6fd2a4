"""Inputs that are noise with a correlation time."""

import numpy as np

from neurodiff.model_file import Model
from neurodiff.model_file.signals import NoiseInput
from neurodiff.network.graph import random_stream
from neurodiff.network.limits import refuse_many_numbers
from neurodiff.stimuli.interface import InputSignal, Pace, Place, input_signal
from neurodiff.stimuli.signals import Table, held


@input_signal.register
def _(spec: NoiseInput, place: Place) -> InputSignal:
    signal = _noise(spec, place.graph.n_inputs, place.steps, place.model)
    pace = Pace(spec.time_constant / place.model.time_step, None)
    return InputSignal(signal, pace, place.steps, place.steps)


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
    return held(rows, hold=1, blend=0)
