"""Initial weights and biases, drawn per projection."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.arrays import load_archive, require_finite
from neurodiff.exceptions import ModelError
from neurodiff.graph import Graph, Projection, random_stream
from neurodiff.response import activate
from neurodiff.spec import Model
from neurodiff.spec.network import ConstantWeights, FileWeights, NormalWeights, ScaledWeights

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

_FIELD = "network.weights.path"


def initial_weights(
    model: Model, graph: Graph, teacher_seed: int | None = None
) -> tuple[Floats, Floats]:
    """Weights (n_synapses,) and biases (n_units,) at the start, or with a seed those of a teacher.

    Biases are 0 unless a weights file has them; where they are centred, that is added. A teacher's
    draws are never those of the network itself, whatever the seeds.

    Raises
    ------
    ModelError
        If a weights file is missing, lacks a projection, or holds arrays of the wrong size.
    """
    if teacher_seed is None:
        seed, purpose = model.seed, "weights"
    else:
        seed, purpose = teacher_seed, "teacher weights"
    _, specs = model.network.digraph()
    rules = {str(part.name): part.weights for part in specs}
    drawn = weights_by_projection(model, graph, graph.projections, rules, seed, purpose, _FIELD)
    return drawn[0], drawn[1] - _resting_drive(model, graph, drawn[0])


def _resting_drive(model: Model, graph: Graph, w: Floats) -> Floats:
    """What arrives at units (n_units,) with centred biases while all units are at a = 0."""
    populations, _ = model.network.digraph()
    centred = {name for name, part in populations.items() if part.bias == "centred"}
    resting = activate(graph, np.zeros(graph.n_units), np.zeros(graph.n_inputs))
    # sum w sigma_pre(0): so that a is around 0 where activities are around sigma(0)
    arriving = np.bincount(graph.post, weights=w * resting[graph.pre], minlength=graph.n_units)
    return np.where(graph.by_unit(lambda part: part.name in centred), arriving, 0.0)


def weights_by_projection(
    model: Model,
    graph: Graph,
    projections: Iterable[Projection],
    rules: Mapping[str, Any],
    seed: int,
    purpose: str,
    field: str,
) -> tuple[Floats, Floats]:
    """Weights (n_synapses,) and biases (n_units,), each projection by the rule of its name.

    Of other projections the weights are 0. `field` is the key that names a weights file.

    Raises
    ------
    ModelError
        If a weights file is missing, lacks a projection, or holds arrays of the wrong size.
    """
    w, bias = np.zeros(graph.n_synapses), np.zeros(graph.n_units)
    for part in projections:
        rule = rules[part.name]
        if isinstance(rule, FileWeights):
            path = model.file(rule.path)
            arrays = load_archive(path, field, "write an .npz archive there")
            w[part.synapses] = _from_file(arrays, path, part, graph, field)
            bias[part.post.units] = _bias_from_file(arrays, path, part, field)
        else:
            rng = random_stream(seed, f"{purpose} {part.name}")
            sizes = part.pre.size, part.post.size
            w[part.synapses] = draw_weights(rule, part.stop - part.start, sizes, rng)
    return w, bias


def draw_weights(rule: Any, n: int, sizes: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Weights (n,) of synapses between populations of so many units, pre and post."""
    if n == 0:  # sparse connectivity may draw no synapse at all
        return np.empty(0)
    if isinstance(rule, ConstantWeights):
        return np.full(n, rule.value)
    if isinstance(rule, NormalWeights):
        return rng.normal(0, rule.sd, size=n)
    assert isinstance(rule, ScaledWeights)
    # mean in-degree and out-degree: for all-to-all layers the sizes of pre and post
    fan_in, fan_out = n / sizes[1], n / sizes[0]
    if rule.init == "lecun_normal":
        return rng.normal(0, rule.gain * np.sqrt(1 / fan_in), size=n)
    if rule.init == "glorot_normal":
        return rng.normal(0, rule.gain * np.sqrt(2 / (fan_in + fan_out)), size=n)
    limit = rule.gain * np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, size=n)


def _from_file(arrays: Arrays, path: Path, part: Projection, graph: Graph, field: str) -> Floats:
    if part.name not in arrays:
        known = ", ".join(arrays) or "nothing"
        raise ModelError(field, f"{path} has no array `{part.name}`", f"it has: {known}")
    matrix, shape = arrays[part.name], (part.post.size, part.pre.size)
    what = f"array `{part.name}` of {path}"
    if matrix.shape != shape:
        text = f"{what} has the shape {matrix.shape}"
        raise ModelError(field, text, f"make it {shape} (post, pre)")
    require_finite(matrix, what, field)
    pre, post = graph.pre[part.synapses], graph.post[part.synapses]
    return matrix[post - part.post.start, pre - part.pre.start].astype(float)


def _bias_from_file(arrays: Arrays, path: Path, part: Projection, field: str) -> Floats:
    name, size = f"{part.post.name}.bias", part.post.size
    bias = arrays.get(name, np.zeros(size))
    if bias.any() and not part.post.bias:
        text = f"{path} has an array `{name}`, and `{part.post.name}` has no bias"
        raise ModelError(field, text, "remove the array, or write `bias: true`")
    if bias.shape != (size,):
        text = f"array `{name}` of {path} has the shape {bias.shape}"
        raise ModelError(field, text, f"make it {(size,)}, one value per unit")
    require_finite(bias, f"array `{name}` of {path}", field)
    return bias.astype(float)
