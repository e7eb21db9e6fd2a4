"""Runs a sweep on any `concurrent.futures.Executor`, and keeps each run the moment it ends."""

import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr
from tqdm import tqdm

from neurodiff.exceptions import ModelError
from neurodiff.recording import versions
from neurodiff.spec.model import Model
from neurodiff.sweep.folder import SweepFolder
from neurodiff.sweep.plan import Run, Sweep
from neurodiff.sweep.processes import Processes
from neurodiff.sweep.result import build_result
from neurodiff.sweep.work import work
from neurodiff.terminal import Courteous


def run_sweep(
    sweep: Sweep,
    output: str | Path,
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    retry_failed: bool = False,
    progress: bool = False,
) -> xr.Dataset:
    """Do what is missing of a sweep, and put all its runs into one array.

    Each run is kept in the folder `output` the moment it ends, under the hash of its complete
    model. A run that fails is kept with its error, and the rest goes on.

    Parameters
    ----------
    sweep : Sweep
    output : str or Path
        Folder of the sweep: a new one, or that of the same sweep, begun before.
    executor : concurrent.futures.Executor, optional
        What does the runs, e.g. ``distributed.Client(...).get_executor()``; it is not shut
        down. Unless given: processes of this machine.
    workers : int, optional
        How many of these; one for each core unless given.
    retry_failed : bool
        Do again what failed before.
    progress : bool
        Show a progress bar over runs with the time left.

    Returns
    -------
    xarray.Dataset
        Dimensions are the axes, `seed` and `layer`; it is in `output` as ``result.nc``, too.

    Raises
    ------
    ModelError
        If a combination of the axes makes no model that can be built, before the first run.
    OutputError
        If `output` holds something else, or cannot be written.
    """
    if workers is not None and workers < 1:
        raise ModelError("workers", f"{workers} is too small", "write 1 or more")
    folder, runs = SweepFolder(Path(output), sweep), list(sweep.runs())
    with folder.claimed():
        ended = {key: kept for key in {run.key for run in runs} if (kept := folder.read(key))}
        missing = {run.key: run for run in runs if _to_do(ended.get(run.key), retry_failed)}
        if missing:
            sweep.check()
            quiet = Courteous(sys.stderr)
            with (
                _workers(executor, workers, len(missing)) as processes,
                tqdm(total=len(runs), unit=" runs", disable=not progress, file=quiet) as bar,
            ):
                bar.update(len(runs) - len(missing))
                _run_all(missing, processes, folder, bar, ended)
        result = build_result(sweep, runs, ended)
        folder.keep_result(result)
    return result


@contextmanager
def _workers(executor: Executor | None, workers: int | None, n: int) -> Iterator[Executor]:
    """The executor that is given, or processes of this machine that end with the `with` block."""
    if executor is not None:
        yield executor
        return
    own = Processes(min(workers or os.cpu_count() or 1, n))
    try:
        yield own
    finally:
        own.shutdown(cancel_futures=True)


def _to_do(kept: Mapping[str, Any] | None, retry_failed: bool) -> bool:
    return kept is None or (retry_failed and bool(kept["error"]))


def _run_all(
    missing: Mapping[str, Run],
    executor: Executor,
    folder: SweepFolder,
    bar: tqdm,
    ended: dict[str, Any],
) -> None:
    """Do all runs, and keep each, in the folder and in `ended`, the moment it ends."""
    futures = {executor.submit(work, _keys(run.model)): key for key, run in missing.items()}
    try:
        for future in as_completed(futures):
            key = futures[future]
            outcome = {**_outcome(future), **_provenance(missing[key].model)}
            folder.keep(key, outcome)
            ended[key] = outcome
            bar.update()
    except BaseException:
        for future in futures:
            future.cancel()
        raise


def _outcome(future: Future[dict[str, Any]]) -> dict[str, Any]:
    """What a run came to: its report, and what went wrong if anything did."""
    try:
        report = future.result()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {"error": report.get("diverged"), "report": report}


def _keys(model: Model) -> dict[str, Any]:
    return model.with_absolute_paths().model_dump(mode="json", exclude_none=True)


def _provenance(model: Model) -> dict[str, Any]:
    return {"model": _keys(model), **versions()}
