"""Feedback rules: by what weights errors come back, and how these learn (theory 8).

The simulator equals the NumPy reference to rounding, for every rule. Where a law needs a long run
or a wide network, it is therefore shown on the reference."""

from pathlib import Path

import numpy as np
import pytest

from neurodiff import validate
from neurodiff.network.graph import build_graph
from neurodiff.reference.backprop import backprop
from tests.networks import chain, digraph, random_digraph
from tests.plan.returning import (
    LEARNING,
    RULES,
    built,
    cosine,
    frozen,
    plasticity,
    waves,
)
from tests.simulated import EVERY_STEP, deviations, moved, simulate


@pytest.mark.parametrize("alignment", ["none", "matched"])
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_equals_the_reference_at_every_step(rule: str, alignment: str):
    """Branching networks with random delays, projections that are not plastic, and learning."""
    rng = np.random.default_rng([len(rule), len(alignment)])
    learns = plasticity(alignment=alignment, start="4 ms")
    keys = {"feedback": RULES[rule], "plasticity": learns, "run": {"duration": "150 ms"}}
    simulation = simulate(random_digraph(rng, **keys, **EVERY_STEP))
    found = deviations(simulation)
    assert max(found.values()) <= 1e-12, found
    assert moved(simulation) > 0.1
    b = simulation.recording["b"].values
    assert (b[0] != b[-1]).any() == (rule not in ("random", "direct"))


@pytest.mark.parametrize("rule", ["random", "weight_mirror"])
def test_rules_go_with_traces(rule: str):
    learns = plasticity(alignment="trace", stages=2)
    model = chain(
        [3, 4, 4, 2],
        feedback=RULES[rule],
        plasticity=learns,
        delay={"uniform": ["1 ms", "3 ms"]},
        input={"kind": "sinusoid", "frequency": "9 Hz", "phase": [0.0, 1.0, 2.0]},
        duration="200 ms",
        **EVERY_STEP,
    )
    simulation = simulate(model)
    assert max(deviations(simulation).values()) <= 1e-12 and moved(simulation) > 0.1


@pytest.mark.parametrize("rule", ["random", "sign", "direct", "kolen_pollack"])
def test_errors_go_round_cycles(rule: str):
    parts = {
        "in": {"size": 2, "role": "input"},
        "a": {"size": 3},
        "b": {"size": 3},
        "out": {"size": 2, "role": "output"},
    }
    model = digraph(
        parts,
        ["in a", "a b", "b a", "b out", "out b"],
        delay={"uniform": ["1 ms", "3 ms"]},
        weights={"init": "normal", "sd": 0.4},
        feedback=RULES[rule],
        plasticity=LEARNING,
        **EVERY_STEP,
    )
    simulation = simulate(model)
    assert max(deviations(simulation).values()) <= 1e-12 and moved(simulation) > 0.1


def test_signs_stay_where_nothing_learns():
    recording = simulate(chain([2, 3, 1], feedback="sign")).recording
    assert np.array_equal(recording["b"].values[0], recording["b"].values[-1])


def test_with_symmetric_feedback_nothing_is_new():
    simulation = simulate(chain([2, 3, 1], plasticity=LEARNING, **EVERY_STEP))
    assert simulation.plan.feedback.symmetric and "b" not in simulation.recording
    assert "product_delta" not in simulation.recording
    report = validate(simulation).to_dict()["layers"][1]
    assert not {"transport", "delta_cosine", "feedback_cosine"} & report.keys()


def test_random_weights_are_drawn_like_the_forward_ones_and_independently():
    wide = {"weights": {"init": "normal", "sd": 0.7}, "feedback": "random"}
    simulation = built(chain([3, 60, 70, 2], **wide))
    b, w = simulation.plan.feedback.b, simulation.plan.w[simulation.graph.backward.synapse]
    assert b.std() == pytest.approx(0.7, rel=0.03)
    # E2: the cosine of n independent pairs is 0 +- 1/sqrt(n)
    assert abs(b @ w) / (np.linalg.norm(b) * np.linalg.norm(w)) <= 3 / np.sqrt(len(b))
    assert np.array_equal(
        simulation.plan.w, built(chain([3, 60, 70, 2], **wide | {"feedback": "sign"})).plan.w
    )
    again = built(chain([3, 60, 70, 2], **wide))
    other = built(chain([3, 60, 70, 2], seed=2, **wide))
    assert np.array_equal(again.plan.feedback.b, b) and not np.isin(other.plan.feedback.b, b).any()


def test_weights_of_the_feedback_are_those_that_it_names(tmp_path: Path):
    constant = {"rule": "random", "weights": {"init": "constant", "value": 0.25}}
    assert built(chain([2, 3, 3, 1], feedback=constant)).plan.feedback.b.tolist() == [0.25] * 12
    direct = {"rule": "direct", "weights": {"init": "constant", "value": -0.5}}
    assert built(chain([2, 3, 3, 1], feedback=direct)).plan.feedback.b.tolist() == [-0.5] * 6
    # post by pre, as in any weights file
    np.savez(tmp_path / "b.npz", layer2=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    filed = {"rule": "random", "weights": {"init": "file", "path": str(tmp_path / "b.npz")}}
    simulation = built(chain([1, 2, 3], feedback=filed))
    to_and_from = zip(simulation.graph.backward.sink, simulation.graph.backward.source, strict=True)
    want = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert simulation.plan.feedback.b.tolist() == [
        want[post - 3][pre - 1] for pre, post in to_and_from
    ]


def test_direct_weights_are_scaled_as_for_a_projection_to_the_outputs():
    # glorot_uniform: limit sqrt(6/(n_l + n_L)), so the rms is sqrt(2/(n_l + n_L))
    simulation = built(chain([3, 90, 50, 10], feedback="direct"))
    for part in simulation.graph.populations[1:3]:
        b = simulation.plan.feedback.b[simulation.graph.backward.into(part.units)]
        assert np.sqrt(np.mean(b**2)) == pytest.approx(np.sqrt(2 / (part.size + 10)), rel=0.08)


def test_signs_have_the_size_of_the_weights_and_follow_them():
    keys = {"init": "normal", "sd": 0.6}
    fast = plasticity(learning_rate="60 Hz")
    model = chain([3, 8, 8, 2], weights=keys, feedback="sign", plasticity=fast, **EVERY_STEP)
    recording, graph = simulate(model).recording, build_graph(model)
    w = recording["w"].values[:, graph.backward.synapse]
    b = recording["b"].values
    assert np.array_equal(np.sign(b), np.sign(w))
    assert (np.sign(w[0]) != np.sign(w[-1])).any()
    for part in graph.projections[1:]:
        own = graph.backward.along(part.synapses)
        rms = np.sqrt(np.mean(w[0, own] ** 2))
        np.testing.assert_allclose(np.abs(b[:, own]), rms, rtol=1e-13)


def test_backward_weights_are_recorded_with_the_units_that_they_connect():
    delay = {"forward": "2 ms", "backward": "3 ms"}
    recording = simulate(chain([2, 3, 1], feedback="random", delay=delay)).recording
    assert recording["b"].dims == ("weight_time", "returning")
    assert recording["error_from"].values.tolist() == [5, 5, 5]
    assert recording["error_to"].values.tolist() == [2, 3, 4]
    assert recording["returning_lag"].values.tolist() == [3, 3, 3]


def test_learning_turns_the_forward_weights_towards_the_random_ones():
    """E7: the angle of the hidden errors of feedback alignment and backprop, 30-20-10 tanh.

    With matched waves every step brings a new sample, and errors are about that of 3 steps ago.
    """
    rng, steps, (forth, there_and_back) = np.random.default_rng(7), 3000, (2, 3)
    model = chain(
        [30, 20, 10],
        output_activation="linear",
        weights={"init": "normal", "sd": 0.05},
        feedback={"rule": "random", "weights": {"init": "normal", "sd": 0.3}},
        plasticity=frozen(learning_rate="3 Hz", alignment="matched"),
    )
    u = rng.normal(size=(steps, 30))
    y = u @ rng.normal(0, 30**-0.5, size=(30, 10))
    simulation, found = waves(model, u, np.roll(y, forth, axis=0))

    def angle(first: int) -> float:
        """Of the mean cosine over 40 steps, with backprop for the same sample and weights."""
        cosines = []
        for t in range(first, first + 40):
            sample = slice(t - there_and_back, t - there_and_back + 1)
            weights = found.w[t], found.bias[t]
            true = backprop(simulation.graph, *weights, u[sample], y[sample], "squared_error")
            cosines.append(cosine(found.delta[t, 30:50], true.delta[0, 30:50]))
        return float(np.degrees(np.arccos(np.mean(cosines))))

    assert 80 < angle(there_and_back) < 100
    assert angle(steps - 40) < 45


def test_signs_lose_a_factor_in_every_hop():
    """E1: (2/pi)^(k/2) after k hops, with linear units and Gaussian weights; means of 40 errors."""
    model = chain(
        [1, *[200] * 5],
        activation="linear",
        weights={"init": "lecun_normal"},
        feedback="sign",
        bias=False,
    )
    errors, hops = 40, 4
    u = np.zeros((errors, 1))
    y = np.random.default_rng(1).normal(size=(errors, 200))
    simulation, found = waves(model, u, y)
    true = backprop(
        simulation.graph, simulation.plan.w, simulation.plan.bias, u, y, "squared_error"
    ).delta
    for hop in range(hops + 1):
        units = simulation.graph.populations[-1 - hop].units
        pairs = zip(found.delta[hop:, units], true[: errors - hop, units], strict=True)
        got = np.mean([cosine(came, sent) for came, sent in pairs])
        assert got == pytest.approx((2 / np.pi) ** (hop / 2), abs=0.03)
