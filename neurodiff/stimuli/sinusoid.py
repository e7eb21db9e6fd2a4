"""Inputs that are sinusoids, one for each unit."""

import numpy as np

from neurodiff.model_file import Model
from neurodiff.model_file.signals import SinusoidInput
from neurodiff.network.graph import random_stream
from neurodiff.stimuli.interface import InputSignal, Pace, Place, input_signal
from neurodiff.stimuli.signals import Sinusoids


@input_signal.register
def _(spec: SinusoidInput, place: Place) -> InputSignal:
    fastest = float(np.max(spec.frequency))
    lasts = 1 / (4 * fastest * place.model.time_step) if fastest else np.inf
    tones = _sinusoids(spec, place.graph.n_inputs, place.model)
    return InputSignal(tones, Pace(lasts, fastest), place.steps, place.steps)


def _sinusoids(spec: SinusoidInput, n: int, model: Model) -> Sinusoids:
    rng = random_stream(model.seed, "input phase")
    phase = rng.uniform(0, 2 * np.pi, size=n) if spec.phase == "random" else spec.phase
    frequency = 2 * np.pi * np.broadcast_to(np.asarray(spec.frequency, dtype=float), n)
    return Sinusoids(
        amplitude=np.broadcast_to(np.asarray(spec.amplitude, dtype=float), n).copy(),
        frequency=frequency * model.time_step,
        phase=np.broadcast_to(np.asarray(phase, dtype=float), n).copy(),
    )
