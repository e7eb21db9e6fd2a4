"""Small networks with cycles for the tests."""

from pathlib import Path
from typing import Any

import numpy as np

from neurodiff import Model, Simulation
from neurodiff.network.settling_time import estimate_convergence
from tests.networks import Floats, Populations, digraph

#: Slopes that do not jump, so that finite differences hold.
SMOOTH = ("tanh", "sigmoid", "softplus")

#: Theory 6, C5: settles with delays of one step (radius .85), not with 2, 2, 1, 2 (radius 1.11).
C5 = np.array([[0.6, 0.6], [-0.6, 0.6]])

LOOP: Populations = {
    "in": {"size": 1, "role": "input"},
    "v": {"size": 2, "activation": "linear", "bias": False},
    "out": {"size": 1, "role": "output", "activation": "linear", "bias": False},
}


def populations(*names: str, **keys: Any) -> dict[str, dict[str, Any]]:
    """One unit each; `in` is the input and `out` the output."""
    roles = {"in": "input", "out": "output"}
    return {
        name: {"size": 1, "role": roles.get(name, "hidden"), **(keys if name != "in" else {})}
        for name in names
    }


def random_cyclic(rng: np.random.Generator, **keys: Any) -> Model:
    """Random digraph full of cycles: 2 or 3 hidden populations and the output project to any.

    Delays of each synapse are drawn, in both directions; weights are such that it settles.
    """
    hidden = [f"v{k}" for k in range(int(rng.integers(2, 4)))]
    populations: dict[str, dict[str, Any]] = {"in": {"size": 2, "role": "input"}}
    for name in [*hidden, "out"]:
        size, activation = int(rng.integers(2, 5)), str(rng.choice(SMOOTH))
        populations[name] = {"size": size, "activation": activation}
    populations["out"]["role"] = "output"
    pairs = [("in", hidden[0]), *zip(hidden, [*hidden[1:], "out"], strict=True)]
    pairs += [(pre, hidden[0]) for pre in (hidden[0], hidden[-1])]
    others = [(pre, post) for pre in [*hidden, "out"] for post in [*hidden, "out"]]
    pairs += [pair for pair in others if pair not in pairs and rng.random() < 0.4]
    projections = [
        {"pre": pre, "post": post, "connectivity": {"probability": 0.8}, "name": f"{pre}-{post}"}
        for pre, post in dict.fromkeys(pairs)
    ]
    defaults: dict[str, Any] = {
        "seed": int(rng.integers(2**31)),
        "delay": {"uniform": ["1 ms", "4 ms"]},
        "weights": {"init": "normal", "sd": 0.35},
        "input": {"kind": "constant", "values": rng.normal(size=2).tolist()},
        "target": {"kind": "constant", "values": rng.random(populations["out"]["size"]).tolist()},
    }
    return digraph(populations, projections, **(defaults | keys))


def linear_model(w: Floats, lags: Any, folder: Path, **keys: Any) -> Model:
    """Linear units with the weights `w` (n, n) among them, each fed by the input and read out.

    `lags` (n, n) are the delays of both directions in steps; others are one step.
    """
    n = len(w)
    names = [f"v{k}" for k in range(n)]
    parts = populations("in", *names, "out", activation="linear", bias=False)
    ends = [("in", name) for name in names] + [(name, "out") for name in names]
    projections: list[dict[str, Any]] = [{"pre": pre, "post": post} for pre, post in ends]
    matrices = {f"{pre}_to_{post}": np.ones((1, 1)) for pre, post in ends}
    for i, j in np.argwhere(w):
        delay = f"{lags[i, j]} ms"
        projections.append({"pre": names[j], "post": names[i], "delay": delay})
        matrices[f"{names[j]}_to_{names[i]}"] = w[i : i + 1, j : j + 1]
    np.savez(folder / "w.npz", **matrices)
    weights = {"init": "file", "path": str(folder / "w.npz")}
    return digraph(parts, projections, weights=weights, **keys)


def estimated(model: Model) -> Any:
    """What is expected of the convergence of a model."""
    simulation = Simulation(model)
    u = np.array(model.input.values)
    return estimate_convergence(simulation.graph, simulation.plan.w, simulation.plan.bias, u)


def finite_differences(loss: Any, w: Floats, step: float = 1e-5) -> Floats:
    """Derivative of a function of all weights for each of them, by central differences."""
    derivative = np.empty_like(w)
    for k in range(len(w)):
        change = step * (np.arange(len(w)) == k)
        derivative[k] = (loss(w + change) - loss(w - change)) / (2 * step)
    return derivative


def settled_loss(model: Model, graph: Any, bias: Floats) -> Any:
    """Loss at the fixed point as a function of the weights: the plain map, iterated long enough.

    Written apart from the solver of the package.
    """
    u, y = np.array(model.input.values), np.array(model.target.values)

    def loss(w: Floats) -> float:
        x = np.zeros(graph.n_units)
        for _ in range(2000):
            a = np.bincount(graph.post, w * x[graph.pre], graph.n_units) + bias
            for part in graph.populations:
                x[part.units] = part.sigma.function(a[part.units])
            x[: len(u)] = u
        return float(0.5 * np.sum((x[graph.outputs] - y) ** 2))

    return loss
