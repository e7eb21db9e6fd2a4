"""What is said before a run is true: bands by the gradient through time, ceilings by runs."""

from typing import Any

import numpy as np
import pytest

from neurodiff import Simulation
from neurodiff.forecast import hold_shares, learnable_bands, learning_rate_ceilings
from neurodiff.forecast.sign_changes import first_turns
from neurodiff.network.loops import compute_loops
from neurodiff.network.static_response import respond
from neurodiff.plan import Plan
from tests.forecasts import KINDS, drawn_network
from tests.networks import chain, digraph, waves_of
from tests.simulated import described
from tests.twins.mean_update import cosines

#: Kinds that must have numbers.
SURE = ("layered", "skip", "drawn", "drawn skip", "two outputs")


def measured(simulation: Simulation, hertz: float) -> np.ndarray:
    """Measured cosines of the projections at a frequency."""
    graph, ways = simulation.graph, simulation.latencies
    longest = np.nanmax(np.where(np.isfinite(ways.longest_age), ways.longest_age, 0))
    quiet = int(2 * longest + 12 * graph.filter_lag * len(graph.populations) + 20)
    return cosines(simulation, 2 * np.pi * hertz * graph.time_step, quiet=quiet)


def wrong_bands(simulation: Simulation) -> list[str]:
    """Projections whose update is not positive just below their band, and negative just above."""
    bands = learnable_bands(simulation.plan)
    finite = sorted({band.cutoff for band in bands if np.isfinite(band.cutoff)})
    wrong = []
    # the lowest and the highest are measured
    for cutoff in dict.fromkeys([*finite[:1], *finite[-1:]]):
        below, above = (measured(simulation, share * cutoff) for share in (0.98, 1.02))
        for k, band in enumerate(bands):
            if band.cutoff == cutoff and not (below[k] > 0 > above[k]):
                wrong.append(
                    f"{band.projection.name}: {below[k]:.3g} {above[k]:.3g} at {cutoff:.4g}"
                )
            if np.isinf(band.cutoff) and not (below[k] > 0 and above[k] > 0):
                wrong.append(f"{band.projection.name}: not at any speed")
    return wrong


@pytest.mark.parametrize(
    ("seed", "kind"), [(0, "drawn skip"), (1, "leaky drawn"), (2, "matched"), (3, "tanh skip")]
)
def test_updates_turn_against_the_gradient_where_the_band_ends(seed: int, kind: str):
    simulation = Simulation(drawn_network(seed, kind))
    bands = learnable_bands(simulation.plan)
    assert any(np.isfinite(band.cutoff) for band in bands) and not any(band.why for band in bands)
    assert wrong_bands(simulation) == []


@pytest.mark.slow
def test_thirty_networks_turn_where_their_bands_end():
    depends = []
    for n in range(30):
        kind = KINDS[n % len(KINDS)]
        simulation = Simulation(drawn_network(n, kind))
        if any(band.why for band in learnable_bands(simulation.plan)):
            depends.append(kind)
        assert wrong_bands(simulation) == [], (n, kind)
    assert len(depends) <= 5 and not set(depends) & set(SURE)


TONE = {"kind": "sinusoid", "frequency": "5 Hz", "amplitude": 1.0}


def two_paths(long: float, short: float, **keys: Any) -> Simulation:
    """Linear units on paths of 2 and 21 steps, with weights that decide."""
    one = {"activation": "linear", "bias": False, "size": 1}
    parts = {
        "in": {"size": 1, "role": "input"},
        "a": one,
        "b": one,
        "out": {**one, "role": "output"},
    }
    ways = [("in", "a", 1, 1), ("a", "b", 10, 1), ("b", "out", 10, long), ("a", "out", 1, short)]
    projections = [
        {
            "pre": pre,
            "post": post,
            "delay": f"{delay} ms",
            "weights": {"init": "constant", "value": value},
        }
        for pre, post, delay, value in ways
    ]
    defaults = {
        "input": TONE,
        "target": {"kind": "constant", "values": [0.0]},
        "plasticity": {"rule": "diffusion", "learning_rate": "0 Hz"},
    }
    return Simulation(digraph(parts, projections, **(defaults | keys)))


@pytest.mark.parametrize(("long", "short", "first"), [(1, 0.2, 7.33), (0.2, 1, 110.1)])
def test_of_two_paths_the_weights_decide(long: float, short: float, first: float):
    bands = {
        band.projection.name: band.cutoff for band in learnable_bands(two_paths(long, short).plan)
    }
    assert bands["in_to_a"] == pytest.approx(first, rel=1e-3)
    # cos 2w, cos 21w and cos 40w by hand
    w = 2 * np.pi * bands["in_to_a"] * 1e-3
    terms = short**2 * np.cos(2 * w), 2 * short * long * np.cos(21 * w), long**2 * np.cos(40 * w)
    assert sum(terms) == pytest.approx(0, abs=1e-6)
    # a mean over paths, counted alike, said 1/(4 M dt) = 11.9 Hz whatever the weights
    assert bands["in_to_a"] != pytest.approx(1 / (4 * 0.021), rel=0.1)
    # what has just arrived meets its own error; a mean over paths said 26.3 Hz
    assert bands["a_to_out"] == bands["b_to_out"] == np.inf
    # the same without knowing phases: white inputs and errors
    noise = {"input": {"kind": "noise", "time_constant": "10 ms"}}
    white = {
        b.projection.name: b.cutoff for b in learnable_bands(two_paths(long, short, **noise).plan)
    }
    assert white["in_to_a"] == pytest.approx(first, rel=1e-3)


def test_a_band_without_a_number_says_why():
    mirror = {"rule": "weight_mirror", "duration": "10 ms", "weight_decay": "60 Hz"}
    bands = learnable_bands(Plan.of(chain([2, 3, 1], feedback=mirror, duration="100 ms")))
    assert all(np.isnan(band.cutoff) and "learned before" in band.why for band in bands)
    nothing = chain([1, 1, 1], weights={"init": "constant", "value": 0.0})
    assert [band.why for band in learnable_bands(Plan.of(nothing))] == [
        "no gradient reaches it at the start"
    ] * 2


def test_weights_that_stay_have_no_band():
    frozen = {"pre": "in", "post": "a", "plastic": False}
    parts = {"in": {"size": 1, "role": "input"}, "a": {"size": 1}}
    parts["out"] = {"size": 1, "role": "output"}
    simulation = Simulation(digraph(parts, [frozen, "a out"], input=TONE))
    stays, learns = learnable_bands(simulation.plan)
    assert np.isnan(stays.cutoff) and stays.why == "" and learns.cutoff == np.inf
    shown = described(simulation)
    assert "depends" not in shown


def test_a_dip_between_two_points_of_a_scan_is_seen():
    """A narrow excursion below 0 that every point of the scan misses."""

    def measure(omega: float) -> np.ndarray:
        return np.array([1 - 1.01 * np.exp(-(((omega - 0.975) / 0.12) ** 2)), 1.0, -np.cos(omega)])

    turns, end = first_turns(measure, 0.05, 1000)
    edge = 0.975 - 0.12 * np.sqrt(np.log(1.01))
    assert turns[0] == pytest.approx(edge, abs=1e-6)
    assert turns[1] == np.inf and turns[2] == 0 and end == pytest.approx(np.pi)


# --- frames ------------------------------------------------------------------------------------


def test_the_share_of_a_hold_is_that_of_the_mismatch(tmp_path):
    """Theory 2.3: 1 - M/T_h where all loops have one length; weights decide where they have not."""
    shares = hold_shares(Plan.of(chain([2, 3, 3, 1])), 5)
    np.testing.assert_allclose(shares, [1 - 4 / 5, 1 - 2 / 5, 1], atol=1e-9)
    for long, short in ((1, 0.2), (0.2, 1)):
        share = hold_shares(
            two_paths(long, short, input={"kind": "noise", "time_constant": "9 ms"}).plan, 30
        )
        loops = np.maximum(0, 1 - np.array([2, 21, 40]) / 30)
        weights = np.array([short**2, 2 * short * long, long**2])
        # what it is relative to depends on how the paths interfere
        alike = np.maximum(0, 1 - np.array([0, 19, 0]) / 30)
        assert share[0] == pytest.approx(weights @ loops / (weights @ alike), abs=1e-6)


# --- ceilings ----------------------------------------------------------------------------------

UNIT: dict[str, Any] = {
    "activation": "linear",
    "bias": False,
    "weights": {"init": "constant", "value": 1.0},
    "input": {"kind": "constant", "values": [1.0]},
    "plasticity": {"rule": "diffusion", "learning_rate": "1 Hz"},
}


def ceiling(model: Any) -> float:
    """Per step."""
    found = learning_rate_ceilings(Plan.of(model)).whole
    assert found is not None
    return found.rate * 1e-3


@pytest.mark.parametrize(("n", "expected"), [(1, 0.6180), (2, 0.3090), (3, 0.2060)])
@pytest.mark.parametrize("apart", [True, False])
def test_one_population_of_n_units_and_n_of_one_have_one_ceiling(n, expected, apart):
    names = [f"a{k}" for k in range(n)] if apart else ["a"]
    one = {"size": 1 if apart else n, "activation": "linear", "bias": False}
    parts = {"in": {"size": 1, "role": "input"}, **dict.fromkeys(names, one)}
    parts["out"] = {"size": 1, "role": "output", "activation": "linear", "bias": False}
    ways = [f"in {name}" for name in names]
    ways += [{"pre": name, "post": "out", "plastic": False} for name in names]
    keys = {key: UNIT[key] for key in ("weights", "input", "plasticity")}
    assert ceiling(digraph(parts, ways, **keys)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("layers", "expected"), [(2, 1.0), (3, 0.382), (4, 0.198), (5, 0.1206), (10, 0.0273)]
)
def test_chains_of_unit_curvature(layers: int, expected: float):
    assert ceiling(chain([1] * (layers + 1), **UNIT)) == pytest.approx(expected, abs=1e-4)


def test_the_membrane_of_a_learning_neuron_is_in_its_own_loop():
    leaky = {"neuron": {"kind": "leaky", "time_constant": "10 ms"}}
    k = np.exp(-0.1)
    assert ceiling(chain([1, 1], **UNIT, **leaky)) == pytest.approx(2 * (1 + k) / (1 - k))
    for layers, expected in ((2, 0.0823), (3, 0.03915)):
        alone = learning_rate_ceilings(Plan.of(chain([1] * (layers + 1), **UNIT, **leaky))).alone
        assert alone[0].rate * 1e-3 == pytest.approx(expected, rel=2e-3)


def settles(simulation: Simulation, rate: float, swing: float) -> bool:
    """Whether small deviations of the weights from an end point shrink, all learning at once."""
    graph, (w, bias) = simulation.graph, (simulation.plan.w, simulation.plan.bias)
    u = simulation.plan.stimuli.input.at(np.zeros(1, dtype=np.int64))
    goal = respond(graph, w, bias, u)[1][0, graph.outputs]
    rest = 60 + int(40 * graph.filter_lag)
    # 3 % beyond a root on the circle it grows by about so much in the longest loop
    longest = np.nanmax(compute_loops(graph).longest)
    steps = rest + int(60 * swing + 150 * longest) + 400
    away = 1e-9 * np.random.default_rng(0).normal(size=len(w)) * graph.plastic
    waves = waves_of(
        graph,
        w + away,
        bias,
        np.repeat(u, steps, axis=0),
        np.repeat(goal[None], steps, axis=0),
        simulation.model.loss,
        learning_rate=rate,
        learns=np.arange(steps) >= rest,
    )
    size: list[float] = []
    for step, wave in enumerate(waves):
        if step >= rest:
            size.append(float(np.abs(wave.x[graph.outputs] - goal).max()))
            if size[-1] > 1e4 * size[0]:
                # further away the network is another, and may be flatter
                return False
    early, late = np.array_split(size[int(15 * swing) :], 2)
    return bool(late.max() < early.max())


def drawn_ceiling(seed: int, kind: str) -> Simulation:
    rng = np.random.default_rng(seed)
    n = drawn_network(seed, kind).network.digraph()[0]["in"].size
    constant = {"kind": "constant", "values": rng.uniform(0.5, 1.5, n).tolist()}
    return Simulation(drawn_network(seed, kind, input=constant))


@pytest.mark.parametrize(
    ("seed", "kind"), [(0, "skip"), (1, "drawn"), (2, "two outputs"), (3, "leaky"), (4, "tanh")]
)
def test_weights_settle_just_below_the_ceiling_and_not_just_above(seed: int, kind: str):
    simulation = drawn_ceiling(seed, kind)
    whole = learning_rate_ceilings(simulation.plan).whole
    assert whole is not None
    rate = whole.rate * simulation.graph.time_step
    assert settles(simulation, 0.97 * rate, whole.swing)
    assert not settles(simulation, 1.03 * rate, whole.swing)


@pytest.mark.slow
def test_the_weights_of_thirty_networks_settle_below_their_ceilings_only():
    for n in range(30):
        kind = KINDS[n % len(KINDS)]
        simulation = drawn_ceiling(n, kind)
        whole = learning_rate_ceilings(simulation.plan).whole
        assert whole is not None, (n, kind)
        rate = whole.rate * simulation.graph.time_step
        settled = [settles(simulation, share * rate, whole.swing) for share in (0.97, 1.03)]
        assert settled == [True, False], (n, kind, rate, whole.swing)
