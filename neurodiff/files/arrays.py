"""NumPy files, read and checked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.files import Unreadable, read_npy, read_npz

Floats = NDArray[np.float64]

_SAVE_ARRAY = "save an array (time, units) of numbers there with numpy.save"


def load_array(path: Path, field: str) -> Floats:
    """A finite two-dimensional array (time, units) from an .npy file.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    field : str
        Key of the model file that a message names.

    Raises
    ------
    ModelError
        If it is missing, no array of numbers, not two-dimensional, empty, or has NaN or infinity.
    """
    array = _read(path, field, _SAVE_ARRAY, read_npy)
    require_numbers(array, str(path), field)
    if array.ndim != 2 or not array.size:
        raise ModelError(field, f"{path} is an array of the shape {array.shape}", _SAVE_ARRAY)
    require_finite(array, str(path), field)
    return array.astype(float)


def load_archive(path: Path, field: str, remedy: str) -> dict[str, NDArray[Any]]:
    """All arrays of an .npz archive; `remedy` says how to make one.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    field : str
        Key of the model file that a message names.
    remedy : str
        What the message advises to do.

    Raises
    ------
    ModelError
        If it is missing, no archive, or holds what is no array of numbers.
    """
    arrays = _read(path, field, remedy, read_npz)
    for name, array in arrays.items():
        require_numbers(array, f"array `{name}` of {path}", field)
    return arrays


def require_numbers(array: NDArray[Any], what: str, field: str) -> None:
    """Refuse text, complex numbers, dates and the like.

    Parameters
    ----------
    array : array
        Array to check.
    what : str
        What the array is, in words.
    field : str
        Key of the model file that a message names.

    Raises
    ------
    ModelError
        If the array does not hold real numbers.
    """
    if array.dtype.kind not in "biuf":
        raise ModelError(field, f"{what} holds {array.dtype}, not real numbers", "convert it")


def require_finite(array: NDArray[Any], what: str, field: str) -> None:
    """Refuse NaN and infinity; the message names the first row that has one.

    Parameters
    ----------
    array : array
        Numbers to check.
    what : str
        What the array is, in words.
    field : str
        Key of the model file that a message names.

    Raises
    ------
    ModelError
        If a number is NaN or infinite.
    """
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise ModelError(field, f"{what} has NaN or infinity in row {row}", "mend the file")


def _read(path: Path, field: str, remedy: str, load: Callable[[Path], Any]) -> Any:
    try:
        return load(path)
    except Unreadable as error:
        # the field says better what is to be saved there
        mine = error.problem.startswith("is no NumPy") or "archive" in error.problem
        raise ModelError(
            field, f"{path} {error.problem}", remedy if mine else error.remedy
        ) from None
