"""Networks with several stable states: the reference stands on the one where the run is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, Simulation, validate
from neurodiff.exceptions import FixedPointError
from neurodiff.network.fixed_points import state_from_rest
from neurodiff.network.settling_time import estimate_convergence
from neurodiff.network.static_response import settle
from neurodiff.reference.backprop import products
from neurodiff.reference.fixed_point import recurrent_backprop
from tests.cyclic import populations
from tests.networks import Floats, digraph
from tests.simulated import described, simulate

FROZEN = {"plasticity": {"rule": "diffusion", "learning_rate": "0 Hz"}}
POINT = {"validation": {"reference": "fixed_point", "start": "200 ms", "every": "10 ms"}}


def constant(pre: str, post: str, value: float, delay: int = 1) -> dict[str, Any]:
    weights = {"init": "constant", "value": value}
    return {"pre": pre, "post": post, "delay": f"{delay} ms", "weights": weights}


def network(ways: list[tuple[Any, ...]], **keys: Any) -> Model:
    names = dict.fromkeys(name for way in ways for name in way[:2])
    parts = populations(*names, activation="tanh", bias=False)
    parts["out"]["activation"] = "linear"
    defaults = {
        "input": {"kind": "constant", "values": [1.0]},
        "target": {"kind": "constant", "values": [0.5]},
        "run": {"duration": "300 ms"},
        "record": "none",
        **FROZEN,
        **POINT,
    }
    return digraph(parts, [constant(*way) for way in ways], **(defaults | keys))


def race(**keys: Any) -> Model:
    """Two units that inhibit each other; a hears of the input 9 steps before b, and wins."""
    ways = [
        ("in", "a", 0.5),
        ("in", "b", 0.55, 10),
        ("a", "b", -2),
        ("b", "a", -2),
        ("a", "out", 1),
    ]
    return network(ways, **keys)


def leaky_race() -> Model:
    """The unit that is inhibited less wins; without leaks it would be the other."""
    ways = [("in", "a", -1), ("in", "b", -1.2), ("a", "b", -2), ("b", "a", -2), ("a", "out", 1)]
    return network(ways, neuron={"kind": "leaky", "time_constant": "10 ms"})


def memory(folder: Path) -> Model:
    """A unit that keeps a pulse of 50 to 90 ms, between two samples."""
    rows = np.zeros((40, 1))
    rows[0], rows[5:9] = 1.0, -3.0
    np.save(folder / "u.npy", rows)
    pulse = {"kind": "array", "file": str(folder / "u.npy"), "interval": "10 ms"}
    validation = POINT["validation"] | {"every": "20 ms"}
    ways = [("in", "a", 1), ("a", "a", 2), ("a", "out", 1)]
    return network(ways, input=pulse, validation=validation, run={"duration": "400 ms"})


def last_products(simulation: Simulation) -> dict[str, float]:
    last = simulation.recording["product"].values[-1]
    return {part.name: last[part.start] for part in simulation.graph.projections}


def test_the_winner_of_a_race_is_that_of_the_run():
    simulation = simulate(race())
    # a = .979053, b = -.887091 by a loop of one's own with these delays
    expected = {"in_to_a": 0.0205869, "b_to_a": -0.0182624, "in_to_b": -0.00877286}
    expected |= {"a_to_b": -0.00858910, "a_to_out": 0.469018}
    assert last_products(simulation) == pytest.approx(expected, rel=1e-5)
    report = validate(simulation)
    assert report.passed and report.total.relative_error <= 1e-9
    assert min(layer.cosine for layer in report.layers) == pytest.approx(1, abs=1e-12)


def test_from_rest_in_one_hop_of_a_step_another_unit_would_win():
    """What the reference did, and what it is then worth."""
    simulation = simulate(race())
    graph, w, bias = simulation.graph, simulation.plan.w, simulation.plan.bias
    u, y = np.ones((1, 1)), np.array([[0.5]])
    wrong = recurrent_backprop(graph, w, bias, u, y, "squared_error", np.array([[0, -1.0, 1, 0]]))
    np.testing.assert_allclose(wrong.x[0, 1:3], [-0.898, 0.982], atol=1e-3)
    gradient = products(graph, wrong.x, wrong.delta)[0]
    last = simulation.recording["product"].values[-1]
    assert gradient[0] * last[0] < 0


def test_leaks_decide_who_wins():
    simulation = simulate(leaky_race())
    report = validate(simulation)
    assert report.passed and report.total.relative_error <= 1e-3
    graph, start = simulation.graph, state_from_rest
    x = start(graph, simulation.plan.w, simulation.plan.bias, np.ones(1))
    np.testing.assert_allclose(x[1:3], [0.754061, -0.991152], atol=1e-6)


def test_a_pulse_between_the_samples_is_remembered(tmp_path: Path):
    simulation = simulate(memory(tmp_path))
    expected = {"in_to_a": 0.0, "a_to_a": 0.139261, "a_to_out": 1.395566}
    assert last_products(simulation) == pytest.approx(expected, rel=1e-5)
    report = validate(simulation)
    assert report.passed and report.total.relative_error <= 1e-9


def test_show_goes_by_the_point_that_is_reached_and_says_that_there_are_several():
    simulation = Simulation(race())
    found = estimate_convergence(
        simulation.graph, simulation.plan.w, simulation.plan.bias, np.ones(1)
    )
    assert found.forward == pytest.approx(np.sqrt(4 * 0.0415 * 0.2131), rel=0.01)
    assert "several fixed points were found: 1 besides" in described(simulation)
    weak = digraph(
        populations("in", "a", "out"), [constant("in", "a", 1), constant("a", "a", 0.5), "a out"]
    )
    assert "several fixed points" not in described(Simulation(weak))


def test_an_oscillation_is_no_fixed_point():
    """x = tanh(-3 x) hops between two values: Newton would find 0, which repels."""
    ways = [("in", "a", 0.1), ("a", "a", -3), ("a", "out", 1)]
    simulation = simulate(network(ways))
    with pytest.raises(FixedPointError, match="does not settle at the fixed point.*delayed"):
        validate(simulation)


def test_each_moment_settles_from_its_own_state():
    """Three moments of one input, of which two are on one side."""
    simulation = Simulation(network([("in", "a", 1), ("a", "a", 3), ("a", "out", 1)]))
    graph, w, bias = simulation.graph, simulation.plan.w, simulation.plan.bias
    starts = np.array([[0, 1.0, 1], [0, -1, -1], [0, 0.9, 0.3]])
    found = recurrent_backprop(
        graph, w, bias, np.zeros((3, 1)), np.zeros((3, 1)), "squared_error", starts
    )
    np.testing.assert_allclose(found.x[:, 1], 0.9949015 * np.array([1, -1, 1]), atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_reached_attracts_and_is_next_to_where_it_starts(seed: int):
    """Relaxing by many small explicit steps, apart from the solver, ends at the same point."""
    rng = np.random.default_rng(seed)
    names = [f"v{k}" for k in range(4)]
    ways: list[tuple[Any, ...]] = [("in", name, 0.3) for name in names]
    ways += [(pre, post, float(rng.normal(0, 1.5))) for pre in names for post in names]
    simulation = Simulation(network([*ways, ("v0", "out", 1)]))
    graph, w, bias, u = simulation.graph, simulation.plan.w, simulation.plan.bias, np.ones(1)
    start = rng.normal(size=graph.n_units)
    found, _ = settle(graph, w, bias, u, start)
    np.testing.assert_allclose(found[1:], relaxed(graph, w, start, u)[1:], atol=1e-6)


def relaxed(graph: Any, w: Floats, start: Floats, u: Floats) -> Floats:
    x = start.copy()
    x[0] = u[0]
    a = np.bincount(graph.post, w * x[graph.pre], graph.n_units)
    for _ in range(8000):
        x[1:-1], x[-1] = np.tanh(a[1:-1]), a[-1]
        a = a + 0.01 * (np.bincount(graph.post, w * x[graph.pre], graph.n_units) - a)
    return a
