"""Runs a sweep on any `concurrent.futures.Executor`, and keeps each run the moment it ends."""

import asyncio
import json
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr
from tqdm import tqdm

from neurodiff.exceptions import MachineError, ModelError
from neurodiff.model_file.model import Model
from neurodiff.plan.memory import free_memory, in_bytes
from neurodiff.process.terminal import Courteous
from neurodiff.results.recording import versions
from neurodiff.sweeps.folder import SweepFolder
from neurodiff.sweeps.one_run import Stopped, work
from neurodiff.sweeps.planned_runs import Run, Sweep
from neurodiff.sweeps.processes import (
    Processes,
    UnguardedScript,
    end_a_process_that_has_not_begun,
)
from neurodiff.sweeps.result import build_result

#: Bytes of a process that has not built anything.
_PROCESS = 3e8
#: Seconds between two looks at whether there is still somebody who does the runs.
_LOOKS = 2.0


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
    model. A run that fails is kept with its error, and the rest goes on. Where a run could not be
    done because of its process, machine or cluster, nothing is kept of it: its `error` in the
    result begins with "not done", and it is done at the next call.

    Parameters
    ----------
    sweep : Sweep
        Sweep, with all its runs planned.
    output : str or Path
        Folder of the sweep: a new one, or that of the same sweep, begun before.
    executor : concurrent.futures.Executor, optional
        What does the runs, e.g. ``distributed.Client(...).get_executor()``; it is not shut
        down. Unless given: processes of this machine.
    workers : int, optional
        How many of these; one for each core unless given. A single one is this process.
    retry_failed : bool
        Do again what failed before.
    progress : bool
        Show a progress bar over runs with the time left.

    Returns
    -------
    xarray.Dataset
        Dimensions are the axes, by the last part of their keys, `seed` and `layer`; it is in
        `output` as ``result.nc``, too.

    Raises
    ------
    ModelError
        If a combination of the axes makes no model that can be built, before the first run.
    OutputError
        If `output` holds something else, or cannot be written.
    SimulationError
        If a script calls this without ``if __name__ == "__main__":`` and with several processes, or
        a cluster has lost all its workers, or `workers` runs do not fit into memory.
    """
    end_a_process_that_has_not_begun()
    _refuse_no_sweep(sweep)
    if workers is not None and workers < 1:
        raise ModelError("workers", f"{workers} is too small", "write 1 or more")
    folder, runs = SweepFolder(Path(output), sweep), list(sweep.runs())
    with folder.claimed():
        ended = {key: kept for key in {run.key for run in runs} if (kept := folder.read(key))}
        missing = {run.key: run for run in runs if _to_do(ended.get(run.key), retry_failed)}
        if missing:
            number = _processes(workers, len(missing), sweep.check(), executor)
            with (
                _executor(executor, number) as doing,
                _bar(len(runs), progress) as bar,
            ):
                bar.update(len(runs) - len(missing))
                for key, came_to in _done(missing, doing):
                    ended[key] = came_to
                    if "not done" not in came_to:
                        folder.keep(key, came_to)
                    bar.update()
                    # given where somebody sees them, when the run is kept
                    for text in came_to.get("warnings", []):
                        warnings.warn(text, stacklevel=2)
        result = build_result(sweep, runs, ended)
        folder.keep_result(result)
    return result


def _refuse_no_sweep(sweep: object) -> None:
    if not isinstance(sweep, Sweep):
        text = f"a {type(sweep).__name__} is no sweep"
        raise ModelError("sweep", text, "load it with neurodiff.load_sweep(path)")


def _bar(runs: int, shown: bool) -> tqdm:
    quiet = Courteous(sys.stderr)
    return tqdm(total=runs, unit=" runs", disable=not shown, file=quiet)


def _to_do(kept: Mapping[str, Any] | None, retry_failed: bool) -> bool:
    return kept is None or (retry_failed and bool(kept["error"]))


def _processes(wanted: int | None, runs: int, memory: float, executor: Executor | None) -> int:
    """How many processes do the runs: one a core unless given, and no more than memory is for.

    Raises
    ------
    MachineError
        If as many as are `wanted` do not fit into memory.
    """
    number = min(wanted or os.cpu_count() or 1, runs)
    free, each = free_memory(), memory + _PROCESS
    fit = max(1, int(free / each))
    if executor is not None or number <= fit:
        return number
    text = (
        f"{number} runs at once need about {in_bytes(number * each)} of memory and "
        f"{in_bytes(free)} are free"
    )
    if wanted is not None:
        raise MachineError(f"workers: {text}; take {fit}")
    warnings.warn(f"{text}: {fit} are done at once", stacklevel=3)
    return fit


@contextmanager
def _executor(given: Executor | None, processes: int) -> Iterator[Executor | None]:
    """What does the runs; None for this process."""
    if given is not None or processes == 1:
        yield given
        return
    own = Processes(processes)
    try:
        yield own
    finally:
        own.shutdown(cancel_futures=True)


def _done(
    missing: Mapping[str, Run], executor: Executor | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The keys of runs in the order in which they end, and what they came to."""
    if executor is None:
        for key, run in missing.items():
            yield key, _here(run.model)
        return
    futures = {executor.submit(work, _keys(run.model)): key for key, run in missing.items()}
    try:
        for future in _as_completed(set(futures), executor):
            key = futures[future]
            yield key, _outcome(future, missing[key].model)
    finally:
        for future in futures:
            future.cancel()


def _as_completed(
    waiting: set[Future[dict[str, Any]]], executor: Executor
) -> Iterator[Future[dict[str, Any]]]:
    """Futures as they end, for as long as the executor says that somebody works on them."""
    look = getattr(executor, "refuse_to_wait_in_vain", None)
    while waiting:
        ended, waiting = wait(waiting, _LOOKS, FIRST_COMPLETED)
        yield from ended
        if look is not None and not ended:
            look()


def _here(model: Model) -> dict[str, Any]:
    """Do a run in this process, which Ctrl-C ends."""
    try:
        return _kept(work(_keys(model)), model)
    except Stopped:
        raise KeyboardInterrupt from None
    except MachineError as error:
        return _not_done(error)


def _outcome(future: Future[dict[str, Any]], model: Model) -> dict[str, Any]:
    """What a run came to, or why it was not done."""
    try:
        return _kept(future.result(), model)
    except UnguardedScript:
        raise
    except (Exception, asyncio.CancelledError) as error:
        return _not_done(error)


def _not_done(error: BaseException) -> dict[str, Any]:
    reason = f"{type(error).__name__}: {error}".strip(": ")
    return {"error": f"not done: {reason}", "not done": True}


def _kept(came_to: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """What is kept of a run."""
    mine = versions()
    theirs = came_to.get("versions", mine["versions"])
    if theirs != mine["versions"]:
        different = _difference(json.loads(mine["versions"]), json.loads(theirs))
        return {"error": f"not done: its process has {different}", "not done": True}
    return {**came_to, "model": _keys(model), **mine}


def _difference(mine: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    parts = [
        f"{name} {theirs.get(name, 'missing')} where this one has {version}"
        for name, version in mine.items()
        if theirs.get(name) != version
    ]
    return ", ".join(parts)


def _keys(model: Model) -> dict[str, Any]:
    return model.with_absolute_paths().model_dump(mode="json", exclude_none=True)
