"""What a forecast takes from the model's own input and target."""

from fractions import Fraction
from functools import reduce
from math import lcm
from typing import Any, NamedTuple

import numpy as np

from neurodiff.forecast.periodic import Tones
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
    """The tones of an input; None where it has none, or none with a short common period.

    Parameters
    ----------
    source : Source
        Input signal.
    """
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
