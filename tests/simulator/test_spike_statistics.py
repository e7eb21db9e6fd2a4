"""Variances, cosines and firing rates of spiking networks against their closed forms."""

from functools import cache
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
import pytest

from neurodiff import Model, Simulation
from neurodiff.network.activations import Membrane
from neurodiff.network.graph import random_stream
from neurodiff.plan.error_size import expected_error_sizes
from neurodiff.reference.backprop import backprop
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.simulator.order import OBSERVE
from tests.networks import Floats, chain, digraph
from tests.simulator.spiking import RATES, Watched, changing, spikes
from tests.twins.spike_twin import recorded_counts

RATE, TAU = 50.0, 0.02

LEVELS = (0.1, 0.4)


def noisy(x: Floats, error: Floats, keys: dict[str, Any], **transmission: Any) -> Watched:
    """Inputs x straight to outputs that are silent, and whose errors so are -`error` for ever."""
    defaults: dict[str, Any] = {
        "maximum_rate": f"{RATE:g} Hz",
        "synaptic_time_constant": f"{1000 * TAU:g} ms",
        "error_rate": "10 Hz",
    }
    model = chain(
        [len(x), len(error)],
        activation="sigmoid",
        loss="cross_entropy",
        weights={"init": "constant", "value": 0.0},
        transmission=spikes("poisson", **(defaults | transmission)),
        input={"kind": "constant", "values": x.tolist()},
        target={"kind": "constant", "values": error.tolist(), "delay": "none"},
        **keys,
    )
    return silenced(model)


def silenced(model: Model) -> Watched:
    """A run in which the biases of the outputs are so low that these never fire."""
    seen = Watched(model)
    seen.plan.bias[seen.graph.outputs] = -40.0
    seen.run()
    assert not seen.recording["x"].values[:, seen.graph.outputs].any()
    return seen


@cache
def inputs(neurons: int, tau: float) -> Floats:
    """Traces (2000 steps, 1000 units, 2) of inputs at both `LEVELS`, when they have settled."""
    keys = {"duration": "2200 ms", "record": {"signals": "1 ms", "events": "none"}}
    seen = noisy(
        np.tile(LEVELS, 1000),
        np.array([0.5]),
        keys,
        neurons_per_unit=neurons,
        synaptic_time_constant=f"{1000 * tau:g} ms",
    )
    return seen.recording["x"].values[200:, :2000].reshape(-1, 1000, 2)


@pytest.mark.parametrize("neurons", [1, 5])
def test_the_variance_of_a_trace(neurons: int):
    x = np.array(LEVELS)
    found = np.mean((inputs(neurons, TAU) - x) ** 2, axis=(0, 1))
    np.testing.assert_allclose(found, x / (2 * neurons * TAU * RATE), rtol=0.1)


@pytest.mark.parametrize(("neurons", "tau"), [(1, TAU), (5, TAU), (1, TAU / 4)])
def test_the_variance_of_a_mean_over_time_does_not_know_the_time_constant(neurons: int, tau: float):
    x, time = np.array(LEVELS), 1.0
    means = inputs(neurons, tau).reshape(2, 1000, 1000, 2).mean(axis=1)
    found = np.mean((means - x) ** 2, axis=(0, 1))
    np.testing.assert_allclose(found, x / (neurons * RATE * time), rtol=0.1)


@pytest.mark.parametrize("neurons", [1, 4])
def test_the_variance_of_the_trace_of_an_error(neurons: int):
    error = np.tile([0.3, 0.9], 300)
    keys = {"duration": "900 ms", "record": {"signals": "1 ms"}}
    seen = noisy(np.array([0.5]), error, keys, neurons_per_unit=neurons)
    gain = seen.plan.transmission.gain[-1] * 1000
    delta = seen.recording["delta"].values[200:, 1:]
    np.testing.assert_allclose(delta.mean(axis=0).reshape(-1, 2).mean(axis=0), [-0.3, -0.9], 0.05)
    found = np.mean((delta + error) ** 2, axis=0).reshape(-1, 2).mean(axis=0)
    # the rate of OFF cells is gain error, and ON cells are silent
    np.testing.assert_allclose(found, np.array([0.3, 0.9]) / (2 * neurons * TAU * gain), rtol=0.1)
    assert not recorded_counts(seen).on.any()


@pytest.mark.slow
def test_the_variance_of_the_trace_of_an_error_without_mutual_inhibition():
    """Many outputs excite both cells of each hidden unit, which so fire at constant rates."""
    model = chain(
        [1, 150, 400],
        activation="sigmoid",
        loss="cross_entropy",
        weights={"init": "normal", "sd": 0.05},
        transmission=spikes(
            "poisson",
            maximum_rate=f"{RATE:g} Hz",
            synaptic_time_constant=f"{1000 * TAU:g} ms",
            error_rate="2 Hz",
            mutual_inhibition=False,
        ),
        target={"kind": "constant", "values": [1.0] * 400, "delay": "none"},
        input={"kind": "constant", "values": [0.0]},
        duration="700 ms",
        record={"signals": "1 ms", "events": "none"},
    )
    seen = silenced(model)
    weights = seen.plan.w[seen.graph.projections[1].synapses].reshape(150, 400)
    gain = seen.plan.transmission.gain[1] * 1000
    # sigma' is 1/4 where nothing drives, and every output's error is -1
    on, off = (gain * part.sum(axis=1) / 4 for part in (-np.minimum(weights, 0), weights.clip(0)))
    delta = seen.recording["delta"].values[200:, 1:151]
    found = np.mean((delta - (on - off) / gain) ** 2)
    np.testing.assert_allclose(found, np.mean(on + off) / (2 * TAU * gain**2), rtol=0.1)


@pytest.mark.parametrize("neurons", [1, 4, 16])
def test_the_cosine_of_the_local_product_with_its_mean(neurons: int):
    """[H6]: noise power over signal power of both traces, which vary independently."""
    rng = np.random.default_rng(0)
    x, error = rng.uniform(0.1, 0.9, 100), rng.uniform(0.1, 0.9, 100)
    keys = {
        "duration": "500 ms",
        "record": {"signals": "500 ms", "events": "none"},
        "validation": {"start": "0 ms", "every": "10 ms"},
    }
    seen = noisy(x, error, keys, neurons_per_unit=neurons)
    products = seen.recording["product"].values[20:]
    mean = -np.outer(x, error).ravel()
    found = products @ mean / np.linalg.norm(products, axis=1) / np.linalg.norm(mean)
    gain = seen.plan.transmission.gain[-1] * 1000
    of_x = np.sum(x) / (2 * neurons * TAU * RATE) / np.sum(x**2)
    of_delta = np.sum(error) / (2 * neurons * TAU * gain) / np.sum(error**2)
    expected = ((1 + of_x) * (1 + of_delta)) ** -0.5
    np.testing.assert_allclose(found.mean(), expected, rtol=0.05)
    noise = np.mean(found) ** -2 - 1
    np.testing.assert_allclose(noise, expected**-2 - 1, rtol=0.1)


MEMBRANES: list[dict[str, Any]] = [
    {},
    {"reset": "-60 mV", "refractory": "5 ms", "membrane_time_constant": "12 ms", "background": 1.3},
]


@pytest.mark.slow
@pytest.mark.parametrize("keys", MEMBRANES, ids=["default", "other"])
@pytest.mark.parametrize(("step", "duration"), [("1 ms", "1 s"), ("100 us", "400 ms")])
def test_lif_neurons_fire_as_the_f_i_curve_says(keys: dict[str, Any], step: str, duration: str):
    n = 12
    model = chain(
        [1, n],
        activation="lif",
        time_step=step,
        weights={"init": "constant", "value": 0.0},
        transmission=spikes("lif", maximum_rate="200 Hz", error_rate="1 Hz", **keys),
        input={"kind": "constant", "values": [0.0]},
        duration=duration,
        record={"signals": duration, "events": "all"},
    )
    simulation = Simulation(model, backend="numpy")
    a = np.linspace(1.05, 6, n) - simulation.plan.transmission.membrane.background
    simulation.plan.bias[1:] = a
    recording = simulation.run().recording
    time, unit = recording["spike_time"].values, recording["spike_unit"].values
    time, unit = (part[recording["spike_kind"].values == "forward"] for part in (time, unit))
    own = [time[unit == k] for k in range(1, n + 1)]
    found = [(len(times) - 1) / np.ptp(times) for times in own]
    np.testing.assert_allclose(
        found, 200 * simulation.plan.transmission.membrane.rate(a), rtol=0.01
    )


class OneCurrent(Simulation):
    """On numpy, with the drives of all units in all steps."""

    def build(self) -> BuiltNetwork:
        built = super().build()
        self._monitor = b2.StateMonitor(built.units, ["a"], record=True, **OBSERVE.when)
        built.network.add(self._monitor)
        return built

    @property
    def drives(self) -> Floats:
        """(n_units, steps)."""
        return np.array(self._monitor.a)


def crossings(membrane: Membrane, drive: Floats, v: float) -> list[int]:
    """Steps in which a neuron fires, from threshold to threshold; `drive` stays for a step each."""
    fired, waiting = [], 0.0
    for step, current in enumerate(membrane.background + drive):
        left = 1.0
        while left > 1e-12:
            if waiting > 0:
                passed = min(waiting, left)
                waiting -= passed
            else:
                above = current > 1
                until = np.log((current - v) / (current - 1)) if above else np.inf
                passed = min(membrane.time_constant * until, left)
                v = current + (v - current) * np.exp(-passed / membrane.time_constant)
                if passed < left:
                    fired.append(step)
                    v, waiting = membrane.reset, membrane.refractory
            left -= passed
    return fired


def test_lif_neurons_fire_in_the_step_in_which_a_changing_current_takes_them_there(tmp_path: Path):
    np.save(tmp_path / "u.npy", np.random.default_rng(0).random((21, 3)))
    model = chain(
        [3, 6],
        activation="lif",
        bias=False,
        weights={"init": "normal", "sd": 2.0},
        transmission=spikes("lif", maximum_rate="200 Hz", refractory="3.3 ms", background=1.5),
        input={"kind": "array", "file": str(tmp_path / "u.npy"), "interval": "50 ms"},
        duration="1 s",
        record={"signals": "1 ms", "events": "all"},
    )
    simulation = OneCurrent(model, backend="numpy")
    recording = simulation.run().recording
    begun = random_stream(simulation.plan.transmission.seed, "phases of neurons").random(9)
    forward = recording["spike_kind"] == "forward"
    for unit in range(3, 9):
        own = recording["spike_time"][forward & (recording["spike_unit"] == unit)]
        expected = crossings(
            simulation.plan.transmission.membrane, simulation.drives[unit], begun[unit]
        )
        assert np.rint(1000 * own.values).astype(int).tolist() == expected
    assert int(forward.sum()) > 500


CURVES = [
    Membrane(time_constant=20, refractory=2, reset=0, background=2, maximum_rate=0.2),
    Membrane(time_constant=85.5, refractory=31, reset=0.45, background=1.25, maximum_rate=0.01),
    Membrane(time_constant=7, refractory=1, reset=-0.3, background=0.4, maximum_rate=0.5),
]


@pytest.mark.parametrize("curve", CURVES)
def test_the_slope_of_the_f_i_curve_is_its_derivative(curve: Membrane):
    a, h = np.linspace(1.05, 8, 50) - curve.background, 1e-5
    differences = (curve.rate(a + h) - curve.rate(a - h)) / (2 * h)
    np.testing.assert_allclose(curve.slope(a), differences, rtol=1e-6)


@pytest.mark.parametrize("curve", CURVES)
def test_the_text_of_the_f_i_curve_is_its_function(curve: Membrane):
    a = np.concatenate([[-5, -1], np.linspace(0.5, 8, 50)]) - curve.background
    words = {"clip": np.clip, "log": np.log, "int": lambda part: np.asarray(part).astype(int)}
    form = curve.activation
    for text, function in ((form.text, form.function), (form.slope_text, form.slope)):
        found = eval(text, {**words, "a": a})
        np.testing.assert_allclose(found, function(a), rtol=1e-12)
        assert not found[a + curve.background < 1].any() and (found[-40:] > 0).all()


WIDTH = 40


def common_and_difference(inhibited: bool, error_rate: str, duration: int) -> tuple[Floats, Floats]:
    """Spikes of ON and OFF cells together, and their difference, of each layer from the last.

    The mean, and the root mean square, over the units of a layer.
    """
    model = chain(
        [2] + [WIDTH] * 5,
        activation="sigmoid",
        loss="cross_entropy",
        weights={"init": "normal", "sd": 0.1},
        transmission=spikes(
            error_rate=error_rate, mutual_inhibition=inhibited, synaptic_time_constant="100 ms"
        ),
        input={"kind": "constant", "values": [0.5, 0.5]},
        target={"kind": "constant", "values": [1.0] * WIDTH, "delay": "none"},
        duration=f"{duration} ms",
        record={"signals": "1 s"},
    )
    counts = recorded_counts(silenced(model))
    assert not (counts.on * counts.off).any() or not inhibited
    parts = (np.split(part[1000:].sum(axis=0)[2:], 5)[::-1] for part in (counts.on, counts.off))
    on, off = map(np.array, parts)
    return (on + off).mean(axis=1), np.sqrt(((on - off) ** 2).mean(axis=1))


@pytest.mark.slow
def test_without_mutual_inhibition_the_common_mode_grows_from_layer_to_layer():
    common, difference = common_and_difference(False, "500 mHz", 4000)
    ratio = common / difference
    assert ratio[0] == pytest.approx(1, rel=0.02)
    # over all layers: that of one depends on its few weights
    growth = ratio[-1] ** (1 / 4)
    assert growth == pytest.approx(np.sqrt(2 * WIDTH / np.pi), rel=0.15)
    assert (ratio[1:] >= 2 * ratio[:-1]).all()


@pytest.mark.slow
def test_with_mutual_inhibition_there_is_no_common_mode():
    common, difference = common_and_difference(True, "50 Hz", 2000)
    assert (common / difference < 1.1).all(), common / difference


@pytest.mark.parametrize("seed", range(6))
def test_expected_errors_are_about_as_large_as_those_of_backpropagation(seed: int, tmp_path: Path):
    rng = np.random.default_rng(seed)
    populations: dict[str, dict[str, Any]] = {"u": {"size": 20, "role": "input"}}
    for name in "abc":
        activation = str(rng.choice(RATES))
        populations[name] = {"size": int(rng.integers(25, 50)), "activation": activation}
    populations["o"] = {"size": 20, "role": "output"}
    model = digraph(
        populations,
        ["u a", "a b", "b c", "c o", *rng.choice(["u b", "a c", "b o"], 2, replace=False)],
        activation="sigmoid",
        seed=seed,
        loss=str(rng.choice(["squared_error", "cross_entropy"])),
        weights={"init": "lecun_normal"},
        transmission=spikes(),
        input=changing(tmp_path, 20, 4000),
        target={"kind": "constant", "values": rng.uniform(0.1, 0.9, 20).tolist()},
        run={"duration": "4 s"},
    )
    drawn = Simulation(model, backend="numpy")
    parts = (drawn.graph, drawn.plan.w, drawn.plan.bias)
    steps = np.arange(0, 4000, 40)
    stimuli = drawn.plan.stimuli
    exact = backprop(*parts, stimuli.input.at(steps), stimuli.target.at(steps), model.loss).delta
    for name, (size, unsigned) in expected_error_sizes(*parts, stimuli, model.loss).items():
        true = np.sqrt(np.mean(exact[:, drawn.graph.population(name).units] ** 2))
        assert 1 / 1.1 <= size / true <= 1.1, (name, size, true)
        assert size <= unsigned
