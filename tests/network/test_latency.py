"""When each wave is where: worked out by hand, and against what the simulated waves do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurodiff import Model, validate
from neurodiff.network.graph import build_graph
from neurodiff.network.latency import (
    Latencies,
    ProjectionLatency,
    compute_latencies,
    projection_latencies,
    target_arrivals,
)
from tests.networks import chain, digraph, random_digraph
from tests.simulated import EVERY_STEP, simulate

inf = np.inf


def network(*ways: tuple[str, str, int, int], outputs: str = "o", **keys: Any) -> Model:
    """One unit a population, `u` the input; a way is pre, post, forward and backward steps."""
    names = dict.fromkeys(name for way in ways for name in way[:2])
    roles = {"u": "input", **dict.fromkeys(outputs.split(), "output")}
    populations = {name: {"size": 1, "role": roles.get(name, "hidden")} for name in names}
    projections = [
        {"pre": pre, "post": post, "delay": {"forward": f"{f} ms", "backward": f"{r} ms"}}
        for pre, post, f, r in ways
    ]
    return digraph(populations, projections, **keys)


def by_name(model: Model) -> tuple[Latencies, dict[str, ProjectionLatency], dict[str, int]]:
    """Latencies; those of each projection; and the number of the only unit of each population."""
    graph = build_graph(model)
    latencies = compute_latencies(graph)
    rows = {row.projection.name: row for row in projection_latencies(graph, latencies)}
    return latencies, rows, {part.name: part.start for part in graph.populations}


def test_chain_with_unequal_delays():
    # f = 2, 3, 1 and r = (unused), 4, 5: F = 2, 5, 6; R = 9, 5, 0
    model = network(("u", "a", 2, 7), ("a", "b", 3, 4), ("b", "o", 1, 5))
    latencies, rows, unit = by_name(model)
    order = [unit[name] for name in ("u", "a", "b", "o")]
    assert latencies.forward[order].tolist() == [0, 2, 5, 6]
    assert np.isnan(latencies.backward[unit["u"]])  # no error goes back to an input
    assert latencies.backward[order[1:]].tolist() == [9, 5, 0]
    assert latencies.age[order[1:]].tolist() == [15, 11, 6]  # R + F_L
    table = [(row.forward, row.backward, row.mismatch, row.exact_from) for row in rows.values()]
    # M = R_l + F_L - F_{l-1} - f_l
    assert table == [(2, 9, 13, 15), (5, 5, 6, 11), (6, 0, 0, 6)]


def test_unit_delays_give_2L_minus_l():
    _, rows, _ = by_name(chain([2] * 11))
    for layer, row in enumerate(rows.values(), start=1):
        assert (row.forward, row.backward) == (layer, 10 - layer)
        assert row.mismatch == 2 * (10 - layer) and row.exact_from == 20 - layer


def test_skip_connection():
    # two ways to the output: 2 + 3 = 5 steps by way of a, and 9 at once
    model = network(("u", "a", 2, 1), ("a", "o", 3, 4), ("u", "o", 9, 1))
    latencies, rows, unit = by_name(model)
    o, a = unit["o"], unit["a"]
    assert latencies.forward[[a, o]].tolist() == [2, 7]
    assert (latencies.shortest_forward[o], latencies.longest_forward[o]) == (5, 9)
    assert (latencies.backward[a], latencies.age[a], latencies.longest_age[a]) == (4, 11, 13)
    # a constant input waits for the longest way
    assert (rows["u_to_a"].exact_from, rows["u_to_o"].exact_from) == (13, 9)
    # M: 3 steps from a to the output, and 4 back; the output's error is about what just arrived
    assert [rows[name].mismatch for name in ("u_to_a", "a_to_o", "u_to_o")] == [7, 0, 0]


def test_two_outputs():
    # p is 2 + 1 = 3 steps from the input, q is 2 + 5 = 7; both send their error to a
    model = network(("u", "a", 2, 1), ("a", "p", 1, 3), ("a", "q", 5, 6), outputs="p q")
    latencies, rows, unit = by_name(model)
    a, p, q = (unit[name] for name in "apq")
    assert latencies.forward[[p, q]].tolist() == [3, 7]
    assert latencies.backward[[a, p, q]].tolist() == [4.5, 0, 0]
    assert latencies.age[a] == ((3 + 3) + (6 + 7)) / 2 and latencies.longest_age[a] == 13
    assert [rows[name].exact_from for name in ("u_to_a", "a_to_p", "a_to_q")] == [13, 3, 7]
    graph = build_graph(model)
    lags = np.array([3, 7]) if p < q else np.array([7, 3])
    shortest, longest = target_arrivals(graph, lags)
    assert shortest[[a, p, q]].tolist() == [6, 3, 7]
    assert longest[[a, p, q]].tolist() == [13, 3, 7]


def test_output_that_projects_to_an_output():
    model = network(("u", "p", 1, 1), ("p", "q", 2, 4), outputs="p q")
    latencies, rows, unit = by_name(model)
    p, q = unit["p"], unit["q"]
    # p has an error of its own at once, and that of q after 4 steps, about the input 4 + 3 ago
    assert latencies.backward[[p, q]].tolist() == [2, 0]
    assert (latencies.age[p], latencies.longest_age[p]) == ((1 + 7) / 2, 7)
    assert rows["u_to_p"].exact_from == 7


def test_random_delays_lie_between_the_bounds():
    model = chain([4, 6, 5, 3], delay={"uniform": ["2 ms", "5 ms"]})
    graph = build_graph(model)
    latencies = compute_latencies(graph)
    for depth, part in enumerate(graph.populations):
        units = part.units
        assert (latencies.shortest_forward[units] >= 2 * depth).all()
        assert (latencies.longest_forward[units] <= 5 * depth).all()
        assert (latencies.shortest_forward[units] <= latencies.forward[units]).all()
        assert (latencies.forward[units] <= latencies.longest_forward[units]).all()


@pytest.mark.parametrize("delay", ["matched", "none", "2 ms", "9 ms"])
def test_constant_stimuli_are_exact_when_predicted_however_late_the_target(delay: str):
    target = {"kind": "constant", "values": [0.1, 0.2], "delay": delay}
    layers = validate(simulate(chain([2, 3, 2], target=target, **EVERY_STEP))).layers
    first = [layer.exact_from_step for layer in layers]
    assert first == [layer.predicted_exact_step for layer in layers]
    # the error lasts from step 2 on, or from step 9 on; one step later in the first layer
    assert first == ([10, 9] if delay == "9 ms" else [3, 2])


STEPS = 80


def stepped(seed: int, folder: Path, which: str) -> Model:
    """A random digraph; at step 0 `which` of input and target changes from 0 to something."""
    rng = np.random.default_rng(seed)
    model = random_digraph(
        rng,
        activations=("tanh", "softplus"),
        loss="squared_error",
        delay={"forward": {"uniform": ["1 ms", "6 ms"]}, "backward": {"normal": ["4 ms", "2 ms"]}},
    )
    data = model.model_dump(mode="json", exclude_none=True)
    delay = "matched" if rng.random() < 0.5 else "3 ms"
    outputs = len(build_graph(model).outputs)
    for name, width in (("input", 3), ("target", outputs)):
        rows = np.zeros((STEPS, width))
        if which == name:
            rows[0 if which == "input" else slice(None)] = rng.normal(size=width)
        np.save(folder / f"{name}.npy", rows)
        data[name] = {"kind": "array", "file": str(folder / f"{name}.npy"), "interval": "1 ms"}
    data["target"]["delay"] = delay
    record = {"signals": "1 ms", "weights": "none"}
    run = {"duration": f"{STEPS} ms"}
    return Model.from_mapping(data | {"record": record, "run": run})


def first_change(model: Model, still: Model, variable: str, folder: Path) -> np.ndarray:
    """First step (n_units,) at which a signal differs between two runs, inf where it never does."""
    got, base = (simulate(part).recording[variable].values for part in (model, still))
    differs = got != base
    return np.where(differs.any(axis=0), differs.argmax(axis=0), inf)


thorough: dict[str, Any] = {
    "max_examples": 8,
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
}


@pytest.mark.slow
@settings(**thorough)
@given(seed=st.integers(0, 2**20))
def test_an_impulse_of_the_input_reaches_every_unit_when_predicted(seed: int, tmp_path: Path):
    moved, still = (folder(tmp_path, name) for name in ("moved", "still"))
    model, base = stepped(seed, moved, "input"), stepped(seed, still, "neither")
    graph = build_graph(model)
    predicted = compute_latencies(graph).shortest_forward
    assert (first_change(model, base, "x", moved) == predicted).all()


@pytest.mark.slow
@settings(**thorough)
@given(seed=st.integers(0, 2**20))
def test_a_change_of_the_target_reaches_every_error_when_predicted(seed: int, tmp_path: Path):
    moved, still = (folder(tmp_path, name) for name in ("moved", "still"))
    model, base = stepped(seed, moved, "target"), stepped(seed, still, "neither")
    simulation = simulate(model)
    graph = simulation.graph
    predicted, _ = target_arrivals(graph, simulation.plan.stimuli.target_lag)
    own = slice(graph.n_inputs, None)
    assert (first_change(model, base, "delta", moved)[own] == predicted[own]).all()


def folder(parent: Path, name: str) -> Path:
    path = parent / name
    path.mkdir(exist_ok=True)
    return path


@pytest.mark.parametrize("hold", [9, 19, 14, 1])
def test_frames_that_are_held_are_exact_for_hold_minus_M_steps(tmp_path: Path, hold: int):
    """Theory 2.3: max(0, T_h - M_l) exact steps a sample, with M_l = 2(L - l), here L = 10."""
    depth, samples = 10, 4 + 40 // hold
    rng = np.random.default_rng(hold)
    np.savez(tmp_path / "f.npz", frames=rng.random((samples, 4)), labels=np.arange(samples) % 2)
    frames = {"dataset": str(tmp_path / "f.npz"), "hold": f"{hold} ms", "test_fraction": 0}
    model = chain(
        [4, *[5] * 9, 2],
        weights={"init": "glorot_uniform", "gain": 1.5},
        input={"kind": "frames", **frames},
        target={"kind": "labels"},
        run={"epochs": 1},
        **EVERY_STEP,
    )
    # the last layer's error is about the input of 10 steps ago, the first layer's of 19
    error = validate(simulate(model)).over_time["relative_error"].values
    for layer in range(1, depth + 1):
        age = 2 * depth - layer
        # by the frame that the error is about, all but the first, which is met by silence
        settled = error[age + hold :, layer - 1]
        whole = settled[: len(settled) // hold * hold].reshape(-1, hold)
        assert len(whole) >= 2
        exact = (whole <= 1e-12).sum(axis=1)
        assert (exact == max(0, hold - 2 * (depth - layer))).all()
