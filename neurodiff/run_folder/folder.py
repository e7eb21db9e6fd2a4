"""The folder that a run leaves: it appears complete or not at all."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import xarray as xr

from neurodiff.exceptions import OutputError
from neurodiff.files import Unreadable
from neurodiff.files.folder_lock import claim
from neurodiff.files.placing import file_errors
from neurodiff.plot import save_figures
from neurodiff.process.terminal import warn
from neurodiff.results.checks import misfit, model_of
from neurodiff.results.recording import load_recording
from neurodiff.run_folder.keeping import add_over_time, keep_report
from neurodiff.run_folder.names import RECORDING, refuse_to_overwrite
from neurodiff.run_folder.replacing import folder_in_waiting, restore
from neurodiff.simulation import Simulation
from neurodiff.validation import RunReport


@contextmanager
def new_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A folder beside `path` that becomes `path` when the `with` block ends well.

    What goes wrong inside the block leaves nothing behind, and an older run where it was; only a
    run that is complete by then is kept. A link to a run folder stays a link. No other process can
    write into `path` meanwhile, and what an earlier one left there when it was killed is put in
    order first, with a warning.

    Parameters
    ----------
    path : Path
        Folder to make; those above it are made, too.
    force : bool
        Replace an older run there.

    Raises
    ------
    OutputError
        If there is something at `path` already (with `force`: something that is no run folder, or
        holds what no run wrote), another process writes into it, or the file system refuses.
    """
    with file_errors(path):
        path = path.expanduser().absolute()
        if not path.is_dir():
            refuse_to_overwrite(path, force=force)
        path = path.resolve()
    with _parents_of(path), ExitStack() as stack:
        with file_errors(path):
            stack.enter_context(claim(path, path.with_name(f".{path.name}.lock")))
            restore(path)
        refuse_to_overwrite(path, force=force)
        yield stack.enter_context(folder_in_waiting(path, force=force))


@contextmanager
def _parents_of(path: Path) -> Iterator[None]:
    """Make the folders above `path`; those that are empty in the end go again."""
    missing = [parent for parent in path.parents if not parent.exists()]
    try:
        with file_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for parent in missing:
            with suppress(OSError):
                parent.rmdir()


def save_run(simulation: Simulation, report: RunReport, folder: Path) -> None:
    """Add report and figures to a run that `keep_recording` has written into `folder`.

    Figures come last: one that cannot be drawn or written is left out, with a warning, and so is
    what was found over time.

    Parameters
    ----------
    simulation : Simulation
        Simulation that has run.
    report : RunReport
        Report of the run.
    folder : pathlib.Path
        Path of the folder.

    Raises
    ------
    OutputError
        If the file system refuses the report.
    """
    recording = simulation.recording
    with file_errors(folder / RECORDING):
        keep_report(report.to_dict(), recording, folder)
    try:
        if report.gradient is not None:
            recording = recording.merge(report.gradient.over_time)
            add_over_time(report.gradient.over_time, folder)
        save_figures(recording, folder)
    except (OSError, RuntimeError) as error:
        warn(f"figures are missing ({_reason(error)}); the run is kept")


def redraw(folder: Path) -> list[Path]:
    """Draw the figures of a run folder again; returns their paths.

    A link in the folder is replaced, and never written through.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.

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
    path = folder / RECORDING
    if not path.exists():
        raise OutputError(
            f"{folder}: no run folder, it has no recording.nc; name one that `run` left"
        )
    try:
        recording = load_recording(path)
    except Unreadable as error:
        raise OutputError(f"{path}: {error.problem}; run the model again") from error
    if (why := misfit(recording)) is not None:
        message = f"{path}: is no neurodiff recording ({why}); name a folder that `run` left"
        raise OutputError(message)
    model_of(recording)
    return recording


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
