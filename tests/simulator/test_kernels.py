"""Fused kernels against the plain Brian2 network, and both against the independent waves."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
import pytest
import xarray as xr

from neurodiff import Model, ModelError, Simulation
from neurodiff.plan import Plan
from neurodiff.simulator.kernels.blocks import Form
from tests.networks import chain, digraph, random_digraph
from tests.simulated import EVERY_STEP, deviations, simulate
from tests.simulator.kernel_library import Libraries, compiled_kernels

LEARNS = {"rule": "diffusion", "learning_rate": "20 Hz", "weight_decay": "0.5 Hz"}
LEAKY = {"kind": "leaky", "time_constant": "4 ms"}
MIRROR = {
    "rule": "weight_mirror",
    "duration": "30 ms",
    "learning_rate": "5 Hz",
    "weight_decay": "1 Hz",
}


def drawn(**keys: Any) -> Model:
    """Skips, sparse projections and drawn delays in both directions; some are not plastic."""
    rng = np.random.default_rng(5)
    return random_digraph(rng, ["tanh"], **EVERY_STEP, run={"duration": "120 ms"}, **keys)


def layers(**keys: Any) -> Model:
    """A chain with one delay in each direction, and more units than a kernel takes at once."""
    defaults = {"delay": {"forward": "2 ms", "backward": "3 ms"}, "plasticity": LEARNS}
    noise = {"kind": "noise", "time_constant": "5 ms", "sd": 1.0}
    run = {"duration": "120 ms"}
    keys = {"input": noise, "activation": "tanh", "run": run} | defaults | keys
    return chain([5, 7, 9, 3], **EVERY_STEP, **keys)


def skips(**keys: Any) -> Model:
    """Sparse projections with one delay each, different ones onto and out of one population."""
    parts = [
        {"pre": "u", "post": "h", "delay": "1 ms", "connectivity": {"probability": 0.6}},
        {"pre": "h", "post": "k", "delay": {"forward": "3 ms", "backward": "1 ms"}},
        {"pre": "h", "post": "o", "delay": "4 ms", "connectivity": {"probability": 0.7}},
        {"pre": "k", "post": "o", "delay": "2 ms", "plastic": False},
    ]
    return digraph(populations(), parts, **(defaults() | keys))


def cycle(**keys: Any) -> Model:
    """Two populations that project to each other, and one to itself."""
    pairs = ["u h", "h k", "k h", "k k", "k o"]
    keys = {"weights": {"init": "normal", "sd": 0.3}} | keys
    return digraph(populations(), pairs, **(defaults() | keys))


def populations() -> dict[str, dict[str, Any]]:
    return {
        "u": {"size": 5, "role": "input"},
        "h": {"size": 6},
        "k": {"size": 7, "activation": "sigmoid"},
        "o": {"size": 3, "role": "output"},
    }


def defaults() -> dict[str, Any]:
    sines = {"kind": "sinusoid", "frequency": ["5 Hz", "8 Hz", "13 Hz", "21 Hz", "3 Hz"]}
    run = {"duration": "120 ms"}
    return {"plasticity": LEARNS, "input": sines, "run": run, "seed": 3, **EVERY_STEP}


#: One of each choice that has a kernel, on networks of all forms of blocks.
MODELS = {
    "layers": lambda **keys: layers(**keys),
    "frozen": lambda **keys: layers(plasticity={"rule": "none"}, **keys),
    "skips": skips,
    "drawn": lambda **keys: drawn(plasticity=LEARNS, **keys),
    "drawn frozen": drawn,
    "cycle": cycle,
    "leaky": lambda **keys: layers(neuron=LEAKY, **keys),
    "leaky drawn": lambda **keys: drawn(neuron=LEAKY, plasticity=LEARNS, **keys),
    "matched": lambda **keys: layers(plasticity=LEARNS | {"alignment": "matched"}, **keys),
    "matched drawn": lambda **keys: drawn(plasticity=LEARNS | {"alignment": "matched"}, **keys),
    "trace": lambda **keys: layers(plasticity=LEARNS | {"alignment": "trace"}, **keys),
    "trace skips": lambda **keys: skips(
        **({"plasticity": LEARNS | {"alignment": "trace", "stages": 2}} | keys)
    ),
    "leaky trace": lambda **keys: layers(
        neuron=LEAKY, plasticity=LEARNS | {"alignment": "trace"}, **keys
    ),
    "random": lambda **keys: skips(feedback={"rule": "random"}, **keys),
    "random drawn": lambda **keys: drawn(feedback={"rule": "random"}, plasticity=LEARNS, **keys),
    "direct": lambda **keys: layers(feedback={"rule": "direct"}, **keys),
    "direct drawn": lambda **keys: layers(
        feedback={"rule": "direct", "delay": {"uniform": ["1 ms", "4 ms"]}}, **keys
    ),
    "sign": lambda **keys: skips(feedback={"rule": "sign"}, **keys),
    "kolen_pollack": lambda **keys: layers(feedback={"rule": "kolen_pollack"}, **keys),
    "kolen_pollack late": lambda **keys: drawn(
        feedback={"rule": "kolen_pollack"}, plasticity=LEARNS | {"start": "20 ms"}, **keys
    ),
    "weight_mirror": lambda **keys: layers(feedback=MIRROR, **keys),
    "weight_mirror drawn": lambda **keys: drawn(feedback=MIRROR, plasticity=LEARNS, **keys),
}
#: Those that the quick tests try, too: all forms of blocks, and what is kept between steps.
QUICK = ("layers", "drawn", "cycle", "trace skips", "sign", "kolen_pollack late", "weight_mirror")
every_model = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in MODELS],
)


def with_run(name: str, **run: Any) -> Model:
    model = MODELS[name]()
    return model.replace(run=model.run.replace(**run))


def apart(got: xr.Dataset, want: xr.Dataset) -> dict[str, float]:
    """Largest difference of each variable, as a share of its largest value."""
    names = [name for name in want.data_vars if want[name].dtype == np.float64]
    found = {}
    for name in names:
        size = float(abs(want[name]).max()) or 1.0
        found[str(name)] = float(abs(got[name] - want[name]).max()) / size
    return found


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Libraries:
    return Libraries(tmp_path_factory.mktemp("kernels"))


@every_model
def test_numpy_kernels_equal_the_native_network_and_the_waves(name: str):
    simulation = simulate(with_run(name, engine="fused"))
    native = simulate(with_run(name, engine="native"))
    found = apart(simulation.recording, native.recording)
    assert {"x", "delta", "w", "bias", "product"} <= set(found)
    assert max(found.values()) <= 1e-12, found
    assert max(deviations(simulation).values()) <= 1e-10


@pytest.mark.slow
@every_model
@pytest.mark.parametrize("threads", [1, 2])
def test_compiled_kernels_equal_the_native_network(
    name: str, threads: int, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
):
    native = simulate(with_run(name, engine="native")).recording
    with compiled_kernels(monkeypatch, libraries):
        fused = simulate(with_run(name, engine="fused", threads=threads)).recording
    found = apart(fused, native)
    assert max(found.values()) <= 1e-12, found


@pytest.mark.slow
@every_model
def test_kernels_in_float32_equal_the_native_network_to_their_precision(
    name: str, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
):
    native = simulate(with_run(name, engine="native", duration="200 ms")).recording
    model = with_run(name, engine="fused", precision="float32", duration="200 ms")
    fused = simulate(model).recording
    with compiled_kernels(monkeypatch, libraries):
        compiled = simulate(model).recording
    for recording in (fused, compiled):
        found = apart(recording, native)
        assert 1e-12 < max(found.values()) <= 3e-6, found


@pytest.mark.slow
def test_decay_that_is_rounded_to_one_side_is_noticed(
    libraries: Libraries, monkeypatch: pytest.MonkeyPatch
):
    native = simulate(with_run("drawn", engine="native", duration="200 ms")).recording
    model = with_run("drawn", engine="fused", precision="float32", duration="200 ms")
    multiplied = ("std::fma(-decay, value, value)", "value * (1 - decay)")
    for change, noticed in ((("", ""), False), (multiplied, True)):
        with compiled_kernels(monkeypatch, libraries, change):
            compiled = simulate(model).recording
        assert (max(apart(compiled, native).values()) > 3e-6) == noticed


@pytest.mark.parametrize("name", ["layers", "drawn"])
def test_compiled_kernels_equal_the_waves(
    name: str, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
):
    with compiled_kernels(monkeypatch, libraries):
        simulation = simulate(with_run(name, engine="fused"))
    assert max(deviations(simulation).values()) <= 1e-10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "backend"),
    [("layers", "cython"), ("drawn", "cpp_standalone"), ("sign", "cpp_standalone")],
)
def test_kernels_of_brian2s_backends_equal_the_native_network(
    name: str, backend: str, request: pytest.FixtureRequest
):
    if backend == "cython":
        request.getfixturevalue("plain_compilation")
    native = simulate(with_run(name, engine="native")).recording
    fused = simulate(with_run(name, engine="fused"), backend).recording
    found = apart(fused, native)
    assert max(found.values()) <= 1e-12, found
    # the last weights, of which the kernel itself has not yet learned the last step
    assert (fused["w"][-1] != fused["w"][-2]).any()


@pytest.mark.slow
def test_a_program_with_two_threads_has_openmp_and_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch,
):
    makefiles: list[str] = []

    def provide(program: Path, compile_sources: Callable[[], None]) -> bool:
        makefiles.append((program.parent / "makefile").read_text())
        compile_sources()
        return True

    monkeypatch.setattr("neurodiff.simulator.backends.execution.provide", provide)
    flags = list(b2.prefs.codegen.cpp.extra_compile_args_gcc)
    one, two = (
        simulate(with_run("layers", engine="fused", threads=n), "cpp_standalone") for n in (1, 2)
    )
    assert ["-fopenmp" in text for text in makefiles] == [False, True]
    assert max(apart(two.recording, one.recording).values()) <= 1e-12
    assert b2.prefs.codegen.cpp.extra_compile_args_gcc == flags


#: Texts of `waves.h`, and what makes a wrong kernel of them.
WRONG = {
    "an update one step late": (
        "return values + row_of(past, from.moves == NOW ? step : step - 1);",
        "return values + row_of(past, from.moves == NOW ? step : step - 2);",
    ),
    "a history off by one": (
        "double* place = past.values + row_of(past, step);",
        "double* place = past.values + row_of(past, step + 1);",
    ),
    "weights before they learned": ("if (DRIVE) driven += value", "if (DRIVE) driven += .99*value"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_kernels_are_rejected(
    wrong: str, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
):
    native = simulate(with_run("layers", engine="native")).recording
    with compiled_kernels(monkeypatch, libraries, WRONG[wrong]):
        fused = simulate(with_run("layers", engine="fused")).recording
    assert max(apart(fused, native).values()) > 1e-4


def test_the_models_have_blocks_of_all_forms():
    forms = set()
    for name in ("layers", "skips", "drawn"):
        simulation = Simulation(with_run(name, engine="fused"), backend="numpy")
        forms |= {block.form for block in _blocks(simulation)}
    assert forms == set(Form)


def _blocks(simulation: Simulation) -> list[Any]:
    from neurodiff.simulator.backends.execution import look_at

    return look_at(simulation.build, lambda built: built.synapses.kernel._tables.blocks)


def spiking(transmission: dict[str, Any] | None = None, **keys: Any) -> Model:
    """A network by spikes."""
    spikes = {"kind": "spikes", "neuron": "poisson", "maximum_rate": "100 Hz"}
    spikes["synaptic_time_constant"] = "20 ms"
    return chain(
        [2, 3, 1],
        activation="sigmoid",
        transmission=spikes | (transmission or {}),
        input={"kind": "constant", "values": [0.2, 0.7]},
        **keys,
    )


def test_auto_takes_kernels_where_there_are_any():
    assert Plan.of(layers()).transmission.engine == "fused"
    events = layers(transmission={"kind": "events", "threshold": 0.01, "error_threshold": 0.01})
    assert Plan.of(events).transmission.engine == "fused"
    assert Plan.of(spiking()).transmission.engine == "fused"
    signs = Plan.of(spiking(dale=True))
    assert signs.transmission.engine == "native" and "keep their signs" in signs.engine
    inhibits = spiking({"mutual_inhibition": False})
    assert "without mutual inhibition" in Plan.of(inhibits).engine
    few = spiking({"maximum_rate": "8 Hz", "error_rate": "4 Hz"})
    assert Plan.of(few).transmission.engine == "native"
    assert "about 0.012 of the synapses have a spike in a step" in Plan.of(few).engine
    # unless one asks for it, or for what only a kernel can do
    for key, value in {"engine": "fused", "precision": "float32", "threads": 2}.items():
        asked = few.replace(run=few.run.replace(**{key: value}))
        assert Plan.of(asked).transmission.engine == "fused"


@pytest.mark.parametrize(
    ("key", "value"), [("engine", "fused"), ("precision", "float32"), ("threads", 2)]
)
def test_what_only_kernels_can_do_is_refused_without(key: str, value: Any):
    model = spiking(run={"duration": "120 ms", key: value}, dale=True)
    with pytest.raises(ModelError, match=rf"run\.{key}: .*needs fused kernels.*spikes"):
        Plan.of(model)


@pytest.mark.parametrize("rate", ["1e-6 Hz", "20 Hz"])
def test_updates_that_float32_would_lose_are_warned_of(rate: str):
    rule = {"rule": "diffusion", "learning_rate": rate}
    model = layers(plasticity=rule)
    model = model.replace(run=model.run.replace(precision="float32"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        w = simulate(model).recording["w"].values
    texts = [str(warning.message) for warning in caught if "precision" in str(warning.message)]
    lost = rate == "1e-6 Hz"
    # what is warned of happens: most weights do not move
    assert bool(texts) == lost
    assert lost == (np.mean(w[-1] == w[0]) > 0.5)
