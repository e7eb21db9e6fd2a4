"""What Ctrl-C, and the signals with which a process is told to end, do to a run.

The first one stops a simulation at its next step, and what was recorded until then is kept. While a
run is written they wait. Anywhere else they raise `Interrupted`. A second Ctrl-C gives up a
simulation that does not stop. A signal that was ignored when the process began (``nohup``, or a job
that a script put into the background) stays ignored.

Handlers are there only inside `heeding`, and what was there before comes back: the command line
heeds INT, TERM and HUP, and a simulation that runs by itself in the main thread heeds INT.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from types import FrameType
from typing import Any

#: All signals that tell a process to end and that it can answer; HUP is not there on Windows.
ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

#: A signal that comes again within so many seconds is the same request: some programs send each
#: twice, to the process and to its group, and people press keys twice.
_SAME_REQUEST = 1.0


class Interrupted(KeyboardInterrupt):
    """A signal told the process to end where nothing has to be finished first.

    Parameters
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.number = number


class Interruption:
    """Whether the process was told to end, and what is to be done then.

    Attributes
    ----------
    received : int or None
        Number of the first signal.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._since = 0.0
        self._stop: Callable[[], None] | None = None
        self._deferred = self._waiting = False

    def handle(self, number: int, frame: FrameType | None = None) -> None:
        """Answer a signal; see the module.

        Parameters
        ----------
        number : int
            Number of the signal.
        frame : frame or None, optional
            Where the program was; not used.

        Raises
        ------
        Interrupted
            If nothing runs that could be stopped, and signals do not wait.
        """
        first = self.received is None
        if self.received is None:
            self.received, self._since = number, time.monotonic()
        if self._stop is not None:
            self._stop_running(self._stop, number, first)
        elif self._deferred:
            self._waiting = True
            _say("the run is being written; wait a moment")
        else:
            raise Interrupted(number)

    def _stop_running(self, stop: Callable[[], None], number: int, first: bool) -> None:
        if first:
            again = "; Ctrl-C again gives it up" if number == signal.SIGINT else ""
            _say(f"stopping at the next step, to keep what was recorded until then{again}")
            stop()
        elif number == signal.SIGINT and time.monotonic() - self._since > _SAME_REQUEST:
            _say("given up: what was recorded until now is lost")
            raise Interrupted(number)

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` for a signal inside the `with` block.

        Parameters
        ----------
        stop : callable
            Function that stops what runs; called without arguments.
        """
        before, self._stop = self._stop, stop
        try:
            yield
        finally:
            self._stop = before

    def defer(self) -> None:
        """Let signals wait from now on, but where they are `allowed`."""
        self._deferred = True

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Raise `Interrupted` for a signal inside the `with` block, and for one that waits."""
        deferred, self._deferred = self._deferred, False
        try:
            if self._waiting:
                self._waiting = False
                raise Interrupted(self.received or signal.SIGINT)
            yield
        finally:
            self._deferred = deferred


#: What heeds the signals of this process now; they exist once for a process.
_heeded: list[Interruption] = []


@contextmanager
def heeding(*numbers: int) -> Iterator[Interruption]:
    """Answer signals inside the `with` block; those that are ignored stay so.

    Outside the main thread, where Python has no signals, it does nothing.

    Parameters
    ----------
    *numbers : int
        Numbers of the signals.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    with ExitStack() as stack:
        for number in numbers:
            stack.enter_context(_handler(number, interruption))
        _heeded.append(interruption)
        stack.callback(_heeded.remove, interruption)
        yield interruption


@contextmanager
def _handler(number: int, interruption: Interruption) -> Iterator[None]:
    before = signal.getsignal(number)
    signal.signal(number, signal.SIG_IGN if _ignored(before) else interruption.handle)
    try:
        yield
    finally:
        signal.signal(number, signal.SIG_DFL if before is None else before)


def _ignored(handler: Any) -> bool:
    """Whether a signal is ignored; Brian2, where it was imported first, hides that."""
    return getattr(handler, "previous_handler", handler) == signal.SIG_IGN


def heeded() -> Interruption | None:
    """What heeds the signals of this thread now, if anything does."""
    here = threading.current_thread() is threading.main_thread()
    return _heeded[-1] if _heeded and here else None


@contextmanager
def stoppable(stop: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Call `stop` when the process is told to end inside the `with` block.

    Yields a function that says whether it was. Where nothing heeds signals yet, Ctrl-C is heeded;
    outside the main thread nothing is.

    Parameters
    ----------
    stop : callable
        Function that stops what runs; called without arguments.
    """
    now = heeded()
    with ExitStack() as stack:
        interruption = now or stack.enter_context(heeding(signal.SIGINT))
        stack.enter_context(interruption.stopping(stop))
        yield lambda: interruption.received is not None


def received() -> int | None:
    """Number of the signal that told this process to end, if one did and signals are heeded."""
    now = heeded()
    return now.received if now else None


def defer() -> None:
    """`Interruption.defer` of whatever heeds signals now."""
    if now := heeded():
        now.defer()


@contextmanager
def allowing() -> Iterator[None]:
    """`Interruption.allowed` of whatever heeds signals now."""
    now = heeded()
    with now.allowed() if now else nullcontext():
        yield


def _say(text: str) -> None:
    """Write to standard error from within a handler, where Python's own streams cannot be used."""
    with suppress(OSError):
        os.write(2, f"\n{text}\n".encode())
