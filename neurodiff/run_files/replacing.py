"""A run folder takes its place in one step, and what a killed process left is put in order.

The folder is made inside a hidden one beside its place, ``.NAME-PROCESS-xxxxxxxx``:

- ``new``: the folder as it is written; it becomes NAME when it is complete. When its process dies
  it stays, if it holds a state from which the run can go on;
- ``new-ID``: the same when it is about to replace the run ID; after the exchange of the two
  names it is that run;
- ``old``: the older run while it is replaced, where the system cannot exchange names at once.

Whoever holds the claim on NAME knows that every hidden folder of that kind is left over.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from neurodiff.exceptions import OutputError
from neurodiff.files.placing import exchange, file_errors, hidden_beside, hidden_name
from neurodiff.process.terminal import warn
from neurodiff.run_files.names import (
    MODEL,
    PARTS,
    STATE,
    copy_state,
    is_finished,
    is_growing,
    others,
    refuse_to_overwrite,
    remove_run,
    report_of,
    run_id,
)

_NEW, _OLD = "new", "old"
_INSIDE = re.compile(rf"{_NEW}|{_NEW}-[0-9a-f]{{32}}|{_OLD}")


@contextmanager
def folder_in_waiting(path: Path, *, force: bool, source: Path | None = None) -> Iterator[Path]:
    """A new folder that becomes `path` when the `with` block ends well.

    When the block fails, a run that is complete by then takes its place all the same. What is not
    complete goes again, or stays where it is if it holds a state from which it can go on.

    Parameters
    ----------
    path : pathlib.Path
        Path of the run folder.
    force : bool
        Whether a run that is there may be replaced.
    source : pathlib.Path, optional
        Folder whose state the new one goes on from: `path` itself, of which it gets a copy, or one
        that was growing, which it becomes.

    Yields
    ------
    pathlib.Path
        The new folder, beside `path`.

    Raises
    ------
    OutputError
        If the file system refuses, or something else is at `path` by then; a complete run is kept
        beside it, under a name that the message tells.
    """
    waiting = hidden_name(path)
    new = waiting / _NEW
    with file_errors(path):
        waiting.mkdir()
        _begin(new, path, source)
    try:
        yield new
    except BaseException:
        if run_id(new) is not None:
            _take_place(new, path, force=force)
        elif is_growing(new):
            warn(f"{path}: the last state of this run is kept; --resume goes on from there")
        raise
    else:
        _take_place(new, path, force=force)
    finally:
        _clear(waiting)


def _begin(new: Path, path: Path, source: Path | None) -> None:
    """Make the new folder, with the state from which it goes on."""
    if source is None:
        new.mkdir()
    elif source != path:
        source.rename(new)
        _clear(source.parent)
        # what was being written when its process died is written anew
        remove_run(new, states=False)
    else:
        new.mkdir()
        if (source / PARTS).is_dir():
            # else what was recorded is in the recording, and the state alone is of no use
            copy_state(source, new)


def growing(path: Path) -> list[Path]:
    """Folders of runs that were growing beside `path` when their processes died, by age.

    Parameters
    ----------
    path : pathlib.Path
        Path of the run folder.
    """
    found = [waiting / _NEW for waiting in hidden_beside(path)]
    return sorted(filter(is_growing, found), key=lambda new: (new / STATE).stat().st_mtime)


def _take_place(new: Path, path: Path, *, force: bool) -> None:
    try:
        with file_errors(path):
            refuse_to_overwrite(path, force=force)
            _replace(new, path) if path.exists() else new.rename(path)
    except OutputError as error:
        if run_id(new) is None:
            raise
        aside = _set_aside(new, path)
        raise OutputError(f"{error}; the new run is kept in {aside}") from error


def _replace(new: Path, path: Path) -> None:
    """Put `new` at `path`; the old run goes only when the new one is in its place."""
    old = new.rename(new.with_name(f"{_NEW}-{run_id(path)}"))
    if not exchange(old, path):
        new, old = old, old.with_name(_OLD)
        path.rename(old)
        new.rename(path)
    _discard(old, path)


def _discard(old: Path, path: Path) -> None:
    """Remove a run that was replaced; what others put into its folder meanwhile moves along."""
    for name in others(old):
        with suppress(OSError):
            (path / name).parent.mkdir(exist_ok=True)
            (old / name).rename(path / name)
    remove_run(old)


def _set_aside(new: Path, path: Path) -> Path:
    """Give a complete run a name of its own beside `path`."""
    aside = path.with_name(f"{path.name}-{(run_id(new) or '')[:8]}")
    new.rename(aside)
    return aside


def restore(path: Path) -> None:
    """Put in order what killed processes left beside `path`, and say what was found.

    An old run that was on its way out goes back to its place, a complete new one takes its place,
    or a name beside it where that is taken, and what is half written is removed, but for what holds
    a state. The caller holds the claim on `path`.

    Parameters
    ----------
    path : pathlib.Path
        Path of the run folder.
    """
    for waiting in hidden_beside(path):
        if waiting.is_dir() and not waiting.is_symlink() and _is_waiting(waiting):
            _restore(waiting, path)


def refuse_to_forget(path: Path, *, force: bool) -> None:
    """Refuse to begin anew where a run that was interrupted can go on; with `force`, remove it.

    Parameters
    ----------
    path : pathlib.Path
        Path of the run folder.
    force : bool
        Whether it may go.

    Raises
    ------
    OutputError
        If there is one.
    """
    for new in growing(path):
        if not force:
            text = f"{path}: a run was interrupted there, and its last state is kept"
            raise OutputError(f"{text}; add --resume to go on, or --force to begin anew")
        remove_run(new)
        _clear(new.parent)


def _is_waiting(waiting: Path) -> bool:
    return all(_INSIDE.fullmatch(part.name) for part in waiting.iterdir())


def _restore(waiting: Path, path: Path) -> None:
    for folder in sorted(waiting.iterdir(), reverse=True):  # `old` first
        found = run_id(folder)
        if folder.name in (_OLD, f"{_NEW}-{found}"):
            _restore_old(folder, path)
        elif found is not None:
            _restore_new(folder, path)
    _clear(waiting)
    if waiting.exists() and not is_growing(waiting / _NEW):
        warn(f"{waiting}: left by a process that was killed; look what it holds, and remove it")


def _restore_old(old: Path, path: Path) -> None:
    if path.exists():
        _discard(old, path)
    else:
        old.rename(path)
        warn(f"{path}: the run that a killed process was replacing is back in its place")


def _restore_new(new: Path, path: Path) -> None:
    if path.exists() and _goes_on_with(new, path):
        _replace(new, path)
        warn(f"{path}: what a killed process had done of this run is put in its place")
    elif path.exists():
        aside = _set_aside(new, path)
        warn(f"{aside}: the complete run of a process that was killed; it was to replace {path}")
    else:
        new.rename(path)
        warn(f"{path}: the complete run of a process that was killed is put in its place")


def _goes_on_with(new: Path, path: Path) -> bool:
    """Whether a run is an older one, of the same model and files, that was not finished."""
    models = [folder / MODEL for folder in (new, path)]
    if is_finished(path) or not all(model.is_file() for model in models):
        return False
    files = [report_of(folder).get("files") for folder in (new, path)]
    return files[0] == files[1] and models[0].read_bytes() == models[1].read_bytes()


def _clear(waiting: Path) -> None:
    """Remove a hidden folder with what a run has written in it; states and anything else stay."""
    for folder in list(waiting.iterdir()):
        remove_run(folder, states=not is_growing(folder))
    with suppress(OSError):
        waiting.rmdir()
