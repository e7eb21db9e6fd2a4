"""Figures say what was recorded: their data, not their pixels."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes

from neurodiff.network.graph import build_graph
from neurodiff.plot import (
    new_axes,
    plot_accuracy,
    plot_cosines,
    plot_loss,
    plot_relative_error,
    plot_wave,
    plot_weights,
)
from neurodiff.plot.waves import predicted_fronts
from tests.networks import chain, digraph
from tests.plot.drawn import DELAY, _recorded, _two_frames


def _images(axes: Axes) -> np.ndarray:
    return axes.collections[0].get_array().filled(np.nan)


def _fronts(axes: Axes) -> list[np.ndarray]:
    return [np.asarray(line.get_xdata()) for line in axes.get_lines()]


def test_wave_image_is_the_signal_normalised_by_layer(frozen):
    image = _images(plot_wave(frozen, "x", new_axes(), stop=0.03))
    x = frozen["x"].values[:30]
    np.testing.assert_allclose(image[:2], (x[:, :2] / np.abs(x[:, :2]).max()).T)
    shown = np.linspace(0, 19, 16).round().astype(int)  # 16 of the 20 units
    hidden = x[:, 2:22] / np.abs(x[:, 2:22]).max()
    np.testing.assert_allclose(image[2:18], hidden[:, shown].T)
    assert image.shape == (2 + 16 + 3 + 1, 30)


def test_backward_wave_has_no_inputs(frozen):
    axes = plot_wave(frozen, "delta", new_axes())
    assert np.isnan(_images(axes)[:2]).all() and np.isfinite(_images(axes)[2:]).all()
    assert "not defined for inputs" in [text.get_text() for text in axes.texts]


def test_predicted_fronts_by_hand(frozen):
    # f = 2, r = 3: F = 0, 2, 4, 6; F_L + R = 6 at the output, then 9 and 12
    (front,) = _fronts(plot_wave(frozen, "x", new_axes()))
    np.testing.assert_allclose(front, np.repeat([0, 2, 4, 6], [4, 32, 6, 2]))
    (front,) = _fronts(plot_wave(frozen, "delta", new_axes()))
    np.testing.assert_allclose(front[4:], np.repeat([12, 9, 6], [32, 6, 2]))
    assert np.isnan(front[:4]).all()


def test_nothing_arrives_before_the_predicted_front(frozen):
    front = predicted_fronts(build_graph(chain([2, 20, 3, 1], delay=DELAY)))
    for signal in ("x", "delta"):
        first = (np.nan_to_num(frozen[signal].values) != 0).argmax(axis=0)
        own = np.isfinite(front[signal])
        np.testing.assert_array_equal(first[own], front[signal][own])


def test_front_of_a_skip_is_the_shortest_path():
    # in -2-> m -2-> a, in -2-> b, a and b outputs; backward 3 from each: m is reached from a alone,
    # 4 + 3 = 7, unless b also hears m
    sizes = {"in": ("input", 1), "m": ("hidden", 1), "a": ("output", 1), "b": ("output", 1)}
    parts = {name: {"role": role, "size": size} for name, (role, size) in sizes.items()}
    graph = build_graph(digraph(parts, ["in m", "m a", "in b"], delay=DELAY))
    by_name = [part.name for part in graph.populations]
    front = {name: predicted_fronts(graph)["delta"][k] for k, name in enumerate(by_name)}
    assert front == {"in": np.inf, "m": 7, "a": 4, "b": 2}


def test_cells_last_until_the_next_sample():
    coarse = _recorded(chain([2, 3, 1], record={"signals": "5 ms"}))
    axes = plot_wave(coarse, "x", new_axes())
    edges = axes.collections[0].get_coordinates()[0, :, 0]
    np.testing.assert_allclose(edges, np.arange(0, 41, 5))


def test_every_frame_has_its_front(framed):
    axes = plot_wave(framed, "x", new_axes())
    np.testing.assert_allclose([front[0] for front in _fronts(axes)], [0, 10, 20, 30])


@pytest.fixture(scope="module")
def framed(tmp_path_factory) -> xr.Dataset:
    return _recorded(_two_frames(tmp_path_factory.mktemp("frames")))


def test_accuracy_by_hand(framed):
    recording = framed.isel(presentation=slice(62))
    label = np.zeros(62, dtype=int)
    label[:10], label[60] = (
        1,
        1,
    )  # the answer is always 0
    answer = np.tile([0.9, 0.1], (62, 1))
    recording["answer"] = (("presentation", "output"), answer)
    recording["label"] = ("presentation", label)
    recording["tested"] = ("presentation", np.arange(62) >= 60)
    axes = plot_accuracy(recording, new_axes())
    training, test, _ = axes.get_lines()
    np.testing.assert_allclose(training.get_ydata(), [0] * 5 + [100] * 25)  # 30 epochs of 2
    np.testing.assert_allclose(training.get_xdata(), np.arange(30) * 2 + 1.5)
    np.testing.assert_allclose(test.get_ydata(), [50])
    assert "50.0 %" in test.get_label() and "2 learned frames" in test.get_label()


def test_loss_is_what_was_recorded(learned):
    axes = plot_loss(learned, new_axes())
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), learned["loss"])
    np.testing.assert_allclose(axes.get_lines()[0].get_xdata(), 1e3 * learned["time"])


def test_loss_over_decades_is_logarithmic(learned):
    falling = learned.assign(loss=("time", np.geomspace(1, 1e-3, learned.sizes["time"])))
    assert plot_loss(falling, new_axes()).get_yscale() == "log"


def test_cosines_are_lines_and_scattered_ones_have_a_median():
    rng, time = np.random.default_rng(0), np.arange(100) / 100
    smooth = np.stack([np.cos(time), np.ones(100)], axis=1)
    axes = plot_cosines(_over_time(time, smooth), new_axes(), title="both")
    lines = [line.get_ydata() for line in axes.get_lines() if len(line.get_ydata()) == 100]
    np.testing.assert_allclose(lines, smooth.T[::-1])
    assert axes.get_title(loc="left") == "both"

    axes = plot_cosines(_over_time(time, rng.uniform(-1, 1, (100, 2))), new_axes())
    assert "running median" in axes.get_ylabel()
    assert [len(line.get_ydata()) for line in axes.get_lines()] == [100, 20, 100, 20]


def _over_time(time, values):
    dimensions = ("product_time", "layer_name")
    return xr.Dataset(
        {"cosine": (dimensions, values), "relative_error": (dimensions, values)},
        {"product_time": time, "layer_name": ["one", "two"]},
    )


def test_exact_layers_are_drawn_down_to_rounding(frozen):
    axes = plot_relative_error(frozen, new_axes())
    drawn = [line.get_ydata() for line in axes.get_lines() if len(line.get_ydata()) > 1]
    assert axes.get_yscale() == "log"
    # exact from step F_L + R_l = 12, 9, 6; the last layer is drawn first
    assert [int((np.asarray(y) < 1e-12).argmax()) for y in drawn] == [6, 9, 12]


def test_weights_before_and_after(learned, frozen):
    axes = plot_weights(learned, new_axes())
    points = np.concatenate([line.get_xydata() for line in axes.get_lines()[:2]])
    np.testing.assert_allclose(points, learned["w"].values[[0, -1]].T)
    assert "frozen" not in axes.get_title(loc="left")
    assert plot_weights(frozen, new_axes()).get_title(loc="left") == "small: weights frozen"
