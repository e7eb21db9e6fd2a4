"""Alignment of the two waves: what the error meets is what the error is about (theory 4)."""

import numpy as np
import pytest

from neurodiff import Model, Simulation, validate
from tests.networks import chain, digraph
from tests.simulated import EVERY_STEP, described, deviations, moved, simulate

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


@pytest.mark.parametrize(("depth", "width", "expected"), [(5, 30, 870), (10, 100, 10_900)])
def test_matched_waves_remember_so_many_values(depth, width, expected):
    # theory 4, A6c: 2(L - l) steps of each hidden neuron, 2L - 1 of each input
    simulation = Simulation(chain([width] * (depth + 1), plasticity=aligned("matched")))
    assert simulation.plan.alignment.remembered(simulation.graph).sum() == expected
    assert f"{expected} values in all" in described(simulation)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (aligned("none"), 0.540),
        (aligned("trace"), 0.983),
        (aligned("trace", stages=2), 0.999),
        (aligned("matched"), 1.0),
    ],
)
def test_traces_make_up_for_a_mismatch_of_one_radian(tmp_path, rule, expected):
    """Theory 4, A13: a linear network of four layers, in which M is 6 steps at the first.

    The units have all phases alike, so that no mean of the signals depends on them.
    """
    omega, n = 1 / 6, 12
    phases = 2 * np.pi * np.arange(n) / n
    tone = {"kind": "sinusoid", "frequency": f"{1000 * omega / (2 * np.pi)} Hz"}
    model = chain(
        [n] * 5,
        activation="linear",
        bias=False,
        input={**tone, "phase": phases.tolist()},
        target={"kind": "teacher", "seed": 3},
        plasticity=rule,
        duration="600 ms",
        **EVERY_STEP | {"validation": {"start": "200 ms", "every": "1 ms"}},
    )
    report = validate(simulate(model))
    assert report.layers[0].cosine == pytest.approx(expected, abs=0.01)
    assert report.layers[-1].cosine == pytest.approx(1, abs=1e-12)
