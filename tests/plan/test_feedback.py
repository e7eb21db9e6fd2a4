"""Feedback rules: by what weights errors come back, and how these learn (theory 8).

The simulator equals the NumPy reference to rounding, for every rule. Where a law needs a long run
or a wide network, it is therefore shown on the reference.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, Simulation, load, validate
from neurodiff.network.graph import build_graph
from neurodiff.network.latency import compute_latencies, projection_latencies
from neurodiff.network.static_response import dense
from neurodiff.plan.feedback import KolenPollack, WeightMirror
from neurodiff.reference.backprop import backprop
from neurodiff.reference.waves import WaveStep
from tests.networks import Floats, chain, digraph, random_digraph, waves_of
from tests.refusals import GOOD, changed, refused, write
from tests.simulated import EVERY_STEP, described, deviations, moved, simulate

MIRROR = {"rule": "weight_mirror", "duration": "25 ms", "weight_decay": "60 Hz"}
RULES: dict[str, Any] = {
    "random": "random",
    "sign": "sign",
    "direct": {"rule": "direct", "delay": {"uniform": ["1 ms", "5 ms"]}},
    "kolen_pollack": "kolen_pollack",
    "kolen_pollack, present": {"rule": "kolen_pollack", "traces": "present"},
    "weight_mirror": MIRROR,
    "weight_mirror, present": {**MIRROR, "traces": "present", "noise": 0.5},
}
LEARNING = {"rule": "diffusion", "learning_rate": "20 Hz", "weight_decay": "5 Hz"}


def plasticity(**keys: Any) -> dict[str, Any]:
    return {**LEARNING, **keys}


def frozen(**keys: Any) -> dict[str, Any]:
    return {"rule": "diffusion", "learning_rate": "0 Hz", **keys}


# --- Brian2 against the reference --------------------------------------------------------------


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


# --- what is drawn, and what is recorded -------------------------------------------------------


def built(model: Model) -> Simulation:
    return Simulation(model, backend="numpy")


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


# --- E7: feedback alignment --------------------------------------------------------------------


def cosine(a: Floats, b: Floats) -> float:
    return float(np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def waves(model: Model, u: Floats, y: Floats) -> tuple[Simulation, WaveStep]:
    """The waves of the reference for any input and target, all steps in one."""
    simulation = built(model)
    rule, steps = simulation.plan.plasticity, np.arange(len(u))
    found = waves_of(
        simulation.graph,
        simulation.plan.w,
        simulation.plan.bias,
        u,
        y,
        model.loss,
        learning_rate=rule.learning_rate,
        weight_decay=rule.weight_decay,
        learns=steps >= rule.start,
        alignment=simulation.plan.alignment,
        feedback=simulation.plan.feedback,
    )
    return simulation, WaveStep(*map(np.array, zip(*found, strict=True)))


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


# --- E1: signs ---------------------------------------------------------------------------------


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


# --- E3, E4: Kolen and Pollack -----------------------------------------------------------------

ETA, DECAY = 0.02, 0.004


def kolen_pollack(traces: str, alignment: str = "none", **keys: Any) -> Model:
    """A chain with f = 2 and r = 3 steps, learning rate and decay as above per step."""
    return chain(
        [4, 5, 3],
        delay={"forward": "2 ms", "backward": "3 ms"},
        feedback={"rule": "kolen_pollack", "traces": traces},
        plasticity=plasticity(
            learning_rate=f"{1e3 * ETA} Hz", weight_decay=f"{1e3 * DECAY} Hz", alignment=alignment
        ),
        **keys,
    )


def tones(steps: int) -> tuple[Floats, Floats]:
    """An input of four tones, and a target of three more."""
    t = np.arange(steps)[:, None]
    phase = np.arange(4)
    return np.sin(0.05 * np.pi * t + phase), 0.5 * np.sin(0.05 * np.pi * t + 2 * phase[:3])


@pytest.mark.parametrize("alignment", ["none", "matched"])
def test_aligned_traces_see_the_very_product_so_that_the_weights_meet(alignment: str):
    """E3: w(t) - b(t+r) = (1 - lambda)^t (w(0) - b(0)), exactly."""
    simulation, found = waves(kolen_pollack("aligned", alignment), *tones(1200))
    age = simulation.plan.alignment.activity_age[-1] if alignment == "matched" else 2
    assert isinstance(simulation.plan.feedback, KolenPollack)
    assert set(simulation.plan.feedback.activity_age) == {3 + age}
    w, b = found.w[:-3, simulation.graph.backward.synapse], found.b[3:]
    shrinks = (1 - DECAY) ** np.arange(len(w))[:, None]
    np.testing.assert_allclose(w - b, shrinks * (w[0] - b[0]), atol=1e-13)
    # and that is no matter of both being small
    assert np.linalg.norm(w[-1]) > 3 * np.linalg.norm(w[-1] - b[-1])


def test_traces_of_the_present_leave_an_offset():
    """E4: <w - b> = -(eta/lambda) (C(-p) - C(r)), C(k) = <delta_i(t) x_j(t+k)>.

    The first projection does not learn, so that b changes nothing that it learns from, and all
    means settle.
    """
    parts = {"in": {"size": 4, "role": "input"}, "h": {"size": 5}}
    parts["out"] = {"size": 3, "role": "output"}
    model = kolen_pollack("present")
    model = digraph(
        parts,
        [{"pre": "in", "post": "h", "plastic": False}, "h out"],
        delay={"forward": "2 ms", "backward": "3 ms"},
        feedback=model.feedback.model_dump(mode="json", exclude_none=True),
        plasticity=model.plasticity.model_dump(mode="json", exclude_none=True),
    )
    (period, p, r), steps = (40, 2, 3), 4000
    simulation, found = waves(model, *tones(steps))
    returns, last = simulation.graph.backward, np.arange(steps - 20 * period, steps) - r

    def correlation(k: int) -> Floats:
        return np.mean(found.delta[last][:, returns.source] * found.x[last + k][:, returns.sink], 0)

    offset = np.mean(found.w[last][:, returns.synapse] - found.b[last], axis=0)
    predicted = -(ETA / DECAY) * (correlation(-p) - correlation(r))
    np.testing.assert_allclose(offset, predicted, atol=0.02 * np.abs(predicted).max())
    assert np.linalg.norm(offset) > 0.3 * np.linalg.norm(found.w[-1, returns.synapse])


def test_what_is_not_plastic_keeps_its_backward_weights():
    parts = {
        "in": {"size": 2, "role": "input"},
        "a": {"size": 3},
        "b": {"size": 3},
        "out": {"size": 2, "role": "output"},
    }
    ways = ["in a", {"pre": "a", "post": "b", "plastic": False}, "b out"]
    model = digraph(parts, ways, feedback="kolen_pollack", plasticity=LEARNING)
    simulation = simulate(model)
    b, graph = simulation.recording["b"].values, simulation.graph
    still = graph.backward.along(graph.projections[1].synapses)
    assert np.array_equal(b[0, still], b[-1, still]) and (b[0] != b[-1]).sum() == len(b[0]) - 9


# --- E5: the mirror ----------------------------------------------------------------------------


@pytest.mark.parametrize("traces", ["aligned", "present"])
def test_the_mirror_learns_the_forward_weights_if_its_noise_waits(traces: str):
    """E5: b -> W^T for linear units; white noise of another moment teaches nothing."""
    steps = 12_000
    model = chain(
        [4, 6, 6, 3],
        activation="linear",
        bias=False,
        delay={"forward": {"uniform": ["1 ms", "3 ms"]}},
        weights={"init": "normal", "sd": 0.5},
        feedback={
            "rule": "weight_mirror",
            "traces": traces,
            "duration": f"{steps} ms",
            "weight_decay": "2 Hz",
            "noise": 0.6,
            "weights": {"init": "normal", "sd": 0.5},
        },
        duration=f"{steps} ms",
    )
    simulation, found = waves(model, np.zeros((steps, 4)), np.zeros((steps, 3)))
    w, b = simulation.plan.w[simulation.graph.backward.synapse], found.b[-1]
    if traces == "aligned":
        assert cosine(b, w) > 0.95
        assert b @ w / (w @ w) == pytest.approx(1, abs=0.05)
    else:
        assert np.linalg.norm(b) < 0.2 * np.linalg.norm(w) and abs(b @ w / (w @ w)) < 0.05


def test_slopes_shrink_what_the_mirror_learns():
    """E5: b -> (eta noise^2/lambda) w E[sigma'(a)], here with a rate that doubles it."""
    steps = 20_000
    model = chain(
        [2, 5, 4],
        activation="tanh",
        bias=False,
        weights={"init": "normal", "sd": 0.6},
        feedback={
            "rule": "weight_mirror",
            "duration": f"{steps} ms",
            "weight_decay": "1 Hz",
            "learning_rate": "2 Hz",
        },
        duration=f"{steps} ms",
    )
    simulation, found = waves(model, np.zeros((steps, 2)), np.zeros((steps, 4)))
    returns = simulation.graph.backward
    slope = np.mean(1 - found.x[:, simulation.graph.outputs] ** 2, axis=0)
    want = 2 * simulation.plan.w[returns.synapse] * slope[returns.source - 7]
    assert cosine(found.b[-1], want) > 0.98
    assert found.b[-1] @ want / (want @ want) == pytest.approx(1, abs=0.06)


def test_nothing_else_learns_until_the_noise_has_left():
    model = chain(
        [2, 3, 3, 1],
        delay={"forward": "2 ms", "backward": "3 ms"},
        feedback=MIRROR,
        plasticity=plasticity(alignment="matched"),
        duration="90 ms",
        **EVERY_STEP,
    )
    simulation = simulate(model)
    recording, mirror = simulation.recording, simulation.plan.feedback
    assert isinstance(mirror, WeightMirror) and mirror.steps == 25
    # F_L + R_1 = 3 * 2 + 2 * 3 steps after the last noise
    assert simulation.plan.plasticity.start == mirror.clear == 25 + 12
    w, b, x = (recording[name].values for name in ("w", "b", "x"))
    assert np.array_equal(w[: mirror.clear + 1], np.tile(w[0], (mirror.clear + 1, 1)))
    assert (w[mirror.clear + 1] != w[0]).any()
    assert (b[25] != b[24]).all() and np.array_equal(b[25:], np.tile(b[25], (len(b) - 25, 1)))
    hidden = slice(2, 8)
    assert not recording["delta"].values[: mirror.clear, hidden].any()
    # white noise from inputs and hidden units; then the input itself
    assert x[:25, :8].std() == pytest.approx(1, abs=0.15)
    assert (x[25:, :2] == [0.5, -0.5]).all()


# --- E6: direct feedback -----------------------------------------------------------------------


@pytest.mark.parametrize("r", [1, 4])
def test_direct_errors_take_one_hop(r: int):
    """E6: R_l = r and M_l = r + L - l with delays of one step forward."""
    model = chain(
        [2, *[4] * 5, 3],
        feedback={"rule": "direct", "delay": f"{r} ms"},
        delay={"forward": "1 ms", "backward": "7 ms"},
    )
    graph = build_graph(model)
    latencies, depth = compute_latencies(graph), 6
    rows = projection_latencies(graph, latencies)
    for layer, row in enumerate(rows, start=1):
        last = layer == depth
        assert row.backward == (0 if last else r)
        assert row.mismatch == (0 if last else r + depth - layer)
        assert row.exact_from == depth + row.backward
    assert len(graph.backward) == 5 * 4 * 3


def test_a_direct_hop_has_the_networks_backward_delay_unless_it_has_its_own():
    delay = {"forward": "1 ms", "backward": "7 ms"}
    assert set(build_graph(chain([2, 4, 3], feedback="direct", delay=delay)).backward.lag) == {7}
    own = {"rule": "direct", "delay": {"uniform": ["2 ms", "9 ms"]}}
    lags = build_graph(chain([2, 90, 3], feedback=own, delay=delay)).backward.lag
    assert (lags.min(), lags.max()) == (2, 9)


def test_matched_direct_feedback_meets_its_own_frame(tmp_path: Path):
    """White noise: sigma'(a_l) * (B_l delta_L) x_{l-1}^T, all of one and the same input."""
    rng, steps, r = np.random.default_rng(6), 80, 3
    for name, width in (("u", 4), ("y", 2)):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(steps, width)))
    noise = {"kind": "array", "interval": "1 ms", "interpolation": "previous"}
    model = chain(
        [4, 5, 6, 2],
        activation="tanh",
        delay={"forward": "2 ms", "backward": f"{r} ms"},
        feedback="direct",
        plasticity=frozen(alignment="matched"),
        input={**noise, "file": str(tmp_path / "u.npy")},
        target={**noise, "file": str(tmp_path / "y.npy")},
        duration=f"{steps} ms",
        **EVERY_STEP,
    )
    simulation = simulate(model)
    graph, returns = simulation.graph, simulation.graph.backward
    u, y = np.load(tmp_path / "u.npy"), np.load(tmp_path / "y.npy")
    frames = np.arange(steps - 20)
    matrices = [dense(graph, part, simulation.plan.w) for part in graph.projections]
    x = [u[frames]]
    for matrix in matrices:
        x.append(np.tanh(x[-1] @ matrix.T))
    error = (1 - x[3] ** 2) * (x[3] - y[frames])
    for layer in (1, 2):
        part = graph.projections[layer - 1]
        own = returns.into(part.post.units)
        matrix = simulation.plan.feedback.b[own].reshape(part.post.size, 2)
        delta = (1 - x[layer] ** 2) * (error @ matrix.T)
        want = np.einsum("tj,ti->tji", x[layer - 1], delta).reshape(len(frames), -1)
        got = simulation.recording["product"].values[frames + 6 + r][:, part.synapses]
        np.testing.assert_allclose(got, want, atol=1e-13)


# --- reports -----------------------------------------------------------------------------------


def test_the_report_says_how_well_errors_come_back():
    """With frozen weights and a constant input all cosines can be had in another way."""
    keys = {"plasticity": frozen(), "duration": "60 ms", **EVERY_STEP}
    model = chain([3, 6, 5, 2], feedback="random", **keys | {"validation": {"start": "40 ms"}})
    simulation = simulate(model)
    graph, feedback = simulation.graph, simulation.plan.feedback
    report = validate(simulation)
    u, y = (
        part.at(np.array([0]))
        for part in (simulation.plan.stimuli.input, simulation.plan.stimuli.target)
    )
    true = backprop(graph, simulation.plan.w, simulation.plan.bias, u, y, "squared_error").delta[0]
    delta = simulation.recording["delta"].values[-1]
    for part, layer in zip(graph.projections, report.layers, strict=True):
        found = layer.to_dict()
        units = part.post.units
        assert found["delta_cosine"] == pytest.approx(cosine(delta[units], true[units]), abs=1e-12)
        # rank 1: the presynaptic factor is exact here, so that the product is as good as the error
        assert layer.cosine == pytest.approx(found["delta_cosine"], abs=1e-12)
        if part.pre.role == "input":
            assert found["feedback_cosine"] is None
        else:
            own = graph.backward.along(part.synapses)
            want = cosine(feedback.b[own], simulation.plan.w[part.synapses])
            assert found["feedback_cosine"] == pytest.approx((want, want), abs=1e-12)
    assert report.layers[-1].to_dict()["delta_cosine"] == pytest.approx(1, abs=1e-12)
    assert "cosine of errors" in report.summary() and "of b and w, first" in report.summary()


def test_direct_feedback_has_no_weights_to_compare():
    report = validate(simulate(chain([3, 6, 5, 2], feedback="direct", plasticity=frozen())))
    assert all(layer.to_dict()["feedback_cosine"] is None for layer in report.layers)
    assert all(layer.to_dict()["delta_cosine"] is not None for layer in report.layers)


def test_the_waves_as_reference_follow_any_feedback():
    keys = {"validation": {"reference": "delayed", "minimum_cosine": 1 - 1e-12}}
    report = validate(simulate(chain([2, 4, 4, 1], feedback="random", plasticity=LEARNING, **keys)))
    assert report.passed


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("random", ["feedback random: 18 backward weights of its own, along synapses"]),
        ("sign", ["the sign of its synapse's weight", "layer2"]),
        (
            "direct",
            [
                "feedback direct: 14 backward",
                "every output to every hidden unit",
                "delays in steps of",
            ],
        ),
        ("kolen_pollack", ["what the unit to which it leads sent 7 steps ago"]),
        ("kolen_pollack, present", ["what the unit to which it leads sent now"]),
        ("weight_mirror", ["units send noise for 25 steps", "weights learn, from step 41 on"]),
    ],
)
def test_show_says_what_a_rule_takes(rule: str, said: list[str]):
    feedback = RULES[rule] if rule != "direct" else "direct"
    keys = {"delay": {"forward": "2 ms", "backward": "5 ms"}, "plasticity": LEARNING}
    text = described(built(chain([2, 4, 3, 2], feedback=feedback, duration="60 ms", **keys)))
    for part in [*said, "each has to know: the error that arrives", "steady from step"]:
        assert part in text
    assert ("angles between backward and forward" in text) == (rule != "direct")


def test_show_says_nothing_of_symmetric_feedback():
    assert "feedback" not in described(built(chain([2, 4, 3, 2])))


# --- refusals ----------------------------------------------------------------------------------

KOLEN = "plasticity={rule: diffusion, learning_rate: 1 Hz, weight_decay: 1 Hz"
MIRRORED = "feedback={rule: weight_mirror, duration: 5 ms, weight_decay: 10 Hz"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["feedback=radnom"], ("feedback: 'radnom' is not known", "did you mean `random`?")),
        (["feedback={rule: sign, traces: aligned}"], ("feedback.traces: unknown key", "`rule`")),
        (["feedback={rule: random, delay: 2 ms}"], ("feedback.delay: unknown key", "weights")),
        (["feedback={rule: direct, traces: present}"], ("feedback.traces: unknown key",)),
        (["feedback={rule: kolen_pollack, noise: 1}"], ("feedback.noise: unknown key",)),
        (
            ["feedback={rule: kolen_pollack, traces: late}"],
            ("feedback.traces: 'late' is not known", "aligned, present"),
        ),
        (["feedback={rule: direct, delay: 1.5 ms}"], ("feedback.delay: 1.5 ms is no multiple",)),
        (
            ["feedback={rule: direct, delay: {normal: [0.5 ms, 1 ms]}}"],
            ("feedback.delay.normal.0: 0.5 ms is less than a time step",),
        ),
        (["feedback=weight_mirror"], ("feedback.duration: missing", "feedback.weight_decay")),
        ([MIRRORED.replace("5 ms", "5.5 ms") + "}"], ("feedback.duration: 5.5 ms is no multiple",)),
        ([MIRRORED + ", noise: 0}"], ("feedback.noise: 0 is too small", "above 0")),
        (
            [MIRRORED.replace("10 Hz", "2 kHz") + "}"],
            ("feedback.weight_decay: 2 kHz is more than all in a step", "write 1 kHz or less"),
        ),
        (
            [MIRRORED.replace("5 ms", "1e5 s") + "}", "run.duration=2e5 s"],
            ("feedback.duration: 5e+07 numbers of noise are the most", "write 10000 s or less"),
        ),
        (
            [MIRRORED.replace("5 ms", "30 ms") + "}"],
            ("feedback.duration: 30 ms is too long", "the run ends at 20 ms", "run longer"),
        ),
        (
            [MIRRORED.replace("5 ms", "18 ms") + "}", KOLEN + "}"],
            ("feedback.duration: 18 ms is too long", "learning ends at 20 ms", "3 ms to leave"),
        ),
        (["feedback=kolen_pollack"], ("feedback: nothing learns", "`feedback: random`")),
        (
            ["feedback=kolen_pollack", KOLEN.replace("decay: 1", "decay: 0") + "}"],
            ("plasticity.weight_decay: it is 0 Hz", "never approach", "positive"),
        ),
        (
            ["feedback=kolen_pollack", KOLEN.replace("rate: 1", "rate: 0") + "}"],
            ("plasticity.learning_rate: it is 0 Hz", "never approach"),
        ),
        (
            ["feedback=kolen_pollack", KOLEN + ", alignment: trace}"],
            ("plasticity.alignment: kolen_pollack looks back", "`matched` or `none`"),
        ),
        (
            ["feedback=random", "network={layers: [2, 1]}"],
            ("feedback: no error goes back in this network", "hidden population"),
        ),
        (
            ["feedback=random", "network.weights={init: file, path: w.npz}"],
            ("feedback: backward weights cannot be drawn like", "{init: glorot_uniform}"),
        ),
        (
            ["feedback={rule: direct, weights: {init: file, path: w.npz}}"],
            ("feedback.weights.init: a file holds weights by projection", "glorot_uniform"),
        ),
        (
            ["feedback={rule: random, weights: {init: file, path: w.npz}}"],
            ("feedback.weights.path:", "w.npz does not exist", "check the path"),
        ),
        (
            ["feedback=random", "transmission={kind: events, threshold: 0, error_threshold: 0}"],
            ("feedback: random needs graded transmission, and transmission is by events",),
        ),
    ],
)
def test_feedback_that_cannot_be_is_refused(tmp_path: Path, changes: list[str], said: Any):
    message = refused(write(tmp_path, GOOD), *changes)
    for part in said:
        assert part in message, message


def test_a_mirror_goes_with_no_cycle(tmp_path: Path):
    populations = "{i: {size: 2, role: input}, h: {size: 2}, o: {size: 1, role: output}}"
    projections = "[{pre: i, post: h}, {pre: h, post: h}, {pre: h, post: o}]"
    network = f"network={{populations: {populations}, projections: {projections}}}"
    message = refused(write(tmp_path, changed(network)), MIRRORED + "}")
    assert "feedback: noise never leaves a cycle (h -> h)" in message


def test_kolen_pollack_needs_a_projection_that_learns(tmp_path: Path):
    populations = "{i: {size: 2, role: input}, h: {size: 2}, o: {size: 1, role: output}}"
    projections = "[{pre: i, post: h}, {pre: h, post: o, plastic: false}]"
    network = f"network={{populations: {populations}, projections: {projections}}}"
    path = write(tmp_path, changed(network))
    message = refused(path, "feedback=kolen_pollack", KOLEN + "}")
    assert "feedback: no projection that errors go back along is plastic" in message


def test_a_word_is_short_for_a_mapping(tmp_path: Path):
    path = write(tmp_path, changed("feedback=random"))
    assert load(path).feedback == load(path, ["feedback={rule: random}"]).feedback
    assert load(path).feedback.rule == "random"
