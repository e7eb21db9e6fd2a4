"""Weights files: NumPy archives with a matrix for every projection, and biases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.files.arrays import load_archive, require_finite
from neurodiff.model_file import Model
from neurodiff.model_file.base import nearest
from neurodiff.model_file.network import FileWeights

if TYPE_CHECKING:
    from neurodiff.network.populations import Population

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

_BIAS = ".bias"


def load_weights(rule: FileWeights, model: Model, field: str) -> tuple[Path, Arrays]:
    """The arrays of a weights file by their names, and its path; all of them are of the network.

    Parameters
    ----------
    rule : FileWeights
        Rule of the model that names the file.
    model : Model
        Model, checked.
    field : str
        Key of the model file that a message names.

    Returns
    -------
    path : pathlib.Path
        Path of the file.
    arrays : dict
        Its arrays by name.

    Raises
    ------
    ModelError
        If the file is missing, is no archive of numbers, or holds an array that belongs to no
        projection and no population of the model.
    """
    path = model.file(rule.path)
    arrays = load_archive(path, field, "write an .npz archive there")
    populations, projections = model.network.digraph()
    known = [str(part.name) for part in projections]
    # weights that only feedback reads may stand beside biases, which it does not need
    with_biases = [part.post for part in projections if part.weights == rule]
    with_biases = with_biases or [name for name, p in populations.items() if p.role != "input"]
    known += [f"{name}{_BIAS}" for name in with_biases]
    for name in arrays:
        if name not in known:
            text = f"{path} has an array `{name}`, which nothing in the network takes from it"
            raise ModelError(field, text, f"{nearest(name, known)} Else remove the array")
    return path, arrays


def matrix_of(
    arrays: Arrays, path: Path, name: str, shape: tuple[int, int], field: str
) -> NDArray[Any]:
    """The matrix (post, pre) of a projection.

    Parameters
    ----------
    arrays : dict
        Arrays of the weights file, by name.
    path : pathlib.Path
        Path of the file.
    name : str
        Name of the projection.
    shape : tuple of int
        Number of postsynaptic units, and number of presynaptic units.
    field : str
        Key of the model file that a message names.

    Raises
    ------
    ModelError
        If there is none, or it has another shape, or infinity in it.
    """
    if name not in arrays:
        known = ", ".join(arrays) or "nothing"
        raise ModelError(field, f"{path} has no array `{name}`", f"it has: {known}")
    matrix, what = arrays[name], f"array `{name}` of {path}"
    if matrix.shape != shape:
        text = f"{what} has the shape {matrix.shape}"
        raise ModelError(field, text, f"make it {shape} (post, pre)")
    if np.isinf(matrix).any():
        row = int(np.argwhere(np.isinf(matrix))[0][0])
        raise ModelError(field, f"{what} has NaN or infinity in row {row}", "mend the file")
    return matrix


def synapses_in(matrix: NDArray[Any]) -> Bools:
    """Where a matrix (post, pre) has a synapse: its entries that are neither 0 nor NaN.

    Parameters
    ----------
    matrix : array (post, pre)
        Weights of a projection.
    """
    return ~np.isnan(matrix) & (matrix != 0)


def refuse_lost_weights(
    matrix: NDArray[Any], connected: Bools, name: str, path: Path, field: str
) -> None:
    """Refuse weights where there is no synapse, and NaN where there is one.

    Parameters
    ----------
    matrix, connected : arrays (post, pre)
        Weights of the file, and where the network has a synapse.
    name : str
        Name of the projection.
    path : pathlib.Path
        Path of the file.
    field : str
        Key of the model file that a message names.

    Raises
    ------
    ModelError
        With the number of these entries, and the first of them.
    """
    what = f"array `{name}` of {path}"
    unknown = np.isnan(matrix) & connected
    if unknown.any():
        row = int(np.argwhere(unknown)[0][0])
        raise ModelError(field, f"{what} has NaN or infinity in row {row}", "mend the file")
    lost = synapses_in(matrix) & ~connected
    if lost.any():
        post, pre = (int(k) for k in np.argwhere(lost)[0])
        text = (
            f"{what} has {lost.sum()} weights where projection `{name}` has no synapse, the first "
            f"{matrix[post, pre]:g} in row {post} (post), column {pre} (pre)"
        )
        remedy = "write `connectivity: weights` to take the synapses from the file, or 0 there"
        raise ModelError(field, text, remedy)


def bias_of(arrays: Arrays, path: Path, population: Population, field: str) -> Floats | None:
    """Biases (units,) of a population; None where the file has none.

    Parameters
    ----------
    arrays : dict
        Arrays of the weights file, by name.
    path : pathlib.Path
        Path of the file.
    population : Population
        Population that the biases are for.
    field : str
        Key of the model file that a message names.

    Raises
    ------
    ModelError
        If they are of another number, not finite, or the population has no bias.
    """
    name, size = f"{population.name}{_BIAS}", population.size
    if name not in arrays:
        return None
    bias = arrays[name]
    if bias.any() and not population.bias:
        text = f"{path} has an array `{name}`, and `{population.name}` has no bias"
        raise ModelError(field, text, "remove the array, or write `bias: true`")
    if bias.shape != (size,):
        text = f"array `{name}` of {path} has the shape {bias.shape}"
        raise ModelError(field, text, f"make it {(size,)}, one value per unit")
    require_finite(bias, f"array `{name}` of {path}", field)
    return bias.astype(float)
