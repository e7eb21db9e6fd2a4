"""Model files in and out: YAML with line numbers, and overrides of single keys."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from neurodiff.exceptions import ModelError
from neurodiff.spec.explaining import Origin, Place, explain, locate
from neurodiff.spec.model import Model
from neurodiff.spec.plain import plain

_DEEP = ("is nested too deeply", "no key of a model contains itself")


class _Constructor(RoundTripConstructor):
    """Leaves dates as texts: no key of a model file is a date, and not all that look so are."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)


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
    data = read(path, "model file", "neurodiff: 1")
    changes = [*overrides, *([] if seed is None else [f"seed={seed}"])]
    for text in changes:
        _override(data, text)
    return _check(data, path.resolve().parent, Origin(str(path), tuple(changes)))


def from_mapping(data: Mapping[str, Any], folder: Path | None = None, source: str = "") -> Model:
    """Check the keys of a model file given as a mapping; see `load`.

    `folder` is what paths in the model are relative to (default: the current folder).
    """
    return _check(data, folder, Origin(source))


def to_yaml(model: Model) -> str:
    """The complete model as the text of a model file, defaults written out."""
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
    except RecursionError:
        raise ModelError(origin.source or "model", *_DEEP) from None
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


def read(path: Path, kind: str, first_line: str) -> Any:
    """The mapping that a YAML file holds, with its lines; files of that kind begin so.

    Raises
    ------
    ModelError
        If the file is missing, or holds no mapping.
    """
    try:
        data = _parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(str(path), "no such file", "check the path") from None
    except UnicodeDecodeError:
        raise ModelError(str(path), "is no text file", "save it as UTF-8 text") from None
    except OSError as error:
        remedy = "check the path and its permissions"
        raise ModelError(str(path), f"cannot be read ({error.strerror})", remedy) from None
    except YAMLError as error:
        raise _broken(error, path) from None
    except RecursionError:
        raise ModelError(str(path), *_DEEP) from None
    except ValueError as error:
        remedy = "mend the file, or put texts in quotes"
        raise ModelError(str(path), f"broken YAML: {error}", remedy) from None
    if not isinstance(data, Mapping):
        what = "is empty" if data is None else f"is no {kind}"
        raise ModelError(str(path), what, f"begin it with `{first_line}`")
    return data


def _parse(text: str) -> Any:
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    return yaml.load(text)


def _broken(error: YAMLError, path: Path) -> ModelError:
    """What is wrong with the YAML, and in which line."""
    if isinstance(error, DuplicateKeyError):
        mark, key = error.problem_mark, str(error.problem).split('"')[1]
        return ModelError(f"{path}, line {mark.line + 1}", f"`{key}` is there twice", "keep one")
    if not isinstance(error, MarkedYAMLError):
        text = str(error).strip().splitlines()[0]
        return ModelError(str(path), f"broken YAML: {text}", "mend the file")
    mark = error.problem_mark or error.context_mark
    line = f"{path}, line {mark.line + 1}" if mark else str(path)
    return ModelError(line, f"broken YAML: {error.problem}", "mend the file there")


def _override(data: Any, text: str) -> None:
    """Set one key of `data` as ``key.path=value`` says."""
    path, equals, value = text.partition("=")
    if not equals or not path:
        remedy = "write it as `key.path=value`, such as `seed=3`"
        raise ModelError("--set", f"{text!r} is not understood", remedy)
    try:
        parsed = plain(_parse(value))
    except RecursionError:
        raise ModelError(f"--set {text[:60]}", *_DEEP) from None
    except (YAMLError, ValueError):
        raise ModelError(f"--set {text}", f"{value!r} is no YAML value", "quote it") from None
    set_key(data, path, parsed)


def set_key(data: Any, path: str, value: Any) -> None:
    """Set one key of a model's `data`, in place; parts of its `path` that are missing are made."""
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
