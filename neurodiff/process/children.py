"""Programs that this process starts, none of which outlives it, and their temporary folders."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

#: Runs a command that gets a signal when its parent ends, kill -9 included. With a file to note its
#: number in, it gets a session of its own, too, so that Ctrl-C in a terminal is ours to pass on.
#: The number 1 is Linux's PR_SET_PDEATHSIG.
_LAUNCHER = """
import ctypes, os, sys
parent, number, note, *command = sys.argv[1:]
if ctypes.CDLL(None).prctl(1, int(number)) or os.getppid() != int(parent):
    sys.exit("the process that started this one has ended")
if note:
    os.setsid()
    with open(note + ".new", "w") as file:
        file.write(str(os.getpid()))
    os.rename(note + ".new", note)
os.execvp(command[0], command)
"""

_FOLDER = re.compile(r"neurodiff_(\d+)_\w+")

#: Temporary folders of this process.
_own: set[Path] = set()


def bound(command: Sequence[str], number: int, note: str = "") -> list[str]:
    """A command that ends with this process, where the system (Linux) can see to that.

    Parameters
    ----------
    command : sequence of str
        Program and its arguments.
    number : int
        The signal that it gets when this process has ended.
    note : str
        Name of a file, in the folder where it runs, to note its process number in.
    """
    if sys.platform != "linux":
        return [*command]
    python = [sys.executable, "-I", "-S", "-c", _LAUNCHER]
    return [*python, str(os.getpid()), str(int(number)), note, *command]


def call(command: Sequence[str], folder: Path) -> int:
    """Exit code of a command that runs in a folder, without output, and ends with this process.

    An exception that a signal raises meanwhile ends the command, too, and what it has started.

    Parameters
    ----------
    command : sequence of str
        Program and its arguments.
    folder : pathlib.Path
        Path of the folder.
    """
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(bound(command, signal.SIGTERM), cwd=folder, **quiet)  # type: ignore[call-overload]
    try:
        return int(process.wait())
    except BaseException:
        process.terminate()  # make passes it on
        process.wait()
        raise


def interrupt(note: Path) -> bool:
    """Send Ctrl-C to the program that has noted its number; whether there is one.

    Parameters
    ----------
    note : pathlib.Path
        File in which the program has noted its process number.
    """
    try:
        os.kill(int(note.read_text()), signal.SIGINT)
    except (OSError, ValueError):
        return False
    return True


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for the `with` block; those that killed processes have left go, too."""
    _remove_left_over(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"neurodiff_{os.getpid()}_"))
    _own.add(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _own.discard(folder)


def remove_temporary_folders() -> None:
    """Remove those of this process, which is about to end."""
    for folder in list(_own):
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_over(base: Path) -> None:
    with suppress(OSError):
        for folder in base.iterdir():
            found = _FOLDER.fullmatch(folder.name)
            if found and _is_ours(folder) and not _alive(int(found[1])):
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder, no link, of this user."""
    with suppress(OSError, AttributeError):
        return not folder.is_symlink() and folder.stat().st_uid == os.getuid()
    return False


def _alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
