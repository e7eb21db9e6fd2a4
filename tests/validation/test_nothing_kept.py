"""`record: none` keeps nothing, and `validation: none` compares nothing."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from neurodiff import Model, Simulation, SimulationError, validate
from neurodiff.cli import app
from neurodiff.results.recording import load_recording
from neurodiff.stimuli.signals import Sinusoids, Table
from neurodiff.validation import report_run
from tests.networks import chain
from tests.simulated import simulate

RULE = {"rule": "diffusion", "learning_rate": "5 Hz"}


def written(folder, **keys):
    model = chain([2, 3, 1], plasticity=RULE, **keys)
    path = folder / "model.yaml"
    path.write_text(json.dumps(model.model_dump(mode="json", exclude_none=True)))
    return path


def test_validation_none_records_and_compares_nothing():
    simulation = simulate(chain([2, 3, 1], plasticity=RULE, validation="none"))
    assert "product" not in simulation.recording and simulation.plan.schedule.products is None
    report = report_run(simulation)
    assert report.gradient is None and report.loss is not None
    assert "not validated: the model says `validation: none`" in report.summary()
    assert report.to_dict()["verdict"] == "not validated" and not report.passed
    with pytest.raises(SimulationError, match="`validation: none`"):
        validate(simulation)


def test_the_command_validate_refuses_a_model_that_asks_for_none(tmp_path):
    result = CliRunner().invoke(app, ["validate", str(written(tmp_path, validation="none"))])
    assert "validation" in str(result.exception) and "none is asked for" in str(result.exception)


def test_record_none_compares_and_keeps_no_products(tmp_path):
    path, kept = written(tmp_path, record="none"), tmp_path / "kept"
    result = CliRunner().invoke(app, ["run", str(path), "--target", "numpy", "--output", str(kept)])
    assert result.exit_code == 0 and "passed: every layer's cosine" in result.output
    recording = load_recording(kept / "recording.nc")
    assert not {"product", "product_w", "x", "loss"} & set(recording.variables)
    assert "w" in recording and json.loads((kept / "report.json").read_text())["passed"]
    with pytest.raises(SimulationError, match="keeps no local products"):
        validate(recording)


def test_products_alone_may_be_left_out(tmp_path):
    path, kept = written(tmp_path, record={"products": "none"}), tmp_path / "kept"
    CliRunner().invoke(app, ["run", str(path), "--target", "numpy", "--output", str(kept)])
    recording = load_recording(kept / "recording.nc")
    assert "x" in recording and "product" not in recording


def test_samples_see_all_phases_of_a_stimulus():
    assert Table(np.zeros((5, 1)), hold=12, blend=0, before=np.zeros(1)).spread(7) == 1
    assert Table(np.zeros((5, 1)), hold=12, blend=0, before=np.zeros(1)).spread(8) == 0
    tone = Sinusoids(np.ones(1), np.array([2 * np.pi / 10]), np.zeros(1))
    # 10 steps are a whole period, 5 half of one, 13 are 1.3 of them
    assert tone.spread(10) == tone.spread(5) == pytest.approx(0)
    assert tone.spread(13) == pytest.approx(0.1)
    assert tone.spread(1) == 1


def test_the_default_interval_is_no_multiple_of_the_period():
    tone = {"kind": "sinusoid", "frequency": "100 Hz"}
    model: Model = chain([2, 1], input=tone, duration="2 s")
    simulation = Simulation(model, backend="numpy")
    every = simulation.plan.schedule.products.every
    assert every > 10 and simulation.plan.stimuli.input.spread(every) >= 0.1
    written_out = chain([2, 1], input=tone, duration="2 s", validation={"every": "10 ms"})
    assert Simulation(written_out, backend="numpy").plan.schedule.products.every == 10
