"""How old activity must be to meet its own error: the loop through the unit decides (theory 16)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Simulation
from neurodiff.network.graph import build_graph
from neurodiff.network.loops import compute_loops
from neurodiff.plan.alignment import Matched
from tests.networks import Floats, digraph, random_digraph, random_weights, waves_of
from tests.simulated import EVERY_STEP, described, deviations, simulate
from tests.twins.adjoint import activities, through_time

MATCHED = {"rule": "diffusion", "learning_rate": "0 Hz", "alignment": "matched"}
HIDDEN = {"in": {"size": 1, "role": "input"}, "h": {"size": 2, "activation": "tanh"}}
OUT = {"out": {"size": 1, "role": "output", "activation": "tanh"}}
LAGS = (1, 5, 9)


def lagged(folder: Path, **keys: Any):
    """One input that reaches two units through lags of 1, 5 and 9 steps; white noise."""
    rng = np.random.default_rng(5)
    np.save(folder / "u.npy", rng.normal(size=(400, 1)))
    ways = [
        {"name": f"lag{f}", "pre": "in", "post": "h", "delay": {"forward": f"{f} ms"}} for f in LAGS
    ]
    defaults = {
        "seed": 3,
        "plasticity": MATCHED,
        "run": {"duration": "400 ms"},
        "input": {"kind": "array", "interval": "1 ms", "file": str(folder / "u.npy")},
        **EVERY_STEP,
    }
    ways = [{**way, "delay": {**way["delay"], "backward": "1 ms"}} for way in ways]
    return digraph(HIDDEN | OUT, [*ways, "h out"], **(defaults | keys))


def cosine(a: Floats, b: Floats) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def true_gradient(simulation: Simulation, window: slice) -> Floats:
    steps = np.arange(simulation.plan.stimuli.steps)
    u, y = simulation.plan.stimuli.input.at(steps), simulation.plan.stimuli.target_at(steps)
    graph, loss = simulation.graph, simulation.model.loss
    return through_time(graph, simulation.plan.w, simulation.plan.bias, u, y, loss, window)[0]


def summed_update(simulation: Simulation, error: slice) -> Floats:
    """Sum of the recorded products whose errors left the output in the steps of a window."""
    graph, update = simulation.graph, simulation.recording["product"].values
    back = simulation.latencies.backward[graph.post].astype(int)
    return np.array([update[error.start + r : error.stop + r, k].sum() for k, r in enumerate(back)])


def test_the_gradient_through_time_is_that_of_finite_differences():
    rng = np.random.default_rng(1)
    for seed, neuron in ((0, {}), (1, {"neuron": {"kind": "leaky", "time_constant": "3 ms"}})):
        model = random_digraph(np.random.default_rng(seed), ("tanh", "sigmoid"), **neuron)
        graph = build_graph(model)
        w, bias = random_weights(graph, rng)
        u, y = rng.normal(size=(60, 3)), rng.random((60, len(graph.outputs)))

        def loss(w, graph=graph, bias=bias, u=u, y=y, kind=model.loss):
            x = activities(graph, w, bias, u)[1][20:50, graph.outputs]
            if kind == "cross_entropy":
                return -np.sum(y[20:50] * np.log(x) + (1 - y[20:50]) * np.log(1 - x))
            return 0.5 * np.sum((x - y[20:50]) ** 2)

        got, _ = through_time(graph, w, bias, u, y, model.loss, slice(20, 50))
        for synapse in rng.integers(graph.n_synapses, size=6):
            step = 1e-6 * (np.arange(len(w)) == synapse)
            assert got[synapse] == pytest.approx(
                (loss(w + step) - loss(w - step)) / 2e-6, rel=1e-6, abs=1e-8
            )


def test_lags_into_a_unit_do_not_matter(tmp_path: Path):
    simulation = simulate(lagged(tmp_path))
    graph, alignment = simulation.graph, simulation.plan.alignment
    assert isinstance(alignment, Matched) and alignment.one_length
    # s = 2: one step to the output, one back
    ages = {part.name: set(alignment.activity_age[part.synapses]) for part in graph.projections}
    assert [ages[f"lag{f}"] for f in LAGS] == [{3}, {7}, {11}]
    assert alignment.remembered(graph).tolist() == [11, 2, 2, 0]
    window = slice(50, 390)
    got, want = summed_update(simulation, window), true_gradient(simulation, window)
    # the ends of the window are cut alike, since every loop has one length
    assert cosine(got, want) == pytest.approx(1, abs=1e-8)
    assert np.linalg.norm(got - want) <= 1e-8 * np.linalg.norm(want)
    assert max(deviations(simulation).values()) <= 1e-12


def test_ages_of_the_mean_over_paths_through_a_synapse_are_wrong(tmp_path: Path):
    """What `matched` did: 7, 7 and 9 steps."""
    simulation = Simulation(lagged(tmp_path))
    wrong = np.repeat([7, 7, 9, 1], [2, 2, 2, 2])
    alignment = Matched(wrong, simulation.plan.alignment.slope_age, simulation.plan.alignment.exact)
    steps = np.arange(400)
    waves = waves_of(
        simulation.graph,
        simulation.plan.w,
        simulation.plan.bias,
        simulation.plan.stimuli.input.at(steps),
        simulation.plan.stimuli.target_at(steps),
        "squared_error",
        alignment=alignment,
    )
    got = np.sum([wave.product for wave in waves][50:], axis=0)
    assert cosine(got, true_gradient(simulation, slice(50, 390))) < 0.9


@pytest.mark.parametrize("seed", range(3))
def test_drawn_delays_are_matched_unit_by_unit(tmp_path: Path, seed: int):
    """Delays of every synapse drawn: the loops of a unit onto one output have one length."""
    rng = np.random.default_rng(seed)
    np.save(tmp_path / "u.npy", rng.normal(size=(400, 3)))
    parts = {
        "in": {"size": 3, "role": "input"},
        "h": {"size": 4, "activation": "tanh"},
        **OUT,
    }
    model = digraph(
        parts,
        ["in h", "h out"],
        seed=seed,
        delay={"uniform": ["1 ms", "6 ms"]},
        plasticity=MATCHED,
        run={"duration": "400 ms"},
        input={"kind": "array", "interval": "1 ms", "file": str(tmp_path / "u.npy")},
        **EVERY_STEP,
    )
    simulation = simulate(model)
    assert simulation.plan.alignment.one_length
    assert len(set(simulation.plan.alignment.slope_age[3:7])) > 1
    window = slice(60, 380)
    got, want = summed_update(simulation, window), true_gradient(simulation, window)
    assert np.linalg.norm(got - want) <= 1e-8 * np.linalg.norm(want)


def test_loops_of_a_skip_have_several_lengths():
    ways = [
        {"pre": "in", "post": "a", "delay": {"forward": "2 ms", "backward": "1 ms"}},
        {"pre": "a", "post": "b", "delay": {"forward": "3 ms", "backward": "4 ms"}},
        {"pre": "b", "post": "out", "delay": {"forward": "1 ms", "backward": "5 ms"}},
        {"pre": "a", "post": "out", "delay": {"forward": "6 ms", "backward": "2 ms"}},
    ]
    parts = {**HIDDEN, "a": {"size": 1}, "b": {"size": 1}, **OUT}
    del parts["h"]
    simulation = Simulation(digraph(parts, ways, plasticity=MATCHED))
    loops = compute_loops(simulation.graph)
    # b: 1 + 5; a: 3 + 4 by way of b, or 6 + 2 at once
    assert loops.mean[1:].tolist() == [(13 + 8) / 2, 6, 0]
    assert (loops.shortest[1], loops.longest[1]) == (8, 13)
    assert loops.one_length.tolist() == [True, False, True, True]
    assert "loops of several lengths" in described(simulation)
