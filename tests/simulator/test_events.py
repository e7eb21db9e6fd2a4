"""Networks that send events: against graded ones, a dense twin, and numbers worked out by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model
from neurodiff.simulator.order import ARRIVE
from neurodiff.simulator.transmission.arrival import AtSender, AtSynapse, arrival
from tests.networks import chain, digraph, random_digraph
from tests.simulated import EVERY_STEP, deviations, furthest, moved, reference_waves, simulate
from tests.simulator.sending import SOME_WEIGHTS, Observed, assert_still, observe
from tests.twins.event_twin import Rule, dense_steps

Delay = str | Mapping[str, Any]

ALL_CHANGES = {"kind": "events", "threshold": 0.0, "error_threshold": 0.0}

SOME_CHANGES = {"kind": "events", "threshold": 0.03, "error_threshold": 0.03}


def deviations_from_twin(seen: Observed) -> dict[str, float]:
    """Largest relative deviation of weights and sums from the dense twin over all steps."""
    simulation, rule = seen.simulation, seen.simulation.plan.plasticity
    twin = list(
        dense_steps(
            simulation.graph,
            simulation.plan.w,
            simulation.plan.bias,
            seen.sent_x,
            seen.sent_delta,
            Rule(rule.learning_rate, rule.weight_decay, rule.start, rule.stop),
            seen.steps + 1,
        )
    )
    kept = [*twin[: seen.steps : seen.weights_every], twin[-1]]
    found = {"w": furthest(seen.w, np.array([step.w for step in kept]))}
    for name in ("drive", "feedback", "bias"):
        want = np.array([getattr(step, name)[seen.n_inputs :] for step in twin[:-1]])
        found[name] = furthest(getattr(seen, name), want)
    return found


def random_network(seed: int, duration: str) -> Model:
    """Random delays for each synapse both ways, fast sinusoids; weights decay where `seed` is odd.

    A part of the changes is sent.
    """
    decay = {"weight_decay": "0.5 Hz"} if seed % 2 else {}
    return random_digraph(
        np.random.default_rng(seed),
        transmission=SOME_CHANGES,
        plasticity={"rule": "diffusion", "learning_rate": "2 Hz", "start": "20 ms", **decay},
        input={"kind": "sinusoid", "frequency": ["13 Hz", "21 Hz", "34 Hz"]},
        run={"duration": duration},
        **SOME_WEIGHTS,
    )


def wild(**keys: Any) -> Model:
    """Skips, sparse projections that partly do not learn, random delays both ways."""
    return random_digraph(np.random.default_rng(1), **(EVERY_STEP | keys))


def deep(**keys: Any) -> Model:
    """A chain with random delays both ways, driven by noise."""
    return chain(
        [3, 4, 5, 4, 2],
        delay={"forward": {"uniform": ["1 ms", "5 ms"]}, "backward": {"normal": ["3 ms", "1 ms"]}},
        input={"kind": "noise", "time_constant": "5 ms", "sd": 1.0},
        **(EVERY_STEP | keys),
    )


@pytest.mark.parametrize("build", [wild, pytest.param(deep, marks=pytest.mark.slow)])
def test_sending_every_change_is_graded_transmission_for_2000_steps(build: Callable[..., Model]):
    simulation = simulate(
        build(
            transmission=ALL_CHANGES,
            plasticity={"rule": "diffusion", "learning_rate": "5 Hz", "weight_decay": "0.1 Hz"},
            run={"duration": "2 s"},
        )
    )
    assert moved(simulation) >= 0.1
    found = deviations(simulation)
    assert max(found.values()) <= 1e-9, found


@pytest.mark.slow
def test_compiled_sending_of_every_change_is_graded_transmission():
    simulation = simulate(
        wild(
            transmission=ALL_CHANGES,
            plasticity={"rule": "diffusion", "learning_rate": "5 Hz", "weight_decay": "0.2 Hz"},
            run={"duration": "300 ms"},
            # weights are kept with the products: each monitor would be compiled
            record={"signals": "1 ms", "weights": "none", "events": "none"},
        ),
        "cpp_standalone",
    )
    assert moved(simulation) >= 0.1
    recording, own = simulation.recording, slice(simulation.graph.n_inputs, None)
    waves = reference_waves(simulation)
    found = {
        "x": furthest(recording["x"].values, np.array([wave.x for wave in waves])),
        "delta": furthest(
            recording["delta"].values[:, own], np.array([wave.delta[own] for wave in waves])
        ),
        "product": furthest(
            recording["product"].values, np.array([wave.product for wave in waves])
        ),
        "w": furthest(recording["product_w"].values, np.array([wave.w for wave in waves])),
        "bias": furthest(
            recording["product_bias"].values[:, own], np.array([wave.bias[own] for wave in waves])
        ),
    }
    assert max(found.values()) <= 1e-10, found


ANY: Delay = {"uniform": ["1 ms", "4 ms"]}

delays = pytest.mark.parametrize(
    "delay",
    [
        {"forward": "1 ms", "backward": "1 ms"},
        {"forward": "3 ms", "backward": "1 ms"},
        {"forward": "1 ms", "backward": "2 ms"},
        {"forward": "4 ms", "backward": "3 ms"},
        {"forward": "3 ms", "backward": ANY},
        {"forward": ANY, "backward": "1 ms"},
        {"forward": ANY, "backward": "2 ms"},
        {"forward": ANY, "backward": ANY},
    ],
    ids=lambda delay: " ".join("any" if part == ANY else part for part in delay.values()),
)

rules = pytest.mark.parametrize(
    "rule",
    [
        {"rule": "none"},
        {"rule": "diffusion", "learning_rate": "10 Hz", "start": "30 ms"},
        {"rule": "diffusion", "learning_rate": "10 Hz", "weight_decay": "1 Hz"},
    ],
    ids=["frozen", "learning", "decay"],
)


def skipping(delay: Mapping[str, Delay], rule: Mapping[str, str], **keys: Any) -> Model:
    """u -> h -> g -> o and u -> g; the synapses from h to g do not learn."""
    populations = {
        "u": {"size": 3, "role": "input"},
        "h": {"size": 4},
        "g": {"size": 3, "activation": "softplus", "bias": False},
        "o": {"size": 2, "role": "output", "activation": "linear"},
    }
    return digraph(
        populations,
        ["u h", {"pre": "h", "post": "g", "plastic": False}, "u g", "g o"],
        delay=delay,
        plasticity=rule,
        input={"kind": "sinusoid", "frequency": ["13 Hz", "21 Hz", "34 Hz"]},
        target={"kind": "teacher", "seed": 1},
        run={"duration": "200 ms"},
        **keys,
    )


@delays
@rules
def test_sending_every_change_is_graded_transmission_with_any_delays(
    delay: Mapping[str, Delay], rule: Mapping[str, str]
):
    simulation = simulate(skipping(delay, rule, transmission=ALL_CHANGES, **EVERY_STEP))
    assert moved(simulation) >= (0 if rule["rule"] == "none" else 0.05)
    found = deviations(simulation)
    assert max(found.values()) <= 1e-10, found


@delays
def test_sums_and_weights_are_those_of_the_dense_twin_with_any_delays(delay: Mapping[str, Delay]):
    rule = {"rule": "diffusion", "learning_rate": "10 Hz", "weight_decay": "1 Hz"}
    seen = observe(skipping(delay, rule, transmission=SOME_CHANGES, **SOME_WEIGHTS))
    found = deviations_from_twin(seen)
    assert max(found.values()) <= 1e-10, found


def test_units_may_differ_in_the_delay_that_all_their_synapses_share():
    """Each unit has synapses of one delay in each direction, and the units have different ones."""
    populations = {
        "u": {"size": 2, "role": "input"},
        "v": {"size": 2, "role": "input"},
        "h": {"size": 3},
        "o": {"size": 2, "role": "output"},
    }
    connections = [
        {"pre": "u", "post": "h", "delay": {"forward": "4 ms", "backward": "3 ms"}},
        {"pre": "v", "post": "h", "delay": {"forward": "1 ms", "backward": "3 ms"}},
        # nothing comes back to inputs: this backward delay may be another than that of h -> o
        {"pre": "v", "post": "o", "delay": {"forward": "1 ms", "backward": "5 ms"}},
        {"pre": "h", "post": "o", "delay": {"forward": "2 ms", "backward": "1 ms"}},
    ]
    keys: dict[str, Any] = {
        "plasticity": {"rule": "diffusion", "learning_rate": "10 Hz"},
        "input": {"kind": "sinusoid", "frequency": "20 Hz"},
        "run": {"duration": "200 ms"},
    }
    simulation = simulate(
        digraph(populations, connections, transmission=ALL_CHANGES, **keys, **EVERY_STEP)
    )
    assert max(deviations(simulation).values()) <= 1e-10
    seen = observe(
        digraph(populations, connections, transmission=SOME_CHANGES, **keys, **SOME_WEIGHTS)
    )
    assert max(deviations_from_twin(seen).values()) <= 1e-10


@pytest.mark.parametrize(
    ("lags", "kept"),
    [
        ([1, 1, 1, 1], AtSender),
        ([3, 3, 3, 3], AtSender),
        ([2, 2, 5, 5], AtSender),
        ([2, 2, 5, 9], AtSender),  # the last synapse does not count
        ([2, 3, 5, 5], AtSynapse),
    ],
)
def test_what_has_arrived_is_kept_by_the_sender_where_its_delays_are_equal(
    lags: list[int], kept: type
):
    sender, counts = np.array([0, 0, 1, 1]), np.array([True, True, True, False])
    assert type(arrival("x", "pre", ARRIVE, 2, sender, np.array(lags), counts)) is kept


# 11 draws eighteen synapses, which have too little to say
@pytest.mark.parametrize("seed", [seed for seed in range(21) if seed != 11])
def test_sums_and_weights_are_those_of_the_dense_twin(seed: int):
    seen = observe(random_network(seed, "1200 ms"))
    n_units = seen.simulation.graph.n_units
    assert 10_000 <= seen.events <= 0.8 * seen.steps * (2 * n_units - seen.n_inputs)
    assert np.linalg.norm(seen.w[-1] - seen.w[0]) >= 0.03 * np.linalg.norm(seen.w[0])
    found = deviations_from_twin(seen)
    assert max(found.values()) <= 1e-10, found


@pytest.mark.slow
def test_nothing_drifts_in_ten_times_as_many_steps():
    seen = observe(random_network(6, "12 s"))
    assert seen.events >= 100_000
    found = deviations_from_twin(seen)
    assert max(found.values()) <= 1e-10, found


@pytest.mark.parametrize("delay", ["1 ms", ANY], ids=["1 ms", "any"])
def test_nothing_is_learned_in_the_test_phase(tmp_path: Path, delay: Delay):
    path = tmp_path / "frames.npz"
    frames = np.random.default_rng(0).random((5, 3))
    np.savez(path, frames=frames, labels=np.array([0, 1, 1, 0, 1]))
    shown = {"kind": "frames", "dataset": str(path), "hold": "20 ms", "crossfade": "5 ms"}
    model = chain(
        [3, 4, 2],
        transmission=SOME_CHANGES,
        delay=delay,
        plasticity={"rule": "diffusion", "learning_rate": "20 Hz", "weight_decay": "1 Hz"},
        input={**shown, "test_fraction": 0.4},
        target={"kind": "labels"},
        run={"epochs": 5},
        **SOME_WEIGHTS,
    )
    seen = observe(model)
    learned = seen.simulation.plan.stimuli.learning_steps
    assert (seen.sent_delta.step > learned).any()
    late = seen.w[-(-learned // seen.weights_every) :]
    assert len(late) > 5 and np.linalg.norm(late[0] - seen.w[0]) > 0.1
    assert_still(late)
    found = deviations_from_twin(seen)
    assert max(found.values()) <= 1e-10, found
