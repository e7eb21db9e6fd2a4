"""Frames shown one after the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodiff.stimuli.datasets import Frames

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Presentations:
    """Which frame is shown when: training frames by epochs, then every test frame once.

    Attributes
    ----------
    frames : Frames
        Frames that are shown.
    order : int array (n_presentations,)
        Frame number of each presentation.
    n_training : int
        How many of them come before the test, in which nothing is learned.
    hold, crossfade : int
        Steps per presentation, and how many of them blend in from the frame before.
    """

    frames: Frames
    order: Ints
    n_training: int
    hold: int
    crossfade: int

    @property
    def steps(self) -> int:
        """Number of steps that all presentations take."""
        return len(self.order) * self.hold
