"""Runs of small models, and the independent waves that they must equal."""

from pathlib import Path
from typing import Any

import numpy as np

from neurodiff import Model, Simulation
from neurodiff.forecast.description.model import describe
from neurodiff.reference.waves import WaveStep, delayed_waves
from tests.networks import chain

#: Everything at every step.
EVERY_STEP: dict[str, Any] = {
    "record": {"signals": "1 ms", "weights": "1 ms"},
    "validation": {"start": "0 ms", "every": "1 ms"},
}


def simulate(model: Model, backend: str = "numpy") -> Simulation:
    return Simulation(model, backend=backend).run()


def described(simulation: Simulation) -> str:
    """What `show` says of it."""
    return describe(simulation.plan, simulation.backend)


def reference_waves(simulation: Simulation) -> list[WaveStep]:
    """The waves of the NumPy reference, from the same weights and stimuli."""
    return list(delayed_waves(simulation.plan))


def deviations(simulation: Simulation) -> dict[str, float]:
    """Largest relative deviation from the reference over all steps, by variable."""
    recording, own = simulation.recording, slice(simulation.graph.n_inputs, None)
    waves = reference_waves(simulation)
    pairs = {
        "x": (recording["x"], [wave.x for wave in waves]),
        "delta": (recording["delta"][:, own], [wave.delta[own] for wave in waves]),
        "w": (recording["w"][:-1], [wave.w for wave in waves]),
        "bias": (recording["bias"][:-1, own], [wave.bias[own] for wave in waves]),
        "product": (recording["product"], [wave.product for wave in waves]),
    }
    if "b" in recording:
        pairs["b"] = recording["b"][:-1], [wave.b for wave in waves]
    return {name: furthest(got.values, np.array(want)) for name, (got, want) in pairs.items()}


def moved(simulation: Simulation) -> float:
    """By what fraction of their norm the plastic weights have moved."""
    plastic = simulation.graph.plastic
    first, last = simulation.recording["w"].values[[0, -1]][:, plastic]
    return float(np.linalg.norm(last - first) / np.linalg.norm(first))


def furthest(got: np.ndarray, want: np.ndarray) -> float:
    """Largest over steps of |got - want| / |want|, each the norm over units or synapses."""
    assert got.shape == want.shape
    size = np.linalg.norm(want, axis=1)
    difference = np.linalg.norm(got - want, axis=1)
    assert not difference[size == 0].any()
    return float((difference[size > 0] / size[size > 0]).max(initial=0))


def learned(folder: Path, fraction: float = 0.25, **keys: Any) -> Simulation:
    """Frames of three classes that overlap, so that not all are named."""
    rng = np.random.default_rng(0)
    frames, labels = rng.random((120, 4)), np.arange(120) % 3
    frames[np.arange(120), labels] += 0.4
    np.savez(folder / "frames.npz", frames=frames / 1.4, labels=labels)
    where = {"kind": "frames", "dataset": str(folder / "frames.npz"), "hold": "6 ms"}
    defaults: dict[str, Any] = {
        "activation": "tanh",
        "output_activation": "sigmoid",
        "loss": "cross_entropy",
        "plasticity": {"rule": "diffusion", "learning_rate": "10 Hz"},
        "input": where | {"test_fraction": fraction},
        "target": {"kind": "labels"},
        "run": {"epochs": 2},
        "record": {"signals": "none", "weights": "none"},
    }
    return simulate(chain([4, 5, 3], **(defaults | keys)))
