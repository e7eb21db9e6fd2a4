"""A Dask cluster as an executor."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from neurodiff.exceptions import ModelError, SimulationError


@contextmanager
def cluster(scheduler: str | None, workers: int | None = None) -> Iterator[Executor | None]:
    """The workers of the Dask scheduler at an address; None where there is no address.

    Raises
    ------
    ModelError
        If a number of `workers` is given, too, or there is no Dask.
    SimulationError
        If nobody answers at the address.
    """
    if scheduler is None:
        yield None
        return
    if workers is not None:
        remedy = "leave it out: a cluster has as many as were started"
        raise ModelError("--workers", "--scheduler is given, too", remedy)
    try:
        from distributed import Client
    except ImportError as error:
        remedy = "install it: pip install 'neurodiff[dask]'"
        raise ModelError("--scheduler", "Dask is not installed", remedy) from error
    try:
        client: Any = Client(scheduler, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        message = f"--scheduler: nobody answers at {scheduler} ({error}); check the address"
        raise SimulationError(message) from error
    with client:
        yield client.get_executor(pure=False)
