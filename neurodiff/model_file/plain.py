"""What a model is given as, made plain Python: dicts, lists, numbers, truth values, texts."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel
from ruamel.yaml.comments import TaggedScalar
from ruamel.yaml.scalarbool import ScalarBoolean

from neurodiff.files.regular_files import Unreadable
from neurodiff.files.yaml_text import NOT_TEXT
from neurodiff.model_file.quantities import (
    FREQUENCY_UNITS,
    TIME_UNITS,
    VOLTAGE_UNITS,
    format_quantity,
)

#: No model file is nested deeper than this, but one whose keys contain themselves is.
_DEEPEST = 40
_LARGEST = 10**250
_UNITS = {"s": TIME_UNITS, "s^-1": FREQUENCY_UNITS, "m^2 kg s^-3 A^-1": VOLTAGE_UNITS}


def plain(value: Any, depth: int = 0) -> Any:
    """`value` in plain Python; what has no counterpart there stays as it is, to be refused later.

    Scalars of the YAML reader lose their marks, NumPy scalars and arrays become numbers and lists,
    tuples become lists, parts of a model mappings, and quantities of Brian2 texts such as ``5 ms``.

    Parameters
    ----------
    value : object
        Value to convert.
    depth : int, optional
        How deep the value is nested in others.

    Raises
    ------
    Unreadable
        If `value` is nested too deeply, or contains itself, or has a key, a number or a text in it
        that no model has.
    """
    if depth > _DEEPEST:
        raise Unreadable("is nested too deeply", "no key of a model contains itself")
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if hasattr(value, "dimensions"):
        return _quantity(np.asarray(value, dtype=float).tolist(), str(value.dimensions))
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {_key(key): plain(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(part, depth + 1) for part in value]
    return _scalar(value)


def _key(value: Any) -> Any:
    if not isinstance(value, str | int | float | None):
        raise Unreadable(f"a key is a {type(value).__name__}", "write a text as key")
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, ScalarBoolean):  # derived from int
        return bool(value)
    if isinstance(value, TaggedScalar):  # a text that says so, `!!str 5`
        value = value.value
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return _bounded(kind(value))
    return value


def _bounded(value: Any) -> Any:
    """Refuse whole numbers that no float is as large as, and texts that no file can hold."""
    if isinstance(value, int) and abs(value) >= _LARGEST:
        raise Unreadable("a whole number has more than 250 digits", "write a smaller one")
    if isinstance(value, str) and (found := NOT_TEXT.search(value)):
        raise Unreadable(f"a text has half a character, {found.group()!a}", "leave it out")
    return value


def _quantity(value: Any, dimension: str) -> Any:
    """The text of a number, or the texts of numbers, in SI base units of a dimension."""
    if isinstance(value, list):
        return [_quantity(part, dimension) for part in value]
    if dimension in _UNITS and math.isfinite(value):
        return format_quantity(value, _UNITS[dimension])
    return f"{value:g} {dimension}"
