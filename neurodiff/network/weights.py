"""Initial weights and biases, drawn per projection."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial, singledispatch
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError, UnknownKindError
from neurodiff.model_file import Model
from neurodiff.model_file.network import ConstantWeights, FileWeights, NormalWeights, ScaledWeights
from neurodiff.network.connectivity import weights_field
from neurodiff.network.graph import Graph, Projection, random_stream
from neurodiff.network.static_response import activate
from neurodiff.network.weight_files import bias_of, load_weights, matrix_of, refuse_lost_weights

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]


def initial_weights(
    model: Model, graph: Graph, teacher_seed: int | None = None
) -> tuple[Floats, Floats]:
    """Weights (n_synapses,) and biases (n_units,) at the start, or with a seed those of a teacher.

    Biases are 0 unless a weights file has them; where they are centred, that is added. A teacher's
    draws are never those of the network itself, whatever the seeds.

    Parameters
    ----------
    model : Model
        Model, checked.
    graph : Graph
        Network of units, synapses and delays.
    teacher_seed : int or None, optional
        Seed of the teacher. Without it, the weights are those of the network itself.

    Returns
    -------
    w : array (n_synapses,)
        Weights.
    bias : array (n_units,)
        Biases.

    Raises
    ------
    ModelError
        If a weights file is missing, lacks a projection, or holds arrays of the wrong size or
        weights where there is no synapse.
    """
    if teacher_seed is None:
        seed, purpose = model.seed, "weights"
    else:
        seed, purpose = teacher_seed, "teacher weights"
    _, specs = model.network.digraph()
    rules = {str(part.name): part.weights for part in specs}
    fields = partial(weights_field, model=model)
    drawn = weights_by_projection(model, graph, graph.projections, rules, seed, purpose, fields)
    return drawn[0], drawn[1] - _resting_drive(model, graph, drawn[0])


def _resting_drive(model: Model, graph: Graph, w: Floats) -> Floats:
    """What arrives at units (n_units,) with centred biases while all units are at a = 0."""
    populations, _ = model.network.digraph()
    centred = {name for name, part in populations.items() if part.bias == "centred"}
    if not centred:
        return np.zeros(graph.n_units)
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
    fields: Callable[[str], str],
) -> tuple[Floats, Floats]:
    """Weights (n_synapses,) and biases (n_units,), each projection by the rule of its name.

    Of other projections the weights are 0. `fields` gives the key that names the weights file of a
    projection.

    Parameters
    ----------
    model : Model
        Model, checked.
    graph : Graph
        Network of units, synapses and delays.
    projections : iterable of Projection
        Projections that get weights.
    rules : mapping
        Rule for the weights by the name of the projection.
    seed : int
        Seed of the random numbers.
    purpose : str
        What is drawn; each purpose has its own stream of random numbers.
    fields : callable
        Function that returns the key of the model file, for the name of a projection, that names
        its weights file.

    Returns
    -------
    w : array (n_synapses,)
        Weights.
    bias : array (n_units,)
        Biases.

    Raises
    ------
    ModelError
        If a weights file is missing, lacks a projection, or holds arrays of the wrong size or
        weights where there is no synapse.
    """
    w, bias = np.zeros(graph.n_synapses), np.zeros(graph.n_units)
    sources: dict[str, tuple[Path, Arrays]] = {}
    given: dict[str, Path] = {}
    for part in projections:
        rule = rules[part.name]
        if isinstance(rule, FileWeights):
            field = fields(part.name)
            if rule.path not in sources:
                sources[rule.path] = load_weights(rule, model, field)
            source = sources[rule.path]
            w[part.synapses] = _from_file(source, part, graph, field)
            _put_biases(source, part, bias, given, field)
        else:
            rng = random_stream(seed, f"{purpose} {part.name}")
            sizes = part.pre.size, part.post.size
            w[part.synapses] = draw_weights(rule, part.stop - part.start, sizes, rng)
    return w, bias


def draw_weights(rule: Any, n: int, sizes: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Weights (n,) of synapses between populations of so many units, pre and post.

    Parameters
    ----------
    rule : object
        Rule of the model for the weights: constant, normal, or scaled by fan-in and fan-out.
    n : int
        Number of synapses.
    sizes : tuple of int
        Number of presynaptic units, and number of postsynaptic units.
    rng : numpy.random.Generator
        Source of the random numbers.

    Returns
    -------
    array (n,)
        Weights. A scaled rule has variance gain^2 / fan_in (`lecun_normal`) or
        2 gain^2 / (fan_in + fan_out) (the Glorot rules). Fan-in is the mean in-degree, and fan-out
        the mean out-degree.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `rule`.

    References
    ----------
    LeCun, Bottou, Orr & Müller 1998, Efficient BackProp, for `lecun_normal`.

    Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks,
    for the Glorot rules.
    """
    if n == 0:  # sparse connectivity may draw no synapse at all
        return np.empty(0)
    return _drawn(rule, n, sizes, rng)


@singledispatch
def _drawn(rule: object, n: int, sizes: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Weights (n,) by their distribution."""
    raise UnknownKindError("neurodiff.network.weights._drawn", rule)


@_drawn.register
def _(rule: ConstantWeights, n: int, sizes: tuple[int, int], rng: np.random.Generator) -> Floats:
    return np.full(n, rule.value)


@_drawn.register
def _(rule: NormalWeights, n: int, sizes: tuple[int, int], rng: np.random.Generator) -> Floats:
    return rng.normal(0, rule.sd, size=n)


@_drawn.register
def _(rule: ScaledWeights, n: int, sizes: tuple[int, int], rng: np.random.Generator) -> Floats:
    # mean in-degree and out-degree: for all-to-all layers the sizes of pre and post
    fan_in, fan_out = n / sizes[1], n / sizes[0]
    if rule.init == "lecun_normal":
        return rng.normal(0, rule.gain * np.sqrt(1 / fan_in), size=n)
    if rule.init == "glorot_normal":
        return rng.normal(0, rule.gain * np.sqrt(2 / (fan_in + fan_out)), size=n)
    limit = rule.gain * np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, size=n)


def _from_file(source: tuple[Path, Arrays], part: Projection, graph: Graph, field: str) -> Floats:
    """Weights of the synapses of a projection, which has a synapse for every weight of the file."""
    path, arrays = source
    matrix = matrix_of(arrays, path, part.name, (part.post.size, part.pre.size), field)
    pre = graph.pre[part.synapses] - part.pre.start
    post = graph.post[part.synapses] - part.post.start
    connected = np.zeros(matrix.shape, dtype=bool)
    connected[post, pre] = True
    refuse_lost_weights(matrix, connected, part.name, path, field)
    return matrix[post, pre].astype(float)


def _put_biases(
    source: tuple[Path, Arrays], part: Projection, bias: Floats, given: dict[str, Path], field: str
) -> None:
    """Put the biases that a file has for the postsynaptic population into `bias`, in place.

    `given` says which file each population has its biases from so far.
    """
    path, arrays = source
    found = bias_of(arrays, path, part.post, field)
    if found is None:
        return
    if given.setdefault(part.post.name, path) != path:
        text = f"{path} has biases of `{part.post.name}`, and so has {given[part.post.name]}"
        raise ModelError(field, text, f"remove the array `{part.post.name}.bias` of one of them")
    bias[part.post.units] = found
