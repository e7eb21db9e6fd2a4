"""Random networks of many kinds for the tests of forecasts."""

from typing import Any

import numpy as np

from neurodiff import Model
from tests.networks import digraph

#: What the networks of one kind have; each is drawn anew from its seed.
KINDS = (
    "layered",
    "skip",
    "drawn",
    "drawn skip",
    "two outputs",
    "leaky",
    "leaky drawn",
    "matched",
    "tanh",
    "tanh skip",
)


def drawn_network(seed: int, kind: str, **keys: Any) -> Model:
    """Inputs that are tones, two or three hidden layers of 1 to 4 units, and one or two outputs."""
    rng = np.random.default_rng([seed, *kind.encode()])
    activation = "tanh" if "tanh" in kind else "linear"
    names = [f"h{k}" for k in range(int(rng.integers(2, 4)))]
    parts: dict[str, Any] = {"in": {"size": int(rng.integers(1, 4)), "role": "input"}}
    for name in names:
        parts[name] = {"size": int(rng.integers(1, 5)), "activation": activation, "bias": False}
    outputs = ["out", "other"] if "two" in kind else ["out"]
    for name in outputs:
        size = int(rng.integers(1, 3))
        parts[name] = {"size": size, "activation": activation, "bias": False, "role": "output"}
    pairs = list(zip(["in", *names], [*names, "out"], strict=True))
    pairs += [(names[0], "other")] if "two" in kind else []
    if "skip" in kind or "matched" in kind:
        pairs += [(names[0], "out"), ("in", names[-1])]
    drawn = "drawn" in kind or "matched" in kind
    projections = [{"pre": pre, "post": post, "delay": _delay(rng, drawn)} for pre, post in pairs]
    n = parts["in"]["size"]
    defaults: dict[str, Any] = {
        "seed": seed,
        "weights": {"init": "lecun_normal"},
        "input": {
            "kind": "sinusoid",
            "frequency": "5 Hz",
            "amplitude": rng.uniform(0.3, 1.0, n).tolist(),
            "phase": rng.uniform(0, 2 * np.pi, n).tolist(),
        },
        "target": {"kind": "constant", "values": [0.0] * sum(parts[k]["size"] for k in outputs)},
        "plasticity": {"rule": "diffusion", "learning_rate": "1 Hz"},
    }
    if "leaky" in kind:
        constant = f"{rng.integers(2, 9)} ms"
        defaults["neuron"] = {"kind": "leaky", "time_constant": constant}
    if "matched" in kind:
        defaults["plasticity"]["alignment"] = "matched"
    return digraph(parts, projections, **(defaults | keys))


def _delay(rng: np.random.Generator, drawn: bool) -> dict[str, Any]:
    if not drawn:
        return {way: f"{rng.integers(1, 9)} ms" for way in ("forward", "backward")}
    return {
        way: {"uniform": ["1 ms", f"{rng.integers(4, 13)} ms"]} for way in ("forward", "backward")
    }
