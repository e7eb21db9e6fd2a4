"""The labelled array that a sweep ends in."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from neurodiff.files.repository import commit_of
from neurodiff.results.recording import FLAG, kept_seed, versions
from neurodiff.sweeps.names import PARTS, front
from neurodiff.sweeps.planned_runs import Run, Sweep

#: Numbers of a report that are true or false: here 1 or 0, and NaN where there is none.
_FLAGS = ("passed", "answered_last")

_LONG_NAMES = {
    "cosine": "cosine with the gradient",
    "relative_error": "relative error",
    "mean_cosine": "mean cosine with the gradient",
    "mean_relative_error": "mean relative error",
    "norm_ratio": "size of the update over that of the gradient",
    "sign_agreement": "share of agreeing signs",
    "cosine_of_summed_update": "cosine of the summed updates",
    "loss_ratio": "loss, last tenth over first",
    "passed": "whether the run is complete and missed no bound",
    "answered_last": "whether training answers were read at the end of a frame",
    "error": "why a run came to nothing",
}


def build_result(sweep: Sweep, runs: Sequence[Run], ended: Mapping[str, Any]) -> xr.Dataset:
    """Dimensions: the axes, `seed`, and `layer` where a number is one of a layer.

    The name of an axis is in `sweep.dimensions`, and its key an attribute of its coordinate.

    Parameters
    ----------
    sweep : Sweep
        Sweep, with all its runs planned.
    runs : sequence of Run
        Runs of the sweep.
    ended : mapping
        What runs came to, by their key; those that are missing are NaN.

    Returns
    -------
    xarray.Dataset
        Numbers of all runs.
    """
    dimensions = (*sweep.dimensions.values(), "seed")
    layers = _layer_names(ended.values())
    arrays: dict[str, Any] = {}
    errors = np.full(sweep.shape, "", dtype=object)
    for run in runs:
        of_run = ended.get(run.key, {"error": "not run yet"})
        errors[run.index] = of_run.get("error") or ""
        for name, layer, number in _numbers(of_run.get("report", {})):
            shape = sweep.shape if layer is None else (*sweep.shape, len(layers))
            place = run.index if layer is None else (*run.index, layers.index(layer))
            arrays.setdefault(name, np.full(shape, np.nan))[place] = number
    variables: dict[str, Any] = {
        name: ((*dimensions, "layer")[: array.ndim], array, _attributes(name))
        for name, array in sorted(arrays.items())
    }
    variables["error"] = (dimensions, errors.astype(str), _attributes("error"))
    return xr.Dataset(variables, _coordinates(sweep, layers), _provenance(sweep))


def _numbers(report: Mapping[str, Any]) -> list[tuple[str, str | None, float]]:
    """All numbers of a report: name, layer where it is one of a layer, and value."""
    found: list[tuple[str, str | None, float]] = []
    if "passed" in report:
        found.append(("passed", None, float(report["passed"])))
    for layer in report.get("layers", []):
        found += [(key, layer["name"], value) for key, value in layer.items() if key != "name"]
    for part in PARTS:
        found += [(front(part) + key, None, value) for key, value in report.get(part, {}).items()]
    return [
        (key, layer, float(value)) for key, layer, value in found if isinstance(value, int | float)
    ]


def _layer_names(ended: Any) -> list[str]:
    """Names of layers in the order of the run that has most, then any others."""
    lists = [
        [layer["name"] for layer in of_run.get("report", {}).get("layers", [])] for of_run in ended
    ]
    return list(dict.fromkeys(name for names in sorted(lists, key=_longest) for name in names))


def _longest(names: list[str]) -> tuple[int, list[str]]:
    return -len(names), names


def _coordinates(sweep: Sweep, layers: list[str]) -> dict[str, Any]:
    coordinates: dict[str, Any] = {}
    for name, points in sweep.axes.items():
        values, dimension = [point.coordinate for point in points], sweep.dimensions[name]
        attributes = {"units": sweep.file.axes[name].unit, "long_name": name, "key": name}
        coordinates[dimension] = (dimension, values, attributes)
    coordinates["seed"] = ("seed", [kept_seed(seed) for seed in sweep.seeds])
    coordinates["layer"] = ("layer", np.array(layers, dtype=str))
    return coordinates


def _attributes(name: str) -> dict[str, Any]:
    text = _LONG_NAMES.get(name.removeprefix("total_"), name.replace("_", " "))
    flag = FLAG | {"flag_values": np.array([0.0, 1.0])} if name in _FLAGS else {}
    return {"units": "1", "long_name": text, **flag}


def _provenance(sweep: Sweep) -> dict[str, str]:
    return {
        "title": sweep.name,
        "description": sweep.file.description,
        "sweep": sweep.file.model_dump_json(exclude_none=True),
        "model": json.dumps(sweep.base),
        **versions(),
        "commit": commit_of(sweep.folder),
    }
