"""The JSON Schema, and models made in Python."""

import pickle
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from neurodiff import Model, ModelError, load
from neurodiff.model_file import from_mapping, to_yaml
from neurodiff.model_file.meanings import MEANINGS
from tests.model_file.parts import MODELS, SCHEMA, SMALLEST, accepted, model, read, spiking


def test_the_schema_is_a_json_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_the_schema_accepts_the_shipped_models_as_written_and_complete(path: Path):
    assert accepted(read(path.read_text()))
    assert accepted(read(to_yaml(load(path))))


@pytest.mark.parametrize(
    "parts",
    [
        {"neuron": "static", "transmission": "graded", "plasticity": "none", "record": "none"},
        {"network": {"layers": [2, 3, 1], "delay": "2 ms"}},
        {"network": {"layers": [2, 3, 1], "delay": {"uniform": ["1 ms", "5 ms"]}}},
        {"network": {"layers": [2, 3, 1], "delay": {"forward": {"normal": ["3 ms", "1 ms"]}}}},
        {"input": {"kind": "sinusoid", "frequency": ["1 Hz", "2 Hz"], "phase": "random"}},
        {"target": {"kind": "teacher", "seed": 3, "delay": "5 ms"}},
        {"record": {"signals": "none", "window": ["0 ms", "5 ms"]}},
        {"feedback": "random"},
        {"feedback": {"rule": "direct", "delay": {"uniform": ["1 ms", "5 ms"]}}},
        {"feedback": {"rule": "weight_mirror", "duration": "5 ms", "weight_decay": "9 Hz"}},
    ],
)
def test_the_schema_accepts_shorthands(parts: Any):
    assert accepted(SMALLEST | parts)


@pytest.mark.parametrize(
    "parts",
    [
        {"nonsense": 1},
        {"neurodiff": 2},
        {"time_step": 1},
        {"time_step": "1 Hz"},
        {"neuron": "dead"},
        {"network": {"layers": [2, 3, 1], "delay": 2}},
        {"network": {"layers": [2, 3, 1], "activation": "tan"}},
        {"network": {"layers": [2, 0, 1]}},
        {"input": {"kind": "constant", "values": []}},
        {"input": {"kind": "wave"}},
        {"feedback": "weight_mirror"},
        {"feedback": {"rule": "sign", "traces": "aligned"}},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(parts: Any):
    assert not accepted(SMALLEST | parts)


def parts_of_the_schema() -> dict[str, Any]:
    schema = Model.model_json_schema()
    return {"Model": schema, **schema["$defs"]}


def test_every_key_of_the_schema_says_what_it_is():
    for name, part in parts_of_the_schema().items():
        described = {key: value.get("description") for key, value in part["properties"].items()}
        assert described == MEANINGS[name], name
    assert MEANINGS.keys() == parts_of_the_schema().keys()


def test_defaults_of_the_schema_are_what_the_reader_takes():
    defaults = {
        (name, key): value["default"]
        for name, part in parts_of_the_schema().items()
        for key, value in part["properties"].items()
        if value.get("default") is not None
    }
    assert defaults["Model", "time_step"] == "1 ms"
    assert defaults["SpikeTransmission", "error_rate"] == "100 Hz"
    for key in ("time_step", "seed", "plasticity", "record", "validation", "neuron", "feedback"):
        assert model(**{key: defaults["Model", key]}) == model(), key
    rule = {"rule": "diffusion", "learning_rate": "1 Hz"}
    for key in ("start", "weight_decay", "alignment"):
        assert model(plasticity=rule | {key: defaults["Plasticity", key]}) == model(plasticity=rule)
    chain = {"layers": [2, 3, 1]}
    for key in ("delay", "weights", "activation", "bias", "dale"):
        assert model(network=chain | {key: defaults["Network", key]}) == model(network=chain), key


def test_anchors_on_plain_values(tmp_path):
    path = tmp_path / "model.yaml"
    text = to_yaml(model()).replace("seed: 1", "seed: &s 0x10")
    text = text.replace("description: ''", "description: &d 2024-01-01")
    path.write_text(text.replace("bias: true", "bias: &b false"))
    read = load(path)
    assert (read.seed, read.network.bias, read.description) == (16, False, "2024-01-01")
    assert load(path, ["network.bias=&b true"]).network.bias is True


def test_numpy_and_brian2_values_are_taken_from_python():
    b2 = pytest.importorskip("brian2")
    made = Model.layered(
        np.array([2, 3, 1]),
        input={"kind": "sinusoid", "frequency": [0.3, 2] * b2.Hz, "amplitude": np.ones(2)},
        target={"kind": "constant", "values": (np.float32(0.5),), "delay": 3 * b2.ms},
        duration=20 * b2.ms,
        time_step=b2.ms,
        bias=np.bool_(False),
        seed=np.int64(3),
        delay={"uniform": (1 * b2.ms, 2 * b2.ms)},
        plasticity={"rule": "diffusion", "learning_rate": 1 * b2.kHz},
    )
    assert made.model_dump() == from_mapping(read(to_yaml(made))).model_dump()
    assert (made.seed, made.network.bias, made.run.duration) == (3, False, 0.02)
    assert made.input.frequency == [0.3, 2] and made.plasticity.learning_rate == 1000
    assert made.network.delay.forward.uniform == (0.001, 0.002) and made.target.delay == 0.003


def test_a_quantity_of_the_wrong_dimension_is_refused():
    b2 = pytest.importorskip("brian2")
    for wrong, said in (
        (5 * b2.Hz, "'5 Hz' has the unit 'Hz'"),
        (5 * b2.mV, "'5 mV' has the unit 'mV'"),
    ):
        with pytest.raises(ModelError, match=f"run.duration: .*{said}"):
            model(run={"duration": wrong})
    with pytest.raises(ModelError, match=r"run.duration: '5 m\^2' is not understood"):
        model(run={"duration": 5 * b2.meter**2})
    assert spiking({"neuron": "lif", "rest": -65 * b2.mV}).transmission.rest == -0.065
    with pytest.raises(ModelError, match="seed: '3' is no whole number"):
        model(seed=np.str_("3"))


def test_a_mapping_that_contains_itself_is_refused():
    record: dict[str, Any] = {}
    record["signals"] = record
    with pytest.raises(ModelError, match="nested too deeply"):
        model(record=record)


def test_a_model_from_a_file_can_be_pickled_and_equals_one_from_python(tmp_path):
    (tmp_path / "model.yaml").write_text(to_yaml(model()))
    read = load(tmp_path / "model.yaml", ["seed=1"])
    assert pickle.loads(pickle.dumps(read)) == read
    assert read.located(ModelError("seed", "odd")).field == "--set seed=1: seed"
    assert read.network == model().network
