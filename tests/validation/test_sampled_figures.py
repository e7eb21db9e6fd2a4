"""Figures of samples agree with those of every step within their intervals: the models that learn.

The whole of it; `test_every_step` has a small version.
"""

from pathlib import Path

import numpy as np
import pytest

from neurodiff import Simulation, load, validate
from neurodiff.validation import every_step
from neurodiff.validation.case import case_of
from neurodiff.validation.intervals import of_ratios, resampled_counts, widening
from neurodiff.validation.sums import Sums, ratios, terms
from tests.networks import Floats, chain

SEEDS, SAMPLES = 20, 200
MODELS = Path(__file__).parents[2] / "models"


def sinusoid(folder: Path) -> Simulation:
    return Simulation(load(MODELS / "sinusoid.yaml"), backend="numpy")


def wine(folder: Path) -> Simulation:
    from sklearn.datasets import load_wine

    data = load_wine()
    frames = (data.data - data.data.min(axis=0)) / np.ptp(data.data, axis=0)
    np.savez(folder / "wine.npz", frames=frames, labels=data.target)
    model = chain(
        [13, 20, 20, 3],
        activation="tanh",
        output_activation="sigmoid",
        loss="cross_entropy",
        plasticity={"rule": "diffusion", "learning_rate": "6 Hz"},
        input={"kind": "frames", "dataset": str(folder / "wine.npz"), "hold": "24 ms"},
        target={"kind": "labels"},
        run={"epochs": 10},
        record={"signals": "none", "weights": "none"},
    )
    return Simulation(model, backend="numpy")


def digits(folder: Path) -> Simulation:
    return Simulation(load(MODELS / "digits.yaml", ["run.epochs=1"]), backend="numpy")


def collected(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> Floats:
    """What is summed of every moment (times, terms, projections + 1)."""
    kept: list[Floats] = []

    class Kept(Sums):
        def add(self, g, truth):
            kept.append(terms(g, truth).astype(np.float32))

    with monkeypatch.context() as patch:
        patch.setattr(every_step, "Sums", Kept)
        every_step.compare_every_step(case_of(simulation))
    return np.concatenate(kept)


def held(of_moments: Floats, seed: int) -> tuple[int, int]:
    """How many intervals of a sample hold the figure of all moments, and of how many."""
    rng = np.random.default_rng(seed)
    ends = np.linspace(0, len(of_moments), SAMPLES + 1).astype(int)
    drawn = of_moments[rng.integers(ends[:-1], ends[1:])].astype(float)
    counts = resampled_counts(SAMPLES, rng)
    found = of_ratios(drawn, counts, widening(SAMPLES, len(of_moments)), SAMPLES)
    exact = ratios(of_moments.sum(axis=0, dtype=float))
    inside = [
        (low - 1e-6 <= exact[name]) & (exact[name] <= high + 1e-6)
        for name, (low, high) in found.items()
    ]
    return int(np.sum(inside)), int(np.size(inside))


@pytest.mark.slow
def test_samples_agree_with_every_step_within_their_intervals(tmp_path, monkeypatch):
    right, total = 0, 0
    for make in (sinusoid, wine, digits):
        simulation = make(tmp_path).run()
        report = validate(simulation)
        # by default every step is compared, and so no cosine has an interval at all
        assert report.moments.how == "every step"
        assert not any(layer.intervals for layer in (*report.layers, report.total))
        of_moments = collected(simulation, monkeypatch)
        assert len(of_moments) == report.moments.of
        exact = ratios(of_moments.sum(axis=0, dtype=float))
        assert exact["cosine"][-1] == pytest.approx(report.total.cosine, rel=1e-5)
        for seed in range(SEEDS):
            inside, n = held(of_moments, seed)
            right, total = right + inside, total + n
    assert right >= 0.9 * total
