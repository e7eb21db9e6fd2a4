"""Small networks for the tests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model, from_mapping
from neurodiff.model_file.network import Network
from neurodiff.network.graph import Graph, build_graph
from neurodiff.network.loss import Loss
from neurodiff.plan import Plan
from neurodiff.plan.alignment import Alignment, Unaligned
from neurodiff.plan.feedback import Feedback, Symmetric, along_synapses
from neurodiff.plan.plasticity import Diffusion
from neurodiff.reference.waves import WaveStep, delayed_waves

Floats = NDArray[np.float64]
Populations = Mapping[str, Mapping[str, Any]]
ACTIVATIONS = ("linear", "tanh", "sigmoid", "relu", "softplus")


def chain(layers: Sequence[int], **keys: Any) -> Model:
    """Chain of all-to-all layers for 40 ms; `keys` are those of the model file.

    Unless given otherwise the input is constant, 0.5, -0.5, 0.5, ..., and the target 0.3.
    """
    defaults = {
        "input": {"kind": "constant", "values": [0.5 * (-1) ** k for k in range(layers[0])]},
        "target": {"kind": "constant", "values": [0.3] * layers[-1]},
    }
    if "run" not in keys:
        keys.setdefault("duration", "40 ms")
    return Model.layered(layers, **(defaults | keys))


def digraph(
    populations: Populations,
    projections: Sequence[str | Mapping[str, Any]],
    **keys: Any,
) -> Model:
    """Any network for 40 ms; a projection may be written "pre post".

    `keys` are those of the model file, top level or `network`; input 1 and target 0.3 unless given.
    """
    of_network = {key: keys.pop(key) for key in list(keys) if key in Network.model_fields}
    parts = [_projection(part) if isinstance(part, str) else part for part in projections]
    data: dict[str, Any] = {
        "neurodiff": 1,
        "name": "digraph",
        "network": {"populations": dict(populations), "projections": parts, **of_network},
        "input": {"kind": "constant", "values": [1.0] * _count(populations, "input")},
        "target": {"kind": "constant", "values": [0.3] * _count(populations, "output")},
        "run": {"duration": "40 ms"},
    }
    return from_mapping(data | keys)


def random_digraph(
    rng: np.random.Generator,
    activations: Sequence[str] = ACTIVATIONS,
    loss: str | None = None,
    **keys: Any,
) -> Model:
    """Random acyclic network: skips, sparse projections, random delays in both directions.

    It has 3 inputs, 2 to 4 hidden populations of 2 to 4 units, and 1 or 2 output populations, of
    which the first may project to the second. A fifth of the projections is not plastic. `loss` is
    drawn unless given; `keys` are as in `digraph`.
    """
    loss = loss or str(rng.choice(["squared_error", "cross_entropy"]))
    populations = _random_populations(rng, activations, loss)
    projections = [
        {"pre": pre, "post": post, **_random_connectivity(rng)}
        for pre, post in _random_pairs(rng, populations)
    ]
    values = rng.uniform(0.1, 0.9, size=_count(populations, "output")).tolist()
    defaults: dict[str, Any] = {
        "seed": int(rng.integers(2**31)),
        "delay": {"uniform": ["1 ms", "4 ms"]},
        "weights": {"init": "normal", "sd": 0.8},
        "input": {"kind": "sinusoid", "frequency": ["5 Hz", "8 Hz", "13 Hz"]},
        "target": {"kind": "constant", "values": values},
        "loss": loss,
    }
    keys = defaults | keys
    first = keys["seed"]
    # a sparse projection may draw no synapse, which is refused
    models = (digraph(populations, projections, **keys | {"seed": first + k}) for k in range(1000))
    return next(model for model in models if _has_synapses(model))


def _has_synapses(model: Model) -> bool:
    try:
        build_graph(model)
    except ModelError:
        return False
    return True


def random_weights(graph: Graph, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Weights (n_synapses,), and biases (n_units,) that are 0 where a unit has none."""
    return rng.normal(0, 0.8, graph.n_synapses), rng.normal(0, 0.5, graph.n_units) * graph.has_bias


def _projection(text: str) -> dict[str, Any]:
    pre, post = text.split()
    return {"pre": pre, "post": post}


def _count(populations: Populations, role: str) -> int:
    return sum(part["size"] for part in populations.values() if part.get("role") == role)


def _random_populations(
    rng: np.random.Generator, activations: Sequence[str], loss: str
) -> dict[str, dict[str, Any]]:
    populations: dict[str, dict[str, Any]] = {"in": {"size": 3, "role": "input"}}
    for k in range(rng.integers(2, 5)):
        activation, bias = str(rng.choice(activations)), bool(rng.random() < 0.8)
        size = int(rng.integers(2, 5))
        populations[f"hidden{k}"] = {"size": size, "activation": activation, "bias": bias}
    for k in range(rng.integers(1, 3)):
        activation = "sigmoid" if loss == "cross_entropy" else str(rng.choice(activations))
        size = int(rng.integers(1, 4))
        populations[f"out{k}"] = {"size": size, "role": "output", "activation": activation}
    return populations


def _random_pairs(rng: np.random.Generator, populations: Populations) -> list[tuple[str, str]]:
    """Pairs (pre, post): a path through all hidden ones to each output, and half of all skips."""
    names = list(populations)
    hidden = [name for name in names if name.startswith("hidden")]
    spine = ["in", *hidden]
    pairs = list(zip(spine, hidden, strict=False))
    pairs += [(hidden[-1], name) for name in names if name.startswith("out")]
    for k, post in enumerate(names[1:], start=1):
        pairs += [
            (pre, post) for pre in names[:k] if (pre, post) not in pairs and rng.random() < 0.5
        ]
    return pairs


def _random_connectivity(rng: np.random.Generator) -> dict[str, Any]:
    rule: dict[str, Any] = {"probability": 0.6} if rng.random() < 0.5 else {"all_to_all": True}
    return {"connectivity": rule, "plastic": bool(rng.random() < 0.8)}


@dataclass(frozen=True)
class Masked(Diffusion):
    """Diffusion in just some of the steps."""

    mask: tuple[bool, ...] = ()

    def learns_at(self, steps: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.array(self.mask)[steps]


def waves_of(
    graph: Graph,
    w: NDArray[np.float64],
    bias: NDArray[np.float64],
    u: Any,
    y: Any,
    loss: Loss,
    *,
    learning_rate: float = 0.0,
    weight_decay: float = 0.0,
    learns: Any = None,
    alignment: Alignment | None = None,
    feedback: Feedback | None = None,
) -> Iterator[WaveStep]:
    """Both waves of a graph with weights, signals and numbers of its own."""
    plan = Plan.of(chain([1, 1], output_activation="sigmoid", loss=loss))
    learns = np.ones(len(u), dtype=bool) if learns is None else learns
    plan = plan.replace(
        graph=graph,
        w=w,
        bias=bias,
        alignment=alignment or Unaligned(),
        feedback=feedback or Symmetric(np.asarray(along_synapses(graph, w))),
        plasticity=Masked(learning_rate, weight_decay, 0, len(u), tuple(learns)),
    )
    return delayed_waves(plan, u, y)
