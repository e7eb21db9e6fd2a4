"""Alignment of the two waves: what the error meets is what the error is about (theory 4)."""

import numpy as np
import pytest

from neurodiff import Model, validate
from tests.networks import digraph
from tests.simulated import EVERY_STEP, deviations, moved, simulate

FROZEN = {"rule": "diffusion", "learning_rate": "0 Hz"}


def delays(rng: np.random.Generator) -> dict[str, str]:
    return {way: f"{rng.integers(1, 6)} ms" for way in ("forward", "backward")}


def white(path, layers: int, activation: str, seed: int, **keys: object) -> Model:
    """A network driven by another random input in every step, each projection with its delays."""
    rng = np.random.default_rng(seed)
    np.save(path / "u.npy", rng.normal(size=(200, 5)))
    np.save(path / "y.npy", rng.normal(size=(200, 3)))
    noise = {"kind": "array", "interval": "1 ms", "interpolation": "previous"}
    names = ["in", *(f"h{k}" for k in range(1, layers)), "out"]
    populations = {name: {"size": 6, "activation": activation} for name in names}
    populations["in"] = {"size": 5, "role": "input"}
    populations["out"] |= {"size": 3, "role": "output"}
    projections = [
        {"pre": pre, "post": post, "delay": delays(rng)}
        for pre, post in zip(names[:-1], names[1:], strict=True)
    ]
    gain = 4.0 if activation == "sigmoid" else 1.0
    defaults = {
        "seed": seed,
        "weights": {"init": "lecun_normal", "gain": gain},
        "input": {**noise, "file": str(path / "u.npy")},
        "target": {**noise, "file": str(path / "y.npy")},
        "run": {"duration": "200 ms"},
        "plasticity": FROZEN,
        **EVERY_STEP,
    }
    return digraph(populations, projections, **(defaults | keys))


def aligned(alignment: str, **keys: object) -> dict[str, object]:
    return {"rule": "diffusion", "learning_rate": "0 Hz", "alignment": alignment, **keys}


networks = pytest.mark.parametrize(
    ("layers", "activation", "seed"),
    [(2, "tanh", 1), (4, "tanh", 2), (4, "sigmoid", 3), (7, "tanh", 4), (3, "softplus", 5)],
)


@networks
def test_matched_waves_give_the_gradient_of_white_noise(tmp_path, layers, activation, seed):
    validation = {"every": "1 ms"}  # from R_1 + F_L on
    part = {"validation": validation, "plasticity": aligned("matched")}
    report = validate(simulate(white(tmp_path, layers, activation, seed, **part)))
    assert report.reference == "error_frame" and report.passed
    assert len(report.layers) == layers
    for layer in report.layers:
        assert layer.relative_error <= 1e-12
        assert layer.cosine == pytest.approx(1, abs=1e-12)


def test_without_alignment_white_noise_says_nothing_to_the_first_layers(tmp_path):
    report = validate(simulate(white(tmp_path, 4, "tanh", 2, validation={"every": "1 ms"})))
    assert max(abs(layer.cosine) for layer in report.layers[:-1]) <= 0.2
    assert report.layers[-1].cosine == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("alignment", ["matched", "trace"])
@pytest.mark.parametrize("learning_rate", ["0 Hz", "10 Hz"])
def test_aligned_waves_equal_the_reference_at_every_step(tmp_path, alignment, learning_rate):
    rule = aligned(alignment) | {"learning_rate": learning_rate, "weight_decay": learning_rate}
    rule |= {"start": "3 ms"} | ({"stages": 3} if alignment == "trace" else {})
    simulation = simulate(white(tmp_path, 4, "sigmoid", 3, plasticity=rule))
    assert (moved(simulation) >= 0.1) == (learning_rate != "0 Hz")
    found = deviations(simulation)
    assert max(found.values()) <= 1e-12, found
