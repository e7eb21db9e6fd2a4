"""Backward weights that learn, and direct feedback."""

from pathlib import Path

import numpy as np
import pytest

from neurodiff.network.graph import build_graph
from neurodiff.network.latency import compute_latencies, projection_latencies
from neurodiff.network.static_response import dense
from neurodiff.plan.feedback import KolenPollack, WeightMirror
from tests.networks import Floats, chain, digraph
from tests.plan.returning import (
    DECAY,
    ETA,
    LEARNING,
    MIRROR,
    cosine,
    frozen,
    kolen_pollack,
    plasticity,
    waves,
)
from tests.simulated import EVERY_STEP, simulate


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
