"""Labelled frames, from files or by name, and their split.

Importing this package registers what makes each data set.
"""

from neurodiff.stimuli.datasets import moons, stored, yin_yang
from neurodiff.stimuli.datasets.frames import Frames, load_frames
from neurodiff.stimuli.datasets.interface import Labelled, dataset, registered

__all__ = [
    "Frames",
    "Labelled",
    "dataset",
    "load_frames",
    "moons",
    "registered",
    "stored",
    "yin_yang",
]
