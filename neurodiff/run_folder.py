"""The folder that a run leaves: it appears complete or not at all."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

from neurodiff.exceptions import OutputError
from neurodiff.plot import save_figures
from neurodiff.recording import load_recording, save_recording
from neurodiff.simulation import Simulation
from neurodiff.validation import RunReport


@contextmanager
def new_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A temporary folder beside `path` that becomes `path` when the `with` block ends well.

    What goes wrong inside the block leaves nothing behind, and an older run where it was.

    Raises
    ------
    OutputError
        If there is something at `path` already (with `force`: something that is no run folder), or
        if the file system refuses.
    """
    _refuse_to_overwrite(path, force=force)
    with _file_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield folder
        with _file_errors(path):
            _move_into_place(folder, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def save_run(simulation: Simulation, report: RunReport, folder: Path) -> None:
    """Write model, recording, report and figures of a run into `folder`.

    Raises
    ------
    OutputError
        If the file system refuses.
    """
    recording = simulation.recording
    if report.gradient is not None:
        recording = recording.merge(report.gradient.over_time)
    with _file_errors(folder):
        (folder / "model.yaml").write_text(recording.attrs["model"], encoding="utf-8")
        text = json.dumps(report.to_dict(), indent=2, allow_nan=False)
        (folder / "report.json").write_text(text + "\n", encoding="utf-8")
        save_recording(recording, folder / "recording.nc")
        save_figures(recording, folder)


def redraw(folder: Path) -> list[Path]:
    """Draw the figures of a run folder again; returns their paths.

    Raises
    ------
    OutputError
        If `folder` is no run folder, or the file system refuses.
    """
    with _file_errors(folder):
        return save_figures(_recording_of(folder), folder)


def _recording_of(folder: Path) -> xr.Dataset:
    path = folder / "recording.nc"
    if not path.is_file():
        raise OutputError(
            f"{folder}: no run folder, it has no recording.nc; name one that `run` left"
        )
    return load_recording(path)


def _refuse_to_overwrite(path: Path, *, force: bool) -> None:
    if not path.exists():
        return
    if not force:
        raise OutputError(
            f"{path}: exists already; choose another --output, or overwrite with --force"
        )
    if not (path / "model.yaml").is_file():
        raise OutputError(
            f"{path}: is no run folder, so --force leaves it; choose another --output"
        )


def _move_into_place(folder: Path, path: Path) -> None:
    """Put `folder` at `path`; what was there goes only when the new one is in its place."""
    folder.chmod(0o755)
    if not path.exists():
        folder.rename(path)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
    path.rename(old / path.name)
    folder.rename(path)
    shutil.rmtree(old)


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Say which place the file system refused; HDF5 reports a full disk as a RuntimeError."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{path}: cannot be written ({reason}); choose another --output or make room"
        raise OutputError(message) from error
