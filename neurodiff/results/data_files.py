"""The files that a run read: their hashes, copies of the small ones, and how they are found again.

A recording carries a list of them in its attribute `files`, and so does `report.json`. Each entry
has the `path` that was read, the `sha256` and the `size` (bytes) of what was in it; in a run folder
also the path `relative` to the folder, and, where the file was small, the path of its `copy` in it.
"""

import hashlib
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurodiff.exceptions import SimulationError
from neurodiff.files import Unreadable, parse_json
from neurodiff.files.placing import written_beside
from neurodiff.model_file import Model, from_mapping
from neurodiff.model_file.data_files import FILE_KEYS, DataFile, paths_in, sha256
from neurodiff.process.terminal import warn
from neurodiff.results.checks import recorded_keys

#: Folder of the copies, in a run folder.
DATA = "data"

#: Files are copied into the run folder as long as all copies together have no more bytes.
COPIED = 10_000_000


def with_paths(keys: Any, paths: Mapping[str, str]) -> Any:
    """The keys of a model with other paths for the files that it names.

    Parameters
    ----------
    keys : object
        Keys of the model in plain Python.
    paths : mapping
        New path of each file by the old one.
    """
    if isinstance(keys, list):
        return [with_paths(part, paths) for part in keys]
    if not isinstance(keys, Mapping):
        return keys
    return {
        key: paths.get(str(value), value) if key in FILE_KEYS else with_paths(value, paths)
        for key, value in keys.items()
    }


def keep_data(files: list[DataFile], folder: Path, place: Path) -> list[DataFile]:
    """Copy small files into the run folder's `data`, and say where all are from there.

    Parameters
    ----------
    files : list of DataFile
        Files that the model names.
    folder : Path
        Where the run folder is written.
    place : Path
        Where it will be.

    Returns
    -------
    list of DataFile
        With `relative` and, where there is one, `copy`.

    Raises
    ------
    OSError
        If the file system refuses.
    """
    placed: list[DataFile] = []
    room = COPIED
    for file in files:
        entry: DataFile = {**file, "relative": os.path.relpath(file["path"], place)}
        if file["size"] <= room and (copy := _copied(file, folder)):
            room -= file["size"]
            entry["copy"] = copy
        placed.append(entry)
    return placed


def _copied(file: DataFile, folder: Path) -> str | None:
    """Path of the copy in the folder; None, with a warning, where the file is not as it was."""
    path = Path(file["path"])
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        warn(f"{path}: changed since the run read it, and is not kept with the run")
        return None
    name = f"{DATA}/{file['sha256'][:16]}-{path.name[-100:]}"
    (folder / DATA).mkdir(exist_ok=True)
    with written_beside(folder / name) as beside:
        beside.write_bytes(content)
    return name


def recorded_model(recording: Any) -> Model:
    """The model of a recording, with its files where they are now.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.

    Raises
    ------
    SimulationError
        If a file that the run read is gone or has changed.
    """
    keys = recorded_keys(recording)
    if "files" not in recording.attrs and (paths := [*paths_in(keys)]):
        text = f"the recording keeps no hash of {paths[0]}, which is used as it is now"
        warnings.warn(text, stacklevel=2)
    return from_mapping(with_paths(keys, found_again(recording)))


def found_again(recording: Any) -> dict[str, str]:
    """Where the files that a recorded run read are now, each as it was then.

    A file is looked for as the copy in the run folder, then relative to that folder, then where it
    was read. The folder is that of the netCDF from which the recording was opened, if it was.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.

    Returns
    -------
    dict
        Paths by the path that was read.

    Raises
    ------
    SimulationError
        If a file is nowhere as it was; the message names the file and both hashes. If the list of
        files is damaged.
    """
    files = _listed(recording)
    source = recording.encoding.get("source")
    folder = Path(source).absolute().parent if source else None
    return {file["path"]: _found(file, folder) for file in files}


def _listed(recording: Any) -> list[DataFile]:
    """The files that a recording lists; it may be that of a stranger."""
    try:
        files = parse_json(f'{{"files": {recording.attrs.get("files", "[]")}}}')["files"]
    except Unreadable:
        files = None
    if not isinstance(files, list) or not all(map(_is_listed, files)):
        text = "the recording's list of files is damaged"
        raise SimulationError(f"{text}; run the model again")
    return files


def _is_listed(file: Any) -> bool:
    if not isinstance(file, Mapping):
        return False
    texts = [file.get(key) for key in ("path", "sha256")]
    texts += [file[key] for key in ("copy", "relative") if key in file]
    return all(isinstance(text, str) for text in texts)


def _found(file: DataFile, folder: Path | None) -> str:
    names = [file[key] for key in ("copy", "relative") if key in file]
    candidates = [folder / name for name in names] if folder else []
    there = [path for path in (*candidates, Path(file["path"])) if _is_file(path)]
    for path in there:
        if sha256(path) == file["sha256"]:
            return str(path)
    was = f"the run read it with the SHA-256 {file['sha256'][:16]}..."
    name = file["path"] if len(file["path"]) < 300 else f"{file['path'][:300]}..."
    remedy = "put the file of the run there, or run the model again"
    if not there:
        raise SimulationError(f"{name}: is gone; {was}; {remedy}")
    now = sha256(there[-1])[:16]
    raise SimulationError(f"{there[-1]}: has changed; {was}, now it has {now}...; {remedy}")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no file can have such a name
        return False
