"""By what weights errors come back: one small class for each rule.

Throughout, i is the unit whose error comes back and j the unit to which it comes, r the delay of
that way, and f that of the synapse from j to i. Symmetric feedback takes the weights of the forward
synapses themselves. All other rules have weights of their own, in a store with one element for each
backward connection, and train them there.
"""

from neurodiff.simulator.feedback.direct import Direct
from neurodiff.simulator.feedback.interface import Feedback, LocalState, Untrained, build
from neurodiff.simulator.feedback.kolen_pollack import KolenPollack
from neurodiff.simulator.feedback.random import Random
from neurodiff.simulator.feedback.sign import Sign
from neurodiff.simulator.feedback.symmetric import Symmetric
from neurodiff.simulator.feedback.weight_mirror import WeightMirror

__all__ = [
    "Direct",
    "Feedback",
    "LocalState",
    "KolenPollack",
    "Random",
    "Sign",
    "Symmetric",
    "Untrained",
    "WeightMirror",
    "build",
]
