"""The loss that a run reports: only of moments that have a target, and however often recorded."""

import numpy as np
import pytest

from neurodiff.validation.case import case_of
from neurodiff.validation.loss import compare_loss
from tests.networks import chain
from tests.simulated import reference_waves, simulate


def learning(every: str, **keys):
    """A chain in which the target needs two steps."""
    return chain(
        [3, 4, 2],
        input={"kind": "sinusoid", "frequency": "1 Hz"},
        target={"kind": "constant", "values": [0.5, -0.5]},
        plasticity={"rule": "diffusion", "learning_rate": "5 Hz"},
        record={"signals": every},
        **({"duration": "52 ms"} | keys),
    )


def test_there_is_no_loss_before_the_target_arrives():
    recording = simulate(learning("1 ms")).recording
    assert np.isnan(recording["loss"][:2]).all() and np.isfinite(recording["loss"][2:]).all()
    assert np.isnan(recording["target"][:2]).all()
    assert recording["target"][2:].values.tolist() == [[0.5, -0.5]] * 50
    # what the units carry is there all the time
    assert np.isfinite(recording["delta"][:, 3:]).all()


def test_a_target_that_does_not_wait_is_there_at_once():
    target = {"kind": "constant", "values": [0.5, -0.5], "delay": "none"}
    model = learning("1 ms").model_dump(mode="json", exclude_none=True) | {"target": target}
    recording = simulate(type(learning("1 ms")).from_mapping(model)).recording
    assert np.isfinite(recording["loss"]).all()


def test_means_begin_with_the_target():
    simulation = simulate(learning("1 ms"))
    report = compare_loss(case_of(simulation))
    y = np.array([0.5, -0.5])
    waves = reference_waves(simulation)
    loss = [0.5 * np.sum((wave.x[simulation.graph.outputs] - y) ** 2) for wave in waves]
    assert report.first_tenth == pytest.approx(np.mean(loss[2:7]), rel=1e-12)
    assert report.last_tenth == pytest.approx(np.mean(loss[-5:]), rel=1e-12)
    # with the two moments that have no target, as if they had a loss of 0, it would be another
    assert report.first_tenth != pytest.approx(np.mean([0, 0, *loss[2:5]]), rel=0.1)
    assert report.samples == (5, 5)


def test_a_tenth_without_a_sample_says_so():
    report = compare_loss(case_of(simulate(learning("7 ms"))))
    assert report.first_tenth is report.ratio is None and report.last_tenth is not None
    assert "too few samples in the first tenth" in report.summary()
    assert compare_loss(case_of(simulate(learning("none")))) is None
