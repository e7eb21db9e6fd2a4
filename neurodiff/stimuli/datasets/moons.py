"""Two half circles that reach into each other."""

import numpy as np

from neurodiff.stimuli.datasets.interface import Labelled, dataset

#: Standard deviation of the noise on both coordinates.
_NOISE = 0.1


@dataset("moons")
def moons(samples: int, rng: np.random.Generator) -> Labelled:
    """Points of two half circles with noise, as scikit-learn makes them.

    Parameters
    ----------
    samples : int
        Number of points.
    rng : numpy.random.Generator
        Decides all of them.
    """
    from sklearn.datasets import make_moons

    images, labels = make_moons(samples, noise=_NOISE, random_state=int(rng.integers(2**32)))
    return Labelled(images, labels.astype(np.int64))
