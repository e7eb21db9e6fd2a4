"""Arrays that stay in a file: what was read of them need not stay in memory."""

import mmap
import tempfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

#: Bytes from which arrays are better in a file.
LARGE = 32e6
#: Numbers that are written at once.
_AT_ONCE = 1 << 20


def mapped(file: Path | IO[bytes], dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """An array that is read from a file as it is needed; it stays there when the file is removed.

    Parameters
    ----------
    file : Path or file
        File with the numbers.
    dtype : dtype
        Their type.
    shape : tuple of int
        Shape of the array.
    """
    return np.memmap(file, dtype=dtype, mode="r", shape=shape)


def apart(values: NDArray[Any], dtype: DTypeLike = None) -> NDArray[Any]:
    """A copy of an array; a large one is in a file, which goes with it and takes what is written.

    Parameters
    ----------
    values : array
        What is copied.
    dtype : dtype, optional
        Type of the copy; by default the same.
    """
    kind = values.dtype if dtype is None else np.dtype(dtype)
    if values.size * kind.itemsize < LARGE:
        return np.array(values, dtype=kind)
    with tempfile.TemporaryFile() as file:
        append(values, kind, file)
        return np.memmap(file, dtype=kind, mode="r+", shape=values.shape)


def append(values: NDArray[Any], dtype: DTypeLike, file: IO[bytes]) -> None:
    """Write an array to the end of a file, and keep nothing of it in memory.

    Parameters
    ----------
    values : array
        What is written.
    dtype : dtype
        Type of the numbers in the file.
    file : file
        Open for writing.
    """
    flat = values.reshape(-1)
    for start in range(0, flat.size, _AT_ONCE):
        flat[start : start + _AT_ONCE].astype(dtype, copy=False).tofile(file)
        forget(values)


def forget(values: NDArray[Any]) -> None:
    """Let the memory go that holds what was read of a mapped array; it can be read again.

    Of any other array nothing changes.

    Parameters
    ----------
    values : array
        A mapped array, or a part of one.
    """
    owner: Any = values
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)
