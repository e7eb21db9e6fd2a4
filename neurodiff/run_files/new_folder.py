"""The folder that a run leaves: it appears complete or not at all."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from neurodiff.exceptions import OutputError
from neurodiff.files.folder_lock import claim
from neurodiff.files.placing import file_errors
from neurodiff.run_files.keeping import keep_recording
from neurodiff.run_files.names import MARK, refuse_to_overwrite
from neurodiff.run_files.replacing import folder_in_waiting, refuse_to_forget, restore
from neurodiff.run_files.run import Run


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
    with claimed(path) as place:
        restore(place)
        refuse_to_overwrite(place, force=force)
        refuse_to_forget(place, force=force)
        with folder_in_waiting(place, force=force) as folder:
            yield folder


@contextmanager
def claimed(path: Path) -> Iterator[Path]:
    """Hold the claim on a place for a run folder during the `with` block.

    Parameters
    ----------
    path : Path
        Place of the folder; those above it are made, too.

    Yields
    ------
    Path
        The place, without links.

    Raises
    ------
    OutputError
        If another process writes into it, or the file system refuses.
    """
    with file_errors(path):
        path = path.expanduser().resolve()
    with _parents_of(path), ExitStack() as stack:
        with file_errors(path):
            stack.enter_context(claim(path, path.with_name(f".{path.name}.lock")))
        yield path


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


def save(run: Run, folder: Path, *, force: bool = False) -> None:
    """Make a run folder of a simulation that has run, without comparing it with the reference.

    Parameters
    ----------
    run : Run
        Simulation that has run.
    folder : pathlib.Path
        Path of the folder.
    force : bool
        Whether a run that is there may be replaced.

    Raises
    ------
    SimulationError
        If it has not run.
    OutputError
        If there is something already, or the file system refuses.
    """
    recorded = run.recording
    with new_folder(folder, force=force) as new:
        kept = keep_recording(run, new, folder, state=True)
        if kept != new:
            text = f"{folder}: no room, the disk is full; run {recorded.attrs[MARK][:8]} is kept"
            raise OutputError(f"{text} in {kept}: make room, and move it")
