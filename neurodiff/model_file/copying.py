"""Models made and changed in Python: every key is checked as if it stood in a model file."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from neurodiff.exceptions import ModelError
from neurodiff.model_file.base import Part, nearest
from neurodiff.model_file.explaining import Origin, explain
from neurodiff.model_file.model import Model
from neurodiff.model_file.network import Network
from neurodiff.model_file.plain import plain
from neurodiff.model_file.reading import from_mapping

P = TypeVar("P", bound=Part)


def require_model(value: Any) -> Model:
    """A model as it is; nothing else.

    Parameters
    ----------
    value : object
        Value to check.

    Raises
    ------
    ModelError
        If it is no model; the message says how one is made of it.
    """
    if isinstance(value, Model):
        return value
    remedy = "make one with neurodiff.load(path) or Model.from_mapping({...})"
    raise ModelError("model", f"a {type(value).__name__} is no model", remedy)


def replaced(part: P, changes: Mapping[str, Any]) -> P:
    """A copy of a model or of one of its parts with some keys replaced; see `Part.replace`.

    Parameters
    ----------
    part : Model or Part
        What is copied.
    changes : mapping
        New values of keys, by key; None stands for a key that is not written.

    Raises
    ------
    ModelError
        If a key is not known, or a value is refused.
    """
    for key in changes:
        if key not in type(part).model_fields:
            remedy = nearest(key, list(type(part).model_fields))
            raise ModelError(key, f"unknown key `{key}`", remedy)
    written = part.model_dump(mode="json", exclude_none=True)
    data = {key: value for key, value in {**written, **changes}.items() if value is not None}
    return _checked(part, data)


def _checked(part: P, data: Mapping[str, Any]) -> P:
    """A part of the type of `part` with the keys of `data`."""
    if isinstance(part, Model):
        return from_mapping(data, part._folder)  # type: ignore[return-value]
    try:
        return type(part).model_validate(plain(data))
    except ValidationError as error:
        raise explain(error, data, Origin()) from None


def layered(layers: Sequence[int], duration: str | None, keys: Mapping[str, Any]) -> Model:
    """A chain of all-to-all layers; see `Model.layered`.

    Parameters
    ----------
    layers : sequence of int
        Number of units of each layer, from input to output.
    duration : str or None
        Duration of the run, such as ``"100 ms"``; None where `keys` has it.
    keys : mapping
        Other keys of the model and of its network.

    Raises
    ------
    ModelError
        If a key is not known, or the keys describe no model that can be built.
    """
    known = [*Model.model_fields, *Network.model_fields, "duration"]
    for key in keys:
        if key not in known:
            raise ModelError(key, f"unknown key `{key}`", nearest(key, known))
    if "network" in keys:
        remedy = "write its keys as keywords, such as `activation='relu'`"
        raise ModelError("network", "`layers` is given, too", remedy)
    of_network = {key: value for key, value in keys.items() if key in Network.model_fields}
    rest = {key: value for key, value in keys.items() if key not in Network.model_fields}
    run = plain(rest.pop("run", {}))
    if duration is not None and isinstance(run, dict):
        run = {**run, "duration": duration}
    network = {"layers": layers, **of_network}
    return from_mapping({"neurodiff": 1, "network": network, "run": run, **rest})
