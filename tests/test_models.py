"""The models that are shipped, and what the theory says of them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from neurodiff import Model, ModelError, Simulation, load, validate
from neurodiff.forecast.event_activity import expected_activity
from neurodiff.reference.backprop import backprop, products
from neurodiff.validation import compare_task

MODELS = Path(__file__).parent.parent / "models"


def run(name: str, *overrides: str) -> Simulation:
    return Simulation(load(MODELS / f"{name}.yaml", overrides), backend="numpy").run()


def test_the_committed_schema_is_that_of_the_model_file():
    schema = json.loads((MODELS / "neurodiff.schema.json").read_text(encoding="utf-8"))
    assert schema == Model.model_json_schema()


PATHS = sorted(MODELS.glob("*.yaml"))
assert len(PATHS) >= 11


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_shipped_model_is_named_after_its_file_and_carries_the_schema_line(path: Path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=neurodiff.schema.json"
    assert load(path).name == path.stem.replace("_", "-")


def test_ten_layers_become_exact_at_2L_minus_l_and_not_one_step_earlier():
    report = validate(run("ten_layer_wave"))
    assert report.passed
    for layer, exact in enumerate(report.layers, start=1):
        assert exact.exact_from_step == exact.predicted_exact_step == 20 - layer
    errors = report.over_time["relative_error"].values
    for layer in range(1, 11):
        assert (errors[20 - layer :, layer - 1] <= 1e-12).all()
        assert errors[20 - layer - 1, layer - 1] > 1e-3


@pytest.mark.parametrize(
    ("frequency", "reference", "expected"),
    [
        # omega (L - 1) dt = 0.1 and 0.3 with L = 10 and dt = 1 ms; cosines of the theory's table
        pytest.param("1.768388 Hz", "error_frame", 0.970, marks=pytest.mark.slow),
        pytest.param("1.768388 Hz", "instantaneous", 0.948, marks=pytest.mark.slow),
        pytest.param("5.305165 Hz", "error_frame", 0.76, marks=pytest.mark.slow),
    ],
)
def test_the_faster_the_sinusoid_the_worse_the_first_layer(frequency, reference, expected):
    overrides = [f"input.frequency={frequency}", f"validation.reference={reference}"]
    reports = [validate(run("sinusoid", *overrides, f"seed={seed}")) for seed in range(1, 6)]
    first = np.mean([report.layers[0].cosine for report in reports])
    last = np.mean([report.layers[-1].cosine for report in reports])
    assert first == pytest.approx(expected, abs=0.02)
    if reference == "error_frame":
        assert last == pytest.approx(1, abs=1e-12)


@pytest.mark.slow
def test_exclusive_or_is_learned():
    simulation = run("two_layer_xor")
    task = compare_task(simulation)
    assert (task.test_accuracy, task.presentations, task.tested_on) == (1.0, 1600, "training")
    assert task.backprop_test_accuracy == 1.0
    assert validate(simulation).passed


#: A third of the model's: with these already it keeps within the bounds of a whole run.
EPOCHS = 6


@pytest.fixture(scope="module")
def digits() -> Simulation:
    return Simulation(load(MODELS / "digits.yaml", [f"run.epochs={EPOCHS}"])).run()


def accuracy_on_test_frames(simulation: Simulation) -> float:
    """Fraction of the test frames that the network names, plasticity off."""
    shown = simulation.recording.isel(presentation=simulation.recording["tested"].values)
    return float((shown["answer"].argmax("output") == shown["label"]).mean())


@pytest.mark.slow
def test_digits_are_learned_as_well_as_by_backprop(digits: Simulation):
    model = digits.model
    weight_layers = len(model.network.layers) - 1
    assert weight_layers == 3
    assert model.steps(model.input.hold) <= 4 * weight_layers
    task = compare_task(digits)
    assert task.tested_on == "test"
    assert task.presentations == EPOCHS * 1437
    assert task.test_accuracy == accuracy_on_test_frames(digits) >= 0.97
    assert task.backprop_test_accuracy - task.test_accuracy <= 0.01
    assert digits.recording["tested"].values.sum() == 360
    assert digits.timing.steps == 12 * (EPOCHS * 1437 + 360)


@pytest.mark.slow
def test_digits_are_learned_by_events_for_a_tenth_of_the_work(digits: Simulation):
    simulation = Simulation(load(MODELS / "digits_events.yaml", [f"run.epochs={EPOCHS}"])).run()
    assert simulation.model.network == digits.model.network
    assert simulation.model.plasticity == digits.model.plasticity
    assert accuracy_on_test_frames(simulation) >= accuracy_on_test_frames(digits) - 0.01
    assert simulation.events.ratio < 0.1


@pytest.mark.slow
def test_slow_sinusoids_send_few_events_and_still_give_the_gradient():
    # 3.1e-4 radian a step, thresholds .01 and .02, ten layers of 50: theory 14
    simulation = Simulation(load(MODELS / "sinusoid_events.yaml")).run()
    assert simulation.events.ratio <= 0.03
    assert validate(simulation).total.cosine >= 0.996
    expected = expected_activity(simulation.plan)
    assert expected.ratio == pytest.approx(simulation.events.ratio, rel=0.5)


def test_frames_without_labels_as_target_have_no_task():
    simulation = run("two_layer_xor", "target={kind: teacher, seed: 3}", "run.epochs=5")
    assert compare_task(simulation) is None
    assert "answer" not in simulation.recording


def test_a_duration_of_frames_is_the_time_of_learning_and_a_multiple_of_the_hold():
    simulation = run("two_layer_xor", "run={duration: 60 ms}", "record.weights=10 ms")
    assert simulation.plan.stimuli.learning_steps == 60
    assert (~simulation.recording["tested"].values).sum() == 6
    with pytest.raises(ModelError, match="65 ms is no multiple of `input.hold`, 10 ms"):
        run("two_layer_xor", "run={duration: 65 ms}")


@pytest.mark.parametrize(
    ("neuron", "seconds", "least"),
    [
        ("lif", 2.5, 0.99),
        ("integrate_and_fire", 2.5, 0.995),
        ("poisson", 2.5, 0.95),
        pytest.param("poisson", 10, 0.98, marks=pytest.mark.slow),
    ],
)
def test_what_spikes_learn_in_all_is_the_gradient(neuron, seconds, least):
    activation = "lif" if neuron == "lif" else "sigmoid"
    part = [f"transmission.neuron={neuron}", f"network.activation={activation}"]
    simulation = run("spiking_wave", *part, f"run.duration={seconds} s", "network.delay=0.5 ms")
    for layer in validate(simulation).layers:
        assert layer.cosine_of_summed_update >= least
        if neuron != "poisson":
            assert norm_ratio_of_sums(simulation, layer.name) == pytest.approx(1, abs=0.05)


def norm_ratio_of_sums(simulation: Simulation, projection: str) -> float:
    """Norm of the mean local product of a frozen network over that of the gradient."""
    recording, model = simulation.recording, simulation.model
    late = recording.product_time > recording.product_time[-1] / 4
    shown = recording["product"].isel(product_time=late)
    own = (recording.projection == projection).values
    mean = shown.mean("product_time").values[own]
    u, y = np.array([model.input.values]), np.array([model.target.values])
    true = backprop(simulation.graph, simulation.plan.w, simulation.plan.bias, u, y, model.loss)
    gradient = products(simulation.graph, true.x, true.delta)[0, own]
    return float(np.linalg.norm(mean) / np.linalg.norm(gradient))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_spikes_learn_digits():
    # twice as fast as the model of the file, in a fifth of its time
    faster = ["run.epochs=3", "plasticity.learning_rate=3 Hz"]
    model = load(MODELS / "digits_spikes.yaml", faster)
    simulation = Simulation(model, backend="cpp_standalone").run()
    assert compare_task(simulation).test_accuracy >= 0.95
