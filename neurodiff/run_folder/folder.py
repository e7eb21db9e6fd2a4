"""The folder that a run leaves: it appears complete or not at all."""

from pathlib import Path

from neurodiff.exceptions import OutputError
from neurodiff.files.placing import file_errors
from neurodiff.plot import save_figures
from neurodiff.process.terminal import warn
from neurodiff.run_files.keeping import add_over_time, give_up_parts, keep_report
from neurodiff.run_files.names import RECORDING
from neurodiff.run_folder.opening import recording_of
from neurodiff.simulation import Simulation
from neurodiff.validation import RunReport


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
    give_up_parts(simulation, folder)
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
    recording = recording_of(folder)
    try:
        return save_figures(recording, folder)
    except OSError as error:
        raise OutputError(f"{folder}: figures cannot be written ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
