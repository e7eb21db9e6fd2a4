"""Opens a run folder: its recording, and the simulation that can go on from its end."""

from pathlib import Path

import xarray as xr

from neurodiff.exceptions import OutputError
from neurodiff.files import Unreadable
from neurodiff.plan import Plan
from neurodiff.results.checks import misfit, model_of
from neurodiff.results.data_files import recorded_model
from neurodiff.results.recording import BEGUN, load_recording
from neurodiff.run_files.checkpoints import read_parts, read_saved
from neurodiff.run_files.names import RECORDING
from neurodiff.simulation import Simulation
from neurodiff.simulator.beginning import Before


def open_run(folder: str | Path) -> Simulation:
    """A run that was kept: its recording, and what it needs to go on with `run`.

    Parameters
    ----------
    folder : str or Path
        A run folder, as ``neurodiff run`` or `Simulation.save` leave it.

    Returns
    -------
    Simulation
        With `recording`, and, where a state was kept, ready for ``run("1 s")``.

    Raises
    ------
    OutputError
        If it is no run folder, or cannot be read.
    SimulationError
        If a file that the run read has changed.

    Examples
    --------
    >>> simulation = neurodiff.open_run("runs/digits")
    >>> simulation.run("10 s").save("runs/digits-longer")
    """
    folder = Path(folder).expanduser()
    recording, saved = recording_of(folder), read_saved(folder)
    plan = Plan.of(recorded_model(recording))
    n = saved.about["parts"] if saved else 0
    begun = {name: str(recording.attrs[name]) for name in BEGUN if name in recording.attrs}
    state, timing = (saved.state, saved.timing) if saved else (None, None)
    before = Before(read_parts(folder, n), state, timing, begun)
    simulation = Simulation(plan, backend=str(recording.attrs["code"]))
    return simulation.go_on_from(before, recording)


def recording_of(folder: Path) -> xr.Dataset:
    """The recording in a run folder.

    Parameters
    ----------
    folder : Path
        A run folder.

    Raises
    ------
    OutputError
        If it has none, or it cannot be read.
    """
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
