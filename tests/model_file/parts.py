"""Parts of model files for the tests."""

from pathlib import Path
from typing import Any

import jsonschema
from ruamel.yaml import YAML

from neurodiff import Model
from neurodiff.model_file import from_mapping

MODELS = sorted((Path(__file__).parents[2] / "models").glob("*.yaml"))
assert len(MODELS) >= 11

SMALLEST = {
    "neurodiff": 1,
    "name": "smallest",
    "network": {"layers": [2, 3, 1]},
    "input": {"kind": "constant", "values": [0.2, -0.4]},
    "target": {"kind": "constant", "values": [0.5]},
    "run": {"duration": "20 ms"},
}


def read(text: str) -> Any:
    return YAML(typ="safe").load(text)


def model(**parts: Any) -> Model:
    return from_mapping(SMALLEST | parts)


def network(text: str) -> Model:
    """A model with some more keys of `network`, in YAML."""
    return model(network={"layers": [2, 3, 1], **read(text)})


def spiking(text: Any = "neuron: lif", activation: str = "lif", **parts: Any) -> Model:
    """A model with some more keys of `transmission`, in YAML or plain."""
    always = {"kind": "spikes", "maximum_rate": "200 Hz", "synaptic_time_constant": "20 ms"}
    rates = {"kind": "constant", "values": [0.2, 0.4]}
    net = {"layers": [2, 3, 1], "activation": activation}
    keys = read(text) if isinstance(text, str) else text
    return model(**{"network": net, "input": rates, "transmission": always | keys} | parts)


SCHEMA = Model.model_json_schema()


def accepted(data: Any) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(data)
