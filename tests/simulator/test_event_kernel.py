"""The kernel for events against the native network, which is held against a dense twin."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurodiff import Model, Simulation
from tests.networks import chain, digraph, random_digraph
from tests.simulated import EVERY_STEP, simulate
from tests.simulator.kernel_library import Libraries, compiled_kernels

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
thresholds = pytest.mark.parametrize("sent", [ALL, SOME, ABSOLUTE], ids=["all", "some", "absolute"])


def by(engine: str, model: Model) -> Simulation:
    return simulate(model.replace(run=model.run.replace(engine=engine)))


def apart(got: xr.Dataset, want: xr.Dataset) -> dict[str, float]:
    """Largest difference of each variable, as a share of its largest value."""
    assert got.sizes == want.sizes
    assert got["spike_kind"].identical(want["spike_kind"])
    for name in ("spike_unit", "spike_time"):
        np.testing.assert_array_equal(got[name], want[name])
    names = [str(name) for name in want.data_vars if want[name].dtype == np.float64]
    sizes = {name: float(abs(want[name]).max()) or 1.0 for name in names}
    return {name: float(abs(got[name] - want[name]).max()) / sizes[name] for name in names}


def assert_equal(got: Simulation, want: Simulation, tolerance: float = 1e-12) -> None:
    assert got.plan.transmission.engine != want.plan.transmission.engine
    found = apart(got.recording, want.recording)
    assert {"x", "delta", "w", "bias", "product", "spike_value"} <= set(found)
    assert max(found.values()) <= tolerance, found
    assert got.events == want.events and got.events.forward > 0


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Libraries:
    return Libraries(tmp_path_factory.mktemp("kernels"))


@every_model
@thresholds
def test_the_numpy_kernel_equals_the_native_network(name: str, sent: dict[str, Any]):
    model = MODELS[name](transmission=sent)
    kernel = by("fused", model)
    assert len(kernel.recording["spike_time"]) > 500
    assert_equal(kernel, by("native", model))


@every_model
@thresholds
def test_the_compiled_kernel_equals_the_native_network(
    name: str, sent: dict[str, Any], libraries: Libraries, monkeypatch: pytest.MonkeyPatch
):
    model = MODELS[name](transmission=sent)
    native = by("native", model)
    with compiled_kernels(monkeypatch, libraries):
        kernel = by("fused", model)
    assert_equal(kernel, native)
