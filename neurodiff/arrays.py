"""NumPy files, read and checked."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError

Floats = NDArray[np.float64]

_SAVE_ARRAY = "save an array (time, units) of numbers there with numpy.save"


def load_array(path: Path, field: str) -> Floats:
    """A finite two-dimensional array (time, units) from an .npy file.

    Raises
    ------
    ModelError
        If it is missing, no array of numbers, not two-dimensional, empty, or has NaN or infinity.
    """
    array = _read(path, field, _SAVE_ARRAY, np.load)
    if not isinstance(array, np.ndarray):
        array.close()
        raise ModelError(field, f"{path} is an archive of several arrays", _SAVE_ARRAY)
    require_numbers(array, str(path), field)
    if array.ndim != 2 or not array.size:
        raise ModelError(field, f"{path} is an array of the shape {array.shape}", _SAVE_ARRAY)
    require_finite(array, str(path), field)
    return array.astype(float)


def load_archive(path: Path, field: str, remedy: str) -> dict[str, NDArray[Any]]:
    """All arrays of an .npz archive; `remedy` says how to make one.

    Raises
    ------
    ModelError
        If it is missing, no archive, or holds what is no array of numbers.
    """
    arrays = _read(path, field, remedy, _all_arrays)
    for name, array in arrays.items():
        require_numbers(array, f"array `{name}` of {path}", field)
    return arrays


def require_numbers(array: NDArray[Any], what: str, field: str) -> None:
    """Refuse text, complex numbers, dates and the like."""
    if array.dtype.kind not in "biuf":
        raise ModelError(field, f"{what} holds {array.dtype}, not real numbers", "convert it")


def require_finite(array: NDArray[Any], what: str, field: str) -> None:
    """Refuse NaN and infinity; the message names the first row that has one."""
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise ModelError(field, f"{what} has NaN or infinity in row {row}", "mend the file")


def _all_arrays(path: Path) -> dict[str, NDArray[Any]]:
    with open(path, "rb") as file:
        archive = np.load(file)
        if isinstance(archive, np.ndarray):
            raise zipfile.BadZipFile
        with archive:
            return dict(archive)


def _read(path: Path, field: str, remedy: str, load: Callable[[Path], Any]) -> Any:
    try:
        return load(path)
    except FileNotFoundError:
        raise ModelError(field, f"{path} does not exist", "check the path") from None
    except OSError as error:
        raise ModelError(field, f"{path} cannot be read ({error.strerror})", remedy) from None
    except zipfile.BadZipFile:
        raise ModelError(field, f"{path} is no NumPy archive", remedy) from None
    except (ValueError, EOFError):
        # what NumPy says here is about pickled objects, whatever the file holds
        text = f"{path} is no NumPy file of numbers"
        raise ModelError(field, text, remedy) from None
