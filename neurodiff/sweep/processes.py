"""Processes of this machine that run a sweep; one that dies costs its own run's time only."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Event
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from neurodiff.exceptions import SimulationError
from neurodiff.interruption import ENDING
from neurodiff.simulator.children import remove_temporary_folders

T = TypeVar("T")

#: A run is tried again in a new process when its process died, but not for ever.
_ATTEMPTS = 2
#: Seconds between two looks of a process at whether it is still wanted.
_LOOKS = 0.5


class Processes(ThreadPoolExecutor):
    """An executor with `workers` processes, each in the care of a thread of this process.

    Processes are new ones (spawned), do their arithmetic on one core each, leave Ctrl-C and
    the like to this process, and end when it ends, however that happens.
    """

    def __init__(self, workers: int):
        super().__init__(workers, thread_name_prefix="sweep")
        self._context = multiprocessing.get_context("spawn")
        self._stop = self._context.Event()
        self._mine = threading.local()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call `fn` in a process as soon as one is free."""
        return super().submit(self._in_process, fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes, too; with `cancel_futures` whatever they are doing."""
        if cancel_futures:
            self._stop.set()
        super().shutdown(wait, cancel_futures=cancel_futures)
        self._stop.set()

    def _in_process(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        for _ in range(_ATTEMPTS):
            try:
                return self._process().submit(fn, *args, **kwargs).result()
            except BrokenProcessPool:
                del self._mine.process
                if self._stop.is_set():
                    break
        raise SimulationError(f"its process died {_ATTEMPTS} times; is there enough memory?")

    def _process(self) -> ProcessPoolExecutor:
        """The process that belongs to this thread."""
        if not hasattr(self._mine, "process"):
            self._mine.process = ProcessPoolExecutor(1, self._context, _begin, (self._stop,))
        return self._mine.process


def _begin(stop: Event) -> None:
    """Prepare a new process."""
    for number in ENDING:  # a signal to the whole group is for the parent to answer
        signal.signal(number, signal.SIG_IGN)
    threadpool_limits(1)
    threading.Thread(target=_end_with_parent, args=(stop,), daemon=True).start()


def _end_with_parent(stop: Event) -> None:
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive() and not stop.wait(_LOOKS):
        pass
    remove_temporary_folders()
    os._exit(1)
