"""The Brian2 network against the independent waves, at every step."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from neurodiff import Model, Simulation
from neurodiff.plan import Plan
from neurodiff.simulator import order
from neurodiff.simulator.backends.execution import machine_code
from tests.networks import chain, digraph, random_digraph
from tests.simulated import EVERY_STEP, deviations, moved, reference_waves, simulate

Build = Callable[..., Model]


def wild(seed: int, **keys: object) -> Model:
    """Skips, sparse projections, two outputs: see `random_digraph`."""
    rng = np.random.default_rng(seed)
    return random_digraph(rng, **EVERY_STEP, run={"duration": "300 ms"}, **keys)


def layered(seed: int, **keys: object) -> Model:
    """A chain of up to six layers with random delays, driven by noise."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 6, size=rng.integers(2, 7)).tolist()
    loss = str(rng.choice(["squared_error", "cross_entropy"]))
    return chain(
        sizes,
        seed=seed,
        delay={"forward": {"uniform": ["1 ms", "5 ms"]}, "backward": {"normal": ["3 ms", "1 ms"]}},
        activation=str(rng.choice(["tanh", "sigmoid", "relu", "softplus", "linear"])),
        output_activation="sigmoid" if loss == "cross_entropy" else "tanh",
        loss=loss,
        input={"kind": "noise", "time_constant": "5 ms", "sd": 1.0},
        run={"duration": "300 ms"},
        **EVERY_STEP,
        **keys,
    )


def strong_rule(build: Build, seed: int) -> dict[str, str] | None:
    """Plasticity that moves the network's weights by 10 % and does not diverge."""
    for rate in ("20 Hz", "60 Hz", "5 Hz"):
        rule = {"rule": "diffusion", "learning_rate": rate, "weight_decay": "0.2 Hz"}
        simulation = Simulation(build(seed, plasticity=rule))
        with np.errstate(over="ignore", invalid="ignore"):
            last = reference_waves(simulation)[-1].w
            change = np.linalg.norm((last - simulation.plan.w)[simulation.graph.plastic])
        if 0.1 <= change / np.linalg.norm(simulation.plan.w[simulation.graph.plastic]) < 10:
            return rule
    return None


random_networks = given(seed=st.integers(0, 2**20), build=st.sampled_from([wild, layered]))
thorough = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


@pytest.mark.slow
@settings(max_examples=15, **thorough)
@random_networks
def test_frozen_waves_equal_the_reference_at_every_one_of_300_steps(seed: int, build: Build):
    simulation = simulate(build(seed))
    assert simulation.recording.sizes["time"] == 300
    found = deviations(simulation)
    assert max(found.values()) <= 1e-12, found


@pytest.mark.slow
@settings(max_examples=15, **thorough)
@random_networks
def test_learning_waves_equal_the_reference_at_every_one_of_300_steps(seed: int, build: Build):
    rule = strong_rule(build, seed)
    assume(rule is not None)
    simulation = simulate(build(seed, plasticity=rule))
    assert simulation.recording.sizes["weight_time"] == 301
    found = deviations(simulation)
    assert max(found.values()) <= 1e-10, found


@pytest.fixture(params=["cython", "cpp_standalone"])
def target(request: pytest.FixtureRequest) -> str:
    if request.param == "cython":
        request.getfixturevalue("plain_compilation")
    return request.param


@pytest.mark.slow
@pytest.mark.parametrize(("build", "seed"), [(wild, 1), (layered, 3)])
def test_compiled_learning_waves_equal_the_reference(build: Build, seed: int, target: str):
    simulation = simulate(build(seed, plasticity=strong_rule(build, seed)), target)
    assert moved(simulation) >= 0.1
    found = deviations(simulation)
    assert max(found.values()) <= 1e-10, found


def test_three_units_by_hand():
    """u -> hidden (linear) -> out (linear), delays 2 and 1 forward, 3 back, worked out on paper."""
    model = digraph(
        {
            "u": {"size": 1, "role": "input"},
            "h": {"size": 1, "activation": "linear", "bias": False},
            "o": {"size": 1, "activation": "linear", "bias": False, "role": "output"},
        },
        [
            {"pre": "u", "post": "h", "delay": {"forward": "2 ms"}},
            {"pre": "h", "post": "o", "delay": {"forward": "1 ms", "backward": "3 ms"}},
        ],
        weights={"init": "constant", "value": 0.5},
        input={"kind": "constant", "values": [4.0]},
        target={"kind": "constant", "values": [0.25], "delay": "none"},
        run={"duration": "8 ms"},
        **EVERY_STEP,
    )
    recording = simulate(model).recording
    u, h, o = recording["x"].values.T
    assert u.tolist() == [4] * 8
    assert h.tolist() == [0, 0, 2, 2, 2, 2, 2, 2]  # 0.5 * u(t - 2)
    assert o.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]  # 0.5 * h(t - 1)
    delta_h, delta_o = recording["delta"].values.T[1:]
    assert delta_o.tolist() == [-0.25, -0.25, -0.25, 0.75, 0.75, 0.75, 0.75, 0.75]  # o - 0.25
    assert delta_h.tolist() == [0, 0, 0, -0.125, -0.125, -0.125, 0.375, 0.375]  # 0.5 delta_o(t - 3)
    into_h, into_o = recording["product"].values.T
    assert into_h.tolist() == [0, 0, 0, -0.5, -0.5, -0.5, 1.5, 1.5]  # delta_h(t) u(t - 2)
    assert into_o.tolist() == [0, 0, 0, 1.5, 1.5, 1.5, 1.5, 1.5]  # delta_o(t) h(t - 1)


def test_one_synapse_learns_by_hand():
    """dw = -eta delta x with delta = x_out - y: 0.1 a step here, worked out on paper."""
    model = chain(
        [1, 1],
        activation="linear",
        bias=False,
        weights={"init": "constant", "value": 1.0},
        input={"kind": "constant", "values": [1.0]},
        target={"kind": "constant", "values": [0.0]},
        plasticity={"rule": "diffusion", "learning_rate": "100 Hz", "start": "2 ms"},
        run={"duration": "5 ms"},
        **EVERY_STEP,
    )
    w = simulate(model).recording["w"].values[:, 0]
    # learns in steps 2, 3 and 4, each time by the factor 1 - 0.1
    np.testing.assert_allclose(w, [1, 1, 1, 0.9, 0.81, 0.729], rtol=1e-15)


def test_non_plastic_projections_stay_and_biases_learn_only_where_there_are_any():
    model = digraph(
        {
            "u": {"size": 2, "role": "input"},
            "h": {"size": 3, "bias": False},
            "o": {"size": 2, "role": "output"},
        },
        [{"pre": "u", "post": "h", "plastic": False}, "h o"],
        plasticity={"rule": "diffusion", "learning_rate": "50 Hz"},
    )
    simulation = simulate(model)
    first, last = simulation.recording["w"].values[[0, -1]]
    still = first == last
    assert still[:6].all() and not still[6:].any()
    bias = simulation.recording["bias"].values[-1]
    assert np.isnan(bias[:2]).all() and (bias[2:5] == 0).all() and (bias[5:] != 0).all()


def test_targets_and_outputs_go_by_the_order_of_the_model_file():
    """The deeper output is listed first; its target is 1, that of the other 2."""
    populations = {
        "u": {"size": 1, "role": "input"},
        "deep": {"size": 1, "role": "output"},
        "h": {"size": 1},
        "flat": {"size": 1, "role": "output"},
    }
    target = {"kind": "constant", "values": [1.0, 2.0]}
    model = digraph(populations, ["u h", "h deep", "u flat"], target=target, **EVERY_STEP)
    simulation = simulate(model)
    recording = simulation.recording
    names = recording["population"].values[recording["output"].values]
    assert names.tolist() == ["deep", "flat"]
    assert recording["target"].values[-1].tolist() == [1, 2]
    assert simulation.plan.stimuli.target_lag.tolist() == [2, 1]
    assert max(deviations(simulation).values()) <= 1e-12


def test_sums_are_where_the_order_of_a_step_says():
    simulation = Simulation(Plan.of(chain([2, 2, 1])).native)
    with machine_code("numpy") as run:
        built = simulation.build()
        run(built, 1, lambda fraction: None)
        moments = {part.name: (part.when, part.order) for part in built.network.sorted_objects}
    assert moments["forward_summed_variable_drive_post"] == order.DRIVE
    assert moments["backward_summed_variable_feedback_post"] == order.FEEDBACK


def test_number_of_code_objects_does_not_grow_with_depth():
    assert code_objects(layers=2) == code_objects(layers=20) <= 8


def code_objects(layers: int) -> int:
    """How many pieces of code Brian2 runs for a learning chain that records everything."""
    rule = {"rule": "diffusion", "learning_rate": "1 Hz"}
    simulation = Simulation(chain([3] * (layers + 1), plasticity=rule, **EVERY_STEP))
    with machine_code("numpy") as run:
        built = simulation.build()
        run(built, 2, lambda fraction: None)
        return built.code_objects
