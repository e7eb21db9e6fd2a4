"""Arrays that stay in a file: what was read of them need not stay in memory."""

import mmap
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


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
