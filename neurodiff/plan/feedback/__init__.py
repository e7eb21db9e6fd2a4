"""By what weights errors come back, and what those weights need for their own learning.

A backward connection leads from the unit i whose error is sent to the unit j to which it comes; for
all but direct feedback it is a synapse from j to i the other way round. There delta_i arrives after
r steps and is multiplied by the backward weight b. With symmetric feedback b is the weight w of the
synapse itself, and there is nothing else to know (theory 8).
"""

from neurodiff.plan.feedback.direct import Direct
from neurodiff.plan.feedback.interface import Context, Feedback, along_synapses, prepare, span
from neurodiff.plan.feedback.kolen_pollack import KolenPollack
from neurodiff.plan.feedback.random import Random
from neurodiff.plan.feedback.sign import Sign
from neurodiff.plan.feedback.symmetric import Symmetric
from neurodiff.plan.feedback.weight_mirror import WeightMirror

__all__ = [
    "Context",
    "Direct",
    "Feedback",
    "KolenPollack",
    "Random",
    "Sign",
    "Symmetric",
    "WeightMirror",
    "along_synapses",
    "prepare",
    "span",
]
