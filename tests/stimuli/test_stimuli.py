"""Stimuli against values worked out by hand; and what Brian2 plays against the stimuli."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, Simulation
from neurodiff.network.graph import build_graph
from neurodiff.network.latency import compute_latencies
from neurodiff.network.static_response import respond
from neurodiff.network.weights import initial_weights
from neurodiff.stimuli.build import Stimuli, build_stimuli
from neurodiff.stimuli.datasets import load_frames
from tests.networks import chain, digraph
from tests.simulated import simulate


def stimuli(model: Model) -> Stimuli:
    graph = build_graph(model)
    return build_stimuli(model, graph, compute_latencies(graph))


def inputs(model: Model, *steps: int) -> list[list[float]]:
    return stimuli(model).input.at(np.array(steps)).tolist()


def targets(model: Model, *steps: int) -> list[list[float]]:
    return stimuli(model).target_at(np.array(steps)).tolist()


def test_constant_input_is_silent_before_step_0():
    model = chain([2, 1], input={"kind": "constant", "values": [0.25, -4.0]})
    assert inputs(model, -2, -1, 0, 1, 39) == [[0, 0], [0, 0]] + [[0.25, -4.0]] * 3


def test_sinusoids_by_hand():
    # 2 sin(2 pi 250 Hz t + 0) and 3 sin(2 pi 125 Hz t + pi/2): periods of 4 and 8 steps of 1 ms
    spec = {
        "kind": "sinusoid",
        "frequency": ["250 Hz", "125 Hz"],
        "amplitude": [2.0, 3.0],
        "phase": [0.0, np.pi / 2],
    }
    got = inputs(chain([2, 1], input=spec), -1, 0, 1, 2, 3, 4)
    root = 3 / np.sqrt(2)
    want = [[0, 0], [0, 3], [2, root], [0, 0], [-2, -root], [0, -3]]
    np.testing.assert_allclose(got, want, atol=1e-14)


def test_sinusoids_of_one_frequency_and_random_phases():
    spec = {"kind": "sinusoid", "frequency": "1 Hz", "amplitude": 2.0}
    first, again, other = (
        stimuli(chain([200, 1], seed=seed, input=spec)).input for seed in (1, 1, 2)
    )
    assert (first.phase == again.phase).all() and (first.phase != other.phase).all()
    assert 0 <= first.phase.min() < 0.2 and 6.1 < first.phase.max() < 2 * np.pi
    t = 137
    want = 2 * np.sin(2 * np.pi * 1.0 * t * 1e-3 + first.phase)
    np.testing.assert_allclose(first.at(np.array([t]))[0], want, atol=1e-14)


def noise(seed: int, units: int, tau: float, duration: str) -> np.ndarray:
    spec = {"kind": "noise", "time_constant": f"{tau} ms", "sd": 0.5}
    model = chain([units, 1], seed=seed, input=spec, duration=duration)
    made = stimuli(model)
    return made.input.at(np.arange(made.steps))


def test_noise_has_its_sd_from_the_first_step_on_and_forgets_exponentially():
    u = noise(1, units=4000, tau=5.0, duration="60 ms")
    # a standard deviation from 4,000 draws is known to 1/sqrt(8000) = 1.1 %: four of them
    np.testing.assert_allclose(u[[0, 1, 7, 59]].std(axis=1), 0.5, rtol=0.045)
    for lag in (1, 2, 5, 10, 20):
        correlation = np.mean(u[:-lag] * u[lag:]) / 0.25
        assert correlation == pytest.approx(np.exp(-lag / 5.0), abs=0.02)
    assert abs(np.corrcoef(u[0], u[59])[0, 1]) < 0.07
    assert abs(u.mean()) < 0.01


def test_noise_is_independent_between_units_and_drawn_by_the_seed():
    u = noise(1, units=2, tau=0.1, duration="4 s")
    assert abs(np.corrcoef(u.T)[0, 1]) < 0.07
    assert (u == noise(1, units=2, tau=0.1, duration="4 s")).all()
    assert (u != noise(2, units=2, tau=0.1, duration="4 s")).all()


def frames_file(folder: Path, n: int = 4, units: int = 2) -> np.ndarray:
    """`n` different frames, labelled 0, 1, 0, 1, ..."""
    images = np.linspace(0, 1, n * units).reshape(n, units)
    np.savez(folder / "frames.npz", frames=images, labels=np.arange(n) % 2)
    return images


def framed(folder: Path, outputs: int = 2, units: int = 2, **keys: Any) -> Model:
    """A network that is shown the file's frames, and told their labels."""
    of_model = {key: keys.pop(key) for key in ("run", "target", "seed", "layers") if key in keys}
    spec: dict[str, Any] = {
        "kind": "frames",
        "dataset": str(folder / "frames.npz"),
        "hold": "3 ms",
        "order": "as_given",
        "test_fraction": 0,
    }
    parts = {"run": {"epochs": 1}, "target": {"kind": "labels"}, **of_model}
    return chain(parts.pop("layers", [units, outputs]), input=spec | keys, **parts)


def test_frames_as_given_are_held_and_then_all_are_tested(tmp_path: Path):
    images = frames_file(tmp_path)
    made = stimuli(framed(tmp_path))
    shown = made.presentations
    # four to learn from, the same four to test on; no test fraction, so no frame is held out
    assert shown.order.tolist() == [0, 1, 2, 3] * 2 and shown.n_training == 4
    assert shown.frames.tested_on == "training"
    assert (made.learning_steps, shown.steps) == (12, 24)
    got = made.input.at(np.arange(-1, 24))
    assert got.tolist() == [[0, 0], *np.repeat(images[shown.order], 3, axis=0).tolist()]


def test_each_epoch_shows_every_training_frame_once_in_a_new_order(tmp_path: Path):
    frames_file(tmp_path, n=10)
    shuffled = {"order": "shuffled", "test_fraction": 0.3, "run": {"epochs": 5}}
    shown = stimuli(framed(tmp_path, **shuffled)).presentations
    epochs = shown.order[:35].reshape(5, 7)
    assert (np.sort(epochs, axis=1) == shown.frames.training).all()
    assert len({tuple(epoch) for epoch in epochs}) == 5
    assert (shown.order[35:] == shown.frames.test).all()
    again = stimuli(framed(tmp_path, **shuffled)).presentations
    other = stimuli(framed(tmp_path, seed=2, **shuffled)).presentations
    assert (again.order == shown.order).all()
    assert (other.order != shown.order).any()


def test_a_duration_shows_as_many_frames_as_it_holds(tmp_path: Path):
    frames_file(tmp_path)
    made = stimuli(framed(tmp_path, run={"duration": "15 ms"}))
    assert made.presentations.order.tolist() == [0, 1, 2, 3, 0] + [0, 1, 2, 3]
    assert made.presentations.n_training == 5 and made.learning_steps == 15


def test_crossfade_by_hand(tmp_path: Path):
    np.savez(tmp_path / "frames.npz", frames=[[0.8], [0.0], [1.0]], labels=[0, 1, 0])
    model = framed(tmp_path, units=1, hold="4 ms", crossfade="2 ms")
    # a frame blends in over two steps: none of it, half of it, all of it; the first from 0
    want = [0, 0.4, 0.8, 0.8] + [0.8, 0.4, 0, 0] + [0, 0.5, 1, 1]
    got = np.ravel(inputs(model, *range(12)))
    np.testing.assert_allclose(got, want, atol=1e-15)
    # labels 0, 1, 0 as one-hot rows that blend alike; one step later, as the output is one away
    label = [0, 0, 0, 0] + [0, 0.5, 1, 1] + [1, 0.5, 0, 0]
    np.testing.assert_allclose(np.array(targets(model, *range(1, 13)))[:, 1], label, atol=1e-15)


def test_a_crossfade_as_long_as_the_hold(tmp_path: Path):
    np.savez(tmp_path / "frames.npz", frames=[[0.9], [0.3]], labels=[0, 1])
    model = framed(tmp_path, units=1, hold="3 ms", crossfade="3 ms")
    np.testing.assert_allclose(
        np.ravel(inputs(model, *range(6))), [0, 0.3, 0.6, 0.9, 0.7, 0.5], atol=1e-15
    )


def test_digits_are_split_into_1437_and_360_that_share_nothing():
    spec = {"kind": "frames", "hold": "1 ms", "test_fraction": 0.2}
    keys = {"input": spec, "target": {"kind": "labels"}, "run": {"epochs": 1}}
    first, again, other = (
        load_frames(model.input, model)
        for model in (chain([64, 10], seed=seed, **keys) for seed in (1, 1, 2))
    )
    assert (len(first.training), len(first.test)) == (1437, 360)
    assert sorted([*first.training, *first.test]) == list(range(1797))
    assert (first.images.min(), first.images.max()) == (0, 1)
    assert first.images.shape == (1797, 64) and set(first.labels) == set(range(10))
    assert first.tested_on == "test"
    assert (first.test == again.test).all() and (first.test != other.test).any()


def test_labels_are_one_hot_rows(tmp_path: Path):
    frames_file(tmp_path)
    model = framed(tmp_path, outputs=3, target={"kind": "labels", "delay": "none"})
    want = [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0]]
    assert targets(model, 0, 3, 6, 9) == targets(model, 2, 5, 8, 11) == want
    assert targets(model, -1) == [[0, 0, 0]]


def arrayed(folder: Path, interpolation: str, duration: str = "6 ms") -> Model:
    np.save(folder / "u.npy", np.array([[0, 10], [1, 40], [4, -20], [4, 1]]))
    spec = {
        "kind": "array",
        "file": str(folder / "u.npy"),
        "interval": "2 ms",
        "interpolation": interpolation,
    }
    return chain([2, 1], input=spec, duration=duration)


def test_array_that_holds_each_sample(tmp_path: Path):
    got = inputs(arrayed(tmp_path, "previous"), *range(-1, 8))
    held = [[0, 10], [0, 10], [1, 40], [1, 40], [4, -20], [4, -20], [4, 1], [4, 1]]
    assert got == [[0, 0], *held]


def test_array_with_linear_interpolation(tmp_path: Path):
    got = inputs(arrayed(tmp_path, "linear"), *range(-1, 6))
    assert got == [[0, 0], [0, 10], [0.5, 25], [1, 40], [2.5, 10], [4, -20], [4, -9.5]]


def test_teacher_is_the_same_network_with_other_weights_and_answers_at_once(tmp_path: Path):
    frames_file(tmp_path)
    layers, teacher = [2, 5, 4, 3], {"kind": "teacher", "seed": 9, "delay": "none"}
    for model in (
        framed(tmp_path, layers=layers, target=teacher),
        framed(tmp_path, layers=layers, target=teacher, crossfade="2 ms"),
        chain(layers, input={"kind": "sinusoid", "frequency": "50 Hz"}, target=teacher),
        chain(layers, input={"kind": "noise", "time_constant": "3 ms"}, target=teacher),
    ):
        graph, made = build_graph(model), stimuli(model)
        w, bias = initial_weights(model, graph, teacher_seed=9)
        assert (w != initial_weights(model, graph, teacher_seed=model.seed)[0]).all()
        assert (w != initial_weights(model, graph)[0]).all()
        steps = np.arange(made.steps)
        _, x = respond(graph, w, bias, made.input.at(steps))
        np.testing.assert_allclose(made.target_at(steps), x[:, graph.outputs], atol=1e-15)
        # silent while the input is silent
        assert not made.target_at(np.array([-1])).any()


def two_outputs(**keys: Any) -> Model:
    """Outputs of 3 + 2 = 5 steps (early, two units) and 3 + 2 + 4 = 9 steps (late)."""
    populations = {
        "in": {"size": 1, "role": "input"},
        "mid": {"size": 2},
        "deep": {"size": 2},
        "late": {"size": 1, "role": "output"},
        "early": {"size": 2, "role": "output"},
    }
    ways = [("in", "mid", 3), ("mid", "early", 2), ("mid", "deep", 2), ("deep", "late", 4)]
    projections = [
        {"pre": pre, "post": post, "delay": {"forward": f"{lag} ms"}} for pre, post, lag in ways
    ]
    return digraph(populations, projections, **keys)


@pytest.mark.parametrize(
    ("delay", "early", "late"), [("matched", 5, 9), ("none", 0, 0), ("7 ms", 7, 7)]
)
def test_the_target_of_each_output_waits_as_long_as_the_model_says(delay, early, late):
    values = {"late": 0.1, "early": 0.2}
    model = two_outputs()
    order = list(build_graph(model).output_names)
    assert order == ["late", "early"]  # as written, not as deep
    lags = {"early": early, "late": late}
    written = [value for name in order for value in [values[name]] * (1 + (name == "early"))]
    made = stimuli(two_outputs(target={"kind": "constant", "values": written, "delay": delay}))
    assert made.target_lag.tolist() == [
        lags[name] for name in order for _ in range(1 + (name == "early"))
    ]
    for column, lag in enumerate(made.target_lag):
        got = made.target_at(np.array([lag - 1, lag]))[:, column].tolist()
        assert got == [0, written[column]]


def constant(folder: Path) -> Model:
    return chain([3, 4, 2])


def sinusoids(folder: Path) -> Model:
    spec = {"kind": "sinusoid", "frequency": "37 Hz", "amplitude": [1.0, 2.0, 0.5]}
    return chain([3, 4, 2], input=spec, target={"kind": "teacher", "seed": 4})


def noisy(folder: Path) -> Model:
    spec = {"kind": "noise", "time_constant": "4 ms"}
    return chain([3, 4, 2], input=spec, target={"kind": "teacher", "seed": 4, "delay": "5 ms"})


def shuffled_frames(folder: Path) -> Model:
    frames_file(folder, n=6)
    return framed(folder, order="shuffled", test_fraction=0.3, run={"epochs": 2})


def faded_frames(folder: Path) -> Model:
    frames_file(folder, n=6)
    return framed(folder, hold="7 ms", crossfade="5 ms", test_fraction=0.3, layers=[2, 3, 3, 2])


def taught_faded_frames(folder: Path) -> Model:
    frames_file(folder, n=6)
    teacher = {"kind": "teacher", "seed": 5, "delay": "none"}
    return framed(folder, hold="3 ms", crossfade="3 ms", target=teacher)


def linear_arrays(folder: Path) -> Model:
    rng = np.random.default_rng(1)
    np.save(folder / "u.npy", rng.normal(size=(8, 3)))
    np.save(folder / "y.npy", rng.normal(size=(15, 2)))
    linear = {"kind": "array", "interpolation": "linear"}
    u = {**linear, "file": str(folder / "u.npy"), "interval": "7 ms"}
    y = {**linear, "file": str(folder / "y.npy"), "interval": "3 ms"}
    return chain([3, 4, 2], input=u, target=y)


def held_arrays(folder: Path) -> Model:
    model = linear_arrays(folder)
    parts = (model.input, model.target)
    held = [part.model_dump(mode="json") | {"interpolation": "previous"} for part in parts]
    return chain([3, 4, 2], input=held[0], target=held[1])


def several_outputs(folder: Path) -> Model:
    return two_outputs(
        input={"kind": "sinusoid", "frequency": "61 Hz"}, target={"kind": "teacher", "seed": 7}
    )


@pytest.mark.parametrize(
    "build",
    [
        constant,
        sinusoids,
        noisy,
        shuffled_frames,
        faded_frames,
        taught_faded_frames,
        linear_arrays,
        held_arrays,
        several_outputs,
    ],
)
@pytest.mark.parametrize("time_step", ["1 ms", "0.1 ms"])
def test_brian2_plays_the_very_same_numbers(tmp_path: Path, build, time_step: str):
    model = build(tmp_path).model_dump(mode="json", exclude_none=True)
    model |= {"record": {"signals": time_step, "weights": "none"}, "time_step": time_step}
    simulation: Simulation = simulate(Model.from_mapping(model))
    recording, made = simulation.recording, simulation.plan.stimuli
    steps = np.arange(made.steps)
    assert recording.sizes["time"] == made.steps
    u = recording["x"].values[:, : simulation.graph.n_inputs]
    np.testing.assert_allclose(u, made.input.at(steps), rtol=1e-15, atol=1e-15)
    y = recording["target"].values
    # before it comes there is none
    target = np.where(made.has_target(steps), made.target_at(steps), np.nan)
    np.testing.assert_allclose(y, target, rtol=1e-15, atol=1e-15)
    assert np.ptp(np.nan_to_num(y), axis=0).any() and np.abs(u).max() > 0.4
