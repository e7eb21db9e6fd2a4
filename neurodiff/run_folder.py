"""The folder that a run leaves: it appears complete or not at all."""

import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import xarray as xr

from neurodiff.exceptions import OutputError
from neurodiff.plot import save_figures
from neurodiff.recording import load_recording, save_recording
from neurodiff.simulation import Simulation
from neurodiff.validation import RunReport

#: Variables of every recording.
_ALWAYS = {"w", "weight_time", "population", "projection"}


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
    with _file_errors(path):
        path = path.expanduser().absolute()
        _refuse_to_overwrite(path, force=force)
    with _parents_of(path):
        with _file_errors(path):
            folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        try:
            yield folder
            with _file_errors(path):
                _move_into_place(folder, path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _parents_of(path: Path) -> Iterator[None]:
    """Make the folders above `path`; those that are empty in the end go again."""
    missing = [parent for parent in path.parents if not parent.exists()]
    try:
        with _file_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for parent in missing:
            with suppress(OSError):
                parent.rmdir()


def save_run(simulation: Simulation, report: RunReport, folder: Path) -> None:
    """Write model, recording, report and figures of a run into `folder`.

    Figures come last: one that cannot be drawn or written is left out, with a warning.

    Raises
    ------
    OutputError
        If the file system refuses.
    """
    recording = simulation.recording
    if report.gradient is not None:
        recording = recording.merge(report.gradient.over_time)
    with _file_errors(folder):
        save_recording(recording, folder / "recording.nc")
        (folder / "model.yaml").write_text(recording.attrs["model"], encoding="utf-8")
        text = json.dumps(report.to_dict(), indent=2, allow_nan=False)
        (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    try:
        save_figures(recording, folder)
    except OSError as error:
        warnings.warn(f"figures are missing ({error}); the run is kept", stacklevel=2)


def redraw(folder: Path) -> list[Path]:
    """Draw the figures of a run folder again; returns their paths.

    Raises
    ------
    OutputError
        If `folder` is no run folder, its recording cannot be read, or the file system refuses.
    """
    folder = folder.expanduser()
    recording = _recording_of(folder)
    try:
        return save_figures(recording, folder)
    except OSError as error:
        raise OutputError(f"{folder}: figures cannot be written ({_reason(error)})") from error


def _recording_of(folder: Path) -> xr.Dataset:
    path = folder / "recording.nc"
    if not path.is_file():
        raise OutputError(
            f"{folder}: no run folder, it has no recording.nc; name one that `run` left"
        )
    try:
        recording = load_recording(path)
    except (OSError, RuntimeError, ValueError) as error:
        message = f"{path}: cannot be read ({_reason(error)}); run the model again"
        raise OutputError(message) from error
    if not {"model", "title"} <= recording.attrs.keys() or not set(recording.variables) >= _ALWAYS:
        raise OutputError(f"{path}: is no neurodiff recording; name a folder that `run` left")
    return recording


def _refuse_to_overwrite(path: Path, *, force: bool) -> None:
    if path.name in ("", ".."):
        raise OutputError(f"{path}: names no new folder; choose another --output")
    if path.is_symlink() and not path.exists():
        raise OutputError(f"{path}: is a link to nothing; remove it, or choose another --output")
    if not path.exists():
        return
    if not path.is_dir():
        raise OutputError(f"{path}: exists and is no folder; choose another --output")
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
        message = f"{path}: cannot be written ({_reason(error)}); choose another --output"
        raise OutputError(f"{message} or make room") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
