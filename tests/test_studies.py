"""The sweeps that are shipped reproduce what the theory predicts, in a small version."""

from pathlib import Path

import numpy as np
import pytest

from neurodiff import Simulation, load_sweep, validate

STUDIES = Path(__file__).parent.parent / "models" / "studies"

#: Cosine of the first layer's update with the gradient: four seeds, L = 3, tanh (theory 3.1).
FIRST_LAYER = [1.00, 0.99, 0.97, 0.90, 0.79, 0.49, -0.36, -0.95]


def test_speed_against_depth_gives_the_cosines_of_the_theory():
    sweep = load_sweep(STUDIES / "speed_against_depth.yaml")
    cosines = np.zeros((8, 4))
    for run in sweep.runs():
        activation, depth, speed, seed = run.index
        if (activation, depth) == (0, 0):
            report = validate(Simulation(run.model).run())
            cosines[speed, seed] = report.layers[0].cosine
            assert report.layers[-1].cosine == pytest.approx(1)
    np.testing.assert_allclose(cosines.mean(axis=1), FIRST_LAYER, atol=0.03)
