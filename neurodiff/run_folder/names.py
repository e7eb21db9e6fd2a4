"""What a run folder holds, by name: nothing else is ever replaced or removed."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from neurodiff.exceptions import OutputError
from neurodiff.results.data_files import DATA

RECORDING, MODEL, REPORT = "recording.nc", "model.yaml", "report.json"
#: File stems of all figures of a run.
FIGURES = ("waves", "events", "spikes", "learning", "cosine", "weights")
#: All files of a run folder, but for those in `data`.
FILES = frozenset({RECORDING, MODEL, REPORT} | {f"{name}.png" for name in FIGURES})
#: Key of the report, and attribute of the recording, that marks both as those of one run.
MARK = "run_id"

_ID = re.compile(r"[0-9a-f]{32}")
#: Names in `data`: the beginning of the file's SHA-256, and its name.
_DATA_NAME = re.compile(r"[0-9a-f]{16}-.+")
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
    found = _report(folder).get(MARK)
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def _report(folder: Path) -> dict[str, Any]:
    path = folder / REPORT
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST_REPORT:
            return {}
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return report if isinstance(report, dict) else {}


def others(folder: Path) -> list[str]:
    """Names of what is in a folder and was not written by a run; those in `data` with it.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    """
    found = [part.name for part in folder.iterdir() if not _of_run(part)]
    data = folder / DATA
    if data.is_dir() and not data.is_symlink():
        found += [f"{DATA}/{part.name}" for part in data.iterdir() if not _of_data(part)]
    return sorted(found)


def _of_run(path: Path) -> bool:
    if path.name == DATA:
        return path.is_dir() and not path.is_symlink()
    unfinished = _UNFINISHED.fullmatch(path.name)
    return (unfinished[1] if unfinished else path.name) in FILES and not _is_folder(path)


def _of_data(path: Path) -> bool:
    unfinished = _UNFINISHED.fullmatch(path.name)
    name = unfinished[1] if unfinished else path.name
    return _DATA_NAME.fullmatch(name) is not None and not _is_folder(path)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def remove_run(folder: Path) -> bool:
    """Remove the files of a run, by name, and the folder if it is empty then; whether it is gone.

    A link among them goes itself, not the file to which it points.

    Parameters
    ----------
    folder : pathlib.Path
        Path of the folder.
    """
    data = folder / DATA
    with suppress(OSError):
        if _is_folder(data):
            for part in filter(_of_data, list(data.iterdir())):
                part.unlink()
            data.rmdir()
        for part in list(folder.iterdir()):
            if _of_run(part) and part.name != DATA:
                part.unlink()
        folder.rmdir()
    return not folder.exists()


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
