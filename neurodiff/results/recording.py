"""What a run leaves: a labelled xarray Dataset with units, long names and provenance."""

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neurodiff.files.netcdf import open_netcdf
from neurodiff.network.graph import Graph
from neurodiff.results.when_asked import when_asked

#: dimensions, unit and long name of every variable
VARIABLES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "x": (("time", "unit"), "1", "activity"),
    "delta": (("time", "unit"), "1", "error dE/da of the unit; not defined for inputs"),
    "target": (
        ("time", "output"),
        "1",
        "target as it meets the output, NaN before it first arrives; with spikes, its trace",
    ),
    "loss": (
        ("time",),
        "1",
        "loss, NaN before the target first arrives; with spikes, of single samples of the traces",
    ),
    "w": (("weight_time", "synapse"), "1", "weight at the beginning of the step"),
    "b": (
        ("weight_time", "returning"),
        "1",
        "weight of the backward connection at the beginning of the step",
    ),
    "bias": (("weight_time", "unit"), "1", "bias at the beginning of the step"),
    "product": (
        ("product_time", "synapse"),
        "1",
        "local product delta_post * x_pre of the synapse",
    ),
    "factors": (
        ("factor_time", "factor"),
        "1",
        "what local products are made of: the activity that met errors in a projection, of each "
        "of its presynaptic units; errors; and the activity from the first output to the last",
    ),
    "product_w": (("product_time", "synapse"), "1", "weight with which the product was made"),
    "product_delta": (
        ("product_time", "unit"),
        "1",
        "error with which the product was made; not defined for inputs",
    ),
    "product_bias": (("product_time", "unit"), "1", "bias with which the product was made"),
    "error_gain": (("unit",), "Hz", "rate of an ON cell for an error (dE/da) of 1"),
    "answer": (
        ("presentation", "output"),
        "1",
        "answer to a frame; with spikes, mean of the second half of its time",
    ),
    "label": (("presentation",), "1", "label of the frame"),
    "spike_time": (("event",), "s", "time of the step in which a unit sends"),
    "spike_unit": (("event",), "1", "unit that sends"),
    "spike_kind": (
        ("event",),
        "1",
        "what it sends: activity (forward) or error (error; on, off)",
    ),
    "spike_value": (("event",), "1", "value that the event carries"),
    "tested": (("presentation",), "1", "whether the frame was shown in the test, plasticity off"),
}

#: unit, where there is one, and long name of the coordinates, and of what validation adds
_OTHERS: dict[str, tuple[str, str]] = {
    "time": ("s", "time of the step"),
    "weight_time": ("s", "time of the step"),
    "product_time": ("s", "time of the step"),
    "unit": ("1", "unit number"),
    "population": ("", "population of the unit"),
    "index": ("1", "number within the population"),
    "layer": ("1", "layer: longest path from an input, in projections; of cycles the shortest way"),
    "output": ("1", "unit number of the output"),
    "synapse": ("1", "synapse number"),
    "pre": ("1", "presynaptic unit"),
    "post": ("1", "postsynaptic unit"),
    "projection": ("", "projection of the synapse"),
    "forward_lag": ("steps", "delay of the forward connection"),
    "backward_lag": ("steps", "delay of the backward connection"),
    "factor_time": ("s", "time of the step"),
    "factor": ("1", "number of the factor"),
    "factor_unit": ("1", "unit number"),
    "factor_kind": ("", "name of the projection in which an activity is met; error; or output"),
    "returning": ("1", "number of the backward connection"),
    "error_from": ("1", "unit whose error comes back"),
    "error_to": ("1", "unit to which it comes"),
    "returning_lag": ("steps", "delay of the backward connection"),
    "layer_name": ("", "projection whose local products are compared"),
    "cosine": ("1", "cosine of local products and reference gradient"),
    "relative_error": ("1", "distance from the reference gradient, relative to its norm"),
    "norm_ratio": ("1", "norm of the local products over that of the reference gradient"),
}


#: Names of variables in recordings of version 0.1, and what they are called now.
_RENAMED = {
    "update": "product",
    "update_w": "product_w",
    "update_bias": "product_bias",
    "update_delta": "product_delta",
    "update_time": "product_time",
}


#: Global attributes of a run that began with what another has left: its `run_id`.
BEGUN = ("began_in_state_of", "began_with_weights_of")

#: Global attributes that are true or false.
_FLAGS = ("complete",)

#: How they were written up to version 0.1, and are in a file: netCDF has no booleans.
_AS_WRITTEN: dict[Any, bool] = {"true": True, "false": False, 1: True, 0: False}

#: What says so of a variable, and, with the name of the attribute before it, of an attribute.
FLAG: dict[str, Any] = {"flag_values": np.array([0, 1], dtype=np.int8), "flag_meanings": "no yes"}


def build_recording(
    graph: Graph,
    arrays: Mapping[str, NDArray[Any]],
    steps: Mapping[str, NDArray[np.int64]],
    provenance: Mapping[str, Any],
) -> xr.Dataset:
    """Label what was recorded.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    arrays : mapping
        Variables by name; dimensions and units are those of the model file's contract.
    steps : mapping
        The steps of `time`, `weight_time` and `product_time`, where there are any.
    provenance : mapping
        Global attributes.

    Returns
    -------
    xarray.Dataset
        Recording with its coordinates; times in seconds.
    """
    variables = {name: (VARIABLES[name][0], values) for name, values in arrays.items()}
    coordinates: dict[str, Any] = {
        name: (name, values * graph.time_step) for name, values in steps.items()
    }
    coordinates.update(_unit_coordinates(graph))
    coordinates.update(_synapse_coordinates(graph))
    if "b" in arrays:
        coordinates.update(_returning_coordinates(graph))
    if "factors" in arrays:
        coordinates.update(_factor_coordinates(graph))
    return _explain(xr.Dataset(variables, coordinates, {**versions(), **provenance}))


def _unit_coordinates(graph: Graph) -> dict[str, Any]:
    return {
        "unit": ("unit", np.arange(graph.n_units)),
        "population": ("unit", graph.by_unit(lambda part: part.name)),
        "index": ("unit", np.concatenate([np.arange(part.size) for part in graph.populations])),
        "layer": ("unit", graph.by_unit(lambda part: part.depth)),
        "output": ("output", graph.outputs),
    }


def _synapse_coordinates(graph: Graph) -> dict[str, Any]:
    shape, parts = (graph.n_synapses,), graph.projections
    names = np.array([part.name for part in parts])
    repeated = partial(np.repeat, names, [part.stop - part.start for part in parts])
    numbers = {
        name: when_asked(partial(getattr, graph, name), shape, np.int64)
        for name in ("pre", "post", "forward_lag", "backward_lag")
    }
    numbers["projection"] = when_asked(repeated, shape, names.dtype)
    return {
        "synapse": pd.RangeIndex(graph.n_synapses),
        **{name: ("synapse", values) for name, values in numbers.items()},
    }


def _returning_coordinates(graph: Graph) -> dict[str, Any]:
    returns = graph.backward
    return {
        "returning": ("returning", np.arange(len(returns))),
        "error_from": ("returning", returns.source),
        "error_to": ("returning", returns.sink),
        "returning_lag": ("returning", returns.lag),
    }


def _factor_coordinates(graph: Graph) -> dict[str, Any]:
    met = [(part.name, range(part.pre.start, part.pre.stop)) for part in graph.projections]
    outputs = range(graph.output_range.start, graph.output_range.stop)
    parts = [*met, ("error", range(graph.n_inputs, graph.n_units)), ("output", outputs)]
    units = np.concatenate([np.arange(own.start, own.stop) for _, own in parts])
    return {
        "factor": ("factor", np.arange(len(units))),
        "factor_unit": ("factor", units),
        "factor_kind": ("factor", np.repeat([k for k, _ in parts], [len(own) for _, own in parts])),
    }


def _explain(recording: xr.Dataset) -> xr.Dataset:
    """Give every variable and coordinate, in place, its long name and its unit if it has one."""
    for name, part in recording.variables.items():
        unit, long_name = _OTHERS.get(str(name)) or VARIABLES[str(name)][1:]
        part.attrs.update({"units": unit} if unit else {}, long_name=long_name)
        if part.dtype.kind == "b":
            part.attrs.update(FLAG)
    return recording


def versions() -> dict[str, str]:
    """Python and the packages that results depend on, and the time now, as attributes."""
    packages = {name: version(name) for name in ("neurodiff", "brian2", "numpy", "xarray")}
    return {
        "versions": json.dumps({"python": platform.python_version(), **packages}),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def kept_seed(seed: int) -> int | str:
    """A seed as netCDF can keep it exactly: a number of 64 bits, or a text of all its digits.

    Parameters
    ----------
    seed : int
        Seed of the random numbers.
    """
    return seed if seed < 2**63 else str(seed)


def answered_right(recording: xr.Dataset) -> NDArray[np.bool_]:
    """Whether each answer (presentation,) is right: no output is as large as that of the label.

    So outputs that are all silent are never right.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    """
    answers, labels = recording["answer"].values, recording["label"].values
    shown = np.arange(len(labels))
    others = answers.copy()
    others[shown, labels] = -np.inf
    return np.asarray(answers[shown, labels] > others.max(axis=1))


def save_recording(recording: xr.Dataset, path: Path) -> None:
    """Write netCDF4, compressed where it pays; opens with `xarray.open_dataset`.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    path : pathlib.Path
        Path of the file.
    """
    recording = _with_flags_as_numbers(_explain(recording.copy()))
    recording.to_netcdf(path, engine="netcdf4", encoding=_encoding(recording))


def what_is_kept(recording: xr.Dataset, *, products: bool) -> xr.Dataset:
    """The recording as it goes into a file: without local products unless these are asked for.

    Their factors are there only while the run is.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    products : bool
        Whether local products are kept.
    """
    kept = recording.drop_dims(["factor_time", "factor"], errors="ignore")
    return kept if products else kept.drop_dims("product_time", errors="ignore")


def add_to_recording(variables: xr.Dataset, path: Path) -> None:
    """Add variables to the netCDF of a recording.

    Parameters
    ----------
    variables : xarray.Dataset
        Variables to add.
    path : pathlib.Path
        Path of the file.
    """
    variables = _explain(variables.copy())
    variables.to_netcdf(path, mode="a", engine="netcdf4", encoding=_encoding(variables))


def _encoding(recording: xr.Dataset) -> dict[Any, dict[str, Any]]:
    packed: dict[str, Any] = {"zlib": True, "complevel": 1}
    encoding: dict[Any, dict[str, Any]] = {
        name: dict(packed) for name, part in recording.data_vars.items() if part.size > 10_000
    }
    if "spike_kind" in recording:
        # characters of a fixed number: text of any length could not be compressed
        encoding["spike_kind"] = {"dtype": "S1", **encoding.get("spike_kind", {})}
    return encoding


def _with_flags_as_numbers(recording: xr.Dataset) -> xr.Dataset:
    """The recording with 0 or 1 for attributes that are booleans, and what these mean."""
    attributes: dict[Any, Any] = {}
    for name, value in recording.attrs.items():
        if isinstance(value, bool | np.bool_):
            attributes |= {name: np.int8(value)}
            attributes |= {f"{name}_{key}": meaning for key, meaning in FLAG.items()}
        else:
            attributes[name] = value
    recording = recording.copy()
    recording.attrs = attributes
    return recording


def load_recording(path: Path) -> xr.Dataset:
    """Read a recording into memory, as `with_current_names` makes it.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.

    Raises
    ------
    Unreadable
        If it is no netCDF4 file, or damaged.
    """
    return with_current_names(open_netcdf(path))


def with_current_names(recording: xr.Dataset) -> xr.Dataset:
    """The recording with names of variables, and booleans, of today; version 0.1 had others.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    """
    names = {str(name) for name in (*recording.variables, *recording.dims)}
    renamed = recording.rename({old: new for old, new in _RENAMED.items() if old in names})
    meanings = {f"{name}_{key}" for name in _FLAGS for key in FLAG}
    attributes = {name: value for name, value in renamed.attrs.items() if name not in meanings}
    for name in _FLAGS:
        flag = _as_flag(attributes.get(name))
        attributes |= {} if flag is None else {name: flag}
    renamed.attrs = attributes
    return renamed


def is_complete(recording: xr.Dataset) -> bool:
    """Whether the run came to its end, of a recording in memory or as xarray reads its file.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    """
    return _as_flag(recording.attrs.get("complete")) is True


def _as_flag(value: Any) -> bool | None:
    """True or false as it was written, now or before; None for what is neither."""
    if isinstance(value, str | bool | np.bool_ | int | np.integer):
        return _AS_WRITTEN.get(value)
    return None
