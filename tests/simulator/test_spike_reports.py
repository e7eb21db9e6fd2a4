"""What is said of spiking networks before and after a run, and what is refused."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, ModelError, Simulation
from neurodiff.network.latency import projection_latencies
from neurodiff.plan import Plan
from tests.networks import chain, digraph
from tests.simulated import described, simulate
from tests.simulator.spiking import ANY_NETWORK, spikes
from tests.twins.spike_twin import recorded_counts


@pytest.mark.parametrize("neuron", ["poisson", "integrate_and_fire"])
def test_the_seed_alone_decides_every_spike(neuron: str):
    runs = []
    for of_user, seed in ((1, 5), (2, 5), (1, 6)):
        np.random.seed(of_user)
        model = chain(
            [2, 4, 2],
            activation="sigmoid",
            seed=seed,
            weights={"init": "constant", "value": 0.3},
            transmission=spikes(neuron),
            plasticity={"rule": "diffusion", "learning_rate": "5 Hz"},
            input={"kind": "constant", "values": [0.3, 0.8]},
            duration="200 ms",
        )
        before = np.random.get_state()[1].tolist()
        runs.append(recorded_counts(simulate(model)))
        assert np.random.get_state()[1].tolist() == before
    first, again, other = runs
    assert first.forward.any() and first.error.any()
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert (first.forward != other.forward).any() and (first.error != other.error).any()


def told(layers: Sequence[int] = (2, 3, 1), **parts: Any) -> Model:
    return chain(
        layers,
        **{
            "activation": "sigmoid",
            "weights": {"init": "constant", "value": -0.5},
            "transmission": spikes(neurons_per_unit=2),
            "input": {"kind": "constant", "values": [0.3, 0.8]},
            "target": {"kind": "constant", "values": [0.9]},
            "duration": "50 ms",
        }
        | parts,
    )


def test_show_says_how_late_traces_are_and_which_signs_are_kept():
    model = told(dale=True)
    shown = described(Simulation(model))
    # 1/(e^(1/10) - 1) steps for 10 ms and steps of 1 ms
    assert "by spikes of 2 integrate_and_fire neuron(s) per unit, 300 Hz" in shown
    assert "a trace lags by 9.508 steps" in shown
    assert "layer1 (0 excitatory, 6 inhibitory), layer2 (0 excitatory, 3 inhibitory)" in shown
    assert "signs" not in described(Simulation(told()))


def test_show_says_when_the_first_spikes_arrive():
    shown = described(Simulation(told(delay={"forward": "4 ms", "backward": "2 ms"})))
    # by the delays alone; but the target waits for the trace of the output, 2*(4 + 9.508), and its
    # own trace moves a step later
    assert re.search(r"hidden1 +hidden +3 +sigmoid +4 +30\n", shown)
    assert re.search(r"output +output +1 +sigmoid +8 +28\n", shown)
    # F + 2*9.508 + 1 + R for a trace, and five time constants more
    late = 2 * (4 + 9.508) + 2 * 9.508 + 1 + 2 + 9.508
    settled = np.ceil(late) + np.ceil(5 * 9.508)
    assert re.search(rf"layer1 .* {settled:.0f} ", shown) and "steady from step" in shown


def test_the_lag_of_traces_is_in_the_latencies():
    simulation = Simulation(told(delay={"forward": "4 ms", "backward": "2 ms"}))
    first, last = projection_latencies(simulation.graph, simulation.latencies)
    lag = 1 / np.expm1(0.1)
    assert last.forward == pytest.approx(2 * (4 + lag)) and first.backward == pytest.approx(2 + lag)
    # the output's trace and the one of the error are late as well, and so is what arrives
    # and it is the output's trace of the step before that is compared
    late = 2 * (4 + lag) + 2 * lag + 1
    assert last.mismatch == pytest.approx(late - 2 * (4 + lag))
    assert first.mismatch == pytest.approx(late + 2 + lag - (4 + lag))
    assert simulation.plan.stimuli.target_lag.tolist() == [round(2 * (4 + lag))]


def test_the_recording_says_what_an_error_spike_stands_for():
    simulation = simulate(told())
    gain = simulation.recording["error_gain"]
    assert gain.attrs["units"] == "Hz" and np.isnan(gain[:2]).all()
    # 100 Hz for the size of the error before learning: sigma'(a) (x - y), one output
    h = 1 / (1 + np.exp(0.5 * (0.3 + 0.8)))
    x = 1 / (1 + np.exp(0.5 * 3 * h))
    assert gain[5] == pytest.approx(100 / (x * (1 - x) * (0.9 - x)))


@pytest.mark.parametrize("learns", [True, False])
def test_spikes_and_the_synapses_that_they_reach_are_counted(learns: bool):
    rule = {"rule": "diffusion", "learning_rate": "1 Hz"} if learns else "none"
    simulation = simulate(told(record={"events": "all"}, duration="300 ms", plasticity=rule))
    recording, counts = simulation.recording, simulation.events
    kind, unit = recording["spike_kind"].values, recording["spike_unit"].values
    assert counts.forward == np.sum(kind == "forward") > 100
    assert counts.backward == np.sum(kind != "forward") > 20
    # two inputs, three units after them, one output; the spikes of a step travel together
    volleys = {
        name: np.bincount(
            np.unique([recording["spike_time"][which], unit[which]], axis=1)[1].astype(int),
            minlength=6,
        )
        for name, which in (("x", kind == "forward"), ("delta", kind != "forward"))
    }
    reached = volleys["x"] @ [3, 3, 1, 1, 1, 0]
    # only the output's error goes back, and both learn at their own synapses
    reached += volleys["delta"] @ [0, 0, 0, 0, 0, 3]
    reached += learns * (volleys["delta"] @ [0, 0, 2, 2, 2, 3])
    assert counts.synaptic_operations == reached
    assert counts.graded_operations == 3 * 9 * 300


def test_the_cost_is_that_of_the_spikes_that_are_expected():
    # two neurons a unit, half of 300 Hz and 100 Hz, in steps of 1 ms
    assert Plan.of(told()).transmission.sending == pytest.approx((0.3, 0.2))
    assert Plan.of(
        told(transmission=spikes(neurons_per_unit=9))
    ).transmission.sending == pytest.approx((1, 0.9))
    simulation = Simulation(told(duration="10 s", record={"signals": "none", "events": "all"}))
    silent = Simulation(told(duration="10 s", record={"signals": "none", "events": "none"}))
    # 16 bytes and a text of 7 characters each
    expected = (6 * 0.3 + 4 * 0.2) * 10_000 * 60
    assert simulation.cost.memory - silent.cost.memory == pytest.approx(expected, rel=0.2)


def test_a_population_that_no_error_reaches_is_told_of():
    of_spikes = spikes("lif", background=0.5)
    with pytest.warns(UserWarning, match="no error reaches the units of `hidden1`"):
        Simulation(told(activation="lif", transmission=of_spikes))


def test_outputs_that_see_different_frames_are_refused(tmp_path: Path):
    populations = {
        "u": {"size": 1, "role": "input"},
        "fast": {"size": 1, "role": "output"},
        "slow": {"size": 1, "role": "output"},
    }
    connections = [{"pre": "u", "post": "fast"}, {"pre": "u", "post": "slow", "delay": "12 ms"}]
    np.savez(tmp_path / "frames.npz", frames=np.eye(2)[:, :1], labels=[0, 1])
    for way, enough in ((spikes(), "22 ms"), ("graded", "12 ms")):
        parts = {"transmission": way, "activation": "sigmoid", "target": {"kind": "labels"}}
        shown = {"kind": "frames", "dataset": str(tmp_path / "frames.npz"), "test_fraction": 0}

        def model(hold: str, parts: dict[str, Any] = parts, shown: dict[str, Any] = shown) -> Model:
            frames = shown | {"hold": hold}
            return digraph(populations, connections, input=frames, run={"epochs": 2}, **parts)

        Simulation(model(enough))
        with pytest.raises(ModelError, match=r"input\.hold: a frame reaches some outputs 11 ms"):
            Simulation(model("11 ms"))


@pytest.mark.parametrize("neuron", ["integrate_and_fire", "poisson"])
def test_neurons_that_are_too_slow_are_told_of(neuron: str):
    # relu of a drive of 4.4 asks for 1320 spikes a second, in steps of 1 ms
    model = told(
        activation="relu",
        weights={"init": "constant", "value": 4.0},
        transmission=spikes(neuron),
        duration="200 ms",
    )
    with pytest.warns(UserWarning, match=r"`hidden1`.*neurons.*`transmission\.maximum_rate`"):
        simulate(model)


@ANY_NETWORK
def test_neurons_that_were_too_slow_do_not_go_on_firing(tmp_path: Path):
    # for 100 ms the output is asked for 3 spikes a step; then its current decays
    np.save(tmp_path / "u.npy", np.repeat([[1.0], [0.0]], [100, 200], axis=0))
    model = told(
        [1, 1],
        activation="relu",
        bias=False,
        weights={"init": "constant", "value": 10.0},
        input={"kind": "array", "file": str(tmp_path / "u.npy"), "interval": "1 ms"},
        record={"events": "all"},
        duration="300 ms",
    )
    recording = simulate(model).recording
    fired = recording.spike_time[(recording.spike_unit == 1) & (recording.spike_kind == "forward")]
    assert fired[0] < 0.005 and fired[-1] < 0.18


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"target": {"kind": "constant", "values": [1.1]}}, "target.values: output 0 fires for 0"),
        ({"target": {"kind": "constant", "values": [-0.1]}}, "is to reach -0.1"),
        # in a step of 1 ms there is one spike, and 300 Hz are 0.3
        (
            {"activation": "softplus", "target": {"kind": "constant", "values": [3.4]}},
            "fires for 0 to 3.333",
        ),
        # 1/(2 ms 900 Hz), which is .6 for 833 Hz
        (
            {
                "activation": "lif",
                "transmission": spikes("lif", maximum_rate="900 Hz"),
                "target": {"kind": "constant", "values": [0.6]},
            },
            "fires for 0 to 0.5556 and is to reach 0.6; write `maximum_rate: 833 Hz` or less",
        ),
    ],
)
def test_targets_that_no_rate_reaches_are_refused(parts: dict[str, Any], said: str):
    with pytest.raises(ModelError, match=re.escape(said)):
        Simulation(told(**parts))


def test_weights_that_decay_as_fast_as_what_they_learn_from_are_refused():
    # 1 - e^(-2/10) per ms
    rule = {"rule": "diffusion", "learning_rate": "1 Hz", "weight_decay": "181.27 Hz"}
    with pytest.raises(ModelError, match=r"plasticity\.weight_decay: with 181\.27 Hz"):
        told(plasticity=rule)
    told(plasticity=rule | {"weight_decay": "190 Hz"})


def test_every_frame_is_answered_by_spikes_too():
    model = told(
        [64, 10],
        input={"kind": "frames", "dataset": "digits", "hold": "12 ms", "test_fraction": 0.9},
        target={"kind": "labels"},
        run={"duration": "24 ms"},
        record={"signals": "none", "weights": "none"},
        duration=None,
    )
    simulation = Simulation(model, backend="numpy")
    shown = simulation.plan.stimuli.presentations
    steps = simulation.plan.schedule.answers.steps(simulation.plan.stimuli.steps)
    assert len(steps) == len(shown.order)
    # the last step of the frame, as the output sees it a step later
    assert steps[0] == 12


def test_an_answer_is_the_mean_of_the_second_half_of_a_frames_time(tmp_path: Path):
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "frames.npz", frames=rng.random((10, 2)), labels=rng.integers(0, 2, 10))
    model = told(
        [2, 3, 2],
        input={"kind": "frames", "dataset": str(tmp_path / "frames.npz"), "hold": "25 ms"},
        target={"kind": "labels"},
        run={"epochs": 2},
        record={"signals": "1 ms"},
        duration=None,
    )
    recording = simulate(model).recording
    x = recording.x.sel(unit=recording.output).values
    for frame, answer in enumerate(recording.answer.values):
        # the next frame reaches the outputs two steps after it is shown
        end = 25 * (frame + 1) + 2
        np.testing.assert_allclose(answer, x[end - 12 : end].mean(axis=0), rtol=1e-12)
