"""Latencies, frames and cycles of leaky neurons; what is refused and said."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, ModelError, Simulation, validate
from neurodiff.validation import compare_task
from tests.cyclic import C5, estimated, linear_model, random_cyclic
from tests.networks import chain, digraph, random_digraph
from tests.refusals import GOOD, SPIKING, refused, write
from tests.simulated import EVERY_STEP, described, deviations, moved, simulate
from tests.simulator.leaks import FROZEN, keep, leaky


def test_each_hop_adds_its_leak_once():
    # by Euler's method with 4 steps, 3 steps a hop; f = 2, 1 and r = 5, so F = 5, 9 and R = 8, 0
    projections = [
        {"pre": "in", "post": "v", "delay": "2 ms"},
        {"pre": "v", "post": "out", "delay": {"forward": "1 ms", "backward": "5 ms"}},
    ]
    populations = {"in": {"size": 1, "role": "input"}, "v": {"size": 1}}
    populations["out"] = {"size": 1, "role": "output"}
    simulation = Simulation(digraph(populations, projections, neuron=leaky("4 ms", "euler")))
    assert simulation.latencies.forward.tolist() == [0, 5, 9]
    assert simulation.latencies.backward[1:].tolist() == [8, 0]
    assert simulation.latencies.age[1:].tolist() == [17, 9]
    assert simulation.plan.stimuli.target_lag.tolist() == [9]
    rows = simulation.plan.projection_latencies
    # the PSP of the first synapse is 5 steps late, that of the second as late as its error
    assert [(row.mismatch, row.leaks) for row in rows] == [(12, 2), (0, 0)]


def frames(tmp_path: Path, **keys: Any) -> Model:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "f.npz", frames=rng.random((8, 5)), labels=np.arange(8) % 2)
    shown = {"kind": "frames", "dataset": str(tmp_path / "f.npz"), "test_fraction": 0}
    defaults = {
        "neuron": leaky("2 ms"),
        "activation": "tanh",
        "output_activation": "sigmoid",
        "loss": "cross_entropy",
        "input": {**shown, "hold": "20 ms"},
        "target": {"kind": "labels"},
        "plasticity": {"rule": "diffusion", "learning_rate": "20 Hz"},
        "run": {"epochs": 1},
        "record": {"signals": "1 ms"},
    }
    return chain([5, 8, 2], **(defaults | keys))


def test_frames_are_answered_at_the_last_step_before_the_next_one_arrives(tmp_path):
    simulation = simulate(frames(tmp_path, delay="3 ms"))
    # six steps to the outputs: they see the first frame from step 6 to step 25
    recording, answers = simulation.recording, simulation.plan.schedule.answers
    assert (answers.start, answers.every, answers.over) == (25, 20, 1)
    x = recording["x"].values[:, simulation.graph.outputs]
    np.testing.assert_array_equal(recording["answer"].values, x[25::20])
    # the target comes with the mean of the input
    lag = round(2 * (3 + keep(2) / (1 - keep(2))))
    assert simulation.plan.stimuli.target_lag.tolist() == [lag] * 2
    # before it comes there is none
    shown = np.nan_to_num(recording["target"].values[:, 0])
    changes = np.flatnonzero(np.diff(shown) != 0) + 1
    assert set((changes - lag) % 20) == {0}


def test_frames_that_are_shorter_than_the_leaks_take_are_refused(tmp_path):
    # two leaks of k/(1 - k) = 9.508 steps: 19.02 of them
    assert Simulation(frames(tmp_path, neuron=leaky("10 ms"))).plan.stimuli.presentations.hold == 20
    with pytest.raises(ModelError) as caught:
        Simulation(frames(tmp_path, neuron=leaky("11 ms")))
    assert "input.hold: leaks delay a frame by 0.021 s in all, and it lasts 20 ms" in str(
        caught.value
    )
    assert "write 22 ms or more" in str(caught.value)


def test_leaky_neurons_learn_frames(tmp_path):
    task = compare_task(simulate(frames(tmp_path, run={"epochs": 40}, record="none")))
    assert task.test_accuracy == 1.0 and task.presentations == 320
    # the leaks need the time in which the network has begun to learn
    assert task.answered_last and "when it has learned from it" in task.summary()


@pytest.mark.parametrize("seed", range(3))
def test_factors_of_a_cycle_are_those_of_the_whole_network(seed, tmp_path):
    rng = np.random.default_rng(seed)
    w, lags = rng.normal(size=(4, 4)), rng.integers(1, 7, size=(4, 4))
    w *= (0.6, 0.95, 1.3)[seed] / np.abs(np.linalg.eigvals(w)).max()
    found = estimated(linear_model(w, lags, tmp_path, neuron=leaky("4 ms")))
    # one step of all that is on its way, and what is kept
    k, longest = keep(4), int(lags.max())
    whole = np.eye(4 * longest, k=-4)
    whole[:4, :4] += k * np.eye(4)
    for i, j in np.ndindex(4, 4):
        whole[i, j + 4 * (lags[i, j] - 1)] += (1 - k) * w[i, j]
    radius = np.abs(np.linalg.eigvals(whole)).max()
    assert (found.forward, found.backward) == pytest.approx((radius, radius), rel=5e-3)
    assert (found.steps is None) == (radius > 1)


def test_a_leak_settles_what_turns_too_fast_for_static_neurons(tmp_path):
    """Theory C4b: max Re eig(DW) < 1 is enough where the delays are short against the leak."""
    turns = 1.2 * C5 / 0.6  # eigenvalues 1.2 +- 1.2i, or half of it in the real part
    turns[[0, 1], [0, 1]] = 0.5
    lags = np.ones((2, 2), dtype=int)
    keys = {"run": {"duration": "1 s"}, "record": "none", "validation": {"every": "10 ms"}}
    model = linear_model(turns, lags, tmp_path, neuron=leaky("20 ms"), **keys)
    assert estimated(linear_model(turns, lags, tmp_path)).steps is None
    found = estimated(model)
    assert found.bound > 1
    report = validate(simulate(model))
    assert report.passed and report.reference == "fixed_point"
    # Re eig = 1/2 leaves e^(-dt/2 tau) of a deviation, to first order in dt/tau
    assert found.forward == pytest.approx(np.exp(-0.5 / 20), abs=3e-3)


@pytest.mark.parametrize("seed", range(2))
def test_a_leaky_network_with_cycles_has_settled_about_when_predicted(seed):
    keys = {"run": {"duration": "350 ms"}, "record": "none", "validation": {"every": "1 ms"}}
    model = random_cyclic(np.random.default_rng(seed), neuron=leaky("3 ms"), **keys)
    simulation = simulate(model)
    error = validate(simulation).over_time["relative_error"].values
    late = max(int(np.flatnonzero(~(row <= 1e-6))[-1]) + 1 for row in error.T)
    assert estimated(model).steps == pytest.approx(late, rel=0.25)


LEAKY = "neuron={kind: leaky, time_constant: 10 ms}"


def test_events_are_not_for_leaky_neurons(tmp_path):
    events = "transmission={kind: events, threshold: 0.01, error_threshold: 0.02}"
    message = refused(write(tmp_path, GOOD), LEAKY, events)
    assert "neuron: leaky neurons need graded transmission, and transmission is by even" in message
    assert message.endswith("write `static`, or `transmission: graded`")


def test_spikes_have_membranes_of_their_own(tmp_path):
    message = refused(write(tmp_path, SPIKING), LEAKY)
    assert "neuron: leaky neurons need graded transmission, and transmission is by spi" in message
    assert "spiking neurons have membranes of their own" in message


def test_matched_undoes_no_leak(tmp_path):
    rule = "plasticity={rule: diffusion, learning_rate: 1 Hz, alignment: matched}"
    message = refused(write(tmp_path, GOOD), LEAKY, rule)
    assert "plasticity.alignment: matched undoes delays, and not what the leak" in message
    assert message.endswith("write `trace`, or `neuron: static`")


@pytest.mark.parametrize("rule", ["kolen_pollack", "weight_mirror"])
def test_feedback_that_compares_signals_is_not_for_leaky_neurons_yet(tmp_path, rule):
    keys = ", duration: 5 ms, weight_decay: 1 Hz" if rule == "weight_mirror" else ""
    message = refused(write(tmp_path, GOOD), LEAKY, f"feedback={{rule: {rule}{keys}}}")
    assert f"feedback: {rule} is for neurons without a leak yet" in message


@pytest.mark.parametrize("feedback", ["random", "sign", "direct"])
def test_backward_weights_of_their_own_go_with_leaky_neurons(feedback):
    rule = {"rule": "diffusion", "learning_rate": "20 Hz"}
    keys = {"neuron": leaky("4 ms"), "feedback": feedback, "plasticity": rule, **EVERY_STEP}
    simulation = simulate(random_digraph(np.random.default_rng(5), **keys))
    found = deviations(simulation)
    assert max(found.values()) <= 1e-12, found
    assert moved(simulation) >= 1e-3


def test_direct_errors_settle_as_soon_as_their_one_hop_has():
    layers = [2, 3, 3, 3, 2]
    rows = {}
    for feedback in ("symmetric", "direct"):
        keys = {"neuron": leaky("5 ms"), "plasticity": FROZEN, "delay": "3 ms"}
        simulation = Simulation(chain(layers, feedback=feedback, duration="1 s", **keys))
        rows[feedback] = simulation.plan.projection_latencies
    symmetric, direct = ([row.exact_from for row in rows[key]] for key in rows)
    # with direct feedback errors of all hidden layers have come one hop, as that of the last one
    assert direct == [symmetric[2]] * 3 + [symmetric[3]]


@pytest.mark.parametrize("time_constant", ["34 us", "100 s"])
def test_the_shortest_and_the_longest_time_constants_are_built(time_constant):
    model = chain([2, 3, 1], neuron=leaky(time_constant))
    graph = Simulation(model).graph
    assert graph.hop.keep + graph.hop.gain == 1
    steps = {"34 us": 0.034, "100 s": 1e5}[time_constant]
    assert graph.hop.lag == pytest.approx(1 / np.expm1(1 / steps), rel=1e-9)
    np.testing.assert_allclose(Simulation(model).latencies.forward[-1], 2 * (1 + graph.hop.lag))


def test_show_says_what_the_leak_does():
    delay = {"forward": "2 ms", "backward": "3 ms"}
    model = chain([2, 3, 1], neuron=leaky("10 ms"), delay=delay, plasticity=FROZEN)
    shown = described(Simulation(model))
    # k/(1 - k) = 9.508 with k = e^(-.1); F = 2 (2 + 9.508), M = 2 + 3 + 2*9.508
    assert "leaky neurons, time constant 10 ms (exact integration)" in shown
    assert "each hop lags by 9.508 steps (9.508 ms)" in shown
    assert "0.707 at 15.92 Hz" in shown
    table = [line.split() for line in shown.splitlines() if line.startswith("layer")][-2:]
    assert [row[1:4] for row in table] == [["11.51", "12.51", "24.02"], ["23.02", "0", "0"]]
    assert "steady from step" in shown and "exact from step" not in shown
    assert "arrivals, leaks aside" in shown
    simple = described(Simulation(chain([2, 3, 1], delay=delay, plasticity=FROZEN)))
    assert "leak" not in simple


def test_show_of_a_network_with_cycles_says_what_the_leak_does(tmp_path):
    lags = np.ones((2, 2), dtype=int)
    shown = described(Simulation(linear_model(0.5 * C5, lags, tmp_path, neuron=leaky("5 ms"))))
    assert "each hop leaves of the amplitude of a tone: 0.708 at 31.83 Hz" in shown
    assert "settled after about" in shown
