"""What a run folder holds, by name: nothing else is ever replaced or removed."""

import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from neurodiff.exceptions import OutputError
from neurodiff.results.data_files import DATA

RECORDING, MODEL, REPORT = "recording.nc", "model.yaml", "report.json"
#: The state from which a run can go on; and the folder of what was recorded, in parts, until there.
STATE, PARTS = "state.npz", "parts"
#: File stems of all figures of a run.
FIGURES = ("waves", "events", "spikes", "learning", "cosine", "weights")
#: All files of a run folder, but for those in `data` and `parts`.
FILES = frozenset({RECORDING, MODEL, REPORT, STATE} | {f"{name}.png" for name in FIGURES})
#: Key of the report, and attribute of the recording, that marks both as those of one run.
MARK = "run_id"

_ID = re.compile(r"[0-9a-f]{32}")
#: Names in `data`: the beginning of the file's SHA-256, and its name.
_DATA_NAME = re.compile(r"[0-9a-f]{16}-.+")
_PART_NAME = re.compile(r"\d{6}\.npz")
#: Folders in a run folder, and the names of the files in them.
_FOLDERS = {DATA: _DATA_NAME, PARTS: _PART_NAME}
#: Names of files that were being written when a process was killed.
_UNFINISHED = re.compile(r"\.(.+)-\d+-[0-9a-f]{8}")
#: No report is longer, in bytes.
_LONGEST_REPORT = 50_000_000


def run_id(folder: Path) -> str | None:
    """The identity of the run that a folder holds; None where it holds no complete run.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    """
    if not (folder / RECORDING).is_file():
        return None
    found = report_of(folder).get(MARK)
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def report_of(folder: Path) -> dict[str, Any]:
    """The report in a run folder; empty where there is none that can be read.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    """
    path = folder / REPORT
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST_REPORT:
            return {}
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return report if isinstance(report, dict) else {}


def is_growing(folder: Path) -> bool:
    """Whether a folder holds a run that is not complete, and a state from which it can go on.

    With the state are the parts of what was recorded until then.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    """
    there = (folder / STATE).is_file() and (folder / PARTS).is_dir()
    return there and run_id(folder) is None


def is_finished(folder: Path) -> bool:
    """Whether the run of a folder came to its end, and was compared.

    A process that dies while it compares leaves a complete run without a verdict.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    """
    report = report_of(folder) if folder.exists() else {}
    return report.get("complete") is True and "verdict" in report


def copy_state(source: Path, folder: Path) -> None:
    """Give a folder the state of another run, with all that it needs to go on.

    Parameters
    ----------
    source : pathlib.Path
        Folder of the other run.
    folder : pathlib.Path
        New folder.

    Raises
    ------
    OSError
        If the file system refuses.
    """
    for part in (source / STATE, *sorted((source / PARTS).glob("*"))):
        new = folder / part.relative_to(source)
        new.parent.mkdir(exist_ok=True)
        try:
            # no file of a run is ever changed: each is replaced as a whole
            os.link(part, new)
        except OSError:
            shutil.copyfile(part, new)


def others(folder: Path) -> list[str]:
    """Names of what is in a folder and was not written by a run; those in folders with these.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    """
    found = [part.name for part in folder.iterdir() if not _of_run(part)]
    for name in filter(lambda name: _is_folder(folder / name), _FOLDERS):
        parts = (folder / name).iterdir()
        found += [f"{name}/{part.name}" for part in parts if not _of_folder(part)]
    return sorted(found)


def _of_run(path: Path) -> bool:
    if path.name in _FOLDERS:
        return _is_folder(path)
    return _finished_name(path) in FILES and not _is_folder(path)


def _of_folder(path: Path) -> bool:
    """Whether a file in one of the folders of a run was written by a run."""
    named = _FOLDERS[path.parent.name].fullmatch(_finished_name(path)) is not None
    return named and not _is_folder(path)


def _finished_name(path: Path) -> str:
    unfinished = _UNFINISHED.fullmatch(path.name)
    return unfinished[1] if unfinished else path.name


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def remove_run(folder: Path, *, states: bool = True) -> bool:
    """Remove the files of a run, by name, and the folder if it is empty then; whether it is gone.

    A link among them goes itself, not the file to which it points.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    states : bool
        Whether the state from which it can go on goes, too.
    """
    kept = () if states else (STATE, PARTS)
    with suppress(OSError):
        for name in _FOLDERS:
            if name not in kept:
                _remove_folder(folder / name)
        for part in list(folder.iterdir()):
            if _of_run(part) and part.name not in (*_FOLDERS, *kept):
                part.unlink()
        folder.rmdir()
    return not folder.exists()


def remove_parts(folder: Path) -> None:
    """Remove what a run had recorded in parts, whose recording is complete now.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    """
    with suppress(OSError):
        _remove_folder(folder / PARTS)


def _remove_folder(folder: Path) -> None:
    """Remove what runs wrote in one of their folders, and the folder if it is empty then."""
    if _is_folder(folder):
        for part in filter(_of_folder, list(folder.iterdir())):
            part.unlink()
        with suppress(OSError):
            folder.rmdir()


def refuse_to_overwrite(path: Path, *, force: bool) -> None:
    """Refuse a place for a run folder where there is anything else than, with `force`, a run.

    Parameters
    ----------
    path : pathlib.Path
        Path of the run folder.
    force : bool
        Whether a run that is there may be replaced.

    Raises
    ------
    OutputError
        The message lists what is there.
    """
    remedy = "choose another --output"
    if path.name in ("", ".."):
        raise OutputError(f"{path}: names no new folder; {remedy}")
    if path.is_symlink() and not path.exists():
        raise OutputError(f"{path}: is a link to nothing; remove it, or {remedy}")
    if not path.exists():
        return
    if not path.is_dir():
        raise OutputError(f"{path}: exists and is no folder; {remedy}")
    if not force:
        raise OutputError(f"{path}: exists already; {remedy}, or overwrite with --force")
    if run_id(path) is None:
        what = f"it has no {RECORDING} with a {REPORT} that holds a {MARK}"
        raise OutputError(f"{path}: is no run folder ({what}), so --force leaves it; {remedy}")
    if found := others(path):
        names = ", ".join(found[:10]) + (f" and {len(found) - 10} more" if found[10:] else "")
        text = f"{path}: holds what no run wrote, so --force leaves it: {names}"
        raise OutputError(f"{text}; move that elsewhere, or {remedy}")
