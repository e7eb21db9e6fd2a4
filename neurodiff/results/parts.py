"""What a run has recorded, in parts: each of some steps, one after the other."""

import tempfile
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurodiff.files.mapped import LARGE, append, mapped
from neurodiff.results.recording import VARIABLES

Arrays = dict[str, NDArray[Any]]
Ints = NDArray[np.int64]

#: What the last step of a run adds: weights and biases after it.
ENDED = ("w", "bias", "b")
#: Variables that are made of others when a recording is put together.
_MADE = ("loss", "label", "tested", "error_gain", "cosine", "relative_error", "norm_ratio")


class Part(NamedTuple):
    """What was recorded of some steps.

    Attributes
    ----------
    arrays : dict
        Samples (n_samples, n) by variable.
    steps : dict
        Steps of the samples by time dimension.
    ended : dict
        Weights, biases and backward weights (1, n) after the last of the steps.
    """

    arrays: Arrays
    steps: dict[str, Ints]
    ended: Arrays


def joined(parts: Sequence[Part], completed: int) -> tuple[Arrays, dict[str, Ints]]:
    """All parts in one, with the weights after the last step; and the steps of the samples.

    What some part lacks is left out.

    Parameters
    ----------
    parts : sequence of Part
        Parts of one run, in their order.
    completed : int
        Number of steps that were done.
    """
    names = [name for name in parts[-1].arrays if all(name in part.arrays for part in parts)]
    times = [name for name in parts[-1].steps if all(name in part.steps for part in parts)]
    ended = parts[-1].ended
    arrays = {
        name: _one(
            [*(part.arrays[name] for part in parts), *([ended[name]] if name in ended else [])]
        )
        for name in names
    }
    steps = {name: _one([part.steps[name] for part in parts]) for name in times}
    steps["weight_time"] = np.append(steps["weight_time"], completed)
    return arrays, steps


def _one(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Arrays one after the other; a single one is not copied, and large ones stay on the disk."""
    if len(arrays) == 1:
        return arrays[0]
    if sum(part.nbytes for part in arrays) < LARGE:
        return np.concatenate(arrays)
    dtype = np.result_type(*arrays)
    with tempfile.TemporaryFile() as file:
        for part in arrays:
            append(part, dtype, file)
        shape = sum(len(part) for part in arrays), *arrays[0].shape[1:]
        return mapped(file, dtype, shape)


def part_of(recording: xr.Dataset, time_step: float) -> Part:
    """A whole recording as one part, to which others can be added.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    time_step : float
        Time step in seconds.
    """
    found = {
        str(name): np.asarray(part.values)
        for name, part in recording.data_vars.items()
        if name in VARIABLES and name not in _MADE
    }
    steps = {
        name: np.rint(recording[name].values / time_step).astype(np.int64)
        for name in ("time", "weight_time", "product_time", "factor_time")
        if name in recording.variables
    }
    ended = {name: found[name][-1:] for name in ENDED if name in found}
    arrays = {name: values[:-1] if name in ended else values for name, values in found.items()}
    return Part(arrays, {**steps, "weight_time": steps["weight_time"][:-1]}, ended)
