"""Whether what lies in the folder of a sweep is what a sweep leaves there."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from neurodiff.sweeps.names import PARTS

_TEXT = (str, type(None))


def is_outcome(ended: Mapping[str, Any]) -> bool:
    """Whether a mapping is what `run_sweep` keeps of a run: its report, or why it failed.

    Parameters
    ----------
    ended : mapping
        Mapping to judge.
    """
    if "error" not in ended or not isinstance(ended["error"], _TEXT):
        return False
    report = ended.get("report", {})
    if not isinstance(report, Mapping) or not (report or ended["error"]):
        return False
    layers = report.get("layers", [])
    parts = [report.get(part, {}) for part in PARTS]
    return (
        isinstance(report.get("passed", False), bool)
        and isinstance(layers, list)
        and all(isinstance(layer, Mapping) for layer in [*layers, *parts])
        and all(isinstance(layer.get("name"), str) for layer in layers)
    )


def is_result(result: xr.Dataset) -> bool:
    """Whether a dataset is what a sweep ends in: runs over axes and seeds, and their errors.

    Parameters
    ----------
    result : xarray.Dataset
        Result of a sweep.
    """
    if not {"sweep", "title"} <= result.attrs.keys() or "error" not in result:
        return False
    axes = result["error"].dims
    numbers = [part for name, part in result.data_vars.items() if name != "error"]
    return (
        "seed" in axes
        and result["error"].dtype.kind in "OUST"
        and all(axis in result.coords and result.sizes[axis] > 0 for axis in axes)
        and all(part.dims in (axes, (*axes, "layer")) for part in numbers)
        and all(part.dtype.kind == "f" for part in numbers)
        and ("layer" in result.coords or "layer" not in result.dims)
    )
