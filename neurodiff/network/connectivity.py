"""Which units of two populations a projection connects."""

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.model_file.network import FileWeights, ProjectionSpec
from neurodiff.network.draws import random_stream
from neurodiff.network.synapses import Pairs, pairs_of
from neurodiff.network.weight_files import load_weights, matrix_of, synapses_in

Bools = NDArray[np.bool_]


def connect(
    part: ProjectionSpec, first: tuple[int, int], shape: tuple[int, int], model: Model
) -> Pairs:
    """The two units of every synapse of a projection, sorted by the presynaptic one.

    Parameters
    ----------
    part : ProjectionSpec
        Complete.
    first, shape : tuples of int
        First unit, and number of units, of the presynaptic and of the postsynaptic population.
    model : Model
        Model, checked.

    Raises
    ------
    ModelError
        If there is not a single synapse, or a weights file that is to say it cannot be read.
    """
    rule, (n_pre, n_post) = part.connectivity, shape
    if rule.all_to_all:
        return Pairs(first[0], n_pre, first[1], n_post)
    if rule.one_to_one:
        return pairs_of(np.arange(n_pre), np.arange(n_pre), first, shape)
    if rule.probability is not None:
        found = random_stream(model.seed, f"synapses {part.name}").random(shape) < rule.probability
    else:
        found = _in_file(part, shape, model)
    if not found.any():
        text = f"projection `{part.name}` has not a single synapse"
        remedy = "raise `probability`, or the sizes, or take another seed"
        if rule.weights:
            remedy = "write weights that are not 0 into the file, or remove the projection"
        raise ModelError(f"{_place(part, model)}.connectivity", text, remedy)
    rows, columns = np.nonzero(found)
    return pairs_of(rows, columns, first, shape)


def _in_file(part: ProjectionSpec, shape: tuple[int, int], model: Model) -> Bools:
    assert isinstance(part.weights, FileWeights)
    field = weights_field(part.name or "", model)
    path, arrays = load_weights(part.weights, model, field)
    return synapses_in(matrix_of(arrays, path, part.name or "", shape[::-1], field)).T


def weights_field(name: str, model: Model) -> str:
    """The key that names the weights file of a projection: its own, or that of the network.

    Parameters
    ----------
    name : str
        Name of the projection.
    model : Model
        Model, checked.
    """
    for number, part in enumerate(model.network.projections or []):
        if name == (part.name or f"{part.pre}_to_{part.post}") and part.weights is not None:
            return f"network.projections.{number}.weights.path"
    return "network.weights.path"


def _place(part: ProjectionSpec, model: Model) -> str:
    """The key of a projection."""
    names = [own.name or f"{own.pre}_to_{own.post}" for own in model.network.projections or []]
    return f"network.projections.{names.index(part.name or '')}"
