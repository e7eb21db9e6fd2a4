"""The kernel for events against the native network, which is held against a dense twin."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, ModelError, Simulation, open_run
from neurodiff.simulator.kernels.events import EventKernel
from neurodiff.simulator.kernels.events.tables import Form
from tests.networks import chain, digraph, random_digraph
from tests.simulated import EVERY_STEP, deviations, moved, simulate
from tests.simulator.kernel_library import Libraries, compiled_kernels
from tests.simulator.test_kernels import apart

SOME = {"kind": "events", "threshold": 0.02, "error_threshold": {"relative": 0.03}}
ALL = {"kind": "events", "threshold": 0.0, "error_threshold": 0.0}
ABSOLUTE = {"kind": "events", "threshold": 0.02, "error_threshold": {"absolute": 0.002}}
LEARNS = {"rule": "diffusion", "learning_rate": "10 Hz", "weight_decay": "0.5 Hz"}
NOISE = {"kind": "noise", "time_constant": "20 ms", "sd": 1.0}
RUN = {"duration": "150 ms"}


def layers(**keys: Any) -> Model:
    """A chain with one delay in each direction, and more rows than a kernel takes at once."""
    keys = {"plasticity": LEARNS, "input": NOISE, "activation": "tanh", "run": RUN} | keys
    return chain([5, 7, 9, 3], **EVERY_STEP, **keys)


def mixed(**keys: Any) -> Model:
    """All activation functions, projections of both forms, one that does not learn."""
    populations = {
        "u": {"size": 4, "role": "input"},
        "h": {"size": 5, "activation": "softplus"},
        "k": {"size": 6, "activation": "sigmoid", "bias": False},
        "m": {"size": 3, "activation": "relu"},
        "o": {"size": 3, "role": "output", "activation": "linear"},
        "p": {"size": 2, "role": "output"},
    }
    drawn = {"forward": {"uniform": ["1 ms", "4 ms"]}, "backward": {"uniform": ["1 ms", "3 ms"]}}
    parts = [
        {"pre": "u", "post": "h", "connectivity": {"probability": 0.7}},
        {"pre": "h", "post": "k", "delay": {"forward": "3 ms", "backward": "2 ms"}},
        {"pre": "k", "post": "m", "delay": drawn},
        {"pre": "u", "post": "m", "plastic": False},
        {"pre": "h", "post": "o", "delay": drawn, "connectivity": {"probability": 0.6}},
        {"pre": "m", "post": "p"},
        {"pre": "k", "post": "o", "delay": {"forward": "1 ms", "backward": "4 ms"}},
        {"pre": "u", "post": "p", "delay": {"forward": "2 ms", "backward": "9 ms"}},
    ]
    sines = {"kind": "sinusoid", "frequency": ["5 Hz", "8 Hz", "13 Hz", "3 Hz"]}
    keys = {"plasticity": LEARNS, "input": sines, "run": RUN, "seed": 3} | keys
    weights = {"init": "normal", "sd": 0.3}
    return digraph(populations, parts, weights=weights, **EVERY_STEP, **keys)


def wild(**keys: Any) -> Model:
    """A random digraph with drawn delays; some projections are not plastic."""
    keys = {"plasticity": LEARNS, "run": RUN} | keys
    return random_digraph(np.random.default_rng(5), ["tanh"], **EVERY_STEP, **keys)


MODELS: dict[str, Callable[..., Model]] = {
    "layers": layers,
    "late": lambda **keys: layers(delay={"forward": "2 ms", "backward": "3 ms"}, **keys),
    "frozen": lambda **keys: layers(plasticity={"rule": "none"}, **keys),
    "from": lambda **keys: layers(plasticity=LEARNS | {"start": "40 ms"}, **keys),
    "no decay": lambda **keys: layers(
        plasticity={"rule": "diffusion", "learning_rate": "10 Hz"}, **keys
    ),
    "cross-entropy": lambda **keys: layers(
        output_activation="sigmoid",
        loss="cross_entropy",
        target={"kind": "constant", "values": [0.2, 0.5, 0.9]},
        **keys,
    ),
    "mixed": mixed,
    "mixed frozen": lambda **keys: mixed(plasticity={"rule": "none"}, **keys),
    "drawn": wild,
}
every_model = pytest.mark.parametrize("name", MODELS)
SENT = {"all": ALL, "some": SOME, "absolute": ABSOLUTE}
#: All thresholds with all forms of rows, and one with each of the other models.
PAIRS = [(name, sent) for name in ("layers", "mixed", "drawn") for sent in SENT]
PAIRS += [(name, "some") for name in MODELS if name not in ("layers", "mixed", "drawn")]


def by(engine: str, model: Model) -> Simulation:
    return simulate(model.replace(run=model.run.replace(engine=engine)))


def assert_equal(got: Simulation, want: Simulation, tolerance: float = 1e-12) -> None:
    assert got.plan.transmission.engine != want.plan.transmission.engine
    one, two = got.recording, want.recording
    if want.plan.transmission.forward > 0:
        assert one.sizes == two.sizes and one["spike_kind"].identical(two["spike_kind"])
        for name in ("spike_unit", "spike_time"):
            np.testing.assert_array_equal(one[name], two[name])
        assert got.events == want.events and got.events.forward > 0
    else:
        # where every change is sent, so is one by a rounding: events need not be the same
        one, two = one.drop_dims("event"), two.drop_dims("event")
    found = apart(one, two)
    assert {"x", "delta", "w", "bias", "product"} <= set(found)
    assert max(found.values()) <= tolerance, found


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Libraries:
    return Libraries(tmp_path_factory.mktemp("kernels"))


@pytest.mark.parametrize(("name", "sent"), PAIRS)
def test_both_kernels_equal_the_native_network(
    name: str, sent: str, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
):
    model = MODELS[name](transmission=SENT[sent])
    native = by("native", model)
    assert len(native.recording["spike_time"]) > 500
    assert_equal(by("fused", model), native)
    with compiled_kernels(monkeypatch, libraries):
        assert_equal(by("fused", model), native)


#: What would be wrong, as changes of the text of the compiled kernel.
WRONG = {
    "forgets one event": (
        "if (!events.n) continue;\n        net.forward",
        "if (!events.n || step == 40) continue;\n        net.forward",
    ),
    "brings weights up to date one step late": (
        "*net.learning_before, net.scratch",
        "*net.learning, net.scratch",
    ),
    "a row does not gain": ("row[k][i] = value = value + gain[k] * along[i]", ""),
    "sums do not drift": ("net.drift[number] += rate * net.square[number];", ""),
    "integrals are not renewed": (
        "net.gathered[b.first_sender + p] = 0",
        "net.gathered[b.first_sender + p] *= 1",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_kernel_that_is_wrong_is_another_one(
    wrong: str, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
):
    model = layers(transmission=SOME)
    # two renewals
    monkeypatch.setattr("neurodiff.simulator.kernels.events.kernel.RENEWED_EVERY", 50)
    with compiled_kernels(monkeypatch, libraries):
        right = by("fused", model)
    with compiled_kernels(monkeypatch, libraries, change=WRONG[wrong]):
        other = by("fused", model)
    difference = abs(right.recording["w"][-1] - other.recording["w"][-1]).max()
    assert float(difference) > 1e-6


@every_model
def test_a_run_in_two_halves_is_one_whole(name: str):
    model = MODELS[name](transmission=SOME)
    whole = Simulation(model, backend="numpy").run("150 ms")
    half = Simulation(model, backend="numpy").run("63 ms").run("87 ms")
    assert half.recording.drop_attrs().identical(whole.recording.drop_attrs())
    assert half.events == whole.events


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["cython", "cpp_standalone"])
def test_compiled_runs_equal_the_native_network(backend: str, plain_compilation):
    model = mixed(transmission=SOME)
    got = simulate(model, backend)
    assert_equal(got, by("native", model))
    half = Simulation(model, backend=backend).run("63 ms").run("87 ms")
    assert half.recording.drop_attrs().identical(got.recording.drop_attrs())
    assert half.events == got.events


def test_a_run_that_is_opened_knows_how_many_events_it_had(tmp_path: Path):
    simulation = by("fused", layers(transmission=SOME))
    simulation.save(tmp_path / "run")
    assert simulation.events is not None
    assert open_run(tmp_path / "run").events == simulation.events


def test_another_run_begins_in_the_state_of_one():
    """Nothing in this model depends on the time, so that two runs are as one."""
    constant = {"kind": "constant", "values": [0.5, -0.3, 0.8, 0.1, 0.4]}
    absolute = {"kind": "events", "threshold": 1e-4, "error_threshold": {"absolute": 1e-5}}
    target = {"kind": "constant", "values": [0.2, -0.4, 0.6], "delay": "none"}
    model = layers(input=constant, target=target, transmission=absolute)
    whole = Simulation(model, backend="numpy").run("150 ms").recording
    first = Simulation(model, backend="numpy").run("63 ms")
    second = Simulation(model, backend="numpy").start_from(first).run("87 ms").recording
    for variable in ("x", "delta", "w", "bias"):
        want = whole[variable].values[63:]
        np.testing.assert_allclose(second[variable].values, want, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_the_compiled_kernel_sends_the_same_events_for_20000_steps(
    libraries: Libraries, monkeypatch: pytest.MonkeyPatch
):
    record = {"signals": "100 ms", "weights": "1 s"}
    model = mixed(transmission=SOME).replace(record=record, run={"duration": "20 s"})
    native = by("native", model)
    with compiled_kernels(monkeypatch, libraries):
        kernel = by("fused", model)
    assert len(native.recording["spike_time"]) > 50_000
    assert_equal(kernel, native)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30))
def test_both_kernels_equal_the_native_network_of_any_digraph(
    seed: int, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
):
    rng = np.random.default_rng(seed)
    delays = [{"uniform": ["1 ms", "4 ms"]}, "1 ms", {"forward": "2 ms", "backward": "1 ms"}]
    rule = {"rule": "diffusion", "learning_rate": "5 Hz", "start": f"{rng.integers(30)} ms"}
    decays = {"weight_decay": "0.5 Hz"} if rng.integers(2) else {}
    sent = list(SENT.values())[seed % 3]
    keys = {
        "delay": delays[rng.integers(3)],
        "plasticity": rule | decays,
        "run": {"duration": "80 ms"},
    }
    model = random_digraph(rng, transmission=sent, **EVERY_STEP, **keys)
    native = by("native", model)
    assert_equal(by("fused", model), native)
    with compiled_kernels(monkeypatch, libraries):
        assert_equal(by("fused", model), native)


def test_with_every_change_sent_it_is_graded_transmission():
    simulation = by("fused", mixed(transmission=ALL))
    assert moved(simulation) > 0.05
    assert max(deviations(simulation).values()) <= 1e-10


def test_rows_are_those_of_the_graph():
    simulation = Simulation(mixed(transmission=SOME), backend="numpy")
    kernel = simulation.build().synapses.kernel
    assert isinstance(kernel, EventKernel)
    forms = [block.form for block in kernel.tables.blocks]
    assert {Form.DENSE, Form.SPARSE} <= set(forms)
    w = np.random.default_rng(0).random(simulation.graph.n_synapses)
    by_sender, by_receiver = kernel.tables.copies(w)
    np.testing.assert_array_equal(kernel.tables.in_graph(by_sender), w)
    returns = simulation.graph.pre >= simulation.graph.n_inputs
    np.testing.assert_array_equal(np.sort(by_receiver), np.sort(w[returns]))


@pytest.mark.parametrize(("key", "value"), [("precision", "float32"), ("threads", 2)])
def test_what_the_kernel_does_not_do_is_refused(key: str, value: Any):
    model = layers(transmission=SOME)
    with pytest.raises(ModelError, match=f"run.{key}.*float64 on one thread.*leave it out"):
        Simulation(model.replace(run=model.run.replace(**{key: value})))
