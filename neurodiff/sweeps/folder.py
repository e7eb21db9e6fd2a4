"""The folder of a sweep: one file for every run that has ended, and the array of all."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import xarray as xr

from neurodiff.exceptions import OutputError
from neurodiff.files import Unreadable, parse_json, read_text
from neurodiff.files.folder_lock import claim
from neurodiff.files.netcdf import open_netcdf
from neurodiff.files.placing import (
    file_errors,
    free_space,
    no_room,
    remove_half_written,
    size_in_words,
    write_text,
    written_beside,
)
from neurodiff.sweeps.kept_files import is_outcome, is_result
from neurodiff.sweeps.planned_runs import Sweep

_DEFINITION, _RESULT = "sweep.json", "result.nc"
#: Most bytes of a file of one run.
_LONGEST = 100_000_000


class SweepFolder:
    """Where a sweep keeps its results; every file is there complete or not at all.

    Parameters
    ----------
    path : Path
        Made where it is missing.
    sweep : Sweep

    Raises
    ------
    OutputError
        If something else is there, or another sweep, or the file system refuses.
    """

    def __init__(self, path: Path, sweep: Sweep):
        with file_errors(path):
            self.path = path.expanduser().absolute().resolve()
            self._refuse_others(sweep)
            self._keys = [run.key for run in sweep.runs()]
            (self.path / "runs").mkdir(parents=True, exist_ok=True)
            write_text(self.path / _DEFINITION, json.dumps(_identity(sweep), indent=2) + "\n")

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """No other process writes into the folder meanwhile; what killed ones left is removed.

        Raises
        ------
        OutputError
            If another process does, or the file system refuses.
        """
        with ExitStack() as stack:
            with file_errors(self.path):
                lock = self.path.with_name(f".{self.path.name}.lock")
                stack.enter_context(claim(self.path, lock))
                remove_half_written(self.path)
                remove_half_written(self.path / "runs")
            yield

    def _refuse_others(self, sweep: Sweep) -> None:
        remedy = "choose another --output"
        if self.path.exists() and not self.path.is_dir():
            raise OutputError(f"{self.path}: exists and is no folder; {remedy}")
        definition = self.path / _DEFINITION
        if not definition.is_file():
            if self.path.is_dir() and any(self.path.iterdir()):
                raise OutputError(f"{self.path}: is no folder of a sweep; {remedy}")
            return
        there, mine = _read_json(definition), _identity(sweep)
        if there is None:
            raise OutputError(f"{definition}: is damaged; remove it to go on, or {remedy}")
        for key, value in mine.items():
            if there.get(key) != value:
                was = str(there.get(key))[:200]
                raise OutputError(
                    f"{self.path}: holds another sweep, whose {key} is {was}, not {value}; {remedy}"
                )

    def read(self, key: str) -> dict[str, Any] | None:
        """What was kept of a run; None where it has not ended, or its file is damaged.

        Parameters
        ----------
        key : str
            Key of the run.
        """
        ended = _read_json(self.path / "runs" / f"{key}.json")
        return ended if ended is not None and is_outcome(ended) else None

    def keep(self, key: str, ended: dict[str, Any]) -> None:
        """Keep what a run came to.

        Parameters
        ----------
        key : str
            Key of the run.
        ended : dict
            What the run came to.

        Raises
        ------
        OutputError
            If the file system refuses.
        """
        text = json.dumps(ended, indent=1, allow_nan=False)
        with self._said():
            write_text(self.path / "runs" / f"{key}.json", text + "\n")

    def keep_result(self, result: xr.Dataset) -> Path:
        """Write the array; what was there before goes only when it is in its place.

        Parameters
        ----------
        result : xarray.Dataset
            Result of a sweep.

        Raises
        ------
        OutputError
            If the file system refuses.
        """
        path = self.path / _RESULT
        with self._said(), written_beside(path) as beside:
            result.to_netcdf(beside, engine="netcdf4")
        return path

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Say how many runs are kept when the file system refuses."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            kept = sum((self.path / "runs" / f"{key}.json").is_file() for key in self._keys)
            raise OutputError(self._refusal(error, kept)) from error

    def _refusal(self, error: Exception, kept: int) -> str:
        have = f"{kept} of {len(self._keys)} runs are kept"
        if no_room(error):
            left = size_in_words(free_space(self.path))
            text = f"no room on {self.path} ({left} free); {have}; make room"
        else:
            reason = getattr(error, "strerror", None) or str(error)
            text = f"{self.path}: cannot be written ({reason}); {have}; mend that"
        return f"{text} and go on with the same command"


def _read_json(path: Path) -> dict[str, Any] | None:
    """The mapping in a JSON file; None where there is none, or it is damaged."""
    try:
        return parse_json(read_text(path, _LONGEST))
    except Unreadable:
        return None


def load_result(path: Path) -> xr.Dataset:
    """Read the array of a sweep into memory: its netCDF, or the folder in which that is.

    Parameters
    ----------
    path : pathlib.Path
        Path of the netCDF, or of the folder of the sweep.

    Returns
    -------
    xarray.Dataset
        Result of the sweep.

    Raises
    ------
    OutputError
        If there is none.
    """
    path = path.expanduser()
    path = path / _RESULT if path.is_dir() else path
    if not path.exists():
        raise OutputError(f"{path}: no such file; name what `neurodiff sweep` left")
    try:
        result = open_netcdf(path)
    except Unreadable as error:
        raise OutputError(f"{path}: {error.problem}; run the sweep again") from error
    if not is_result(result):
        raise OutputError(f"{path}: is no result of a sweep; name what `neurodiff sweep` left")
    return result


def _identity(sweep: Sweep) -> dict[str, Any]:
    """What makes a sweep the same when it is started again; points of axes may come and go."""
    return {"name": sweep.name, "axes": list(sweep.file.axes)}
