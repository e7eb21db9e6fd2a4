"""The model file: everything that its contract names can be written, and comes back the same."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodiff import ModelError, load
from neurodiff.model_file import from_mapping, to_yaml
from neurodiff.model_file.quantities import (
    FREQUENCY_UNITS,
    TIME_UNITS,
    VOLTAGE_UNITS,
    format_quantity,
    parse_quantity,
)
from tests.model_file.parts import MODELS, accepted, model, network, read, spiking

FRAMES = {"kind": "frames", "hold": "12 ms"}

TEACHER = {"kind": "teacher", "seed": 3}


def lags(text: str) -> tuple[Any, Any]:
    delay = network(f"delay: {text}").network.delay
    return delay.forward, delay.backward


def test_what_is_not_written_has_the_defaults_of_the_contract():
    smallest = model()
    assert (smallest.seed, smallest.time_step, smallest.description) == (1, 0.001, "")
    assert smallest.network.activation == "tanh" and smallest.network.bias is True
    assert lags("{}") == (None, None)
    assert (smallest.network.weights.init, smallest.network.weights.gain) == ("glorot_uniform", 1)
    assert (smallest.neuron.kind, smallest.transmission.kind) == ("static", "graded")
    assert (smallest.feedback.rule, smallest.plasticity.rule) == ("symmetric", "none")
    assert (smallest.loss, smallest.run.target) == ("squared_error", "auto")
    assert smallest.target.delay == "matched"
    assert smallest.validation.reference is None and smallest.validation.minimum_cosine == 0.99


def test_a_chain_is_short_for_its_digraph():
    populations, projections = network(
        "{output_activation: sigmoid, bias: false}"
    ).network.digraph()
    assert [(name, part.size, part.role) for name, part in populations.items()] == [
        ("input", 2, "input"),
        ("hidden1", 3, "hidden"),
        ("output", 1, "output"),
    ]
    assert [part.activation for part in populations.values()] == ["tanh", "tanh", "sigmoid"]
    assert not any(part.bias for part in populations.values())
    assert [(part.name, part.pre, part.post) for part in projections] == [
        ("layer1", "input", "hidden1"),
        ("layer2", "hidden1", "output"),
    ]


def test_a_digraph_as_in_the_contract_without_its_cycles():
    text = """
    populations:
      retina: {size: 2, role: input}
      v1:     {size: 40, activation: relu, bias: false}
      v2:     {size: 40}
      v4:     {size: 1, activation: sigmoid, role: output}
    projections:
      - {pre: retina, post: v1, delay: 2 ms}
      - {pre: v1, post: v2, connectivity: {one_to_one: true}, plastic: false}
      - {pre: v2, post: v4, connectivity: {probability: 0.1}, delay: {forward: 3 ms}}
      - {pre: v1, post: v4, name: skip, weights: {init: normal, sd: 0.05}}
    delay: {backward: 5 ms}
    """
    populations, projections = model(network=read(text)).network.digraph()
    assert [part.activation for part in populations.values()] == ["tanh", "relu", "tanh", "sigmoid"]
    assert [part.bias for part in populations.values()] == [True, False, True, True]
    assert [part.name for part in projections] == ["retina_to_v1", "v1_to_v2", "v2_to_v4", "skip"]
    assert [part.plastic for part in projections] == [True, False, True, True]
    assert projections[1].connectivity.one_to_one and projections[2].connectivity.probability == 0.1
    # what a projection does not say is the network's, and one step where that says nothing
    delays = [(part.delay.forward, part.delay.backward) for part in projections]
    assert delays == [(0.002, 0.002), (None, 0.005), (0.003, 0.005), (None, 0.005)]
    assert projections[3].weights.sd == 0.05


def test_delays_in_all_their_forms():
    assert lags("1 ms") == (0.001, 0.001)
    assert lags("{forward: 1 ms, backward: 2 ms}") == (0.001, 0.002)
    forward, backward = lags("{forward: {uniform: [1 ms, 5 ms]}, backward: 1 ms}")
    assert (forward.uniform, backward) == ((0.001, 0.005), 0.001)
    assert lags("{normal: [5 ms, 1 ms]}")[0].normal == lags("{normal: [5 ms, 1 ms]}")[1].normal


@pytest.mark.parametrize(
    "text",
    [
        "{init: glorot_uniform, gain: 1.0}",
        "{init: glorot_normal}",
        "{init: lecun_normal, gain: 2}",
        "{init: normal, sd: 0.1}",
        "{init: constant, value: -0.5}",
        "{init: file, path: weights.npz}",
    ],
)
def test_weights_in_all_their_forms(text: str):
    weights = network(f"weights: {text}").network.weights.model_dump()
    assert weights.items() >= read(text).items()


def test_lognormal_delays_are_written_like_normal_ones():
    delay = {"lognormal": ["5 ms", "1 ms"]}
    both = model(network={"layers": [2, 3, 1], "delay": delay}).network.delay
    assert both.forward == both.backward and both.forward.lognormal == (0.005, 0.001)


@pytest.mark.parametrize("activation", ["linear", "tanh", "sigmoid", "relu", "softplus"])
def test_every_activation(activation: str):
    assert network(f"activation: {activation}").network.activation == activation


@pytest.mark.parametrize(
    "text",
    [
        "{kind: constant, values: [0.2, -0.4]}",
        "{kind: sinusoid, frequency: 0.5 Hz, amplitude: 1.0, phase: random}",
        "{kind: sinusoid, frequency: [0.5 Hz, 2 kHz], amplitude: [1, 2.5], phase: [0, 1.57]}",
        "{kind: sinusoid, frequency: 0 Hz, amplitude: 2, phase: 1}",
        "{kind: noise, time_constant: 200 ms, sd: 0.5}",
        "{kind: frames, dataset: digits, hold: 12 ms, crossfade: 0 ms, order: shuffled,"
        " test_fraction: 0.2}",
        "{kind: frames, dataset: mine.npz, hold: 12 ms, crossfade: 12 ms, order: as_given}",
        "{kind: array, file: stimulus.npy, interval: 10 ms, interpolation: linear}",
    ],
)
def test_every_input(text: str):
    assert model(input=read(text)).input.kind == read(text)["kind"]


@pytest.mark.parametrize(
    "text",
    [
        "{kind: constant, values: [0.5]}",
        "{kind: teacher, seed: 3}",
        "{kind: labels}",
        "{kind: array, file: target.npy, interval: 10 ms}",
        "{kind: labels, delay: none}",
        "{kind: labels, delay: matched}",
        "{kind: labels, delay: 5 ms}",
        "{kind: labels, delay: 0 ms}",
    ],
)
def test_every_target(text: str):
    written = read(text)
    target = model(input=FRAMES, target=written).target
    assert target.kind == written["kind"]
    expected = {"5 ms": 0.005, "0 ms": 0.0}.get(written.get("delay"), written.get("delay"))
    assert target.delay == (expected if "delay" in written else "matched")


def membrane(transmission: Any) -> list[Any]:
    keys = "membrane_time_constant refractory rest reset threshold background"
    return [getattr(transmission, key) for key in keys.split()]


def test_spikes_have_the_defaults_of_the_contract():
    spikes = spiking().transmission
    assert (spikes.maximum_rate, spikes.synaptic_time_constant) == (200, 0.02)
    assert (spikes.neurons_per_unit, spikes.error_rate, spikes.mutual_inhibition) == (1, 100, True)
    assert membrane(spikes) == [0.02, 0.002, -0.07, -0.07, -0.05, 3]
    mixed = spiking("{neuron: lif, threshold: -0.045 V, background: 1, rest: , reset: -60 mV}")
    assert membrane(mixed.transmission) == [0.02, 0.002, -0.07, -0.06, -0.045, 1]


@pytest.mark.parametrize("neuron", ["integrate_and_fire", "poisson"])
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "softplus"])
def test_only_lif_neurons_have_a_membrane(neuron: str, activation: str):
    assert membrane(spiking(f"neuron: {neuron}", activation).transmission) == [None] * 6


@pytest.mark.parametrize(
    "text",
    [
        "neuron: poisson",
        "{neuron: integrate_and_fire, neurons_per_unit: 10, mutual_inhibition: false}",
        "neuron: lif",
        "{neuron: lif, membrane_time_constant: 10 ms, refractory: 1 ms, rest: -65 mV, "
        "reset: -0.06 V, threshold: 1 mV, background: 1.5, error_rate: 50 Hz}",
    ],
)
def test_spikes_come_back_the_same(text: str):
    activation = "lif" if "lif" in text else "sigmoid"
    written = spiking(text, activation, record={"events": "all"}, target=TEACHER)
    back = read(to_yaml(written))
    assert from_mapping(back) == written and accepted(back)
    assert ("rest" in back["transmission"]) == (activation == "lif")


def test_a_spike_may_take_every_step_but_not_every_error():
    fastest = spiking("{neuron: lif, maximum_rate: 1 kHz, error_rate: 500 Hz}").transmission
    assert (fastest.maximum_rate, fastest.error_rate) == (1000, 500)


def test_spikes_alone_do_not_say_enough():
    with pytest.raises(ModelError) as caught:
        model(transmission="spikes")
    for key in ("neuron: lif", "maximum_rate: 200 Hz", "synaptic_time_constant: 20 ms"):
        name = key.partition(":")[0]
        assert f"transmission.{name}: missing; write `{key}`" in str(caught.value)


def test_dale_is_the_projections_own_or_the_networks():
    layered = spiking(network=read("{layers: [2, 3, 1], activation: lif, dale: true}")).network
    assert [part.dale for part in layered.digraph()[1]] == [True, True]
    assert [part.dale for part in network("{}").network.digraph()[1]] == [False, False]
    text = """
    populations: {a: {size: 2, role: input}, b: {size: 3}, c: {size: 1, role: output}}
    projections: [{pre: a, post: b, dale: false}, {pre: b, post: c}]
    activation: lif
    dale: true
    """
    own = spiking(network=read(text)).network
    assert [part.dale for part in own.digraph()[1]] == [False, True]


def test_run_record_plasticity_and_validation():
    full = model(
        plasticity=read(
            "{rule: diffusion, learning_rate: 5 Hz, start: 3 ms, weight_decay: 10 mHz,"
            " alignment: none}"
        ),
        run={"duration": "2 s", "target": "cython"},
        record={"signals": "1 ms", "weights": "100 ms", "window": ["0 ms", "50 ms"]},
        validation=read(
            "{reference: delayed, start: 100 ms, every: 10 ms, minimum_cosine: 0.9,"
            " maximum_relative_error: 0.2}"
        ),
    )
    rule = full.plasticity
    assert (rule.learning_rate, rule.start, rule.weight_decay) == (5.0, 0.003, 0.01)
    assert (full.run.duration, full.record.window) == (2.0, (0.0, 0.05))
    assert (full.validation.start, full.validation.every) == (0.1, 0.01)
    assert model(input=FRAMES, run={"epochs": 3}).run.epochs == 3


def test_shorthands_mean_their_long_forms():
    short = model(neuron="static", transmission="graded", plasticity="none", record="none")
    long = model(
        neuron={"kind": "static"},
        transmission={"kind": "graded"},
        plasticity={"rule": "none"},
        record={"signals": "none", "weights": "none", "products": "none"},
    )
    assert short == long
    assert network("delay: 2 ms") == network("delay: {forward: 2 ms, backward: 2 ms}")


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        ("seed=7", "seed: 7"),
        ("network.delay=2 ms", "network: {layers: [2, 3, 1], delay: 2 ms}"),
        ("network.layers.1=50", "network: {layers: [2, 50, 1]}"),
        (
            "network.weights.init=lecun_normal",
            "network: {layers: [2, 3, 1], weights: {init: lecun_normal}}",
        ),
        (
            "input={kind: noise, time_constant: 1 s}",
            "input: {kind: noise, time_constant: 1 s}",
        ),
        ("input.values.1=0.25", "input: {kind: constant, values: [0.2, 0.25]}"),
        ("record=none", "record: none"),
        ("description=a = b", "description: a = b"),
    ],
)
def test_an_override_is_as_if_it_stood_in_the_file(tmp_path: Path, override: str, changed: str):
    file = tmp_path / "model.yaml"
    file.write_text(to_yaml(model()))
    assert load(file, [override]).model_dump() == model(**read(changed)).model_dump()


def test_the_last_override_wins_and_the_seed_comes_last(tmp_path: Path):
    file = tmp_path / "model.yaml"
    file.write_text(to_yaml(model()))
    assert load(file, ["seed=2", "seed=3"]).seed == 3
    assert load(file, ["seed=2"], seed=4).seed == 4


def test_paths_are_relative_to_the_model_file(tmp_path: Path):
    file = tmp_path / "model.yaml"
    file.write_text(to_yaml(model(input=FRAMES | {"dataset": "mine.npz"})))
    loaded = load(file)
    assert loaded.file(loaded.input.dataset) == tmp_path / "mine.npz"
    assert loaded.with_absolute_paths().input.dataset == str(tmp_path / "mine.npz")


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_shipped_models_come_back_the_same(path: Path):
    loaded = load(path)
    assert from_mapping(read(to_yaml(loaded)), path.parent) == loaded


times = st.integers(1, 10_000).map(lambda count: f"{count} ms")

delays = st.one_of(
    times,
    st.builds(lambda a, b: {"forward": a, "backward": b}, times, times),
    st.builds(lambda a, b: {"forward": {"normal": [a, b]}}, times, times),
    times.map(lambda time: {"uniform": [time, "10 s"]}),
)

numbers = st.floats(-1e6, 1e6)

initial_weights = st.one_of(
    numbers.map(lambda value: {"init": "constant", "value": value}),
    st.floats(0, 1e6).map(lambda sd: {"init": "normal", "sd": sd}),
    st.floats(0, 1e6).map(lambda gain: {"init": "glorot_normal", "gain": gain}),
)

inputs = st.one_of(
    st.tuples(numbers, numbers).map(lambda values: {"kind": "constant", "values": [*values]}),
    st.builds(
        lambda frequency, amplitude, phase: {
            "kind": "sinusoid",
            "frequency": f"{frequency!r} Hz",
            "amplitude": amplitude,
            "phase": phase,
        },
        st.floats(0, 1e6),
        st.one_of(numbers, st.tuples(numbers, numbers).map(list)),
        st.one_of(st.just("random"), numbers),
    ),
    times.map(lambda time: {"kind": "noise", "time_constant": time}),
    times.map(lambda time: {"kind": "array", "file": "ä b.npy", "interval": time}),
    times.map(lambda time: {"kind": "frames", "hold": time, "crossfade": "1 ms"}),
)


@settings(deadline=None, derandomize=True)
@given(
    delay=delays,
    weights=initial_weights,
    input=inputs,
    seed=st.integers(0, 2**70),
    description=st.text(),
    start=times,
)
def test_any_model_comes_back_the_same(delay, weights, input, seed, description, start):
    written = model(
        network={"layers": [2, 3, 1], "delay": delay, "weights": weights},
        input=input,
        seed=seed,
        description=description,
        plasticity={"rule": "diffusion", "learning_rate": "1 Hz", "start": start},
    )
    assert from_mapping(read(to_yaml(written)), written.file(".")).model_dump() == (
        written.model_dump()
    )


@given(st.floats(0, 1e12, allow_subnormal=False))
def test_a_time_is_written_so_that_it_is_read_back_exactly(time: float):
    assert parse_quantity(format_quantity(time, TIME_UNITS), TIME_UNITS, "5 ms") == time


@given(st.floats(-1e12, 1e12, allow_subnormal=False))
def test_a_voltage_is_written_so_that_it_is_read_back_exactly(voltage: float):
    text = format_quantity(voltage, VOLTAGE_UNITS)
    assert parse_quantity(text, VOLTAGE_UNITS, "-50 mV") == voltage


@pytest.mark.parametrize("text", ["5 ms", "0 s", "2 s", "12 us", "0.5 us", "1500 s"])
def test_a_round_time_is_written_as_a_person_would(text: str):
    assert format_quantity(parse_quantity(text, TIME_UNITS, ""), TIME_UNITS) == text


def test_quantities_may_be_written_in_several_ways():
    for text in ("5 ms", "5ms", " 5  ms ", "0.005 s", "5e-3 s", ".005 s", "5000 us", "+5. ms"):
        assert parse_quantity(text, TIME_UNITS, "") == pytest.approx(0.005, rel=1e-15)
    for text in ("1500 Hz", "1.5 kHz", "1500000 mHz"):
        assert parse_quantity(text, FREQUENCY_UNITS, "") == pytest.approx(1500, rel=1e-15)
