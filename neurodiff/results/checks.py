"""Whether a dataset is a recording of neurodiff, and what its model says of it.

A recording may come from anybody: from a stranger's run folder, or edited by its owner.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr

from neurodiff.exceptions import ModelError
from neurodiff.files import Unreadable, parse_yaml
from neurodiff.model_file import Model, from_mapping
from neurodiff.model_file.plain import plain
from neurodiff.network.graph import Graph
from neurodiff.results.recording import VARIABLES

_SOURCE = "model of the recording"
#: Coordinates, and the dimension that each of them is of.
_COORDINATES = {
    "unit": "unit",
    "population": "unit",
    "index": "unit",
    "layer": "unit",
    "output": "output",
    "pre": "synapse",
    "post": "synapse",
    "projection": "synapse",
    "forward_lag": "synapse",
    "backward_lag": "synapse",
    "factor_unit": "factor",
    "factor_kind": "factor",
    "factor_time": "factor_time",
    "error_from": "returning",
    "error_to": "returning",
    "returning_lag": "returning",
    "time": "time",
    "weight_time": "weight_time",
    "product_time": "product_time",
}
#: What every recording has.
_ALWAYS = {"w", "weight_time", "population", "layer", "projection", "pre", "post"}
#: What is recorded together.
_SIGNALS = {"time", "delta", "target"}
_TEXTS = {"population", "projection", "factor_kind", "spike_kind"}
#: What numbers units, and so is below their number.
_UNITS = ("pre", "post", "factor_unit", "error_from", "error_to", "spike_unit", "output")


def model_of(recording: xr.Dataset) -> Model:
    """The model that a recording carries.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.

    Raises
    ------
    ModelError
        If the recording carries none, or one that cannot be built.
    """
    text = recording.attrs.get("model")
    return _parsed(text if isinstance(text, str) else None)


@lru_cache(maxsize=8)
def _parsed(text: Any) -> Model:
    """The model of a text; the figures of a run ask for the same one many times."""
    return from_mapping(_keys(text), source=_SOURCE)


def recorded_keys(recording: xr.Dataset) -> dict[str, Any]:
    """The keys of the model that a recording carries, in plain Python.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.

    Raises
    ------
    ModelError
        If it carries none.
    """
    return _keys(recording.attrs.get("model"))


def _keys(text: Any) -> dict[str, Any]:
    try:
        keys = plain(parse_yaml(text)) if isinstance(text, str) else None
    except Unreadable as error:
        raise ModelError(_SOURCE, error.problem, "run the model again") from None
    if not isinstance(keys, dict):
        raise ModelError(_SOURCE, "is missing", "run the model again")
    return keys


def misfit(recording: xr.Dataset) -> str | None:
    """What keeps a dataset from being a recording; None where nothing does.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    """
    if not all(isinstance(recording.attrs.get(name), str) for name in ("model", "title")):
        return "it carries no model"
    steps, complete = recording.attrs.get("steps"), recording.attrs.get("complete")
    if not (_is_count(steps) and isinstance(complete, bool | np.bool_)):
        return "it does not say how far it came"
    signals = _SIGNALS if "x" in recording else set()
    if (why := missing(recording, _ALWAYS | signals)) is not None:
        return why
    dimensions = {name: of for name, (of, *_) in VARIABLES.items()}
    dimensions |= {name: (of,) for name, of in _COORDINATES.items()}
    for name in dimensions.keys() & set(recording.variables):
        part = recording[name]
        if part.dims != dimensions[name]:
            return f"`{name}` has the dimensions ({', '.join(map(str, part.dims))})"
        if part.dtype.kind not in ("OUST" if name in _TEXTS else "biuf"):
            return f"`{name}` holds {part.dtype}"
    return _outside(recording)


def missing(recording: xr.Dataset, names: set[str]) -> str | None:
    """Which of some variables a dataset does not have; None where it has all.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    names : set of str
        Names of the variables.
    """
    absent = sorted(names - set(recording.variables))
    return f"`{absent[0]}` is missing" if absent else None


def _outside(recording: xr.Dataset) -> str | None:
    """What has numbers that no recording has."""
    n_units = recording.sizes["unit"]
    for name in _UNITS:
        if name in recording and not _within(recording[name].values, n_units):
            return f"`{name}` numbers units that are not there"
    if "label" in recording and not _within(
        recording["label"].values, recording.sizes.get("output", 0)
    ):
        return "`label` numbers outputs that are not there"
    for name in ("time", "weight_time", "product_time", "spike_time"):
        if name in recording and not _ordered(recording[name].values):
            return f"`{name}` does not go on"
    return None


def _is_count(value: Any) -> bool:
    number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return number and bool(value >= 0)


def _within(values: Any, n: int) -> bool:
    return bool(np.all((values >= 0) & (values < n)))


def _ordered(values: Any) -> bool:
    finite = bool(np.isfinite(values).all())
    return finite and bool((np.diff(values) >= 0).all()) and not (values < 0).any()


def another_network(recording: xr.Dataset, graph: Graph, steps: int) -> str | None:
    """How a recording differs from what its model makes now; None where it does not.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    graph : Graph
        That of the model.
    steps : int
        Of the whole run.
    """
    if recording.sizes["unit"] != graph.n_units:
        return f"it has {recording.sizes['unit']} units, and the model {graph.n_units}"
    for name, own in (("pre", graph.pre), ("post", graph.post)):
        if not np.array_equal(recording[name].values, own):
            return f"its synapses (`{name}`) are not those of the model"
    times = recording["product_time"].values if "product_time" in recording else np.zeros(0)
    if len(times) and times[-1] >= (steps + 0.5) * graph.time_step:
        return f"it has products of {times[-1]:g} s, and the run ends before"
    return None
