"""Processes of this machine that run a sweep; one that dies costs its own run's time only."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from neurodiff.exceptions import SimulationError
from neurodiff.process.children import remove_temporary_folders
from neurodiff.process.interruption import ENDING

T = TypeVar("T")

#: A run is tried again in a new process when its process died, but not for ever.
_ATTEMPTS = 2
#: Exit code of a process that was to start its own sweep before it had begun.
_UNGUARDED = 77
#: Seconds that a process whose connection has ended has to end, too.
_PATIENCE = 10


class ProcessDied(SimulationError):
    """A process that ended before it had done its run, which says nothing of the run."""


class UnguardedScript(SimulationError):
    """A script that starts its sweep again in every process of that sweep."""

    def __init__(self) -> None:
        super().__init__(
            "run_sweep: its processes import your script, which starts the sweep again in each of "
            'them; put the call under `if __name__ == "__main__":`, or give workers=1'
        )


class Processes(ThreadPoolExecutor):
    """An executor with `workers` processes, each in the care of a thread of this process.

    Processes are new ones (spawned), leave Ctrl-C and the like to this process, and end when it
    ends, however that happens.
    """

    def __init__(self, workers: int):
        super().__init__(workers, thread_name_prefix="sweep")
        self._mine = threading.local()
        self._workers: list[_Worker] = []
        self._stopped = False

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call `fn` in a process as soon as one is free.

        Its future raises what `fn` raises, `ProcessDied` where its process ended twice, and
        `UnguardedScript`.

        Parameters
        ----------
        fn : callable
            Function to call.
        *args : object
            Positional arguments of the call.
        **kwargs : object
            Keyword arguments of the call.
        """
        return super().submit(self._in_process, fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes, too; with `cancel_futures` whatever they are doing.

        Parameters
        ----------
        wait : bool, optional
            Whether to wait for the processes to end.
        cancel_futures : bool, optional
            Whether calls that have not ended are given up.
        """
        if cancel_futures:
            self._end()
        super().shutdown(wait, cancel_futures=cancel_futures)
        self._end()

    def _end(self) -> None:
        self._stopped = True
        for worker in list(self._workers):
            worker.end()

    def _in_process(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        ended = ""
        for _ in range(_ATTEMPTS):
            worker = self._worker()
            try:
                return worker.call(fn, args, kwargs)
            except ProcessDied as error:
                ended = str(error)
                del self._mine.worker
                if self._stopped:
                    break
        raise ProcessDied(f"its process {ended}, {_ATTEMPTS} times")

    def _worker(self) -> "_Worker":
        """The process that belongs to this thread."""
        if not hasattr(self._mine, "worker"):
            self._mine.worker = _Worker()
            self._workers.append(self._mine.worker)
            if self._stopped:
                self._mine.worker.end()
        return self._mine.worker


class _Worker:
    """A process that does what it is sent, one after the other."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        wanted, self._wanted = context.Pipe(duplex=False)
        self._process = context.Process(target=_serve, args=(other, wanted))
        self._process.start()
        # the last copies of these are those of the process, and close when it ends
        other.close()
        wanted.close()

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._wanted.close()

    def call(self, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
        """What `fn` returns in the process, or raises there."""
        try:
            self._connection.send((fn, args, kwargs))
            good, value = self._connection.recv()
        except (EOFError, OSError):
            raise self._died() from None
        if good:
            return value
        raise value

    def _died(self) -> SimulationError:
        self._process.join(_PATIENCE)
        code = self._process.exitcode
        if code == _UNGUARDED:
            return UnguardedScript()
        if code is None:
            return ProcessDied("does not answer")
        if code < 0:
            return ProcessDied(f"was ended by {signal.Signals(-code).name}")
        return ProcessDied(f"ended with exit code {code}")


def end_a_process_that_has_not_begun() -> None:
    """End a process of a sweep that is importing the user's script; return in any other process.

    Python imports the script in each new process, and a script without
    ``if __name__ == "__main__":`` calls `run_sweep` there again. The process that made this one
    raises `UnguardedScript`.
    """
    # `multiprocessing` refuses by the same sign to start processes here
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        sys.exit(_UNGUARDED)


def _serve(connection: Connection, wanted: Connection) -> None:
    """Do in a new process what is sent, and send back what comes of it."""
    for number in ENDING:  # a signal to the whole group is for the parent to answer
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_when_unwanted, args=(wanted,), daemon=True).start()
    while True:
        try:
            fn, args, kwargs = connection.recv()
        except EOFError:
            return
        connection.send(_outcome(fn, args, kwargs))


def _outcome(fn: Callable[..., Any], args: Any, kwargs: Any) -> tuple[bool, Any]:
    try:
        return True, fn(*args, **kwargs)
    except Exception as error:
        return False, error


def _end_when_unwanted(wanted: Connection) -> None:
    """End this process when the other end of a connection closes, by will or with its process."""
    with suppress(EOFError, OSError):
        wanted.recv()
    remove_temporary_folders()
    os._exit(1)
