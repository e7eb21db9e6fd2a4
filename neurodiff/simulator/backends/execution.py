"""Runs a network on one of Brian2's kinds of machine code, and leaves Brian2 as it was.

- ``numpy``: no compilation, starts at once;
- ``cython``: compiles each piece of code once, and finds it again in Brian2's cache;
- ``cpp_standalone``: one program does the whole run, the fastest for long ones. It is compiled once
  for all runs that differ in numbers only; see `neurodiff.simulator.backends.programs`.
"""

import gc
import logging
import os
import shlex
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import brian2 as b2
import numpy as np
from brian2.codegen.cpp_prefs import get_compiler_and_args
from brian2.devices.device import all_devices, get_device, reset_device, set_device

from neurodiff.exceptions import SimulationError
from neurodiff.process.children import bound, call, interrupt, temporary_folder
from neurodiff.process.interruption import stoppable
from neurodiff.process.progress import Progress
from neurodiff.results.divergence import beyond
from neurodiff.simulator.backends.compilers import refuse_without_compiler
from neurodiff.simulator.backends.data_tables import literals_to_data, numbers_to_variables
from neurodiff.simulator.backends.filling import fill, read_from_files, write_files
from neurodiff.simulator.backends.programs import provide
from neurodiff.simulator.backends.project_files import (
    look_at_the_clock_once,
    shorten_compilation,
)
from neurodiff.simulator.network import BuiltNetwork

T = TypeVar("T")


class Ran(NamedTuple):
    """How many steps were completed, and whether a program was compiled for them.

    Attributes
    ----------
    steps : int
        Number of steps that were completed.
    compiled : bool
        Whether a program was compiled.
    seconds : float or None
        What the steps took, where the program has timed them itself.
    """

    steps: int
    compiled: bool = False
    seconds: float | None = None


#: Runs a network for some steps.
Run = Callable[[BuiltNetwork, int, Progress], Ran]

#: Brian2's preference for the environment of a compiled program, and what is put there: events
#: visit synapses all over the memory, and on Linux large pages make that a sixth faster.
_ENVIRONMENT = "devices.cpp_standalone.run_environment_variables"
_HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}

#: What Brian2 calls a compiled program.
_PROGRAM = "main.exe" if os.name == "nt" else "main"

#: Brian2's preference for how the program is called, and the file in which it notes its number.
_COMMAND, _NUMBER = "devices.cpp_standalone.run_cmd_unix", "program.pid"

#: The file in which it notes the fraction of the run that is done.
_PROGRESS = "progress.txt"

#: The file in which it notes how many seconds its steps took, and how it does.
_SECONDS = "seconds.txt"
_BEGIN = "timespec began, ended; clock_gettime(CLOCK_MONOTONIC, &began);"
_END = f"""
clock_gettime(CLOCK_MONOTONIC, &ended);
std::ofstream("{_SECONDS}") << (ended.tv_sec - began.tv_sec) + 1e-9*(ended.tv_nsec - began.tv_nsec);
"""

#: Seconds between two looks at whether the program has to stop.
_LOOK_PERIOD = 0.05

#: Seconds between two reports of progress.
_REPORT_PERIOD = 0.25


@contextmanager
def machine_code(target: str) -> Iterator[Run]:
    """Choose the kind of code for all Brian2 objects that are made inside the `with` block.

    Yields a function that runs a network for some steps and says how many were completed: fewer
    where Ctrl-C stopped it, or where it diverged (but for a compiled program, which cannot be asked
    while it runs). Results must be read inside the block.

    Parameters
    ----------
    target : str
        Target of the code generation of Brian2: `numpy`, `cython` or `cpp_standalone`.

    Raises
    ------
    SimulationError
        If the target compiles and no compiler works.
    """
    refuse_without_compiler(target)
    kind = _standalone() if target == "cpp_standalone" else _runtime(target)
    with _quiet(), _same_random_numbers(), temporary_folder() as samples, kind as run:

        def run_and_keep(built: BuiltNetwork, steps: int, progress: Progress) -> Ran:
            built.synapses.keep_in(samples)
            return run(built, steps, progress)

        yield run_and_keep


def look_at(build: Callable[[], BuiltNetwork], look: Callable[[BuiltNetwork], T]) -> T:
    """What `look` says of a network that is built, on numpy, and never runs.

    Parameters
    ----------
    build : callable
        Function that builds the network.
    look : callable
        Function of the network that is built.
    """
    with machine_code("numpy"):
        built = build()
        for part in built.network.objects:
            # Brian2 warns when an object goes without having been in a network that ran
            part._network = built.network.id
        return look(built)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back Brian2's warning about writing through a link: no two units write to one place."""

    def says_something_else(record: logging.LogRecord) -> bool:
        return "may not be well-defined" not in record.getMessage()

    logger = logging.getLogger("brian2.codegen.generators.base")
    logger.addFilter(says_something_else)
    try:
        yield
    finally:
        logger.removeFilter(says_something_else)


@contextmanager
def _same_random_numbers() -> Iterator[None]:
    """Leave NumPy's global random numbers where they were: Brian2 draws and seeds these."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


@contextmanager
def _runtime(target: str) -> Iterator[Run]:
    previous_target, previous_device = b2.prefs.codegen.target, get_device()
    b2.prefs.codegen.target = target
    set_device("runtime")
    try:
        yield _run_runtime
    finally:
        reset_device(previous_device)
        b2.prefs.codegen.target = previous_target


def _run_runtime(built: BuiltNetwork, steps: int, progress: Progress) -> Ran:
    def report(elapsed: Any, completed: float, start: Any, duration: Any) -> None:
        progress(completed)
        # a request that came before the network began to run was forgotten when it did
        if stopped() or _diverged(built):
            built.network.stop()

    fill(built.synapses.initial)
    # until divergence is noticed
    quiet = np.errstate(over="ignore", invalid="ignore")
    with stoppable(built.network.stop) as stopped, quiet:
        built.network.run(
            steps * built.clock.dt,
            report=report,
            report_period=_REPORT_PERIOD * b2.second,
            namespace={},
        )
    return Ran(round(float(built.network.t / built.clock.dt)))


def _diverged(built: BuiltNetwork) -> bool:
    """Whether any activity or error has grown too large to go on with."""
    signals = (built.units.x[:], built.errors.delta[:])
    return any(bool(beyond(np.asarray(values)).any()) for values in signals)


@contextmanager
def _standalone() -> Iterator[Run]:
    previous_device = get_device()
    if previous_device is all_devices["cpp_standalone"]:
        raise SimulationError(
            "Brian2's standalone device holds a project of yours, and there is only one for the "
            "process; run neurodiff before set_device('cpp_standalone'), or on another target"
        )
    with temporary_folder() as folder:
        set_device("cpp_standalone", build_on_run=False, directory=str(folder))
        device = get_device()
        device.reinit()
        device.activate(build_on_run=False, directory=str(folder))
        # Brian2 numbers the names of what earlier runs have left behind, and names are in the
        # sources
        gc.collect()
        previous = {name: b2.prefs[name] for name in (_ENVIRONMENT, _COMMAND)}
        b2.prefs[_ENVIRONMENT] = {**_HUGE_PAGES, **previous[_ENVIRONMENT]}
        b2.prefs[_COMMAND] = bound([f"./{_PROGRAM}"], signal.SIGKILL, _NUMBER)
        try:
            yield lambda built, steps, progress: _run_standalone(built, steps, progress, folder)
        finally:
            b2.prefs.update(previous)
            device.reinit()
            reset_device(previous_device)


def _run_standalone(built: BuiltNetwork, steps: int, progress: Progress, folder: Path) -> Ran:
    device = get_device()
    _generate(built, steps, folder)
    try:
        compiled = provide(folder / _PROGRAM, lambda: _compile(folder))
    except RuntimeError as error:
        raise SimulationError(
            f"run.target: compiling for cpp_standalone failed or was stopped ({error}); "
            "try again, or use numpy"
        ) from error
    with (
        stoppable(lambda: None) as stopped,
        _follow(folder / _PROGRESS, progress),
        _passing_on(stopped, folder),
    ):
        device.run(directory=str(folder), with_output=False)
    seconds = float((folder / _SECONDS).read_text())
    return Ran(round(device._last_run_completed_fraction * steps), compiled, seconds)


def _generate(built: BuiltNetwork, steps: int, folder: Path) -> None:
    """Write the sources and the data of a run."""
    device, duration = get_device(), steps * built.clock.dt
    numbers_to_variables(built.network)
    files = read_from_files(device, built.synapses.initial)
    device.insert_code("before_network_run", _BEGIN)
    device.insert_code("after_network_run", _END)
    # a request to stop that comes too late must not cost the results
    device.insert_code("after_network_run", "std::signal(SIGINT, SIG_IGN);")
    built.network.run(
        duration,
        # the program notes how far it is in a file, and `_follow` reads it
        report=f'std::ofstream("{_PROGRESS}") << completed;',
        report_period=_REPORT_PERIOD * b2.second,
        namespace={},
    )
    literals_to_data(device, duration)
    device.build(directory=str(folder), compile=False, run=False)
    write_files(folder, files)
    shorten_compilation(folder)
    look_at_the_clock_once(folder)


def _compile(folder: Path) -> None:
    compiler, _ = get_compiler_and_args()
    if compiler != "unix":
        get_device().compile_source(str(folder), compiler, debug=False, clean=False)
        return
    # what Brian2 does here cannot be stopped, and outlives this process
    preferences = b2.prefs.devices.cpp_standalone
    # Brian2 has make start a compiler for every source at once
    at_once = {"-j": f"-j{os.cpu_count() or 1}"}
    arguments = [at_once.get(part, part) for part in preferences.extra_make_args_unix]
    command = [*shlex.split(preferences.make_cmd_unix), *arguments]
    code = call(command, folder)
    if code:
        raise RuntimeError(f"Project compilation failed (error code: {code})")


@contextmanager
def _passing_on(stopped: Callable[[], bool], folder: Path) -> Iterator[None]:
    """Pass a request to stop on to the running program, which keeps what it recorded.

    Before its first step, which it notes, it would end without.
    """
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_LOOK_PERIOD):
            if stopped() and (folder / _PROGRESS).exists() and interrupt(folder / _NUMBER):
                return

    with _running(watch, done):
        yield


@contextmanager
def _running(watch: Callable[[], None], done: threading.Event) -> Iterator[None]:
    """Run `watch` in a thread of its own during the `with` block; it ends when `done` is set."""
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


@contextmanager
def _follow(path: Path, progress: Progress) -> Iterator[None]:
    """Report what the running program notes in `path`."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_REPORT_PERIOD):
            text = path.read_text() if path.exists() else ""
            # the program may be in the middle of writing it
            with suppress(ValueError):
                progress(float(text))

    with _running(watch, done):
        yield
