"""Networks that spike: against a dense twin, theory's closed forms, and predicted spikes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neurodiff import Model, Simulation
from tests.networks import chain, digraph, random_digraph
from tests.simulated import furthest, moved, simulate
from tests.simulator.spiking import ANY_NETWORK, RATES, Watched, changing, spikes
from tests.twins.spike_twin import RegularNeurons, TwinStep, dense_steps, recorded_counts

Build = Callable[..., Model]


def watch(model: Model) -> Watched:
    seen = Watched(model)
    seen.run()
    return seen


EVERYTHING: dict[str, Any] = {
    "record": {"signals": "1 ms", "weights": "7 ms", "events": "all"},
    "validation": {"start": "0 ms", "every": "1 ms"},
}


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


@ANY_NETWORK
@pytest.mark.parametrize("neuron", ["lif", "poisson"])
def test_kernels_give_the_same_spikes_and_weights_as_single_synapses(neuron: str, tmp_path: Path):
    build = {"lif": layered, "poisson": partial(random_network, 3)}[neuron]
    model = build(tmp_path) if neuron == "lif" else build(tmp_path, neuron=neuron)
    native, fused = (
        simulate(model.replace(run=model.run.replace(engine=engine)))
        for engine in ("native", "fused")
    )
    assert (native.plan.transmission.engine, fused.plan.transmission.engine) == ("native", "fused")
    assert fused.events == native.events and native.events.forward > 300
    for name in ("spike_time", "spike_unit", "spike_kind"):
        assert (fused.recording[name].values == native.recording[name].values).all()
    assert moved(native) >= 0.1
    for name in ("x", "delta", "w", "bias", "product", "product_w"):
        one, other = (run.recording[name].fillna(0).values for run in (native, fused))
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-12 * np.abs(one).max())


@pytest.mark.slow
@ANY_NETWORK
@pytest.mark.parametrize("engine", ["native", "fused"])
def test_compiled_traces_and_weights_are_those_of_the_dense_twin(engine: str, tmp_path: Path):
    model = layered(tmp_path)
    simulation = simulate(model.replace(run=model.run.replace(engine=engine)), "cpp_standalone")
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
