"""NumPy files: what a header claims is held against the file before anything is allocated."""

import zipfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from neurodiff.files.regular_files import Unreadable, memory_limit, open_regular

npy: Any = np.lib.format

#: A byte of what deflate made stands for at most so many, and a file of nothing for some.
_DEFLATED, _LEAST = 1032, 4096
#: Most arrays of an archive.
_MOST_ARRAYS = 10_000

_NO_NUMBERS = "is no NumPy file of numbers"
_REMEDY = "save arrays of numbers there with numpy.save or numpy.savez"


def read_npy(path: Path) -> NDArray[Any]:
    """The array of an .npy file.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.

    Raises
    ------
    Unreadable
        If it is no such file, holds pickled objects, or claims to hold more than it does.
    """
    with open_regular(path) as file:
        if file.read(2) == b"PK":
            text = "is an archive of several arrays"
            raise Unreadable(text, "save one array there with numpy.save")
        size = file.seek(0, 2)
        file.seek(0)
        _refuse_false_claims(file, size)
        file.seek(0)
        return _guarded(lambda: npy.read_array(file, allow_pickle=False))


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an .npz archive by their names.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.

    Raises
    ------
    Unreadable
        If it is no archive, has two arrays of one name, one that is no array of numbers, or claims
        to hold more than it does.
    """
    with open_regular(path) as file:
        if not zipfile.is_zipfile(file):
            raise Unreadable("is no NumPy archive", "save it with numpy.savez")
        with _guarded(lambda: zipfile.ZipFile(file)) as archive:
            return _members(archive, file.seek(0, 2))


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, NDArray[Any]]:
    parts, arrays = archive.infolist(), dict[str, NDArray[Any]]()
    if len(parts) > _MOST_ARRAYS:
        text = f"has {len(parts):,} arrays"
        raise Unreadable(text, f"keep at most {_MOST_ARRAYS:,} in one archive")
    _refuse_more_than_memory(sum(part.file_size for part in parts))
    for part in parts:
        if part.file_size > _DEFLATED * min(part.compress_size, size) + _LEAST:
            text = (
                f"says that `{part.filename[:60]}` has {part.file_size:,} bytes, which it has not"
            )
            raise Unreadable(text, _REMEDY)
        name = part.filename.removesuffix(".npy")
        if name in arrays:
            raise Unreadable(f"has two arrays `{name[:60]}`", "keep one")
        try:
            arrays[name] = _guarded(lambda part=part: _member(archive, part))  # type: ignore[misc]
        except Unreadable as error:
            text = f"{error.problem}: see its array `{name[:60]}`"
            raise Unreadable(text, error.remedy) from None
    return arrays


def _member(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(part) as file:
        _refuse_false_claims(file, part.file_size)  # type: ignore[arg-type]
    with archive.open(part) as file:
        return npy.read_array(file, allow_pickle=False)


def _refuse_false_claims(file: BinaryIO, size: int) -> None:
    """Read the header of an array in a file of `size` bytes; refuse one that does not fit it."""
    shape, dtype = _guarded(lambda: _header(file))
    if dtype.hasobject:
        raise Unreadable(f"{_NO_NUMBERS}: it holds pickled objects", _REMEDY)
    claimed, there = prod(shape) * dtype.itemsize, size - file.tell()
    if min(shape, default=0) < 0 or claimed > there:
        text = f"{_NO_NUMBERS}: it says that it has the shape {_brief(shape)} of {dtype}, "
        raise Unreadable(f"{text}and has {there:,} bytes", _REMEDY)
    _refuse_more_than_memory(claimed)


def _header(file: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    # version 3 is version 2 with names in UTF-8, which only structured arrays have
    shape, _, dtype = read[version](file)
    return shape, dtype


def _refuse_more_than_memory(claimed: int) -> None:
    most = memory_limit()
    if claimed > most:
        text = f"holds {claimed / 1e9:.3g} GB, more than half of this machine's memory"
        raise Unreadable(text, f"keep at most {most / 1e9:.3g} GB in it")


def _guarded(parse: Callable[[], Any]) -> Any:
    """What `parse` makes; whatever it throws becomes an error that says what is wrong."""
    try:
        return parse()
    except Unreadable:
        raise
    except MemoryError:
        raise Unreadable("holds more than there is memory for", "make it smaller") from None
    except zipfile.BadZipFile:
        raise Unreadable("is no NumPy archive", "save it with numpy.savez") from None
    except NotImplementedError:
        raise Unreadable(
            "is compressed in a way that is not known", "save it with numpy.savez"
        ) from None
    except RuntimeError:
        raise Unreadable("is encrypted", "save it without a password") from None
    except Exception:
        # what NumPy and zlib say here is about pickled objects or streams, whatever the file holds
        raise Unreadable(_NO_NUMBERS, _REMEDY) from None


def _brief(shape: tuple[int, ...]) -> str:
    text = str(shape)
    return text if len(text) <= 60 else text[:57] + "..."
