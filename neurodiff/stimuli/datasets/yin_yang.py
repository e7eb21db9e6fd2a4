"""Points on a yin-yang symbol, of three classes: both halves and the two dots."""

import numpy as np

from neurodiff.stimuli.datasets.interface import Bools, Floats, Ints, Labelled, dataset

#: Radii of the symbol, and of its dots.
_BIG, _SMALL = 0.5, 0.1

#: Points that are drawn at once for each that is wanted.
_SPARE = 4


@dataset("yin_yang")
def yin_yang(samples: int, rng: np.random.Generator) -> Labelled:
    """Points (x, y, 1 - x, 1 - y) of the symbol: classes 0 and 1 are its halves, 2 the dots.

    Every class is as probable, and points are uniform within it.

    Parameters
    ----------
    samples : int
        Number of points.
    rng : numpy.random.Generator
        Decides all of them.

    References
    ----------
    Kriener, Göltz & Petrovici 2022, The Yin-Yang dataset (arXiv:2102.08211).
    """
    labels = rng.integers(3, size=samples)
    points, missing = np.empty((samples, 2)), np.arange(samples)
    while len(missing):
        drawn = 2 * _BIG * rng.random((len(missing) * _SPARE, 2))
        inside = np.hypot(*(drawn - _BIG).T) <= _BIG
        drawn = drawn[inside]
        classes = class_of(drawn)
        still = []
        for label in range(3):
            wanted = missing[labels[missing] == label]
            found = drawn[classes == label][: len(wanted)]
            points[wanted[: len(found)]] = found
            still.append(wanted[len(found) :])
        missing = np.concatenate(still)
    return Labelled(np.column_stack([points, 2 * _BIG - points]), labels)


def class_of(points: Floats) -> Ints:
    """Classes (n,) of points (n, 2) of the symbol, whose centre is (1/2, 1/2).

    Parameters
    ----------
    points : array (n, 2)
        Coordinates, from 0 to 1.
    """
    x, y = points.T
    to_right, to_left = np.hypot(x - 1.5 * _BIG, y - _BIG), np.hypot(x - 0.5 * _BIG, y - _BIG)
    in_dot: Bools = (to_right < _SMALL) | (to_left < _SMALL)
    upper = (to_right <= _SMALL) | ((to_left > _SMALL) & (to_left <= _BIG / 2))
    upper |= (y > _BIG) & (to_right > _BIG / 2)
    return np.where(in_dot, 2, upper.astype(np.int64))
