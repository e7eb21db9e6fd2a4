"""By what weights errors come back in the reference, and how these learn, from the past."""

from neurodiff.reference.feedback.direct import Direct
from neurodiff.reference.feedback.interface import Feedback, Moment, follow
from neurodiff.reference.feedback.kolen_pollack import KolenPollack
from neurodiff.reference.feedback.random import Random
from neurodiff.reference.feedback.sign import Sign
from neurodiff.reference.feedback.symmetric import Symmetric
from neurodiff.reference.feedback.weight_mirror import WeightMirror

__all__ = [
    "Direct",
    "Feedback",
    "KolenPollack",
    "Moment",
    "Random",
    "Sign",
    "Symmetric",
    "WeightMirror",
    "follow",
]
