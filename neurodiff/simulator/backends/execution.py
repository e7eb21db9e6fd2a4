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
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import brian2 as b2
import numpy as np
from brian2.codegen.cpp_prefs import get_compiler_and_args
from brian2.devices.device import all_devices, get_device, reset_device, set_device
from numpy.typing import NDArray

from neurodiff.exceptions import SimulationError
from neurodiff.process.children import bound, call, interrupt, temporary_folder
from neurodiff.process.interruption import stoppable
from neurodiff.process.progress import Progress
from neurodiff.results.divergence import beyond
from neurodiff.simulator.backends.compilers import refuse_without_compiler
from neurodiff.simulator.backends.filling import fill, leave_on_disk
from neurodiff.simulator.backends.generation import Program, generate
from neurodiff.simulator.backends.programs import provide
from neurodiff.simulator.backends.threads import limited_to
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.simulator.state import variables

T = TypeVar("T")


class Ran(NamedTuple):
    """How many steps were completed, and whether a program was compiled for them.

    Attributes
    ----------
    steps : int
        Number of steps that were completed.
    compiled : bool
        Whether a program was compiled.
    paused : bool
        Whether it ended early because its time was over, and for no other reason.
    seconds : float or None
        What the steps took, if that is known.
    """

    steps: int
    compiled: bool = False
    paused: bool = False
    seconds: float | None = None


class Start(NamedTuple):
    """Where a run of some steps begins, and how long it may take.

    Attributes
    ----------
    step : int
        Number of its first step.
    values : mapping
        State at the beginning, by ``group.variable``; empty for a network as it was built.
    seconds : float
        After so many seconds it ends early, at the next step.
    """

    step: int = 0
    values: Mapping[str, NDArray[Any]] = {}
    seconds: float = float("inf")


#: The beginning of a network as it was built.
BEGINNING = Start()


class Run(Protocol):
    """Runs a network for some steps; see `machine_code`."""

    def __call__(
        self, built: BuiltNetwork, steps: int, progress: Progress, start: Start = ..., /
    ) -> Ran:
        """Run a network for some steps."""
        ...


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

#: Seconds between two looks at whether the program has to stop.
_LOOK_PERIOD = 0.05

#: Seconds between two reports of progress.
_REPORT_PERIOD = 0.25


@contextmanager
def machine_code(target: str, threads: int = 1) -> Iterator[Run]:
    """Choose the kind of code for all Brian2 objects that are made inside the `with` block.

    Yields a function that runs a network for some steps and says how many were completed: fewer
    where Ctrl-C stopped it, its time was over, or where it diverged (but for a compiled program,
    which cannot be asked while it runs). Results must be read inside the block. The same network
    can run again, from any state; what it had recorded is gone then.

    Parameters
    ----------
    target : str
        Target of the code generation of Brian2: `numpy`, `cython` or `cpp_standalone`.
    threads : int, optional
        Threads of BLAS and of kernels.

    Raises
    ------
    SimulationError
        If the target compiles and no compiler works.
    """
    refuse_without_compiler(target)
    kind = _standalone() if target == "cpp_standalone" else _runtime(target)
    with (
        _quiet(),
        _same_random_numbers(),
        limited_to(threads),
        temporary_folder() as samples,
        kind as run,
    ):

        def run_and_keep(
            built: BuiltNetwork, steps: int, progress: Progress, start: Start = BEGINNING, /
        ) -> Ran:
            for path in samples.iterdir():
                path.unlink()
            built.synapses.keep_in(samples)
            return run(built, steps, progress, start)

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


def _run_runtime(
    built: BuiltNetwork, steps: int, progress: Progress, start: Start = BEGINNING, /
) -> Ran:
    until, paused = time.monotonic() + start.seconds, False
    first: float | None = None

    def report(elapsed: Any, completed: float, begun: Any, duration: Any) -> None:
        nonlocal paused, first
        # Brian2 reports once before the first step
        first = first or time.perf_counter()
        progress(completed)
        # a request that came before the network began to run was forgotten when it did
        ends = stopped() or diverged(built)
        # at least some steps are done in each segment
        paused = not ends and completed > 0 and time.monotonic() >= until
        if ends or paused:
            built.network.stop()

    _begin(built, start)
    # until divergence is noticed
    quiet = np.errstate(over="ignore", invalid="ignore")
    with stoppable(built.network.stop) as stopped, quiet:
        built.network.run(
            steps * built.clock.dt,
            report=report,
            report_period=_REPORT_PERIOD * b2.second,
            namespace={},
        )
    seconds = None if first is None else time.perf_counter() - first
    completed = round(float(built.network.t / built.clock.dt)) - start.step
    return Ran(completed, paused=paused and completed < steps, seconds=seconds)


def _begin(built: BuiltNetwork, start: Start) -> None:
    """Put a network of this process where a run begins."""
    built.network.t_ = start.step * float(built.clock.dt)
    fill(built.synapses.initial)
    if start.values:
        found = variables(built.network)
        fill({variable: start.values[name] for name, variable in found.items()})
    for part in built.network.objects:
        if isinstance(part, b2.EventMonitor):
            part.resize(0)
            part.variables["N"].set_value(0)


def diverged(built: BuiltNetwork) -> bool:
    """Whether any activity or error has grown too large to go on with.

    Parameters
    ----------
    built : BuiltNetwork
        Network that runs, or has run.
    """
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
        # Brian2 numbers names, which are in the sources, by what earlier runs have left behind
        gc.collect()
        previous = {name: b2.prefs[name] for name in (_ENVIRONMENT, _COMMAND)}
        b2.prefs[_ENVIRONMENT] = {**_HUGE_PAGES, **previous[_ENVIRONMENT]}
        b2.prefs[_COMMAND] = bound([f"./{_PROGRAM}"], signal.SIGKILL, _NUMBER)
        try:
            yield _Standalone(folder)
        finally:
            b2.prefs.update(previous)
            device.reinit()
            reset_device(previous_device)


class _Standalone:
    """Runs a network as a compiled program; see `Run`."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._program: Program | None = None

    def __call__(
        self, built: BuiltNetwork, steps: int, progress: Progress, start: Start = BEGINNING, /
    ) -> Ran:
        compiled = self._program is None and self._make(built)
        assert self._program is not None
        self._program.write(built, steps, start.step, start.values)
        (self._folder / _PROGRESS).unlink(missing_ok=True)
        (self._folder / _NUMBER).unlink(missing_ok=True)
        with (
            stoppable(lambda: None) as stopped,
            _follow(self._folder / _PROGRESS, progress),
            _passing_on(stopped, start.seconds, self._folder),
        ):
            get_device().run(directory=str(self._folder), with_output=False)
            asked = stopped()
        leave_on_disk(variables(built.network).values())
        completed = round(get_device()._last_run_completed_fraction * steps)
        paused = completed < steps and not asked
        return Ran(completed, compiled, paused, self._program.seconds)

    def _make(self, built: BuiltNetwork) -> bool:
        """Generate the sources, and get a program; whether it was compiled."""
        self._program = generate(built, self._folder, _PROGRESS, _REPORT_PERIOD)
        try:
            return provide(self._folder / _PROGRAM, lambda: _compile(self._folder))
        except RuntimeError as error:
            raise SimulationError(
                f"run.target: compiling for cpp_standalone failed or was stopped ({error}); "
                "try again, or use numpy"
            ) from error


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
def _passing_on(stopped: Callable[[], bool], seconds: float, folder: Path) -> Iterator[None]:
    """Pass a request to stop on to the running program, which keeps what it recorded.

    Its time, `seconds` of running, is such a request, too. Before its first step, which it notes,
    it would end without.
    """
    done, begun = threading.Event(), list[float]()

    def due() -> bool:
        begun[:1] = begun[:1] or [time.monotonic()]
        return stopped() or time.monotonic() > begun[0] + seconds

    def watch() -> None:
        while not done.wait(_LOOK_PERIOD):
            if (folder / _PROGRESS).exists() and due() and interrupt(folder / _NUMBER):
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
