"""Networks with cycles: their order, their fixed points, and the waves that settle there."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Simulation, validate
from neurodiff.exceptions import FixedPointError
from neurodiff.network.graph import Graph, build_graph
from neurodiff.network.latency import compute_latencies
from neurodiff.network.settling_time import stability_bound
from neurodiff.network.static_response import settle
from neurodiff.reference.backprop import backprop, products
from neurodiff.reference.fixed_point import recurrent_backprop
from tests.cyclic import (
    C5,
    estimated,
    finite_differences,
    linear_model,
    populations,
    random_cyclic,
    settled_loss,
)
from tests.network.cycles import ring
from tests.networks import Floats, digraph, random_digraph, random_weights
from tests.simulated import EVERY_STEP, deviations, moved, simulate

RARELY: dict[str, Any] = {"record": "none", "validation": {"every": "50 ms"}}


def test_populations_on_a_cycle_follow_each_other_nearest_to_the_input_first():
    # b and c, and c itself, are cycles; written backwards
    parts = populations("out", "d", "c", "b", "a", "in")
    ways = ["d out", "c c", "c d", "c b", "b c", "a b", "a d", "in a"]
    graph = build_graph(digraph(parts, ways))
    depths = [(part.name, part.depth) for part in graph.populations]
    assert depths == [("in", 0), ("a", 1), ("b", 2), ("c", 3), ("d", 4), ("out", 5)]
    assert graph.cyclic


def test_a_cycle_is_as_deep_as_where_it_is_entered_and_deeper_along_its_shortest_way():
    # the ring a b c is entered at a, and at c by way of e
    ways = ["in a", "a b", "b c", "c a", "in e", "e c", "c out"]
    graph = build_graph(digraph(populations("in", "a", "b", "c", "e", "out"), ways))
    depths = {part.name: part.depth for part in graph.populations}
    assert depths == {"in": 0, "e": 1, "a": 1, "b": 2, "c": 2, "out": 3}


@pytest.mark.parametrize("seed", range(6))
def test_acyclic_networks_are_not_cyclic(seed: int):
    assert not build_graph(random_digraph(np.random.default_rng(seed))).cyclic


def test_latencies_are_those_of_the_shortest_way():
    model = ring()
    graph = build_graph(model)
    latencies = compute_latencies(graph)
    assert latencies.forward.tolist() == [0, 2, 5, 10]
    # backwards: out to b 6, b to a 4; the age adds the 10 steps to the output
    assert latencies.backward[1:].tolist() == [10, 6, 0]
    assert latencies.age[1:].tolist() == [20, 16, 10]
    assert np.isinf(latencies.longest_forward[1:]).all()
    # a matched target waits for the shortest way
    assert Simulation(model).plan.stimuli.target_lag.tolist() == [10]


@pytest.mark.parametrize("seed", range(3))
def test_the_simulated_waves_are_those_of_the_reference_while_it_learns(seed: int):
    rule = {"rule": "diffusion", "learning_rate": "20 Hz"}
    keys = {**EVERY_STEP, "validation": {"every": "1 ms", "reference": "delayed"}}
    model = random_cyclic(np.random.default_rng(seed), plasticity=rule, **keys)
    simulation = simulate(model)
    assert max(deviations(simulation).values()) <= 1e-11
    assert moved(simulation) > 1e-3
    report = validate(simulation)
    assert report.passed and report.total.relative_error <= 1e-11


def loop(w: Floats, **keys: Any) -> tuple[Graph, Floats]:
    """Two linear units with the weights `w` (2, 2) among them, the first fed by 1, both read out.

    Without biases; the weights from the input and to the output are 1.
    """
    parts = populations("in", "p", "q", "out", activation="linear", bias=False)
    ways = ["in p", "p p", "q p", "p q", "q q", "p out", "q out"]
    graph = build_graph(digraph(parts, ways, **keys))
    values = {"p_to_p": w[0, 0], "q_to_p": w[0, 1], "p_to_q": w[1, 0], "q_to_q": w[1, 1]}
    return graph, np.array([values.get(part.name, 1.0) for part in graph.projections])


def test_two_units_by_hand():
    # p = 1 + q/2, q = p/4 - q: p = 16/15, hence q = 2/15, and out = 18/15 against the target 0.2
    graph, w = loop(np.array([[0, 0.5], [0.25, -1.0]]))
    found = recurrent_backprop(
        graph, w, np.zeros(4), np.ones((1, 1)), np.array([[0.2]]), "squared_error"
    )
    np.testing.assert_allclose(found.x[0], [1, 16 / 15, 2 / 15, 6 / 5], rtol=1e-14)
    # delta_p = 1 + delta_q/4 and delta_q = 1 + delta_p/2 - delta_q, as the error is 1:
    # delta_p = 1 + (1 + delta_p/2)/8 = 9/8 + delta_p/16 = 6/5, delta_q = (1 + 3/5)/2 = 4/5
    np.testing.assert_allclose(found.delta[0], [0, 6 / 5, 4 / 5, 1], rtol=1e-14)
    assert found.loss[0] == pytest.approx(0.5, rel=1e-14)
    gradient = dict(
        zip(
            [part.name for part in graph.projections],
            products(graph, found.x, found.delta)[0],
            strict=True,
        )
    )
    assert gradient["q_to_p"] == pytest.approx(6 / 5 * 2 / 15) and gradient["p_to_q"] == (
        pytest.approx(4 / 5 * 16 / 15)
    )


@pytest.mark.parametrize("seed", range(8))
def test_for_acyclic_networks_it_is_backprop(seed: int):
    rng = np.random.default_rng(seed)
    model = random_digraph(rng)
    graph = build_graph(model)
    w, bias = random_weights(graph, rng)
    u, y = rng.normal(size=(4, 3)), rng.uniform(0.1, 0.9, size=(4, len(graph.outputs)))
    got = recurrent_backprop(graph, w, bias, u, y, model.loss)
    want = backprop(graph, w, bias, u, y, model.loss)
    for name in ("x", "delta", "loss"):
        np.testing.assert_allclose(getattr(got, name), getattr(want, name), rtol=1e-12, atol=1e-14)


def test_for_acyclic_networks_it_is_the_instantaneous_reference():
    totals = []
    for reference in ("fixed_point", "instantaneous"):
        keys = {"validation": {"every": "3 ms", "reference": reference, "minimum_cosine": -1}}
        rule = {"rule": "diffusion", "learning_rate": "20 Hz"}
        model = random_digraph(np.random.default_rng(2), plasticity=rule, **keys)
        report = validate(simulate(model))
        assert report.reference == reference
        totals.append([(layer.cosine, layer.relative_error) for layer in report.layers])
    np.testing.assert_allclose(*totals, rtol=1e-10)


def test_without_a_fixed_point_it_says_so():
    # p = 1 + p has none
    graph, w = loop(np.array([[1.0, 0], [0, 0]]))
    with pytest.raises(FixedPointError, match="no fixed point was found.*smaller weights"):
        settle(graph, w, np.zeros(4), np.ones(1))
    # softplus(p) > p for all p
    parts = populations("in", "p", "out", activation="softplus")
    graph = build_graph(digraph(parts, ["in p", "p p", "p out"]))
    with pytest.raises(FixedPointError, match="no fixed point was found"):
        settle(graph, np.ones(3), np.zeros(3), np.ones(1))


def test_of_two_fixed_points_it_is_the_one_on_the_side_of_the_start():
    # x = tanh(3 x) has the solutions 0 and +-0.9949015
    parts = populations("in", "p", "out", activation="tanh", bias=False)
    graph = build_graph(digraph(parts, ["in p", "p p", "p out"]))
    w = np.array([{"p_to_p": 3.0}.get(part.name, 1.0) for part in graph.projections])
    for side in (-1.0, 1.0):
        _, x = settle(graph, w, np.zeros(3), np.zeros(1), side * np.ones(3))
        assert x[1] == pytest.approx(side * 0.9949015, abs=1e-6)
        assert x[1] == pytest.approx(np.tanh(3 * x[1]), rel=1e-15)


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 10))]
)
def test_what_the_simulated_waves_settle_to_is_the_gradient_at_the_fixed_point(seed: int):
    model = random_cyclic(np.random.default_rng(seed), run={"duration": "1 s"}, **RARELY)
    simulation = simulate(model)
    graph, w, bias = simulation.graph, simulation.plan.w, simulation.plan.bias
    lags = np.concatenate([graph.forward_lag, graph.backward_lag])
    assert graph.cyclic and set(lags) == {1, 2, 3, 4}
    update = simulation.recording["product"].values[-1]
    numeric = finite_differences(settled_loss(model, graph, bias), w)
    np.testing.assert_allclose(update, numeric, rtol=0, atol=1e-6 * np.abs(numeric).max())
    assert np.linalg.norm(update - numeric) <= 1e-6 * np.linalg.norm(numeric)
    u, y = np.array([model.input.values]), np.array([model.target.values])
    true = recurrent_backprop(graph, w, bias, u, y, "squared_error")
    gradient = products(graph, true.x, true.delta)[0]
    assert np.linalg.norm(update - gradient) <= 1e-10 * np.linalg.norm(gradient)
    report = validate(simulation)
    assert report.passed and report.reference == "fixed_point"
    assert report.total.relative_error <= 1e-6


def companion_radius(w: Floats, lags: Any) -> float:
    """Spectral radius of one step of all that is on its way: a matrix of its own."""
    n, longest = len(w), int(np.max(lags))
    whole = np.eye(n * longest, k=-n)
    for i, j in np.ndindex(n, n):
        whole[i, j + n * (lags[i, j] - 1)] += w[i, j]
    return float(np.abs(np.linalg.eigvals(whole)).max())


def test_both_waves_settle_by_the_spectral_radius_in_every_step(tmp_path: Path):
    lags = np.ones((2, 2), dtype=int)
    keys = {"record": {"signals": "1 ms"}, "run": {"duration": "160 ms"}}
    model = linear_model(C5, lags, tmp_path, **keys)
    recording = simulate(model).recording
    for name in ("x", "delta"):
        values = recording[name].values[:, 1:3]
        distance = np.linalg.norm(values - values[-1], axis=1)
        # the eigenvalues .6 +- .6i turn by an eighth: after 8 steps only the size has changed
        factor = (distance[78] / distance[30]) ** (1 / 48)
        assert factor == pytest.approx(0.6 * np.sqrt(2), rel=2e-3 if name == "x" else 0.05)
    found = estimated(model)
    assert (found.forward, found.backward) == pytest.approx((0.6 * np.sqrt(2),) * 2, rel=1e-3)
    assert found.bound == pytest.approx(1.2, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_factors_are_those_of_the_whole_network_with_its_delays(seed: int, tmp_path: Path):
    rng = np.random.default_rng(seed)
    w, lags = rng.normal(size=(4, 4)), rng.integers(1, 7, size=(4, 4))
    w *= (0.5, 0.8, 0.95, 1.05)[seed] / np.abs(np.linalg.eigvals(w)).max()
    found, radius = estimated(linear_model(w, lags, tmp_path)), companion_radius(w, lags)
    assert (found.forward, found.backward) == pytest.approx((radius, radius), rel=5e-3)
    assert (found.steps is None) == (radius > 1)
    assert found.bound == pytest.approx(np.abs(np.linalg.eigvals(np.abs(w))).max(), rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_it_has_settled_about_when_predicted(seed: int):
    keys = {"run": {"duration": "350 ms"}, "record": "none", "validation": {"every": "1 ms"}}
    model = random_cyclic(np.random.default_rng(seed), **keys)
    error = validate(simulate(model)).over_time["relative_error"].values
    late = max(int(np.flatnonzero(~(row <= 1e-6))[-1]) + 1 for row in error.T)
    assert estimated(model).steps == pytest.approx(late, rel=0.25, abs=5)


@pytest.mark.parametrize("seed", range(8))
def test_below_the_bound_no_set_of_delays_diverges(seed: int, tmp_path: Path):
    rng = np.random.default_rng(seed)
    w, lags = rng.normal(size=(5, 5)), rng.integers(1, 7, size=(5, 5))
    w *= 0.98 / np.abs(np.linalg.eigvals(np.abs(w))).max()
    keys = {"run": {"duration": "1500 ms"}, "record": {"signals": "1 ms"}}
    model = linear_model(w, lags, tmp_path, **keys)
    assert estimated(model).bound == pytest.approx(0.98)
    recording = simulate(model).recording
    for name in ("x", "delta"):
        values = recording[name].values[:, 1:]
        far = np.abs(values - values[-1]).max(axis=1)
        assert far[200:700].max() < 1e3 and far[700:1400].max() < 0.9 * far[:200].max()


def test_the_bound_counts_cycles_only_and_the_steepest_slope():
    # in -> a <-> b -> out: the radius is sqrt(|w_ab w_ba|), times 1/4 for a sigmoid
    for activation, steepest in (("tanh", 1.0), ("sigmoid", 0.25), ("softplus", 1.0)):
        parts = populations("in", "a", "b", "out", activation=activation)
        graph = build_graph(digraph(parts, ["in a", "a b", "b a", "b out"]))
        values = {"a_to_b": -4.0, "b_to_a": 9.0, "in_to_a": 50.0, "b_to_out": 50.0}
        w = np.array([values[part.name] for part in graph.projections])
        assert stability_bound(graph, w) == pytest.approx(6 * steepest, rel=1e-12)
    chain = build_graph(digraph(populations("in", "a", "out"), ["in a", "a out"]))
    assert stability_bound(chain, np.array([50.0, 50.0])) == 0
