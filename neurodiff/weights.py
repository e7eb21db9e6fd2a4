"""Initial weights and biases, drawn per projection."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.arrays import load_archive, require_finite
from neurodiff.exceptions import ModelError
from neurodiff.graph import Graph, Projection, random_stream
from neurodiff.spec import Model
from neurodiff.spec.network import ConstantWeights, FileWeights, NormalWeights, ScaledWeights

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

_FIELD = "network.weights.path"


def initial_weights(
    model: Model, graph: Graph, teacher_seed: int | None = None
) -> tuple[Floats, Floats]:
    """Weights (n_synapses,) and biases (n_units,) at the start, or with a seed those of a teacher.

    Biases are 0 unless a weights file has them. A teacher's draws are never those of the network
    itself, whatever the seeds.

    Raises
    ------
    ModelError
        If a weights file is missing, lacks a projection, or holds arrays of the wrong size.
    """
    if teacher_seed is None:
        seed, purpose = model.seed, "weights"
    else:
        seed, purpose = teacher_seed, "teacher weights"
    w, bias = np.empty(graph.n_synapses), np.zeros(graph.n_units)
    _, specs = model.network.digraph()
    rules = {part.name: part.weights for part in specs}
    for part in graph.projections:
        rule = rules[part.name]
        if isinstance(rule, FileWeights):
            path = model.file(rule.path)
            arrays = load_archive(path, _FIELD, "write an .npz archive there")
            w[part.synapses] = _from_file(arrays, path, part, graph)
            bias[part.post.units] = _bias_from_file(arrays, path, part)
        else:
            rng = random_stream(seed, f"{purpose} {part.name}")
            w[part.synapses] = _draw(rule, part, rng)
    return w, bias


def _draw(rule: Any, part: Projection, rng: np.random.Generator) -> Floats:
    n = part.stop - part.start
    if n == 0:  # sparse connectivity may draw no synapse at all
        return np.empty(0)
    if isinstance(rule, ConstantWeights):
        return np.full(n, rule.value)
    if isinstance(rule, NormalWeights):
        return rng.normal(0, rule.sd, size=n)
    assert isinstance(rule, ScaledWeights)
    # mean in-degree and out-degree: for all-to-all layers the sizes of pre and post
    fan_in, fan_out = n / part.post.size, n / part.pre.size
    if rule.init == "lecun_normal":
        return rng.normal(0, rule.gain * np.sqrt(1 / fan_in), size=n)
    if rule.init == "glorot_normal":
        return rng.normal(0, rule.gain * np.sqrt(2 / (fan_in + fan_out)), size=n)
    limit = rule.gain * np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, size=n)


def _from_file(arrays: Arrays, path: Path, part: Projection, graph: Graph) -> Floats:
    if part.name not in arrays:
        known = ", ".join(arrays) or "nothing"
        raise ModelError(_FIELD, f"{path} has no array `{part.name}`", f"it has: {known}")
    matrix, shape = arrays[part.name], (part.post.size, part.pre.size)
    what = f"array `{part.name}` of {path}"
    if matrix.shape != shape:
        text = f"{what} has the shape {matrix.shape}"
        raise ModelError(_FIELD, text, f"make it {shape} (post, pre)")
    require_finite(matrix, what, _FIELD)
    pre, post = graph.pre[part.synapses], graph.post[part.synapses]
    return matrix[post - part.post.start, pre - part.pre.start].astype(float)


def _bias_from_file(arrays: Arrays, path: Path, part: Projection) -> Floats:
    name, size = f"{part.post.name}.bias", part.post.size
    bias = arrays.get(name, np.zeros(size))
    if bias.any() and not part.post.bias:
        text = f"{path} has an array `{name}`, and `{part.post.name}` has no bias"
        raise ModelError(_FIELD, text, "remove the array, or write `bias: true`")
    if bias.shape != (size,):
        text = f"array `{name}` of {path} has the shape {bias.shape}"
        raise ModelError(_FIELD, text, f"make it {(size,)}, one value per unit")
    require_finite(bias, f"array `{name}` of {path}", _FIELD)
    return bias.astype(float)
