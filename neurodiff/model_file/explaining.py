"""What pydantic found wrong with a model file, said so that a scientist can mend it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from neurodiff.exceptions import ModelError
from neurodiff.model_file.base import nearest
from neurodiff.model_file.shown import shown

#: What to write where a key is missing, if its name alone does not say it.
_EXAMPLES = {
    "threshold": "threshold: 0.01",
    "error_threshold": "error_threshold: 0.02",
    "neuron": "neuron: lif",
    "maximum_rate": "maximum_rate: 200 Hz",
    "synaptic_time_constant": "synaptic_time_constant: 20 ms",
    "neurodiff": "neurodiff: 1",
    "name": "name: my-study",
    "network": "network: {layers: [4, 30, 3]}",
    "input": "input: {kind: constant, values: [0.2, -0.4]}",
    "target": "target: {kind: constant, values: [0.5]}",
    "run": "run: {duration: 2 s}",
}

#: What is wrong and the remedy, by pydantic's name of the error.
_WORDINGS = {
    "bool_type": ("{value} is neither true nor false", "write true or false"),
    "int_type": ("{value} is no whole number", "write a whole number, without quotes"),
    "float_type": ("{value} is no number", "write a number, without quotes or unit"),
    "finite_number": ("{value} is not finite", "write a finite number"),
    "string_type": ("{value} is no text", "write it in quotes"),
    "list_type": ("{value} is no list", "write a list, [..., ...]"),
    "tuple_type": ("{value} is no list", "write a list of two, [..., ...]"),
    "dict_type": ("{value} is no mapping", "write `key: value` pairs"),
    "model_type": ("{value} is no mapping", "write `key: value` pairs"),
    "greater_than": ("{value} is too small", "write a value above {gt}"),
    "greater_than_equal": ("{value} is too small", "write {ge} or more"),
    "less_than": ("{value} is too large", "write a value below {lt}"),
    "less_than_equal": ("{value} is too large", "write {le} or less"),
    "too_short": ("too few entries ({actual_length})", "write at least {min_length}"),
    "too_long": ("too many entries ({actual_length})", "write at most {max_length}"),
    "string_too_long": ("{value} is too long", "write at most {max_length} characters"),
    "string_pattern_mismatch": (
        "{value} is no name",
        "use letters, digits, spaces, - and _; dots only inside a model's name",
    ),
    "wrong_form": ("{value} is not understood", "{message}"),
}


@dataclass(frozen=True)
class Origin:
    """Where a model comes from: a file's name, and the overrides ``key.path=value`` of its keys.

    Attributes
    ----------
    source : str
        Name of the file; empty where there is none.
    overrides : tuple of str
        Overrides ``key.path=value``.
    """

    source: str = ""
    overrides: tuple[str, ...] = ()

    def of(self, path: Sequence[str], line: int | None = None) -> str:
        """File and line, or override, that a key comes from, and the key's path.

        Parameters
        ----------
        path : sequence of str
            Path of the key.
        line : int or None, optional
            Line of the key in the file.
        """
        keys = ".".join(path)
        for text in reversed(self.overrides):
            changed = text.partition("=")[0]
            made = line is None and f"{changed}.".startswith(f"{keys}.")
            if made or f"{keys}.".startswith(f"{changed}."):
                return f"--set {_brief(text)}: {keys}"
        where = f"{self.source}, line {line}" if self.source and line else self.source
        return ": ".join(filter(None, [where, keys]))


@dataclass(frozen=True)
class Place:
    """Says where a key of a model comes from. All are equal: a model is what its keys say."""

    origin: Origin = field(compare=False)
    marks: Any = field(compare=False, repr=False)

    def __call__(self, key: str) -> str:
        """File and line, or override, and the key's path."""
        return self.origin.of(*locate(self.marks, key.split(".")))


def explain(error: ValidationError, data: Mapping[str, Any], origin: Origin) -> ModelError:
    """One `ModelError` that lists everything that pydantic found, each with its line.

    Parameters
    ----------
    error : pydantic.ValidationError
        Error that pydantic raised.
    data : mapping
        Keys of the model with their lines.
    origin : Origin
        Where the keys come from.
    """
    found = [_one(dict(part), data, origin) for part in error.errors()]
    first, *rest = {str(part): part for part in found}.values()
    remedies = [first.remedy] if first.remedy else []
    return ModelError(first.field, first.problem, "\n".join([*remedies, *map(str, rest)]))


def _one(part: dict[str, Any], data: Mapping[str, Any], origin: Origin) -> ModelError:
    context = part.get("ctx", {})
    location = [*part["loc"], *str(context.get("key", "")).split(".")]
    location = [key for key in location if key not in ("", "[key]")]
    path, line = locate(data, location)
    if part["type"] == "missing" and path[-1:] != [str(location[-1])]:
        path.append(str(location[-1]))  # of a form that was written as a bare word
    return ModelError(origin.of(path, line), *_wording(part, context))


def locate(data: Any, location: Sequence[Any]) -> tuple[list[str], int | None]:
    """Path of keys and line in the file; parts of `location` that only name a form are left out.

    Parameters
    ----------
    data : object
        Keys of the model with their lines.
    location : sequence
        Keys and numbers of list items that lead to the key, from the top.

    Returns
    -------
    path : list of str
        Path of the key.
    line : int or None
        Line in the file, where it is known.
    """
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
    kind, value = part["type"], part["input"]
    if kind == "problem":
        return context["problem"], context["remedy"]
    if kind == "missing":
        key = part["loc"][-1]
        if isinstance(key, int):
            return "one value is missing", "write a list of two, [..., ...]"
        return "missing", f"write `{_EXAMPLES.get(key, f'{key}: ...')}`"
    if part["loc"] == ("neurodiff",):
        return f"format version {shown(value)} is not known", "write `neurodiff: 1`"
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'|(\d+)", context["expected"])
        return f"{shown(value)} is not known", nearest(str(value), [a or b for a, b in known])
    if kind in _WORDINGS:
        names = {**_bounds(context), "value": shown(value), "message": part["msg"]}
        problem, remedy = _WORDINGS[kind]
        return problem.format(**names), remedy.format(**names)
    problem, _, remedy = part["msg"].removeprefix("Value error, ").partition("; ")
    return problem, remedy


def _bounds(context: Mapping[str, Any]) -> dict[str, Any]:
    """What pydantic says of an error, its bounds as one writes numbers."""
    texts = {
        name: f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"
        for name, bound in context.items()
        if name in ("gt", "ge", "lt", "le")
    }
    return {**context, **texts}


def _brief(text: str) -> str:
    return text if len(text) <= 200 else text[:197] + "..."
