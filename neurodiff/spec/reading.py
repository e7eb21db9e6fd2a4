"""Model files in and out: YAML with line numbers, overrides by path, errors a person can act on."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from neurodiff.exceptions import ModelError
from neurodiff.spec.model import Model


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
        names the file, the line, the key's path and the remedy.
    """
    path = Path(path)
    data = _read(path)
    for text in overrides:
        _override(data, text)
    if seed is not None:
        data["seed"] = seed
    return from_mapping(data, folder=path.resolve().parent, source=str(path))


def from_mapping(data: Mapping[str, Any], folder: Path | None = None, source: str = "") -> Model:
    """Check the keys of a model file given as a mapping; see `load`.

    `folder` is what paths in the model are relative to (default: the current folder).
    """
    if "neurodiff_sweep" in data:
        raise ModelError(source, "not available yet: sweep files", "run the model file it names")
    try:
        model = Model.model_validate(data)
    except ValidationError as error:
        raise _explain(error, data, source) from None
    if folder is not None:
        model._folder = folder
    return model


def to_yaml(model: Model) -> str:
    """The complete model as the text of a model file, defaults written out."""
    text = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 100
    yaml.dump(model.model_dump(mode="json", exclude_none=True), text)
    return text.getvalue()


def _read(path: Path) -> Any:
    try:
        data = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(str(path), "no such file", "check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(str(path), f"cannot be read ({error})", "check the file") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{path}, line {mark.line + 1}" if mark else str(path)
        raise ModelError(line, f"broken YAML: {error.problem}", "mend the file there") from None
    if not isinstance(data, Mapping):
        raise ModelError(str(path), "is no model file", "begin it with `neurodiff: 1`")
    return data


def _override(data: Any, text: str) -> None:
    """Set one key of `data` as ``key.path=value`` says."""
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise ModelError("--set", f"{text!r} is not understood", "write key.path=value")
    *parents, last = path.split(".")
    for depth, key in enumerate(parents):
        data = _child(data, key, ".".join(parents[: depth + 1]))
    try:
        parsed = YAML(typ="safe").load(value)
    except MarkedYAMLError:
        raise ModelError("--set", f"{value!r} is no YAML value", "quote it") from None
    if isinstance(data, list):
        _child(data, last, path)
        data[int(last)] = parsed
    else:
        data[last] = parsed


def _child(data: Any, key: str, path: str) -> Any:
    """The mapping or list under `key`; a key that is not there becomes an empty mapping."""
    if isinstance(data, list):
        if not key.isdigit() or int(key) >= len(data):
            raise ModelError("--set", f"{path}: {key!r} is no index", f"write 0 to {len(data) - 1}")
        return data[int(key)]
    child = data.setdefault(key, {})
    if not isinstance(child, dict | list):
        raise ModelError(
            "--set",
            f"{path} is {child!r}, not a mapping",
            f"set `{path}` as a whole, such as {{...}}",
        )
    return child


def _explain(error: ValidationError, data: Mapping[str, Any], source: str) -> ModelError:
    """One `ModelError` that lists everything that pydantic found, each with its line."""
    found = [_one(dict(part), data, source) for part in error.errors()]
    first, *rest = {str(part): part for part in found}.values()
    remedies = [first.remedy] if first.remedy else []
    return ModelError(first.field, first.problem, "\n".join([*remedies, *map(str, rest)]))


def _one(part: dict[str, Any], data: Mapping[str, Any], source: str) -> ModelError:
    context = part.get("ctx", {})
    location = tuple(context["field"].split(".")) if "field" in context else part["loc"]
    if part["type"] == "unknown_key":
        location = (*location, context["key"])
    path, line = _locate(data, location)
    where = ", line ".join([source, str(line)] if source and line else [source]) + ": "
    field = (where if source else "") + ".".join(path)
    return ModelError(field, *_wording(part, context))


def _locate(data: Any, location: Sequence[Any]) -> tuple[list[str], int | None]:
    """Path of keys and line in the file; the parts of `location` that only name a form are left out."""
    path: list[str] = []
    line = None
    for depth, key in enumerate(location):
        index = int(key) if isinstance(data, list) and str(key).isdigit() else key
        inside = isinstance(data, Mapping) and index in data
        inside = inside or (isinstance(data, list) and isinstance(index, int) and index < len(data))
        if inside:
            line = _line(data, index) or line
            data = data[index]
        elif depth + 1 < len(location) or not isinstance(data, Mapping):
            continue
        path.append(str(key))
    return path, line


def _line(data: Any, key: Any) -> int | None:
    """Line of `key` in the file, where it was read from one (overrides have none)."""
    marks = getattr(getattr(data, "lc", None), "data", None) or {}
    return marks[key][0] + 1 if key in marks else None


def _wording(part: dict[str, Any], context: dict[str, Any]) -> tuple[str, str]:
    """What is wrong and the remedy, in words."""
    if part["type"] == "problem":
        return context["problem"], context["remedy"]
    if part["type"] == "missing":
        return "missing", "write it"
    if part["type"] == "union_tag_invalid":
        return f"{context['tag']!r} is not known", f"write one of: {context['expected_tags']}"
    if part["type"] == "union_tag_not_found":
        return f"which {context['discriminator']} is not said", "write it"
    problem, _, remedy = part["msg"].removeprefix("Value error, ").partition("; ")
    shown = f" (got {part['input']!r})" if part["type"] in _SHOW_INPUT else ""
    return problem[0].lower() + problem[1:] + shown, remedy


_SHOW_INPUT = {
    "bool_type",
    "float_parsing",
    "float_type",
    "finite_number",
    "greater_than",
    "greater_than_equal",
    "int_from_float",
    "int_parsing",
    "int_type",
    "less_than",
    "less_than_equal",
    "literal_error",
    "string_pattern_mismatch",
    "string_type",
}
