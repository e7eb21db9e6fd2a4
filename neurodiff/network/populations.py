"""Populations: ranges of units with one activation function."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.activations import Activation

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Population:
    """A range of units with one activation function.

    `activation` is the name of `sigma`, `depth` the longest path from an input, in projections; of
    a way through a cycle only the shortest counts.

    Attributes
    ----------
    name : str
        Name in the model file.
    role : str
        Either `input`, `hidden` or `output`.
    activation : str
        Name of the activation function.
    sigma : Activation
        Activation function and its derivative.
    bias : bool
        Whether units have a bias.
    depth : int
        Depth in projections.
    start, stop : int
        Range of the numbers of its units; `stop` is not included.
    """

    name: str
    role: str
    activation: str
    sigma: Activation
    bias: bool
    depth: int
    start: int
    stop: int

    @property
    def units(self) -> slice:
        """Its units among all units."""
        return slice(self.start, self.stop)

    @property
    def size(self) -> int:
        """Number of units."""
        return self.stop - self.start


def units_of(populations: Iterable[Population]) -> Ints:
    """Numbers of all units of some populations.

    Parameters
    ----------
    populations : iterable of Population
        Populations whose units are wanted.
    """
    return np.concatenate([np.arange(part.start, part.stop) for part in populations])
