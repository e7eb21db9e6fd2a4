"""Networks whose errors come back by other weights."""

from typing import Any

import numpy as np

from neurodiff import Model, Simulation
from neurodiff.reference.waves import WaveStep
from tests.networks import Floats, chain, waves_of

MIRROR = {"rule": "weight_mirror", "duration": "25 ms", "weight_decay": "60 Hz"}

RULES: dict[str, Any] = {
    "random": "random",
    "sign": "sign",
    "direct": {"rule": "direct", "delay": {"uniform": ["1 ms", "5 ms"]}},
    "kolen_pollack": "kolen_pollack",
    "kolen_pollack, present": {"rule": "kolen_pollack", "traces": "present"},
    "weight_mirror": MIRROR,
    "weight_mirror, present": {**MIRROR, "traces": "present", "noise": 0.5},
}

LEARNING = {"rule": "diffusion", "learning_rate": "20 Hz", "weight_decay": "5 Hz"}


def plasticity(**keys: Any) -> dict[str, Any]:
    return {**LEARNING, **keys}


def frozen(**keys: Any) -> dict[str, Any]:
    return {"rule": "diffusion", "learning_rate": "0 Hz", **keys}


def built(model: Model) -> Simulation:
    return Simulation(model, backend="numpy")


def cosine(a: Floats, b: Floats) -> float:
    return float(np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def waves(model: Model, u: Floats, y: Floats) -> tuple[Simulation, WaveStep]:
    """The waves of the reference for any input and target, all steps in one."""
    simulation = built(model)
    rule, steps = simulation.plan.plasticity, np.arange(len(u))
    found = waves_of(
        simulation.graph,
        simulation.plan.w,
        simulation.plan.bias,
        u,
        y,
        model.loss,
        learning_rate=rule.learning_rate,
        weight_decay=rule.weight_decay,
        learns=steps >= rule.start,
        alignment=simulation.plan.alignment,
        feedback=simulation.plan.feedback,
    )
    return simulation, WaveStep(*map(np.array, zip(*found, strict=True)))


ETA, DECAY = 0.02, 0.004


def kolen_pollack(traces: str, alignment: str = "none", **keys: Any) -> Model:
    """A chain with f = 2 and r = 3 steps, learning rate and decay as above per step."""
    return chain(
        [4, 5, 3],
        delay={"forward": "2 ms", "backward": "3 ms"},
        feedback={"rule": "kolen_pollack", "traces": traces},
        plasticity=plasticity(
            learning_rate=f"{1e3 * ETA} Hz", weight_decay=f"{1e3 * DECAY} Hz", alignment=alignment
        ),
        **keys,
    )
