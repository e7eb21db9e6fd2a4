"""Data sets that scikit-learn brings with it."""

from typing import Any

import numpy as np

from neurodiff.stimuli.datasets.interface import Labelled, dataset


@dataset("digits")
def digits(samples: int, rng: np.random.Generator) -> Labelled:
    """1,797 handwritten digits, 8 x 8 pixels scaled to [0, 1].

    Parameters
    ----------
    samples : int
        Not needed.
    rng : numpy.random.Generator
        Not needed.
    """
    from sklearn.datasets import load_digits

    found = _loaded(load_digits())
    return Labelled(found.images / 16.0, found.labels)


@dataset("iris")
def iris(samples: int, rng: np.random.Generator) -> Labelled:
    """150 flowers of 3 species: length and width of sepals and petals, in cm (Fisher 1936).

    Parameters
    ----------
    samples : int
        Not needed.
    rng : numpy.random.Generator
        Not needed.
    """
    from sklearn.datasets import load_iris

    return _loaded(load_iris())


@dataset("wine")
def wine(samples: int, rng: np.random.Generator) -> Labelled:
    """178 wines of 3 cultivars, by 13 quantities of a chemical analysis.

    Parameters
    ----------
    samples : int
        Not needed.
    rng : numpy.random.Generator
        Not needed.
    """
    from sklearn.datasets import load_wine

    return _loaded(load_wine())


@dataset("breast_cancer")
def breast_cancer(samples: int, rng: np.random.Generator) -> Labelled:
    """569 tumours, malignant (0) or benign (1), by 30 measures of cell nuclei (Wolberg et al.).

    Parameters
    ----------
    samples : int
        Not needed.
    rng : numpy.random.Generator
        Not needed.
    """
    from sklearn.datasets import load_breast_cancer

    return _loaded(load_breast_cancer())


def _loaded(found: Any) -> Labelled:
    return Labelled(found.data.astype(float), found.target.astype(np.int64))
