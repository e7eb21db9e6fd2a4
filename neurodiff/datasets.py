"""Labelled frames and arrays from files, checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.graph import random_stream
from neurodiff.spec import Model
from neurodiff.spec.signals import FramesInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Frames:
    """Labelled frames, split.

    Attributes
    ----------
    images : array (n, units), values in [0, 1]
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


def load_array(path: Path, field: str) -> Floats:
    """A finite two-dimensional array (time, units) from an .npy file.

    Raises
    ------
    ModelError
        If it is missing, no array of numbers, not two-dimensional, empty, or has NaN or infinity.
    """
    try:
        array = np.load(path)
    except FileNotFoundError:
        raise ModelError(field, f"{path} does not exist", "check the path") from None
    except (OSError, ValueError, EOFError) as error:
        text = f"{path} cannot be read ({error})"
        raise ModelError(field, text, "save an array there with numpy.save") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf" or array.ndim != 2:
        raise ModelError(
            field, f"{path} is no array of numbers (time, units)", "save such an array"
        )
    _require_finite(array, path, field)
    return array.astype(float)


def _digits() -> tuple[Floats, Ints]:
    """scikit-learn's 1,797 handwritten digits, 8 x 8 pixels scaled to [0, 1]."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.data / 16.0, digits.target.astype(np.int64)


def _archive(path: Path) -> tuple[Floats, Ints]:
    field = "input.dataset"
    try:
        with np.load(path) as archive:
            arrays: dict[str, NDArray[Any]] = dict(archive)
    except FileNotFoundError:
        raise ModelError(
            field, f"{path} does not exist", "write `digits` or an .npz file"
        ) from None
    except (OSError, ValueError, EOFError, AttributeError) as error:
        text = f"{path} cannot be read ({error})"
        raise ModelError(field, text, "save it with numpy.savez(frames=..., labels=...)") from None
    for name in ("frames", "labels"):
        if name not in arrays:
            raise ModelError(field, f"{path} has no array `{name}`", "save `frames` and `labels`")
    images, labels = arrays["frames"], arrays["labels"]
    if images.ndim != 2 or labels.shape != (len(images),) or not len(images):
        text = f"{path}: frames {images.shape} and labels {labels.shape} do not fit"
        raise ModelError(field, text, "make them (n, units) and (n,)")
    _require_finite(images, path, field)
    if images.min() < 0 or images.max() > 1:
        raise ModelError(field, f"{path}: frames are not in [0, 1]", "rescale them")
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ModelError(field, f"{path}: labels are no whole numbers from 0 on", "renumber them")
    return images.astype(float), labels.astype(np.int64)


def _require_finite(array: NDArray[Any], path: Path, field: str) -> None:
    if not len(array):
        raise ModelError(field, f"{path} is empty", "save at least one row")
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise ModelError(field, f"{path} has NaN or infinity in row {row}", "mend the file")
