"""Figures of whatever was recorded, and of what was not."""

import matplotlib
import numpy as np
import pytest
import xarray as xr

from neurodiff.plot import (
    draw_figures,
    figures,
    new_axes,
    plot_loss,
    plot_wave,
    plot_weights,
    save_figures,
)
from tests.networks import chain
from tests.plot.drawn import _recorded


def _labels(figure) -> list[str]:
    labels = [text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel())]
    return [label for label in labels if label]


def test_figures_have_titles_and_units(frozen, learned, sent, spiking):
    for recording in (frozen, learned, sent, spiking):
        figures = draw_figures(recording)
        events = ["events"] if recording is sent else ["spikes"] * (recording is spiking)
        assert list(figures) == ["waves", *events, "learning", "cosine", "weights"]
        for figure in figures.values():
            titles = [figure.get_suptitle(), figure.axes[0].get_title(loc="left")]
            assert any(title.startswith(recording.attrs["title"]) for title in titles)
            assert all(label.endswith(")") for label in _labels(figure))


def test_what_was_not_recorded_is_left_out(frozen):
    unrecorded = _recorded(chain([2, 3, 1], record="none"))
    assert list(draw_figures(unrecorded)) == ["cosine", "weights"]
    stopped = frozen.isel(time=slice(0), product_time=slice(0), weight_time=slice(1))
    assert draw_figures(stopped) == {}


@pytest.mark.parametrize("samples", [1, 2])
def test_few_samples(learned, samples, tmp_path):
    part = slice(samples)
    few = learned.isel(time=part, product_time=part).assign_attrs(complete=False)
    assert tmp_path / "waves.png" in save_figures(few, tmp_path)
    assert "stopped early" in draw_figures(few)["waves"].get_suptitle()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
@pytest.mark.parametrize("of", ["frozen", "learned"])
def test_a_run_that_diverged_is_drawn_as_far_as_it_went(request, tmp_path, of, bad):
    recording = request.getfixturevalue(of).copy(deep=True)
    for name in ("x", "delta", "loss", "w", "cosine", "relative_error"):
        recording[name][len(recording[name]) // 2 :] = bad
    assert len(save_figures(recording, tmp_path)) == 4
    assert "(diverged)" in draw_figures(recording)["waves"].get_suptitle()
    loss = np.asarray(plot_loss(recording, new_axes()).get_lines()[0].get_ydata())
    half = len(loss) // 2
    np.testing.assert_allclose(loss[:half], recording["loss"][:half])
    assert np.isnan(loss[half:]).all()


def test_a_run_that_diverged_before_it_was_recorded(frozen, tmp_path):
    recording = frozen.copy(deep=True)
    for name in ("x", "delta", "loss", "w"):
        recording[name][:] = np.nan
    assert len(save_figures(recording, tmp_path)) == 4
    axes = plot_wave(recording, "delta", new_axes())
    texts = [text.get_text() for text in axes.texts]
    assert (texts.count("diverged"), texts.count("not defined for inputs")) == (3, 1)


@pytest.mark.parametrize("of", [0.1, 1e20])
def test_weights_that_are_all_nearly_the_same(frozen, of):
    recording = frozen.copy(deep=True)
    recording["w"][:] = of
    recording["w"][-1, 0] = np.nextafter(of, np.inf)
    wide = xr.concat([recording] * 4, "synapse", data_vars="minimal")
    assert plot_weights(wide, new_axes()).patches


def test_a_figure_that_fails_leaves_the_others(learned, tmp_path, monkeypatch):
    def broken(recording: xr.Dataset) -> None:
        raise OverflowError("too large")

    monkeypatch.setitem(figures._FIGURES, "learning", broken)
    with pytest.warns(UserWarning, match=r"learning\.png could not be drawn"):
        paths = save_figures(learned, tmp_path)
    assert [path.name for path in paths] == ["waves.png", "cosine.png", "weights.png"]


def test_saved_as_png_and_nothing_global_changes(learned, tmp_path):
    before = dict(matplotlib.rcParams)
    paths = save_figures(learned, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [
        "waves.png", "learning.png", "cosine.png", "weights.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    assert dict(matplotlib.rcParams) == before
