"""Networks that spike: against a dense twin, theory's closed forms, and predicted spikes."""

import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
import pytest
from numpy.typing import NDArray

from neurodiff import Model, ModelError, Simulation
from neurodiff.network.activations import Membrane
from neurodiff.network.graph import random_stream
from neurodiff.network.latency import projection_latencies
from neurodiff.plan import Plan
from neurodiff.plan.error_size import expected_error_sizes
from neurodiff.reference.backprop import backprop
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.simulator.order import OBSERVE
from tests.networks import Floats, chain, digraph, random_digraph
from tests.simulated import described, furthest, moved, simulate
from tests.twins.spike_twin import RegularNeurons, TwinStep, dense_steps, recorded_counts

Build = Callable[..., Model]

#: For random networks, where it is no matter if neurons are asked for too much, or are dead.
ANY_NETWORK = pytest.mark.filterwarnings(
    "ignore:.*more often than once a step", "ignore:no error reaches"
)


class Watched(Simulation):
    """A simulation on numpy whose currents are looked at in every step."""

    def __init__(self, model: Model):
        super().__init__(model, backend="numpy")

    def build(self) -> BuiltNetwork:
        built = super().build()
        parts = (
            ["feedback"]
            if self.plan.transmission.mutual_inhibition
            else ["feedback_on", "feedback_off"]
        )
        self._units = b2.StateMonitor(built.units, parts, record=True, **OBSERVE.when)
        self._errors = b2.StateMonitor(built.errors, ["drive"], record=True, **OBSERVE.when)
        built.network.add(self._units, self._errors)
        return built

    @property
    def own(self) -> slice:
        """All units but the inputs."""
        return slice(self.graph.n_inputs, None)

    @property
    def drive(self) -> Floats:
        """Of all units but the inputs, (steps, n)."""
        return np.array(self._errors.drive).T

    @property
    def came_back(self) -> Floats:
        """Of all units but the inputs, (steps, n)."""
        if self.plan.transmission.mutual_inhibition:
            return np.array(self._units.feedback).T[:, self.own]
        return np.array(self._units.feedback_on - self._units.feedback_off).T[:, self.own]


def watch(model: Model) -> Watched:
    seen = Watched(model)
    seen.run()
    return seen


def spikes(neuron: str = "integrate_and_fire", **keys: Any) -> dict[str, Any]:
    defaults = {"maximum_rate": "300 Hz", "synaptic_time_constant": "10 ms"}
    return {"kind": "spikes", "neuron": neuron, **defaults, **keys}


# the dense twin ----------------------------------------------------------------------------------

RATES = ("sigmoid", "relu", "softplus")
EVERYTHING: dict[str, Any] = {
    "record": {"signals": "1 ms", "weights": "7 ms", "events": "all"},
    "validation": {"start": "0 ms", "every": "1 ms"},
}


def changing(folder: Path, n: int, duration: int) -> dict[str, Any]:
    """Inputs that jump to other rates every 40 ms."""
    u = np.random.default_rng(n).random((duration // 40 + 1, n))
    np.save(folder / "u.npy", u)
    return {"kind": "array", "file": str(folder / "u.npy"), "interval": "40 ms"}


def random_network(seed: int, folder: Path, **transmission: Any) -> Model:
    """Random delays for each synapse both ways; what else differs goes by the seed."""
    rule: dict[str, Any] = {"rule": "diffusion", "learning_rate": "100 Hz"}
    if seed % 2:
        rule["weight_decay"] = "0.5 Hz"
    if seed % 3 == 0:
        rule["start"] = "60 ms"
    of_spikes = {
        "neurons_per_unit": 3 if seed % 4 > 1 else 1,
        "mutual_inhibition": seed % 5 != 1,
    }
    return random_digraph(
        np.random.default_rng(seed),
        activations=RATES,
        transmission=spikes(**(of_spikes | transmission)),
        dale=seed % 3 == 1,
        plasticity=rule,
        input=changing(folder, 3, 350),
        run={"duration": "350 ms"},
        **EVERYTHING,
    )


def layered(folder: Path, **transmission: Any) -> Model:
    """A chain of leaky integrate-and-fire neurons with random delays both ways."""
    return chain(
        [3, 5, 4, 2],
        activation="lif",
        transmission=spikes("lif", neurons_per_unit=2, **transmission),
        delay={"forward": {"uniform": ["1 ms", "6 ms"]}, "backward": {"normal": ["4 ms", "1 ms"]}},
        plasticity={"rule": "diffusion", "learning_rate": "40 Hz", "weight_decay": "1 Hz"},
        input=changing(folder, 3, 350),
        run={"duration": "350 ms"},
        **EVERYTHING,
    )


def some_stay(folder: Path, **transmission: Any) -> Model:
    """u -> h -> g -> o and u -> g, with equal delays; h -> g does not learn, g -> o keeps signs."""
    populations = {
        "u": {"size": 3, "role": "input"},
        "h": {"size": 4},
        "g": {"size": 3, "activation": "softplus", "bias": False},
        "o": {"size": 2, "role": "output", "activation": "relu"},
    }
    connections = [
        {"pre": "u", "post": "h", "delay": "3 ms"},
        {"pre": "h", "post": "g", "plastic": False},
        {"pre": "u", "post": "g", "delay": {"forward": "1 ms", "backward": "5 ms"}},
        {"pre": "g", "post": "o", "dale": True, "delay": "2 ms"},
    ]
    return digraph(
        populations,
        connections,
        activation="sigmoid",
        weights={"init": "normal", "sd": 0.5},
        transmission=spikes(**transmission),
        plasticity={"rule": "diffusion", "learning_rate": "150 Hz"},
        input=changing(folder, 3, 350),
        run={"duration": "350 ms"},
        **EVERYTHING,
    )


def deviations_from_twin(seen: Simulation, twin: list[TwinStep]) -> dict[str, float]:
    """Largest relative deviation over all recorded steps, by variable; a step more than the run."""
    recording, own = seen.recording, slice(seen.graph.n_inputs, None)
    every = seen.plan.schedule.weights.every
    at_weights = [*twin[:-1:every], twin[-1]]
    pairs = {
        "x": (recording["x"].values, [step.x for step in twin[:-1]]),
        "delta": (recording["delta"].values[:, own], [step.delta[own] for step in twin[:-1]]),
        "product": (recording["product"].values, [step.product for step in twin[:-1]]),
        "product_w": (recording["product_w"].values, [step.w for step in twin[:-1]]),
        "w": (recording["w"].values, [step.w for step in at_weights]),
        "bias": (recording["bias"].values[:, own], [step.bias[own] for step in at_weights]),
    }
    if isinstance(seen, Watched):
        pairs["drive"] = seen.drive, [step.drive[own] for step in twin[:-1]]
        pairs["feedback"] = seen.came_back, [step.feedback[own] for step in twin[:-1]]
    return {name: furthest(got, np.array(want)) for name, (got, want) in pairs.items()}


def assert_as_the_twin(model: Model) -> Watched:
    seen = watch(model)
    counts = recorded_counts(seen)
    assert counts.forward.sum() > 300 and counts.on.sum() > 20 and counts.off.sum() > 20
    assert moved(seen) >= 0.1
    found = deviations_from_twin(seen, list(dense_steps(seen, lambda t, _: counts.at(t))))
    assert max(found.values()) <= 1e-10, found
    return seen


@ANY_NETWORK
@pytest.mark.parametrize("seed", [0, 31, *range(2, 10)])
def test_traces_currents_and_weights_are_those_of_the_dense_twin(seed: int, tmp_path: Path):
    neuron = "poisson" if seed % 2 else "integrate_and_fire"
    assert_as_the_twin(random_network(seed, tmp_path, neuron=neuron))


@ANY_NETWORK
def test_layers_of_lif_neurons_are_those_of_the_dense_twin(tmp_path: Path):
    assert_as_the_twin(layered(tmp_path))


@pytest.mark.slow
@ANY_NETWORK
def test_compiled_traces_and_weights_are_those_of_the_dense_twin(tmp_path: Path):
    simulation = simulate(layered(tmp_path), "cpp_standalone")
    assert moved(simulation) >= 0.1
    counts = recorded_counts(simulation)
    found = deviations_from_twin(
        simulation, list(dense_steps(simulation, lambda t, _: counts.at(t)))
    )
    assert max(found.values()) <= 1e-10, found


def test_an_output_that_is_right_has_no_error_in_the_mean():
    model = chain(
        [1, 40],
        activation="sigmoid",
        weights={"init": "constant", "value": 0.0},
        transmission=spikes("poisson", neurons_per_unit=4, synaptic_time_constant="5 ms"),
        input={"kind": "constant", "values": [0.5]},
        target={"kind": "constant", "values": [0.5] * 20 + [0.3] * 20, "delay": "none"},
        duration="3 s",
    )
    delta = simulate(model).recording["delta"].values[100:, 1:].mean(axis=0)
    # sigma' (x - y), with x = 1/2 and sigma' = 1/4
    assert abs(delta[:20].mean()) <= 2e-3
    assert delta[20:].mean() == pytest.approx(0.05, abs=2e-3)


@ANY_NETWORK
def test_some_weights_stay_and_some_stop_at_0(tmp_path: Path):
    seen = assert_as_the_twin(some_stay(tmp_path, neuron="poisson"))
    graph, w = seen.graph, seen.recording["w"].values
    assert (~graph.plastic).sum() == 12 and (w[:, ~graph.plastic] == w[0, ~graph.plastic]).all()
    kept = w[:, graph.dale]
    assert (kept * np.sign(kept[0]) >= 0).all()
    assert (kept[1:] == 0).any()
    free = w[:, graph.plastic & ~graph.dale]
    assert (free * np.sign(free[0]) < 0).any()


@ANY_NETWORK
@pytest.mark.parametrize("inhibited", [True, False])
@pytest.mark.parametrize("build", [some_stay, *(partial(random_network, k) for k in [2])])
def test_every_spike_of_regular_neurons_is_predicted(build: Build, inhibited: bool, tmp_path: Path):
    seen = watch(build(tmp_path, mutual_inhibition=inhibited))
    counts = recorded_counts(seen)
    assert moved(seen) >= 0.1 and counts.forward.sum() > 300
    twin = list(dense_steps(seen, RegularNeurons(seen)))
    for name, recorded in counts._asdict().items():
        predicted = [getattr(step.counts, name) for step in twin[:-1]]
        np.testing.assert_array_equal(recorded, predicted, name)
    found = deviations_from_twin(seen, twin)
    assert max(found.values()) <= 1e-9, found


# delays ------------------------------------------------------------------------------------------


def test_spikes_take_the_delay_of_each_projection_both_ways(tmp_path: Path):
    """u -> h, u -> g, h -> o, g -> o; u begins to fire in step 10, and fires in every one."""
    on = 10
    u = np.ones((200, 1))
    u[:on] = 0
    np.save(tmp_path / "u.npy", u)
    ways = {"u h": (3, 2), "u g": (7, 2), "h o": (4, 5), "g o": (2, 11)}
    connections = []
    for way, (forward, backward) in ways.items():
        pre, post = way.split()
        delay = {"forward": f"{forward} ms", "backward": f"{backward} ms"}
        connections.append({"pre": pre, "post": post, "delay": delay})
    populations = {
        "u": {"size": 1, "role": "input"},
        "h": {"size": 2},
        "g": {"size": 3},
        "o": {"size": 2, "role": "output"},
    }
    seen = watch(
        digraph(
            populations,
            connections,
            activation="sigmoid",
            loss="cross_entropy",
            weights={"init": "constant", "value": 0.5},
            transmission=spikes(maximum_rate="1 kHz", error_rate="500 Hz"),
            input={"kind": "array", "file": str(tmp_path / "u.npy"), "interval": "1 ms"},
            target={"kind": "constant", "values": [0.9, 0.1], "delay": "none"},
            run={"duration": "200 ms"},
            **EVERYTHING,
        )
    )
    counts, graph = recorded_counts(seen), seen.graph
    fired = counts.forward[:, 0]
    assert not fired[:on].any() and fired[on:].all()
    # inputs have no error
    begin = np.append(np.zeros(graph.n_inputs), first_steps(counts.error[:, seen.own]))
    units = {name: graph.population(name).units for name in populations}
    for name in ("h", "g"):
        forward, _ = ways[f"u {name}"]
        _, backward = ways[f"{name} o"]
        into = units[name].start - graph.n_inputs
        assert first_steps(seen.drive)[into] == on + forward
        assert first_steps(seen.came_back[:, [into]]) == begin[units["o"]].min() + backward
    arrives = first_steps(seen.drive)[units["o"].start - graph.n_inputs]
    first = first_steps(counts.forward)
    assert arrives == min(first[units["h"]].min() + 4, first[units["g"]].min() + 2)
    known = first_steps(seen.recording["product"].values)
    sent = first[graph.pre] + graph.forward_lag
    np.testing.assert_array_equal(known, np.maximum(sent, begin[graph.post]))


def first_steps(values: NDArray) -> NDArray[np.int64]:
    """The first step at which each column (steps, n) is not 0."""
    assert values.any(axis=0).all()
    return np.argmax(values != 0, axis=0)


# Poisson spikes ----------------------------------------------------------------------------------

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


# the f-I curve -----------------------------------------------------------------------------------

MEMBRANES: list[dict[str, Any]] = [
    {},
    {"reset": "-60 mV", "refractory": "5 ms", "membrane_time_constant": "12 ms", "background": 1.3},
]


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


# mutual inhibition -------------------------------------------------------------------------------

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


def test_without_mutual_inhibition_the_common_mode_grows_from_layer_to_layer():
    common, difference = common_and_difference(False, "500 mHz", 4000)
    ratio = common / difference
    assert ratio[0] == pytest.approx(1, rel=0.02)
    # over all layers: that of one depends on its few weights
    growth = ratio[-1] ** (1 / 4)
    assert growth == pytest.approx(np.sqrt(2 * WIDTH / np.pi), rel=0.15)
    assert (ratio[1:] >= 2 * ratio[:-1]).all()


def test_with_mutual_inhibition_there_is_no_common_mode():
    common, difference = common_and_difference(True, "50 Hz", 2000)
    assert (common / difference < 1.1).all(), common / difference


# the size of errors ------------------------------------------------------------------------------


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


# reproducible ------------------------------------------------------------------------------------


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


# what is said of it ------------------------------------------------------------------------------


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
