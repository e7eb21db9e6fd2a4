"""The files that a model names: their paths, and the hashes of what is in them."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict

from neurodiff.model_file.model import Model

#: Keys of a complete model that name files.
FILE_KEYS = ("file", "path", "dataset")


class DataFile(TypedDict, total=False):
    """One file that a run read."""

    path: str
    sha256: str
    size: int
    relative: str
    copy: str


def data_files(model: Model) -> list[DataFile]:
    """The files that a model names and that exist, with the hash of what is in them now.

    Parameters
    ----------
    model : Model
        Model, checked.
    """
    keys = model.with_absolute_paths().model_dump(mode="json", exclude_none=True)
    paths = dict.fromkeys(path for path in paths_in(keys) if Path(path).is_file())
    return [
        {"path": path, "sha256": sha256(Path(path)), "size": Path(path).stat().st_size}
        for path in paths
    ]


def sha256(path: Path) -> str:
    """Hash of a file's content, as 64 hexadecimal digits.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def paths_in(keys: Any) -> Iterator[str]:
    """Absolute paths of all files that the keys of a model name.

    Parameters
    ----------
    keys : object
        Keys of the model in plain Python.
    """
    parts = keys.items() if isinstance(keys, Mapping) else ((None, part) for part in keys)
    for key, value in parts:
        if isinstance(value, Mapping | list):
            yield from paths_in(value)
        elif key in FILE_KEYS and Path(str(value)).is_absolute():
            yield str(value)
