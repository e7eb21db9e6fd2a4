"""Files of others: only regular ones are opened, and only as much is read as is allowed."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

#: Where the shell puts the pipe of `<(...)`, and the standard input; the user names these himself.
_PIPES = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")


class Unreadable(Exception):
    """What is wrong with a file or text from outside, and what to do.

    Attributes
    ----------
    problem, remedy : str
    line : int or None
        Line of a text, from 1, where that is known.
    """

    def __init__(self, problem: str, remedy: str, line: int | None = None):
        self.problem, self.remedy, self.line = problem, remedy, line
        super().__init__(f"{problem}; {remedy}")


def open_regular(path: Path, *, pipe: bool = False) -> BinaryIO:
    """Open a regular file to read its bytes; anything else is refused before it is opened.

    A file without an end, such as /dev/zero, or a pipe that nobody writes to is never waited for.
    With `pipe` a pipe that the shell opened (``<(...)``) is taken, too.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    pipe : bool, optional
        Whether a pipe that the shell opened (``<(...)``) is opened, too.

    Raises
    ------
    Unreadable
        If it is missing, no regular file, or the file system refuses.
    """
    try:
        is_pipe = pipe and str(path).startswith(_PIPES)
        _refuse_special(os.stat(path).st_mode, is_pipe=is_pipe)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if is_pipe else os.O_NONBLOCK))
    except FileNotFoundError:
        raise Unreadable("does not exist", "check the path") from None
    except OSError as error:
        remedy = "check the path and its permissions"
        raise Unreadable(f"cannot be read ({error.strerror})", remedy) from None
    except ValueError:
        raise Unreadable("is no path of a file", "check the path") from None
    file = os.fdopen(descriptor, "rb")
    try:
        # again: it may have been replaced in between
        _refuse_special(os.fstat(descriptor).st_mode, is_pipe=is_pipe)
    except Unreadable:
        file.close()
        raise
    return file


def _refuse_special(mode: int, *, is_pipe: bool) -> None:
    if stat.S_ISREG(mode) or (is_pipe and stat.S_ISFIFO(mode)):
        return
    kinds = {stat.S_ISDIR: "a directory", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    kind = next((word for test, word in kinds.items() if test(mode)), "a device")
    raise Unreadable(f"is {kind}, no regular file", "name a file that is stored on disk")


def read_bytes(path: Path, most: int, *, pipe: bool = False) -> bytes:
    """All of a file of at most `most` bytes.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    most : int
        Largest size in bytes.
    pipe : bool, optional
        Whether a pipe that the shell opened (``<(...)``) is read, too.

    Raises
    ------
    Unreadable
        If it is longer, or see `open_regular`.
    """
    with open_regular(path, pipe=pipe) as file:
        try:
            content = file.read(most + 1)
        except OSError as error:
            remedy = "check the path and its permissions"
            raise Unreadable(f"cannot be read ({error.strerror})", remedy) from None
    if len(content) > most:
        remedy = "make it shorter; long lists of numbers belong into NumPy files"
        raise Unreadable(f"is longer than {most:,} bytes", remedy)
    return content


def read_text(path: Path, most: int, *, pipe: bool = False) -> str:
    """All of a text file in UTF-8 of at most `most` bytes.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    most : int
        Largest size in bytes.
    pipe : bool, optional
        Whether a pipe that the shell opened (``<(...)``) is read, too.

    Raises
    ------
    Unreadable
        If it is longer, no such text, or see `open_regular`.
    """
    try:
        return read_bytes(path, most, pipe=pipe).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("is no text file", "save it as UTF-8 text") from None


def memory_limit() -> int:
    """Most bytes that the arrays of a file may take: half of this machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
