"""What a forecast takes from the model's own input and target."""

from collections.abc import Callable
from fractions import Fraction
from functools import reduce, singledispatch
from math import lcm
from typing import Any, NamedTuple

import numpy as np

from neurodiff.forecast.periodic import Tones
from neurodiff.model_file.signals import ConstantTarget, TeacherTarget
from neurodiff.network.graph import Floats
from neurodiff.network.static_response import respond
from neurodiff.network.weights import initial_weights
from neurodiff.plan.recording_schedule import Planned
from neurodiff.stimuli.signals import Sinusoids

#: Periods of the fastest tone after which all tones must have come round.
_COMMON = 64


class ModelTones(NamedTuple):
    """The tones of a model.

    Attributes
    ----------
    pattern : Tones
        Amplitudes, phases and proportions.
    fastest : float
        Radian per step of the fastest.
    """

    pattern: Tones
    fastest: float


def tones_of(source: Any) -> ModelTones | None:
    """The tones of an input; None where it has none, or none with a short common period."""
    if not isinstance(source, Sinusoids) or not source.frequency.any():
        return None
    fastest = float(source.frequency.max())
    shares = [Fraction(share).limit_denominator(_COMMON) for share in source.frequency / fastest]
    period = reduce(lcm, (share.denominator for share in shares))
    off = np.abs(np.array([float(share) for share in shares]) * fastest - source.frequency)
    if period > _COMMON or off.max() > 1e-9 * fastest:
        return None
    harmonic = np.array([int(share * period) for share in shares], dtype=np.int64)
    return ModelTones(Tones(source.amplitude, source.phase, harmonic), fastest)


def known_target(case: Planned) -> Callable[[Floats], Floats] | None:
    """Target (n, n_outputs) that belongs to inputs (n, n_inputs); None where nothing says so."""
    return _answering(case.model.target, case)


@singledispatch
def _answering(target: Any, case: Planned) -> Callable[[Floats], Floats] | None:
    return None


@_answering.register
def _(target: ConstantTarget, case: Planned) -> Callable[[Floats], Floats]:
    values = np.asarray(target.values, dtype=np.float64)
    return lambda u: np.broadcast_to(values, (len(u), len(values)))


@_answering.register
def _(target: TeacherTarget, case: Planned) -> Callable[[Floats], Floats]:
    graph = case.graph
    w, bias = initial_weights(case.model, graph, teacher_seed=target.seed)
    return lambda u: respond(graph, w, bias, u)[1][:, graph.outputs]
