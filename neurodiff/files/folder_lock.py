"""One process at a time writes into a folder of results."""

import json
import os
import platform
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from neurodiff.exceptions import OutputError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def claim(path: Path, lock: Path) -> Iterator[None]:
    """Hold the lock file of a folder of results; a second process is refused at once.

    The system takes the lock from a process that ends, however it ends. The file says which
    process holds it, and goes with the claim.

    Parameters
    ----------
    path : Path
        What is claimed, for the message.
    lock : Path
        The lock file.

    Raises
    ------
    OutputError
        If another process, or another run of this one, holds it.
    OSError
        If the file system refuses.
    """
    descriptor = _locked(path, lock)
    try:
        if descriptor is not None:
            _sign(descriptor)
        yield
    finally:
        if descriptor is not None:
            with suppress(OSError):
                lock.unlink()
            os.close(descriptor)


def _locked(path: Path, lock: Path) -> int | None:
    """A descriptor of the lock file, locked; None, with a warning, where nothing can be locked."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            if fcntl is None:
                raise NotImplementedError
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise OutputError(_in_use(path, lock)) from None
        except (OSError, NotImplementedError):
            os.close(descriptor)
            lock.unlink(missing_ok=True)
            text = f"{path}: cannot be locked here; start no second run into it"
            warnings.warn(text, stacklevel=4)
            return None
        if _is_still(descriptor, lock):
            return descriptor
        os.close(descriptor)  # who held it has just removed the file


def _is_still(descriptor: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), lock.stat())
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    """Say in the lock file who holds it; a disk that is full does not matter here."""
    now = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    text = json.dumps({"process": os.getpid(), "host": platform.node(), "since": now})
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)


def _in_use(path: Path, lock: Path) -> str:
    holder = _holder(lock)
    who = "another process"
    if holder:
        who = f"process {holder['process']} on {holder['host']}, since {holder['since']}"
    return f"{path}: in use by {who}; wait until it has ended, or choose another --output"


def _holder(lock: Path) -> dict[str, Any]:
    try:
        found = json.loads(lock.read_text(encoding="utf-8"))
        return found if found.keys() >= {"process", "host", "since"} else {}
    except (OSError, ValueError, AttributeError):
        return {}
