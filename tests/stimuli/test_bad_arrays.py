"""NumPy files that are refused: stimuli, frames, weights."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Simulation, load
from tests import refusals
from tests.refusals import GOOD, SPIKING, changed, write


def refused(path: Path, *overrides: str) -> str:
    """The message from the field on; `test_bad_input` checks the place in the model file."""
    message = refusals.refused(path, *overrides)
    found = re.search(r": ((?:input|target|network|run)[\w.]*: .*)$", message, re.DOTALL)
    assert found, message
    return found.group(1)


def save(path: Path, content: Any) -> None:
    """Save what a user might have saved there."""
    if isinstance(content, dict):
        np.savez(path, **content)
    elif isinstance(content, np.ndarray):
        np.save(path, content, allow_pickle=True)
    elif content is not None:
        path.write_text(content)


LONG = np.linspace(0, 1, 60).reshape(30, 2)
WITH_NAN = np.where(LONG[7, 1] == LONG, np.nan, LONG)

# what is in the file, and what the message must say besides the field and the file
STIMULI: dict[str, tuple[Any, tuple[str, ...]]] = {
    "missing": (None, ("does not exist", "check the path")),
    "NaN": (WITH_NAN, ("has NaN or infinity in row 7", "mend the file")),
    "too short": (LONG[:19], ("lasts 0.019 s, the run 0.02 s", "shorten `run.duration`")),
    "wrong width": (LONG[:, :1], ("has 1 values a time for 2 units", "(time, 2)")),
    "one-dimensional": (LONG[:, 0], ("of the shape (30,)", "(time, units)")),
    "no rows": (LONG[:0], ("of the shape (0, 2)", "(time, units)")),
    "complex": (LONG * 1j, ("holds complex128, not real numbers", "convert it")),
    "text": (LONG.astype(str), ("not real numbers",)),
    "pickled objects": (LONG.astype(object), ("is no NumPy file of numbers", "numpy.save")),
    "no NumPy file": ("0.1 0.2\n0.3 0.4\n", ("is no NumPy file of numbers", "numpy.save")),
    "nothing": ("", ("is no NumPy file of numbers", "numpy.save")),
    "archive": ({"u": LONG}, ("archive of several arrays", "numpy.save")),
}


@pytest.mark.parametrize(("content", "said"), STIMULI.values(), ids=STIMULI.keys())
def test_bad_stimulus_file(tmp_path: Path, content: Any, said: tuple[str, ...]):
    file = tmp_path / "stimulus.npy"
    with open(file, "wb") if isinstance(content, dict) else open(tmp_path / "other", "wb") as out:
        save(out if isinstance(content, dict) else file, content)
    path = write(tmp_path, changed("input={kind: array, file: stimulus.npy, interval: 1 ms}"))
    message = refused(path)
    assert message.startswith("input.file: ") and str(file) in message
    for part in said:
        assert part in message


def test_linear_interpolation_needs_one_row_more(tmp_path: Path):
    np.save(tmp_path / "stimulus.npy", LONG[:20])
    kind = "kind: array, file: stimulus.npy, interval: 1 ms"
    Simulation(load(write(tmp_path, changed(f"input={{{kind}}}"))))
    message = refused(write(tmp_path, changed(f"input={{{kind}, interpolation: linear}}")))
    assert "lasts 0.019 s" in message


@pytest.mark.parametrize("row", [0, 3])
@pytest.mark.parametrize("interpolation", ["previous", "linear"])
def test_target_array_outside_of_0_to_1(tmp_path: Path, row: int, interpolation: str):
    target = LONG[:, :1].copy()
    target[row] = 1.5
    np.save(tmp_path / "target.npy", target)
    spec = (
        f"target={{kind: array, file: target.npy, interval: 1 ms, interpolation: {interpolation}}}"
    )
    network = "network.output_activation=sigmoid"
    message = refused(write(tmp_path, GOOD), spec, network, "loss=cross_entropy")
    assert message.startswith("target.file: cross_entropy needs target values between 0 and 1, not")
    assert "1.5" in message and "squared_error" in message


@pytest.mark.parametrize("row", [0, 3])
@pytest.mark.parametrize("value", [-0.5, 1.5])
@pytest.mark.parametrize("interpolation", ["previous", "linear"])
def test_input_array_that_is_no_spike_rate(
    tmp_path: Path, row: int, value: float, interpolation: str
):
    rates = LONG.copy()
    rates[row] = value
    np.save(tmp_path / "rates.npy", rates)
    spec = f"input={{kind: array, file: rates.npy, interval: 1 ms, interpolation: {interpolation}}}"
    message = refused(write(tmp_path, SPIKING), spec)
    assert message.startswith("input.file: spike rates are values between 0 and 1, not")
    assert f"{value:g}" in message and "rescale the file" in message


def test_constant_target_outside_of_0_to_1(tmp_path: Path):
    change = ("network.output_activation=sigmoid", "loss=cross_entropy", "target.values.0=-0.5")
    message = refused(write(tmp_path, GOOD), *change)
    assert "target.values: cross_entropy needs target values between 0 and 1, not -0.5" in message


FRAMES, LABELS = LONG[:4], np.array([0, 1, 0, 1])

ARCHIVES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "missing": (None, ("does not exist", "check the path")),
    "no archive": ("0 1 2", ("numpy.savez",)),
    "array": (LONG, ("is no NumPy archive", "numpy.savez")),
    "without labels": ({"frames": FRAMES}, ("has no array `labels`", "`frames` and `labels`")),
    "without frames": ({"labels": LABELS}, ("has no array `frames`",)),
    "too few labels": (
        {"frames": FRAMES, "labels": LABELS[:3]},
        ("frames of shape (4, 2) and labels of shape (3,)", "(n, units) and (n,)"),
    ),
    "images not flattened": (
        {"frames": FRAMES.reshape(4, 1, 2), "labels": LABELS},
        ("frames of shape (4, 1, 2)", "(n, units)"),
    ),
    "NaN": (
        {"frames": np.where(FRAMES == 0, np.nan, FRAMES), "labels": LABELS},
        ("array `frames` of", "has NaN or infinity in row 0"),
    ),
    "labels that are too large": (
        {"frames": FRAMES, "labels": LABELS * 1e300},
        ("labels are not whole numbers from 0 on", "0, 1, 2, ..."),
    ),
    "float labels": (
        {"frames": FRAMES, "labels": LABELS / 2},
        ("labels are not whole numbers from 0 on", "save whole numbers"),
    ),
    "negative labels": ({"frames": FRAMES, "labels": LABELS - 1}, ("labels are not whole",)),
    "labels as text": (
        {"frames": FRAMES, "labels": LABELS.astype(str)},
        ("array `labels` of", "not real numbers"),
    ),
    "frames as text": ({"frames": FRAMES.astype(str), "labels": LABELS}, ("array `frames` of",)),
    "pickled frames": (
        {"frames": FRAMES.astype(object), "labels": LABELS},
        ("is no NumPy file of numbers", "numpy.savez"),
    ),
    "frames of another width": (
        {"frames": FRAMES[:, :1], "labels": LABELS},
        ("has 1 values a frame, the input 2 units", "1 input units"),
    ),
}


def frames(tmp_path: Path, *overrides: str, dataset: str = "mine.npz") -> str:
    """The message for a model that shows the frames of a file."""
    spec = f"input={{kind: frames, dataset: {dataset}, hold: 5 ms, test_fraction: 0}}"
    return refused(write(tmp_path, changed(spec)), *overrides)


@pytest.mark.parametrize(("content", "said"), ARCHIVES.values(), ids=ARCHIVES.keys())
def test_bad_frames(tmp_path: Path, content: Any, said: tuple[str, ...]):
    file = tmp_path / ("mine.npy" if isinstance(content, np.ndarray) else "mine.npz")
    save(file, content)
    message = frames(tmp_path, dataset=file.name)
    assert message.startswith("input.dataset: ") and file.name in message
    for part in said:
        assert part in message


def test_frames_that_do_not_fit_the_rest_of_the_model(tmp_path: Path):
    save(tmp_path / "mine.npz", {"frames": FRAMES, "labels": LABELS + 8})
    labels = "target={kind: labels}"
    assert frames(tmp_path, labels) == (
        "target: labels begin at 8, and label 9 is beyond the 1 outputs, which are numbered from "
        "0; give the network 2 output units and subtract 8 from all labels"
    )
    message = frames(tmp_path, "run.duration=4 ms")
    assert message.startswith("run.duration: 4 ms is no multiple of `input.hold`, 5 ms; write")
    message = frames(tmp_path, "input.test_fraction=0.9")
    assert message.startswith("input.test_fraction: 0.9 of 4 frames leaves none to learn from")


LABELLED = {
    "from one": (
        [1, 2, 3, 1],
        3,
        "labels begin at 1, and label 3 is beyond the 3 outputs, which are numbered from 0; "
        "subtract 1 from all labels",
    ),
    "with gaps": ([0, 10, 20, 0], 3, "numbered from 0; number the 3 classes 0 to 2"),
    "too many": ([0, 1, 2, 3], 3, "numbered from 0; give the network 4 output units"),
    "from two": ([2, 3, 4, 2], 2, "give the network 3 output units and subtract 2 from all labels"),
}


@pytest.mark.parametrize(("labels", "outputs", "said"), LABELLED.values(), ids=LABELLED.keys())
def test_labels_beyond_the_outputs(tmp_path: Path, labels: list[int], outputs: int, said: str):
    save(tmp_path / "mine.npz", {"frames": FRAMES, "labels": np.array(labels)})
    message = frames(tmp_path, "target={kind: labels}", f"network.layers=[2, {outputs}]")
    assert message.endswith(said)
    # whoever obeys has as many outputs as there are classes, and each of them has its frames
    classes = np.unique(labels, return_inverse=True)[1]
    save(tmp_path / "mine.npz", {"frames": FRAMES, "labels": classes})
    spec = "input={kind: frames, dataset: mine.npz, hold: 5 ms, test_fraction: 0}"
    n = classes.max() + 1
    changes = (spec, "target={kind: labels}", f"network.layers=[2, {n}]")
    simulation = Simulation(load(write(tmp_path, GOOD), changes))
    assert simulation.plan.stimuli.target.rows.max(axis=0).tolist() == [1] * n


def test_labels_may_be_whole_numbers_of_any_type(tmp_path: Path):
    changes = ("target={kind: labels}", "network.layers=[2, 3]")
    spec = changed("input={kind: frames, dataset: mine.npz, hold: 5 ms, test_fraction: 0}")
    for kind in (float, np.float32, np.uint8, np.int64):
        save(tmp_path / "mine.npz", {"frames": FRAMES, "labels": np.array([0, 1, 2, 0], kind)})
        shown = Simulation(load(write(tmp_path, spec), changes)).plan.stimuli.presentations
        assert shown is not None and shown.frames.labels.tolist() == [0, 1, 2, 0]


def test_only_spikes_need_frames_between_0_and_1(tmp_path: Path):
    scored = np.linspace(-3.7, 4.4, 8).reshape(4, 2)
    save(tmp_path / "mine.npz", {"frames": scored, "labels": LABELS})
    spec = "input={kind: frames, dataset: mine.npz, hold: 5 ms, test_fraction: 0}"
    simulation = Simulation(load(write(tmp_path, changed(spec))))
    assert simulation.plan.stimuli.input.rows.min() == -3.7
    message = refused(write(tmp_path, changed(spec, SPIKING)))
    assert message.startswith("input.dataset: spike rates are values between 0 and 1, not -3.7 to")
    save(tmp_path / "mine.npz", {"frames": (scored + 3.7) / 8.1, "labels": LABELS})
    assert "not 0 to 1.0000000000000002" in refused(write(tmp_path, changed(spec, SPIKING)))
    scaled = np.clip((scored + 3.7) / 8.1, 0, 1)  # as the remedy says
    save(tmp_path / "mine.npz", {"frames": scaled, "labels": LABELS})
    Simulation(load(write(tmp_path, changed(spec, SPIKING))))


IN, OUT = np.ones((3, 2)), np.ones((1, 3))

WEIGHTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "missing": (None, ("does not exist", "check the path")),
    "no archive": ("1 2", ("npz",)),
    "array": (IN, ("is no NumPy archive", ".npz")),
    "projection missing": ({"layer1": IN}, ("has no array `layer2`", "it has: layer1")),
    "transposed": (
        {"layer1": IN.T, "layer2": OUT},
        ("array `layer1` of", "has the shape (2, 3)", "make it (3, 2) (post, pre)"),
    ),
    "NaN": (
        {"layer1": IN, "layer2": OUT * np.nan},
        ("array `layer2` of", "has NaN or infinity in row 0"),
    ),
    "text": ({"layer1": IN.astype(str), "layer2": OUT}, ("array `layer1` of", "not real numbers")),
    "biases of another size": (
        {"layer1": IN, "layer2": OUT, "output.bias": np.ones(3)},
        ("array `output.bias` of", "has the shape (3,)", "make it (1,)"),
    ),
}


@pytest.mark.parametrize(("content", "said"), WEIGHTS.values(), ids=WEIGHTS.keys())
def test_bad_weights(tmp_path: Path, content: Any, said: tuple[str, ...]):
    file = tmp_path / ("w.npy" if isinstance(content, np.ndarray) else "w.npz")
    save(file, content)
    override = f"network.weights={{init: file, path: {file.name}}}"
    message = refused(write(tmp_path, GOOD), override)
    assert message.startswith("network.weights.path: ") and str(file) in message
    for part in said:
        assert part in message


def test_biases_for_a_population_that_has_none(tmp_path: Path):
    save(tmp_path / "w.npz", {"layer1": IN, "layer2": OUT, "output.bias": np.ones(1)})
    overrides = ("network.weights={init: file, path: w.npz}", "network.bias=false")
    message = refused(write(tmp_path, GOOD), *overrides)
    assert "has an array `output.bias`, and `output` has no bias; remove" in message
