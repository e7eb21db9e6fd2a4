"""Labelled frames by name: what a data set is, and how it is found."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import UnknownKindError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Labelled(NamedTuple):
    """Frames and their classes.

    Attributes
    ----------
    images : array (n, units)
    labels : int array (n,)
        Numbers of classes, from 0 on.
    """

    images: Floats
    labels: Ints


#: Makes a data set of so many frames, with a stream of random numbers; one that is stored has as
#: many as it has.
Maker = Callable[[int, np.random.Generator], Labelled]

_MAKERS: dict[str, Maker] = {}

M = TypeVar("M", bound=Maker)


def dataset(name: str) -> Callable[[M], M]:
    """Register what makes the data set of a name; the name is also one of `BUILT_IN`.

    Parameters
    ----------
    name : str
        Name in the model file.
    """

    def register(maker: M) -> M:
        _MAKERS[name] = maker
        return maker

    return register


def registered() -> tuple[str, ...]:
    """Names of all data sets that can be made."""
    return tuple(_MAKERS)


def make(name: str, samples: int, rng: np.random.Generator) -> Labelled:
    """The data set of a name.

    Parameters
    ----------
    name : str
        Name in the model file.
    samples : int
        Number of frames, of those that are generated.
    rng : numpy.random.Generator
        Of those that are generated.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the name.
    """
    if name not in _MAKERS:
        raise UnknownKindError("neurodiff.stimuli.datasets.interface.dataset", name)
    return _MAKERS[name](samples, rng)
