"""What must not be lost of a run that has run: written first, and where there is room."""

import errno
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import xarray as xr

from neurodiff.exceptions import OutputError
from neurodiff.files.placing import (
    free_space,
    no_room,
    refusal,
    size_in_words,
    write_text,
    written_beside,
)
from neurodiff.model_file import from_mapping, to_yaml
from neurodiff.process.interruption import allowing
from neurodiff.process.terminal import warn
from neurodiff.results.checks import recorded_keys
from neurodiff.results.data_files import keep_data, with_paths
from neurodiff.results.recording import (
    add_to_recording,
    is_complete,
    save_recording,
    what_is_kept,
)
from neurodiff.run_files.checkpoints import write_state
from neurodiff.run_files.names import (
    MARK,
    MODEL,
    PARTS,
    RECORDING,
    REPORT,
    remove_parts,
    remove_run,
)
from neurodiff.run_files.run import Run

#: Seconds for which a finished run waits for room where no disk has any.
PATIENCE = 300.0


def keep_recording(run: Run, folder: Path, place: Path, *, state: bool | None = None) -> Path:
    """Write what must not be lost of a run: recording, model, data, and a report without results.

    The state from which another run can begin, or this one go on, comes last. Where the disk is
    full, all goes into another folder, on a disk that has room; where none has, it waits for
    `PATIENCE` seconds.

    Parameters
    ----------
    run : Run
        One that has run.
    folder : Path
        Where the run folder is written.
    place : Path
        Where it will be.
    state : bool, optional
        Whether the state is kept; unless given, where the model's `run.checkpoint` is not none.

    Returns
    -------
    Path
        `folder`, or the other one.

    Raises
    ------
    OutputError
        If the file system refuses, or no disk has room.
    """
    real = place.expanduser().resolve()
    try:
        _write(run, folder, real)
    except OSError as error:
        remove_run(folder, states=False)
        if not no_room(error):
            raise OutputError(refusal(place, error)) from error
        kept = _keep_elsewhere(run, folder, real)
        if kept != folder:
            remove_run(folder)
            return kept
    keeps = run.model.run.checkpoint != "none" if state is None else state
    _keep_state(run, folder, keeps)
    return folder


def _keep_state(run: Run, folder: Path, keeps: bool) -> None:
    """Keep the state at the end; where there are parts, it is there with them."""
    if not (folder / PARTS).exists():
        _replace_state(run, folder, keeps)


def give_up_parts(run: Run, folder: Path) -> None:
    """Let the parts go of a run that has been compared: all that is needed is in the recording.

    Until then they have what recordings do not keep. Those of a run that was stopped stay.

    Parameters
    ----------
    run : Run
        One that has run.
    folder : pathlib.Path
        Path of the folder.
    """
    if (folder / PARTS).exists() and is_complete(run.recording):
        _replace_state(run, folder, keeps=True)


def _replace_state(run: Run, folder: Path, keeps: bool) -> None:
    try:
        if keeps and run.state is not None and run.divergence is None:
            write_state(run.state, run, folder)
        remove_parts(folder)
    except OSError as error:
        warn(f"the state at the end could not be kept ({error.strerror or error}); the run is kept")


def keep_report(report: Mapping[str, Any], recording: xr.Dataset, folder: Path) -> None:
    """Write the report of a run, with the mark that it is complete, and the files that it read.

    Parameters
    ----------
    report : mapping
        Report as `report.json` holds it.
    recording : xarray.Dataset
        Recording of a run.
    folder : pathlib.Path
        Path of the folder.

    Raises
    ------
    OSError
        If the file system refuses.
    """
    path = folder / REPORT
    files = json.loads(path.read_text(encoding="utf-8"))["files"] if path.exists() else []
    marked = {MARK: recording.attrs[MARK], "files": files, **report}
    write_text(path, json.dumps(marked, indent=2, allow_nan=False) + "\n")


def add_over_time(variables: xr.Dataset, folder: Path) -> None:
    """Add what was found over time to the recording of a run, which is complete at any time.

    Parameters
    ----------
    variables : xarray.Dataset
        Variables over time to add.
    folder : pathlib.Path
        Path of the folder.

    Raises
    ------
    OSError
        If the file system refuses.
    """
    path = folder / RECORDING
    with written_beside(path) as beside:
        shutil.copyfile(path, beside)
        add_to_recording(variables, beside)


def _write(run: Run, folder: Path, place: Path) -> None:
    """The essentials of a run; the report, with the mark that the run is complete, comes last."""
    folder.mkdir(exist_ok=True)
    recording = run.recording
    files = keep_data(json.loads(recording.attrs["files"]), folder, place)
    with written_beside(folder / RECORDING) as beside:
        products = run.model.record.products != "none" and run.plan.schedule.listed
        kept = what_is_kept(recording, products=products)
        save_recording(kept.assign_attrs(files=json.dumps(files)), beside)
    copies = {file["path"]: file["copy"] for file in files if "copy" in file}
    keys = with_paths(recorded_keys(recording), copies)
    write_text(folder / MODEL, to_yaml(from_mapping(keys)))
    report = {"passed": False, "why": "the run was not compared with the reference"}
    timing, complete = asdict(run.timing), is_complete(recording)
    report |= {"timing": timing, "complete": complete, "files": files}
    keep_report(report, recording, folder)


def _keep_elsewhere(run: Run, folder: Path, place: Path) -> Path:
    """Write a run where there is room: in its folder after all, or on another disk."""
    name = f"neurodiff-{place.name[:100]}-{run.recording.attrs[MARK][:8]}"
    spare = [Path(base) / name for base in (tempfile.gettempdir(), Path.home(), Path.cwd())]
    until, waits = time.monotonic() + PATIENCE, False
    while True:
        for other in (folder, *spare):
            try:
                _write(run, other, place if other == folder else other)
                return other
            except OSError:
                remove_run(other, states=other != folder)
        if time.monotonic() >= until:
            raise OutputError(f"{_nowhere(place)}; the run is lost")
        if not waits:
            warn(f"{_nowhere(place)}; make room within {PATIENCE:.0f} s; Ctrl-C ends that")
        waits = True
        with allowing():
            time.sleep(1)


def _nowhere(place: Path) -> str:
    left, reason = size_in_words(free_space(place.parent)), os.strerror(errno.ENOSPC)
    return f"{place}: no room for the finished run, there or elsewhere ({reason}, {left} free)"
