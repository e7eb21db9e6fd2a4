"""Every kind of bad input is refused, and the message says where, what is wrong, and what to do.

Each case is a change of a good model file. A change is tried twice: written into the file, where
the message must name the file and the line, and as an override, where it must name the override.
"""

from pathlib import Path

import pytest

from neurodiff import load
from tests.model_file.bad_spiking_values import SPIKING_CHANGES, spikes
from tests.model_file.bad_values import CHANGES
from tests.refusals import GOOD, SPIKING, changed, refused, write

CASES = [
    pytest.param(good, *case, id=name)
    for good, changes in ((GOOD, CHANGES), (SPIKING, SPIKING_CHANGES))
    for name, case in changes.items()
]


@pytest.mark.parametrize(("good", "change", "said"), CASES)
def test_bad_value_in_the_file(tmp_path: Path, good: str, change: str, said: tuple[str, ...]):
    text = changed(change, good)
    path = write(tmp_path, text)
    message = refused(path)
    assert message.startswith(f"{path}, line {line_of(change, text)}: ")
    for part in said:
        assert part in message


def line_of(change: str, text: str) -> int:
    """Line of the changed key, which stands in one line with its value."""
    key = change.partition("=")[0]
    return next(k for k, line in enumerate(text.splitlines(), 1) if line.startswith(f"{key}:"))


@pytest.mark.parametrize(("good", "change", "said"), CASES)
def test_bad_value_in_an_override(tmp_path: Path, good: str, change: str, said: tuple[str, ...]):
    message = refused(write(tmp_path, good), change)
    assert message.startswith(f"--set {change}: ")
    for part in said:
        assert part in message


def test_a_teacher_without_drawn_weights_is_refused(tmp_path: Path):
    constant = "network.weights={init: constant, value: 1}"
    message = refused(write(tmp_path, GOOD), constant, "target={kind: teacher, seed: 1}")
    assert "target.kind: a teacher draws its weights" in message and "init" in message


def test_the_good_model_with_spikes_is_read(tmp_path: Path):
    assert load(write(tmp_path, SPIKING)).transmission.kind == "spikes"


@pytest.mark.parametrize("neuron", ["integrate_and_fire", "poisson"])
@pytest.mark.parametrize(
    ("activation", "said"),
    [
        ("tanh", "tanh has negative values, which are no spike rates; write `{key}: sigmoid`"),
        ("linear", "linear has negative values, which are no spike rates; write `{key}: sigmoid`"),
        ("lif", "lif is the f-I curve of lif neurons, and the neurons are {neuron}"),
    ],
)
def test_activations_that_are_no_rates(tmp_path: Path, neuron: str, activation: str, said: str):
    path = write(tmp_path, changed(spikes("", neuron), SPIKING))
    for key, rest in (("activation", ""), ("output_activation", ", activation: sigmoid")):
        network = f"network={{layers: [2, 3, 1], {key}: {activation}{rest}}}"
        message = refused(path, network)
        assert f"network.{key}: {said.format(key=key, neuron=neuron)}" in message


def spiking_digraph(activation: str, dale: str = "") -> str:
    populations = (
        "{a: {size: 2, role: input}, b: {size: 3, activation: "
        f"{activation}}}, c: {{size: 1, role: output}}}}"
    )
    projections = f"[{{pre: a, post: b}}, {{pre: b, post: c{dale}}}]"
    return f"network={{populations: {populations}, projections: {projections}, activation: lif}}"


def test_a_populations_own_activation_is_named(tmp_path: Path):
    path = write(tmp_path, SPIKING)
    message = refused(path, spiking_digraph("relu"))
    assert "network.populations.b.activation: the f-I curve of a lif neuron is its" in message
    message = refused(path, spiking_digraph("lif"), "transmission=graded")
    assert "network.populations.b.activation: lif is the f-I curve" in message


def test_a_projections_own_dale_is_named(tmp_path: Path):
    network = spiking_digraph("tanh", ", dale: true").replace("activation: lif", "activation: tanh")
    message = refused(write(tmp_path, GOOD), network)
    assert "network.projections.1.dale: only spiking transmission keeps" in message


@pytest.mark.parametrize("key", ["activation: tanh", "bias: true"])
def test_an_input_population_has_no_activation_and_no_bias(tmp_path: Path, key: str):
    populations = f"{{a: {{size: 2, role: input, {key}}}, b: {{size: 1, role: output}}}}"
    network = f"network={{populations: {populations}, projections: [{{pre: a, post: b}}]}}"
    message = refused(write(tmp_path, GOOD), network)
    name = key.partition(":")[0]
    assert f"network.populations.a.{name}: an input has none" in message
