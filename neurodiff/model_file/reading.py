"""Model files in and out: YAML with line numbers, and overrides of single keys."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from neurodiff.exceptions import ModelError
from neurodiff.files import Unreadable, parse_yaml, read_text
from neurodiff.model_file.explaining import Origin, Place, explain, locate
from neurodiff.model_file.model import Model
from neurodiff.model_file.plain import plain

#: Most bytes of a model file or sweep file.
_LONGEST = 1_000_000


def load(path: str | Path, overrides: Sequence[str] = (), seed: int | None = None) -> Model:
    """Read and check a model file.

    Parameters
    ----------
    path : str or Path
        The YAML file. Paths inside it are relative to its folder.
    overrides : sequence of str
        Changes of single keys, ``key.path=value`` with the value in YAML.
    seed : int, optional
        Replaces the file's seed.

    Raises
    ------
    ModelError
        If the file is missing, is no YAML, or describes no model that can be built. The message
        names the file and the line, or the override; the key's path; and the remedy.
    """
    path = Path(path)
    data = read(path, "model file", "neurodiff: 1", pipe=True)
    changes = [*overrides, *([] if seed is None else [f"seed={seed}"])]
    for text in changes:
        _override(data, text)
    return _check(data, path.resolve().parent, Origin(str(path), tuple(changes)))


def from_mapping(data: Mapping[str, Any], folder: Path | None = None, source: str = "") -> Model:
    """Check the keys of a model file given as a mapping; see `load`.

    `folder` is what paths in the model are relative to (default: the current folder).

    Parameters
    ----------
    data : mapping
        Keys of a model file.
    folder : pathlib.Path or None, optional
        Folder that paths in the model are relative to; the current folder unless given.
    source : str, optional
        Name of the file, for messages.
    """
    return _check(data, folder, Origin(source))


def to_yaml(model: Model) -> str:
    """The complete model as the text of a model file, defaults written out.

    Parameters
    ----------
    model : Model
        Model, checked.
    """
    text = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 100
    yaml.dump(model.model_dump(mode="json", exclude_none=True), text)
    return text.getvalue()


def _check(marked: Mapping[str, Any], folder: Path | None, origin: Origin) -> Model:
    """The model that plain Python makes of `marked`, which knows the lines of the file."""
    try:
        data = plain(marked)
    except Unreadable as error:
        where = origin.source or "model"
        raise ModelError(where, error.problem, error.remedy) from None
    if not isinstance(data, dict):
        remedy = "give a mapping with the keys of a model file"
        raise ModelError(origin.source or "model", f"a {type(marked).__name__} is no model", remedy)
    marks = marked if hasattr(marked, "lc") else data
    if "neurodiff_sweep" in data:
        field = origin.of(*locate(marks, ["neurodiff_sweep"]))
        raise ModelError(field, "this is a sweep file, no model", "run it with `neurodiff sweep`")
    try:
        model = Model.model_validate(data)
    except ValidationError as error:
        raise explain(error, marks, origin) from None
    if folder is not None:
        model._folder = folder
    model._where = Place(origin, marks)
    return model


def read(path: Path, kind: str, first_line: str, *, pipe: bool = False) -> Any:
    """The mapping that a YAML file holds, with its lines; files of that kind begin so.

    Only a file is read, or with `pipe` also what the shell opens as ``<(...)``.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    kind : str
        Kind of the file, for messages.
    first_line : str
        First line of a file of that kind, for messages.
    pipe : bool, optional
        Whether a pipe that the shell opened (``<(...)``) is read, too.

    Raises
    ------
    ModelError
        If the file is missing, or holds no mapping.
    """
    try:
        data = parse_yaml(read_text(path, _LONGEST, pipe=pipe))
    except Unreadable as error:
        where = f"{path}, line {error.line}" if error.line else str(path)
        text = "no such file" if error.problem == "does not exist" else error.problem
        raise ModelError(where, text, error.remedy) from None
    if not isinstance(data, Mapping):
        what = "is empty" if data is None else f"is no {kind}"
        raise ModelError(str(path), what, f"begin it with `{first_line}`")
    return data


def _override(data: Any, text: str) -> None:
    """Set one key of `data` as ``key.path=value`` says."""
    path, equals, value = text.partition("=")
    if not equals or not path:
        remedy = "write it as `key.path=value`, such as `seed=3`"
        raise ModelError("--set", f"{text!r} is not understood", remedy)
    try:
        parsed = plain(parse_yaml(value))
    except Unreadable as error:
        if not error.problem.startswith("broken YAML"):
            raise ModelError(f"--set {text[:60]}", error.problem, error.remedy) from None
        text, value = text[:200], value[:100]
        raise ModelError(f"--set {text}", f"{value!r} is no YAML value", "quote it") from None
    set_key(data, path, parsed)


def set_key(data: Any, path: str, value: Any) -> None:
    """Set one key of a model's `data`, in place; parts of its `path` that are missing are made.

    Parameters
    ----------
    data : object
        Keys of the model; changed in place.
    path : str
        Path of the key, with dots between its parts.
    value : object
        New value.
    """
    *parents, last = path.split(".")
    for depth, key in enumerate(parents):
        data = _child(data, key, ".".join(parents[: depth + 1]))
    if isinstance(data, list):
        data[_index(data, last, path)] = value
    else:
        data[last] = value


def _child(data: Any, key: str, path: str) -> Any:
    """The mapping or list under `key`; a key that is not there becomes an empty mapping."""
    child = data[_index(data, key, path)] if isinstance(data, list) else data.setdefault(key, {})
    if not isinstance(child, dict | list):
        raise ModelError(
            "--set",
            f"{path} is {child!r}, not a mapping",
            f"set `{path}` as a whole, such as {{...}}",
        )
    return child


def _index(data: list[Any], key: str, path: str) -> int:
    if not key.isdecimal() or int(key) >= len(data):
        raise ModelError("--set", f"{path}: {key!r} is no index", f"write 0 to {len(data) - 1}")
    return int(key)
