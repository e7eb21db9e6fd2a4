"""The frames of a model: which data set, scaled and split."""

from dataclasses import dataclass

import numpy as np

from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.model_file.base import nearest
from neurodiff.model_file.signals import BUILT_IN, FramesInput
from neurodiff.network.graph import random_stream
from neurodiff.stimuli.datasets.archive import read
from neurodiff.stimuli.datasets.interface import Floats, Ints, Labelled, make


@dataclass(frozen=True, eq=False)
class Frames:
    """Labelled frames, split.

    Attributes
    ----------
    images : array (n, units), values in [0, 1] where transmission makes spikes of them
    labels : int array (n,)
    training, test : int arrays
        Numbers of the frames to learn from and to test on. Without a test fraction the test is on
        the training frames themselves.
    """

    images: Floats
    labels: Ints
    training: Ints
    test: Ints

    @property
    def tested_on(self) -> str:
        """Whether the test frames are held out (`test`) or not (`training`)."""
        return "training" if np.array_equal(self.training, self.test) else "test"


def load_frames(spec: FramesInput, model: Model) -> Frames:
    """The data set of a model, scaled, and split by the model's seed.

    Parameters
    ----------
    spec : FramesInput
        The `input` part of the model.
    model : Model
        Model, checked.

    Returns
    -------
    Frames
        Frames for training and for the test.

    Raises
    ------
    ModelError
        If the file is missing or its arrays are not as the model file's contract says.
    """
    found = _labelled(spec, model)
    training, test = _split(spec, model, found.labels)
    images = found.images
    if spec.standardise:
        images = _standardised(images, training)
    return Frames(images, found.labels, training, test)


def _labelled(spec: FramesInput, model: Model) -> Labelled:
    if spec.built_in:
        return make(spec.dataset, spec.n_samples, random_stream(model.seed, spec.dataset))
    path = model.file(spec.dataset)
    if not path.exists() and not path.suffix:
        text = f"no data set is called {spec.dataset!r}, and no file"
        raise ModelError("input.dataset", text, nearest(spec.dataset, list(BUILT_IN)))
    return read(path)


def _split(spec: FramesInput, model: Model, labels: Ints) -> tuple[Ints, Ints]:
    """Numbers of the frames to learn from, and of those to test on."""
    n = len(labels)
    n_test = int(np.ceil(spec.test_fraction * n))
    if n_test >= n:
        text = f"{spec.test_fraction} of {n} frames leaves none to learn from"
        raise ModelError("input.test_fraction", text, "write a smaller fraction")
    shuffled = random_stream(model.seed, "test frames").permutation(n)
    if spec.stratify:
        shuffled = shuffled[_spread_out(labels[shuffled])]
    training, test = np.sort(shuffled[n_test:]), np.sort(shuffled[:n_test])
    return training, test if n_test else training


def _spread_out(labels: Ints) -> Ints:
    """An order (n,) of which every beginning has all classes in about the proportion of the whole.

    Frame k of the m of a class is put at (k + 1/2)/m of the way.
    """
    place = np.empty(len(labels))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        place[own] = (np.arange(len(own)) + 0.5) / len(own)
    return np.argsort(place, kind="stable")


def _standardised(images: Floats, training: Ints) -> Floats:
    """With mean 0 and standard deviation 1 over the training frames; 0 where they are all equal."""
    mean, sd = images[training].mean(axis=0), images[training].std(axis=0)
    return np.divide(images - mean, sd, out=np.zeros_like(images), where=sd > 0)
