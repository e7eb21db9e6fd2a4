"""Compiled programs of cpp_standalone, kept from run to run.

The numbers of a run are not in its sources (see `simulator.backends.data_tables`), so one program
serves all runs that differ in numbers only: learning rates, thresholds, frequencies, seeds,
weights, delays, the duration, epochs. What changes the shape of a program asks for another one:
other equations, more units or synapses, a longer delay, other frames, something else to record.

A program is kept in the user's cache folder under the hash of all that went into it. No more than
`KEPT` are: the one that was not used for longest goes first. The folder can be deleted at any time.
"""

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import brian2 as b2
from brian2.codegen.cpp_prefs import get_compiler_and_args
from filelock import FileLock
from platformdirs import user_cache_path

#: How many programs are kept; they take about 1 MB each.
KEPT = 50

#: Folders of a Brian2 project that hold the data of one run.
_DATA = ("static_arrays", "results")


def provide(program: Path, compile_sources: Callable[[], None]) -> bool:
    """Put a compiled program beside its sources: a kept one, or one that is compiled now.

    Several processes that want the same program at once wait for the first of them to compile it;
    if that one fails, or is killed, the next one compiles. Where nothing can be kept, it is just
    compiled.

    Parameters
    ----------
    program : Path
        Where Brian2 looks for the program; its sources are in the same folder.
    compile_sources : callable
        Makes it from the sources.

    Returns
    -------
    bool
        Whether it was compiled.
    """
    with _place(program.parent) as kept:
        if kept is not None and _take(kept, program):
            return False
        compile_sources()
        if kept is not None:
            with suppress(OSError):
                _keep(program, kept)
        return True


@contextmanager
def _place(sources: Path) -> Iterator[Path | None]:
    """Where the program of these sources is kept, with a lock on it; None where nothing can be."""
    with ExitStack() as held:
        try:
            store = user_cache_path("neurodiff", appauthor=False) / "programs"
            store.mkdir(parents=True, exist_ok=True)
            kept = store / _hash(sources)
            # the system takes a lock from a process that dies
            held.enter_context(FileLock(kept.with_suffix(".lock")))
        except (OSError, NotImplementedError):
            kept = None
        yield kept


def _take(kept: Path, program: Path) -> bool:
    """Copy a kept program to where it is wanted, if there is one."""
    try:
        shutil.copy2(kept, program)
        os.utime(kept)
    except OSError:
        return False
    return True


def _keep(program: Path, kept: Path) -> None:
    """Keep a program, which is moved into its place as a whole, and drop old ones."""
    beside = kept.with_suffix(".new")
    shutil.copy2(program, beside)
    beside.replace(kept)
    programs = [path for path in kept.parent.iterdir() if not path.suffix]
    programs.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in programs[KEPT:]:
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)


def _hash(folder: Path) -> str:
    """Of all that a program is made from: the sources with the makefile, Brian2, the compiler."""
    found = hashlib.sha256(f"{b2.__version__} {_compiler()}".encode())
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] not in _DATA:
            content = path.read_bytes()
            found.update(f"{name.as_posix()} {len(content)} ".encode() + content)
    return found.hexdigest()


def _compiler() -> str:
    """Compiler and processor, for which it may compile: `-march=native` says different things."""
    name, flags = get_compiler_and_args()
    about = f"{name} {platform.machine()} {platform.processor()}"
    if name == "unix":
        command = shlex.split(os.environ.get("CXX", "g++"))
        command += [*flags, "-E", "-v", "-x", "c++", os.devnull]
        # clang names the folder that it is in
        about += subprocess.run(command, capture_output=True, text=True, cwd=os.sep).stderr
    return about
