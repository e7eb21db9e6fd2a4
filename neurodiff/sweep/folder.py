"""The folder of a sweep: one file for every run that has ended, and the array of all."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import xarray as xr

from neurodiff.exceptions import OutputError
from neurodiff.reading import Unreadable, open_netcdf, parse_json, read_text
from neurodiff.sweep.kept import is_outcome, is_result
from neurodiff.sweep.plan import Sweep

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
        self.path = path.expanduser().absolute()
        try:
            self._refuse_others(sweep)
            (self.path / "runs").mkdir(parents=True, exist_ok=True)
            self._write(_DEFINITION, json.dumps(_identity(sweep), indent=2))
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"{path}: cannot be written ({reason}); choose another --output"
            raise OutputError(message) from error

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
        """What was kept of a run; None where it has not ended, or its file is damaged."""
        ended = _read_json(self.path / "runs" / f"{key}.json")
        return ended if ended is not None and is_outcome(ended) else None

    def keep(self, key: str, ended: dict[str, Any]) -> None:
        """Keep what a run came to."""
        self._write(f"runs/{key}.json", json.dumps(ended, indent=1, allow_nan=False))

    def keep_result(self, result: xr.Dataset) -> Path:
        """Write the array; what was there before goes only when it is in its place."""
        path = self.path / _RESULT
        beside = path.with_name(f".{_RESULT}-{os.getpid()}")
        result.to_netcdf(beside, engine="netcdf4")
        beside.replace(path)
        return path

    def _write(self, name: str, text: str) -> None:
        path = self.path / name
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=".", delete=False, encoding="utf-8"
        ) as beside:
            beside.write(text + "\n")
        Path(beside.name).replace(path)


def _read_json(path: Path) -> dict[str, Any] | None:
    """The mapping in a JSON file; None where there is none, or it is damaged."""
    try:
        return parse_json(read_text(path, _LONGEST))
    except Unreadable:
        return None


def load_result(path: Path) -> xr.Dataset:
    """Read the array of a sweep into memory: its netCDF, or the folder in which that is.

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
