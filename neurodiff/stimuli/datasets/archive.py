"""Frames from a file of one's own."""

from pathlib import Path

import numpy as np

from neurodiff.exceptions import ModelError
from neurodiff.files.arrays import load_archive, require_finite
from neurodiff.stimuli.datasets.interface import Labelled

#: More classes than there can be outputs.
_MOST_CLASSES = 2**31


def read(path: Path) -> Labelled:
    """Frames and labels of an .npz file.

    Parameters
    ----------
    path : Path
        File with `frames` (n, units) and `labels` (n,).

    Raises
    ------
    ModelError
        If it is missing, or its arrays are not as the model file's contract says.
    """
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
    return Labelled(images.astype(float), labels.astype(np.int64))
