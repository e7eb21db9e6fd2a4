"""Files appear under their names complete, or not at all; nothing is written through a link.

What is written gets a name beside its place that nobody can know in advance,
``.NAME-PROCESS-xxxxxxxx``, and is then moved there in one step. Moving replaces a link itself,
never the file to which it points. Modes follow the user's umask.
"""

import ctypes
import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurodiff.exceptions import OutputError

#: From Linux's <fcntl.h> and <linux/fs.h>.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2

#: What `hidden_name` gives.
_HIDDEN = re.compile(r"\..+-\d+-[0-9a-f]{8}")

#: A disk with fewer free bytes is taken for full where HDF5 does not say what was wrong.
_FULL_BELOW = 2**18


def hidden_name(path: Path) -> Path:
    """A new hidden name beside `path`, with the number of this process in it.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    """
    return path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")


def hidden_beside(path: Path) -> list[Path]:
    """What processes left beside `path` under such names.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    """
    pattern = re.compile(rf"\.{re.escape(path.name)}-\d+-[0-9a-f]{{8}}")
    if not path.parent.is_dir():
        return []
    return sorted(part for part in path.parent.iterdir() if pattern.fullmatch(part.name))


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """A new empty file that becomes `path` when the `with` block ends well, and goes otherwise.

    Parameters
    ----------
    path : Path
        What is there is replaced in one step; a link itself, not the file to which it points.

    Raises
    ------
    OSError
        If the file system refuses. A full disk is always ENOSPC, whatever HDF5 says of it.
    """
    beside = hidden_name(path)
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        with full_disk_named(path.parent):
            yield beside
            beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) in one step; see `written_beside`.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    text : str
        Text to write.
    """
    with written_beside(path) as beside:
        beside.write_text(text, encoding="utf-8")


@contextmanager
def full_disk_named(folder: Path) -> Iterator[None]:
    """Turn whatever HDF5 says of a full disk ("HDF error", "Permission denied") into ENOSPC.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.

    Raises
    ------
    OSError
        With ENOSPC, if an error came from a full disk.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        if no_room(error) or free_space(folder) >= _FULL_BELOW:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error


def no_room(error: BaseException | None) -> bool:
    """Whether an error of the file system says that a disk, or the user's share of it, is full.

    Parameters
    ----------
    error : BaseException or None
        Error to judge.
    """
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def free_space(folder: Path) -> int:
    """Bytes that can still be written in a folder, or in the nearest one above that exists.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    """
    existing = next(part for part in (folder, *folder.parents) if part.exists())
    return shutil.disk_usage(existing).free


def size_in_words(size: float) -> str:
    """So many bytes with a unit, such as 300 kB.

    Parameters
    ----------
    size : float
        Size in bytes.
    """
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Say which place the file system refused, and why.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.

    Raises
    ------
    OutputError
        For every OSError, and for HDF5's RuntimeErrors.
    """
    try:
        with full_disk_named(path.parent):
            yield
    except (OSError, RuntimeError) as error:
        raise OutputError(refusal(path, error)) from error


def refusal(path: Path, error: Exception) -> str:
    """What is said of a place that cannot be written.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    error : Exception
        Error of the file system.
    """
    reason = getattr(error, "strerror", None) or str(error)
    if no_room(error):
        left = size_in_words(free_space(path.parent))
        return f"{path}: no room ({reason}, {left} free); make room, or choose another --output"
    return f"{path}: cannot be written ({reason}); choose another --output"


def exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two things in one step; False where the system cannot (Linux can).

    Parameters
    ----------
    one : pathlib.Path
        First path.
    other : pathlib.Path
        Second path, on the same file system.

    Raises
    ------
    OSError
        If it could, and the file system refuses.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if _linux() else None
    if rename is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    if rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False  # this file system cannot
    raise OSError(number, os.strerror(number), str(other))


def _linux() -> bool:
    return sys.platform == "linux"


def remove_half_written(folder: Path) -> None:
    """Remove the files that processes which were killed were writing in `folder`.

    The caller knows that no process is writing there now.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    """
    for part in list(folder.iterdir()):
        if _HIDDEN.fullmatch(part.name) and part.is_file() and not part.is_symlink():
            part.unlink()
