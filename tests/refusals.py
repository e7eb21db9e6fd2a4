"""A good model file, changes of it, and the message with which they are refused."""

from pathlib import Path

import pytest

from neurodiff import ModelError, Simulation, load

GOOD = """\
neurodiff: 1
name: good
network: {layers: [2, 3, 1]}
input: {kind: constant, values: [0.2, -0.4]}
target: {kind: constant, values: [0.5]}
run: {duration: 20 ms}
"""

#: A good model file with spikes.
SPIKING = """\
neurodiff: 1
name: spiking
network: {layers: [2, 3, 1], activation: lif}
transmission: {kind: spikes, neuron: lif, maximum_rate: 200 Hz, synaptic_time_constant: 20 ms}
input: {kind: constant, values: [0.2, 0.4]}
target: {kind: constant, values: [0.5]}
run: {duration: 20 ms}
"""

#: What no scientist should have to read.
JARGON = (
    "pydantic",
    "Input should be",
    "Value error",
    "union_tag",
    "validation error",
    "Traceback",
    "instance of",
    "allow_pickle",
    "Errno",
    "{value}",
    "ordereddict",
    "None",
)


def write(folder: Path, text: str) -> Path:
    path = folder / "model.yaml"
    path.write_text(text)
    return path


def refused(path: Path, *overrides: str) -> str:
    """The message with which a model is refused, when it is read or at the latest when built."""
    with pytest.raises(ModelError) as caught:
        Simulation(load(path, overrides))
    message = str(caught.value)
    assert not [word for word in JARGON if word in message], message
    assert message == message.strip() and len(message) < 800, message
    return message


def changed(override: str, good: str = GOOD) -> str:
    """A good model file with a top-level key replaced or added; each key is one line."""
    key, _, value = override.partition("=")
    rest = [line for line in good.splitlines() if not line.startswith(f"{key}:")]
    return "\n".join([*rest, f"{key}: {value}", ""])
