"""Initial weights and biases, drawn per projection."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.graph import Graph, Projection, random_stream
from neurodiff.spec import Model
from neurodiff.spec.network import ConstantWeights, FileWeights, NormalWeights, ScaledWeights

Floats = NDArray[np.float64]


def initial_weights(model: Model, graph: Graph, seed: int | None = None) -> tuple[Floats, Floats]:
    """Weights (n_synapses,) and biases (n_units,) at the start.

    Biases are 0 unless a weights file has them. `seed` replaces the model's.

    Raises
    ------
    ModelError
        If a weights file is missing, lacks a projection, or holds arrays of the wrong size.
    """
    seed = model.seed if seed is None else seed
    w, bias = np.empty(graph.n_synapses), np.zeros(graph.n_units)
    _, specs = model.network.digraph()
    rules = {part.name: part.weights for part in specs}
    for part in graph.projections:
        rule = rules[part.name]
        if isinstance(rule, FileWeights):
            w[part.synapses] = _from_file(model.file(rule.path), part, graph)
            bias[part.post.units] = _bias_from_file(model.file(rule.path), part)
        else:
            rng = random_stream(seed, f"weights {part.name}")
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


def _from_file(path: Path, part: Projection, graph: Graph) -> Floats:
    field, arrays = "network.weights.path", _read(path)
    if part.name not in arrays:
        known = ", ".join(arrays)
        raise ModelError(field, f"{path} has no array {part.name!r}", f"it has: {known}")
    matrix, shape = arrays[part.name], (part.post.size, part.pre.size)
    if matrix.shape != shape:
        text = f"array {part.name!r} of {path} has the shape {matrix.shape}"
        raise ModelError(field, text, f"make it {shape} (post, pre)")
    pre, post = graph.pre[part.synapses], graph.post[part.synapses]
    values = matrix[post - part.post.start, pre - part.pre.start]
    if not np.isfinite(values).all():
        raise ModelError(
            field, f"array {part.name!r} of {path} has NaN or infinity", "mend the file"
        )
    return values.astype(float)


def _bias_from_file(path: Path, part: Projection) -> Floats:
    bias = _read(path).get(f"{part.post.name}.bias", np.zeros(part.post.size))
    if bias.shape != (part.post.size,) or not np.isfinite(bias).all():
        text = f"array '{part.post.name}.bias' of {path} does not fit"
        raise ModelError("network.weights.path", text, f"make it {part.post.size} finite numbers")
    return bias.astype(float)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path) as archive:
            return dict(archive)
    except (OSError, ValueError) as error:
        text = f"{path} cannot be read ({error})"
        raise ModelError("network.weights.path", text, "write an .npz archive there") from None
