"""Data sets by name, and how frames are scaled and split."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from neurodiff import Model, ModelError
from neurodiff.model_file.signals import BUILT_IN, GENERATED
from neurodiff.plan import Plan
from neurodiff.stimuli.datasets import Frames, load_frames, registered
from neurodiff.stimuli.datasets.yin_yang import class_of
from tests.networks import chain

#: Units and classes of each.
SIZES = {
    "digits": (64, 10),
    "iris": (4, 3),
    "wine": (13, 3),
    "breast_cancer": (30, 2),
    "moons": (2, 2),
    "yin_yang": (4, 3),
}


def shown(name: str, seed: int = 1, **keys: Any) -> Model:
    spec = {"kind": "frames", "dataset": name, "hold": "3 ms", **keys}
    units, classes = SIZES.get(name, (2, 2))
    others = {"target": {"kind": "labels"}, "run": {"epochs": 1}, "seed": seed}
    return chain([units, classes], input=spec, **others)


def frames(name: str, seed: int = 1, **keys: Any) -> Frames:
    model = shown(name, seed, **keys)
    return load_frames(model.input, model)


def test_every_name_is_registered_and_has_a_test():
    assert set(registered()) == set(BUILT_IN) == set(SIZES) and set(GENERATED) < set(BUILT_IN)


@pytest.mark.parametrize("name", SIZES)
def test_a_network_of_its_size_is_planned(name: str):
    plan = Plan.of(shown(name))
    found = plan.stimuli.presentations.frames
    assert found.images.shape[1] == SIZES[name][0]
    assert set(found.labels) == set(range(SIZES[name][1]))
    assert plan.files == ()


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_stored_ones_are_those_of_scikit_learn(name: str):
    theirs, found = getattr(sklearn_datasets, f"load_{name}")(), frames(name)
    np.testing.assert_array_equal(found.images, theirs.data)
    np.testing.assert_array_equal(found.labels, theirs.target)


def test_classes_of_a_yin_yang_by_hand():
    # the centres of both dots; left and right of the centre; above and below; the two heads
    points = {
        (0.75, 0.5): 2,
        (0.25, 0.5): 2,
        (0.25, 0.65): 1,
        (0.75, 0.65): 0,
        (0.5, 0.95): 1,
        (0.5, 0.05): 0,
        (0.25, 0.3): 1,
        (0.75, 0.3): 0,
    }
    assert class_of(np.array(list(points))).tolist() == list(points.values())


def test_a_yin_yang_is_balanced_mirrored_and_drawn_by_the_seed():
    found = frames("yin_yang", samples=3000)
    x, y = found.images.T[:2]
    np.testing.assert_allclose(found.images[:, 2:], 1 - found.images[:, :2])
    assert np.hypot(x - 0.5, y - 0.5).max() <= 0.5
    np.testing.assert_array_equal(class_of(found.images[:, :2]), found.labels)
    assert (np.abs(np.bincount(found.labels) - 1000) < 100).all()
    # uniform in both dots, whose area is that of two circles of radius .1
    dots = found.images[found.labels == 2, :2]
    assert np.mean(dots[:, 0] > 0.5) == pytest.approx(0.5, abs=0.06)
    np.testing.assert_array_equal(frames("yin_yang", samples=3000).images, found.images)
    assert (frames("yin_yang", seed=2, samples=3000).images != found.images).any()


def test_generated_ones_have_as_many_frames_as_one_asks_for():
    assert len(frames("yin_yang").labels) == 6000 and len(frames("moons").labels) == 1000
    moons = frames("moons", samples=500)
    assert np.bincount(moons.labels).tolist() == [250, 250]
    # two half circles of radius 1 around (0, 0) and (1, 1/2), with noise of .1
    radius = np.hypot(*(moons.images - np.array([[0, 0], [1, 0.5]])[moons.labels]).T)
    assert radius.mean() == pytest.approx(1, abs=0.02) and radius.std() < 0.13


def test_values_are_standardised_by_the_training_frames():
    plain, found = frames("wine"), frames("wine", standardise=True)
    own = found.images[found.training]
    np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(own.std(axis=0), 1)
    # the same numbers for the test frames, whose mean is then another
    training, test = plain.images[plain.training], plain.images[plain.test]
    expected = (test - training.mean(axis=0)) / training.std(axis=0)
    np.testing.assert_allclose(found.images[found.test], expected)
    assert np.abs(found.images[found.test].mean(axis=0)).max() > 0.05


def test_a_value_that_is_always_the_same_becomes_0(tmp_path: Path):
    images = np.column_stack([np.full(6, 3.0), np.arange(6)])
    np.savez(tmp_path / "f.npz", frames=images, labels=np.arange(6) % 2)
    found = frames(str(tmp_path / "f.npz"), standardise=True, test_fraction=0)
    assert (found.images[:, 0] == 0).all() and found.images[:, 1].std() == pytest.approx(1)


def test_a_stratified_test_has_all_classes_in_their_proportions(tmp_path: Path):
    labels = np.repeat([0, 1], [180, 20])
    np.savez(tmp_path / "f.npz", frames=np.arange(400.0).reshape(200, 2), labels=labels)
    counts = {True: set(), False: set()}
    for seed in range(8):
        for stratify in counts:
            name, split = str(tmp_path / "f.npz"), {"stratify": stratify, "test_fraction": 0.2}
            found = frames(name, seed, **split)
            assert sorted([*found.training, *found.test]) == list(range(200))
            counts[stratify].add(int(np.sum(found.labels[found.test] == 1)))
    assert counts[True] == {4} and len(counts[False]) > 1


@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        ("digits", {"samples": 100}, "input.samples: digits is not generated"),
        ("moons", {"samples": 1}, "input.samples: 1 is too small"),
        ("yinyang", {}, "input.dataset: no data set is called 'yinyang', and no file"),
        ("mnist1d", {}, "input.dataset: no data set is called 'mnist1d', and no file"),
    ],
)
def test_what_is_refused(name: str, keys: dict[str, Any], said: str):
    with pytest.raises(ModelError) as refused:
        frames(name, **keys)
    assert said in str(refused.value)
    if name == "yinyang":
        assert "did you mean `yin_yang`?" in str(refused.value)
