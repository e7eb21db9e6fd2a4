"""Labelled frames, from files or built in, and their split."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.files.arrays import load_archive, require_finite
from neurodiff.model_file import Model
from neurodiff.model_file.signals import FramesInput
from neurodiff.network.graph import random_stream

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: More classes than there can be outputs.
_MOST_CLASSES = 2**31


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
    """The data set of a model, split by the model's seed.

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
    if spec.dataset == "digits":
        images, labels = _digits()
    else:
        images, labels = _archive(model.file(spec.dataset))
    n_test = int(np.ceil(spec.test_fraction * len(images)))
    if n_test >= len(images):
        text = f"{spec.test_fraction} of {len(images)} frames leaves none to learn from"
        raise ModelError("input.test_fraction", text, "write a smaller fraction")
    shuffled = random_stream(model.seed, "test frames").permutation(len(images))
    training, test = np.sort(shuffled[n_test:]), np.sort(shuffled[:n_test])
    return Frames(images, labels, training, test if n_test else training)


def _digits() -> tuple[Floats, Ints]:
    """scikit-learn's 1,797 handwritten digits, 8 x 8 pixels scaled to [0, 1]."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.data / 16.0, digits.target.astype(np.int64)


def _archive(path: Path) -> tuple[Floats, Ints]:
    field = "input.dataset"
    arrays = load_archive(path, field, "save it with numpy.savez(path, frames=..., labels=...)")
    for name in ("frames", "labels"):
        if name not in arrays:
            raise ModelError(field, f"{path} has no array `{name}`", "save `frames` and `labels`")
    images, labels = arrays["frames"], arrays["labels"]
    if images.ndim != 2 or labels.shape != (len(images),) or not images.size:
        text = f"{path}: frames of shape {images.shape} and labels of shape {labels.shape}"
        raise ModelError(field, text, "make them (n, units) and (n,)")
    require_finite(images, f"array `frames` of {path}", field)
    whole = labels.dtype.kind in "iuf" and (labels == np.floor(labels)).all()
    if not whole or labels.min() < 0 or labels.max() >= _MOST_CLASSES:
        text = f"{path}: labels are not whole numbers from 0 on"
        raise ModelError(field, text, "number the classes 0, 1, 2, ... and save whole numbers")
    return images.astype(float), labels.astype(np.int64)
