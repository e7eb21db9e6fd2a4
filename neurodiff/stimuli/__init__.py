"""Input and target as functions of time, and the data sets that they come from.

Importing this package registers what makes each kind of input and target.
"""

from neurodiff.stimuli import array, constant, frames, noise, sinusoid, teacher
from neurodiff.stimuli.build import Stimuli, build_stimuli
from neurodiff.stimuli.interface import Pace
from neurodiff.stimuli.presentations import Presentations
from neurodiff.stimuli.signals import Signal, Sinusoids, Table

__all__ = [
    "Pace",
    "Presentations",
    "Signal",
    "Sinusoids",
    "Stimuli",
    "Table",
    "array",
    "build_stimuli",
    "constant",
    "frames",
    "noise",
    "sinusoid",
    "teacher",
]
