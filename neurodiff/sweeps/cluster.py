"""A Dask cluster as an executor that waits for nobody in vain."""

import asyncio
import platform
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, TypeVar

from neurodiff.exceptions import ModelError, SimulationError

T = TypeVar("T")

#: What an address looks like.
_ADDRESS = re.compile(r"([a-z]+://)?[\w.:\[\]-]+:\d+/?|inproc://.+")
#: Seconds in which a scheduler has to answer, and to have a worker.
_ANSWER, _WORKERS = 5.0, 4.0
#: Seconds for which a cluster may be without workers while it does a sweep.
_WITHOUT_WORKERS = 30.0
#: Packages of which workers must have the versions of this process; results depend on them.
_PACKAGES = ("neurodiff", "brian2", "numpy")


class Cluster(Executor):
    """The workers of a Dask scheduler.

    Parameters
    ----------
    client : distributed.Client
    scheduler : str
        Its address, for messages.
    """

    def __init__(self, client: Any, scheduler: str):
        self._client, self._scheduler = client, scheduler
        self._executor = client.get_executor(pure=False)
        self._last_seen = time.monotonic()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call `fn` on a worker as soon as one is free.

        Parameters
        ----------
        fn : callable
            Function to call.
        *args : object
            Positional arguments of the call.
        **kwargs : object
            Keyword arguments of the call.
        """
        return self._executor.submit(fn, *args, **kwargs)

    def refuse_to_wait_in_vain(self) -> None:
        """Raise where nobody is left who could do what was submitted.

        Raises
        ------
        SimulationError
            If the scheduler has gone, or has had no workers for `_WITHOUT_WORKERS` seconds.
        """
        goes_on = "what has ended is kept, and the same command goes on"
        if self._client.status not in ("running", "connecting"):
            raise SimulationError(f"the Dask scheduler at {self._scheduler} has gone; {goes_on}")
        try:
            workers = _workers(self._client)
        except (OSError, TimeoutError) as error:
            message = f"the Dask scheduler at {self._scheduler} does not answer any more; {goes_on}"
            raise SimulationError(message) from error
        if workers:
            self._last_seen = time.monotonic()
        elif time.monotonic() - self._last_seen > _WITHOUT_WORKERS:
            raise SimulationError(
                f"the Dask scheduler at {self._scheduler} has lost all its workers; {goes_on} "
                f"when there are others: dask worker {self._scheduler}"
            )


@contextmanager
def cluster(scheduler: str | None, workers: int | None = None) -> Iterator[Executor | None]:
    """The workers of the Dask scheduler at an address; None where there is no address.

    Parameters
    ----------
    scheduler : str or None
        Address of the Dask scheduler.
    workers : int or None, optional
        Number of processes, which must be None beside an address.

    Yields
    ------
    Executor or None
        Executor whose workers are those of the scheduler.

    Raises
    ------
    ModelError
        If a number of `workers` is given, too, or there is no Dask.
    SimulationError
        If no scheduler answers at the address, it has no workers, or a worker has other versions
        than this process.
    """
    if scheduler is None:
        yield None
        return
    if workers is not None:
        remedy = "leave it out: a cluster has as many as were started"
        raise ModelError("--workers", "--scheduler is given, too", remedy)
    client = _connect(scheduler)
    try:
        _refuse_without_workers(client, scheduler)
        _refuse_other_versions(client)
        yield Cluster(client, scheduler)
    finally:
        client.close(timeout=2)


def _connect(scheduler: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        remedy = "install it: pip install 'neurodiff[dask]'"
        raise ModelError("--scheduler", "Dask is not installed", remedy) from error
    if _ADDRESS.fullmatch(scheduler) is None:
        text, remedy = f"{scheduler!r} is no address", "write one such as tcp://127.0.0.1:8786"
        raise ModelError("--scheduler", text, remedy)
    try:
        # a client that finds nobody is troublesome to end
        _in_time(lambda: asyncio.run(asyncio.wait_for(_identity(scheduler), _ANSWER)), _ANSWER + 1)
        return Client(scheduler, timeout=_ANSWER, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise SimulationError(
            f"--scheduler: no Dask scheduler answers at {scheduler}; its dashboard may, which has "
            "another port: the scheduler's address is printed by `dask scheduler`"
        ) from error


async def _identity(scheduler: str) -> Any:
    """What a scheduler says of itself; only a scheduler answers."""
    from distributed import Security, rpc

    security: Any = Security()  # type: ignore[no-untyped-call]
    call: Any = rpc
    keys = security.get_connection_args("client")
    async with call(scheduler, timeout=_ANSWER, connection_args=keys) as there:
        return await there.identity()


def _in_time(ask: Callable[[], T], seconds: float) -> T:
    """What `ask` returns or raises; a TimeoutError where it does neither in time.

    Something that answers, but is no scheduler, keeps a client waiting whatever its timeout.
    """
    answer: Future[T] = Future()

    def wait() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=wait, daemon=True).start()
    return answer.result(seconds)


def _workers(client: Any) -> Mapping[str, int]:
    """Number of threads of each worker, by its address."""
    return _in_time(client.nthreads, _ANSWER)


def _refuse_without_workers(client: Any, scheduler: str) -> None:
    until = time.monotonic() + _WORKERS
    while not _workers(client):
        if time.monotonic() > until:
            raise SimulationError(
                f"--scheduler: no worker has come to the Dask scheduler at {scheduler}; start some "
                f"first: dask worker {scheduler}"
            )
        time.sleep(0.1)


def _refuse_other_versions(client: Any) -> None:
    """Refuse workers whose results would not be those of this process."""
    mine = {"python": _series(platform.python_version())}
    mine.update({name: version(name) for name in _PACKAGES})
    found = _in_time(lambda: client.get_versions(packages=list(_PACKAGES)), _ANSWER)
    for address, worker in found["workers"].items():
        theirs = dict(worker["packages"])
        theirs["python"] = _series(theirs["python"])
        different = [
            f"{name} {theirs.get(name) or 'missing'} where this process has {mine[name]}"
            for name in mine
            if theirs.get(name) != mine[name]
        ]
        if different:
            raise SimulationError(
                f"--scheduler: the worker {address} has {', '.join(different)}; start workers in "
                "an environment like this one"
            )


def _series(number: str) -> str:
    """The first two parts of a version."""
    return ".".join(number.split(".")[:2])
