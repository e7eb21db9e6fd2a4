"""Figures of events and spikes."""

import numpy as np
import pytest
import xarray as xr

from neurodiff.plot import (
    draw_figures,
    figures,
    new_axes,
    plot_decoded,
    plot_raster,
    plot_sent,
    plot_spike_raster,
    save_figures,
)
from neurodiff.plot.events import legible_span
from neurodiff.plot.spikes import last_spikes
from tests.networks import chain
from tests.plot.drawn import EVENTS, SLOW, _recorded, _two_frames, _with_spikes


def _events(recording: xr.Dataset, kind: str, unit: int | None = None) -> xr.Dataset:
    own = recording["spike_kind"].values == kind
    if unit is not None:
        own &= recording["spike_unit"].values == unit
    names = ["spike_time", "spike_unit", "spike_kind", "spike_value"]
    return recording[names].isel(event=np.flatnonzero(own))


def _saved(recording: xr.Dataset, folder) -> bool:
    return figures._save("events", recording, folder / "events.png") is not None


def _within(events: xr.Dataset, span: tuple[float, float]) -> xr.Dataset:
    times = events["spike_time"].values
    return events.isel(event=np.flatnonzero((times >= span[0]) & (times < span[1])))


def _unit_of(recording: xr.Dataset, text: str) -> int:
    name, index = text.split(", unit ")
    own = (recording["population"] == name) & (recording["index"] == int(index))
    return int(np.flatnonzero(own.values)[0])


@pytest.mark.parametrize("kind", ["forward", "error"])
def test_raster_has_a_tick_for_every_event_of_the_units_shown(sent, kind):
    span = (0.1005, 0.1505)
    axes = plot_raster(sent, kind, new_axes(), span)
    events = _within(_events(sent, kind), span)
    hidden = set((2 + np.linspace(0, 19, 16).round()).tolist())
    units = events["spike_unit"].values
    shown = np.array([unit in hidden or not 2 <= unit < 22 for unit in units])
    ticks = np.array(axes.collections[0].get_segments())  # (event, end, coordinate)
    np.testing.assert_allclose(ticks[:, 0, 0], 1e3 * events["spike_time"].values[shown])
    band = np.searchsorted([2, 22, 25], units[shown], side="right")
    np.testing.assert_array_equal(np.floor(ticks[..., 1]), np.stack([band, band], axis=1))
    assert axes.collections[0].get_rasterized()


def test_raster_says_how_often_units_send(sent):
    span = (0.1005, 0.1505)  # 50 steps
    texts = [text.get_text() for text in plot_raster(sent, "error", new_axes(), span).texts]
    events = _within(_events(sent, "error"), span)
    by_unit = np.bincount(events["spike_unit"].values, minlength=26)
    expected = [f"{by_unit[part].mean() / 50:.2g}" for part in (slice(2, 22), slice(22, 25), 25)]
    assert texts == ["not defined for inputs", *expected, "events per unit and step"]


@pytest.mark.parametrize(("kind", "signal"), [("forward", "x"), ("error", "delta")])
def test_what_was_sent_is_held_until_the_next_event(sent, kind, signal):
    span = (0.1005, 0.1505)
    axes = plot_sent(sent, kind, new_axes(), span)
    units = [_unit_of(sent, text.get_text()) for text in axes.texts]
    assert len(units) == 3
    for unit, held, drawn in zip(units, axes.get_lines()[::2], axes.get_lines()[1::2], strict=True):
        events = _events(sent, kind, unit)
        within = _within(events, span)
        before = events["spike_value"].values[events["spike_time"].values < span[0]][-1]
        values = within["spike_value"].values
        assert held.get_drawstyle() == "steps-post"
        np.testing.assert_array_equal(held.get_ydata(), [before, *values, values[-1]])
        times = 1e3 * np.array([span[0], *within["spike_time"].values, span[1]])
        np.testing.assert_allclose(held.get_xdata(), times)
        x = sent[signal].values[101:151, unit]
        np.testing.assert_array_equal(drawn.get_ydata(), [*x, x[-1]])


def test_steps_stay_within_the_threshold_of_the_signal(sent):
    axes = plot_sent(sent, "forward", new_axes())
    for held, drawn in zip(axes.get_lines()[::2], axes.get_lines()[1::2], strict=True):
        times, values = (np.asarray(part) for part in drawn.get_data())
        last = np.searchsorted(held.get_xdata(), times[:-1] + 1e-6) - 1
        assert np.abs(values[:-1] - np.asarray(held.get_ydata())[last]).max() <= 0.01


def test_each_signal_has_a_lane_and_its_own_ticks(sent):
    axes = plot_sent(sent, "error", new_axes())
    assert axes.get_ylim() == (0, 3)
    lines = axes.get_lines()
    for k in range(3):
        values = np.concatenate([line.get_ydata() for line in lines[2 * k : 2 * k + 2]])
        place = lines[2 * k].get_transform() - axes.transData
        ends = place.transform([(0, values.min()), (0, values.max())])[:, 1]
        np.testing.assert_allclose(ends, axes.get_yticks()[2 * k : 2 * k + 2])
        shown = [text.get_text() for text in axes.get_yticklabels()[2 * k : 2 * k + 2]]
        low, high = (float(text.replace("−", "-")) for text in shown)
        np.testing.assert_allclose(
            [low, high], [values.min(), values.max()], atol=np.ptp(values) / 5
        )


def test_span_has_tens_of_events_of_each_unit(sent):
    counts = []
    for kind in ("forward", "error"):
        texts = [text.get_text() for text in plot_sent(sent, kind, new_axes()).texts]
        events = [_events(sent, kind, _unit_of(sent, text)) for text in texts]
        counts += [_within(part, legible_span(sent)).sizes["event"] for part in events]
    assert len(counts) == 6 and 110 <= sum(counts) <= 130


def test_span_of_frames_is_some_whole_frames(tmp_path):
    recording = _recorded(_two_frames(tmp_path, transmission=EVENTS))
    span = np.array(legible_span(recording)) / 0.01
    np.testing.assert_allclose(span, np.round(span), atol=0.01)
    assert np.ptp(span.round()) == 4
    axes = plot_raster(recording, "forward", new_axes())
    begins = [line.get_xdata()[0] for line in axes.get_lines()]
    np.testing.assert_allclose(begins, 10 * (span[0].round() + np.arange(4)))


def test_events_are_drawn_only_where_there_are_any(sent, tmp_path):
    assert tmp_path / "events.png" in save_figures(sent, tmp_path)
    assert len({axes.get_xlim() for axes in draw_figures(sent)["events"].axes}) == 1
    assert "events" not in draw_figures(sent.isel(event=slice(0)))
    absent = sent.drop_vars(["spike_time", "spike_unit", "spike_kind", "spike_value"])
    assert "events" not in draw_figures(absent)


def test_events_without_signals():
    record = {"signals": "none", "events": "all"}
    recording = _recorded(chain([2, 3, 1], transmission=EVENTS, record=record))
    figure = draw_figures(recording)["events"]
    assert [len(axes.get_lines()) for axes in figure.axes] == [0, 0, 3, 2]
    before = plot_sent(recording, "error", new_axes(), (0.0, 0.0005))
    assert not before.get_yticks().size


def test_few_samples_of_a_signal_are_points():
    record = {"signals": "20 ms"}
    model = chain([2, 3, 1], transmission=EVENTS, input=SLOW, record=record, duration="300 ms")
    axes = plot_sent(_recorded(model), "forward", new_axes(), (0.0995, 0.1995))
    assert [line.get_marker() for line in axes.get_lines()] == ["None", "o"] * 3
    np.testing.assert_allclose(axes.get_lines()[1].get_xdata(), [100, 120, 140, 160, 180])


@pytest.mark.parametrize("number", [0, -1])
@pytest.mark.parametrize("kind", ["forward", "error"])
def test_a_single_event(sent, kind, number, tmp_path):
    one = _events(sent, kind, unit=25).isel(event=[number])
    recording = sent.drop_vars(list(one)).merge(one)
    assert _saved(recording, tmp_path)
    kinds = (kind, "error" if kind == "forward" else "forward")
    rasters = [plot_raster(recording, kind, new_axes()).collections[0] for kind in kinds]
    assert [len(ticks.get_segments()) for ticks in rasters] == [1, 0]
    assert not plot_sent(recording, kinds[1], new_axes()).get_lines()


@pytest.mark.parametrize("size", [0, 1e-310, 1e-120, 1e-30, 1e99])
def test_signals_of_any_size(sent, tmp_path, size):
    recording = sent.copy(deep=True)
    for name in ("x", "delta", "spike_value"):
        recording[name] *= size
    assert _saved(recording, tmp_path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
@pytest.mark.parametrize("since", [0, 2])
def test_events_of_a_run_that_diverged(sent, tmp_path, bad, since):
    recording = sent.copy(deep=True)
    for name in ("x", "delta", "spike_value"):
        recording[name][since and len(recording[name]) // since :] = bad
    assert _saved(recording, tmp_path)
    labels = plot_sent(recording, "forward", new_axes()).get_yticklabels()
    assert [text.get_text() for text in labels].count("diverged") == (0 if since else 3)


def _spikes(recording: xr.Dataset, kind: str, span: tuple[float, float]) -> xr.Dataset:
    """Spikes in the span of the units that are shown: 16 of the 20 in the first hidden layer."""
    hidden = 2 + np.linspace(0, 19, 16).round()
    units = recording["spike_unit"].values
    own = (recording["spike_kind"].values == kind) & (
        np.isin(units, hidden) | (units < 2) | (units >= 22)
    )
    names = ["spike_time", "spike_unit"]
    return _within(recording[names].isel(event=np.flatnonzero(own)), span)


def test_spike_raster_has_a_tick_for_every_spike_of_the_units_shown(spiking):
    span = last_spikes(spiking)
    forward = plot_spike_raster(spiking, "forward", new_axes(), span).collections[:1]
    errors = plot_spike_raster(spiking, "error", new_axes(), span).collections[:2]
    for kind, drawn in zip(("forward", "on", "off"), [*forward, *errors], strict=True):
        spikes = _spikes(spiking, kind, span)
        ticks = np.array(drawn.get_segments())  # (event, end, coordinate)
        assert len(ticks) == spikes.sizes["event"] > 100
        np.testing.assert_allclose(ticks[:, 0, 0], 1e3 * spikes["spike_time"])
        band = np.searchsorted([2, 22, 25], spikes["spike_unit"], side="right")
        assert kind == "forward" or band.min() == 1  # none in the row of the inputs
        np.testing.assert_array_equal(np.floor(ticks[..., 1]), np.stack([band, band], axis=1))
        single = ticks[spikes["spike_unit"].values == 25][:, :, 1] - 3.5
        upper, lower = {"forward": (1, -1), "on": (1, 0), "off": (0, -1)}[kind]
        np.testing.assert_allclose(single, np.tile([lower / 8, upper / 8], (len(single), 1)))


def test_spike_raster_says_how_often_units_send(spiking):
    span = (0.1995, 0.2995)
    texts = [
        text.get_text() for text in plot_spike_raster(spiking, "error", new_axes(), span).texts
    ]
    own = spiking["spike_kind"].values != "forward"
    errors = _within(spiking[["spike_time", "spike_unit"]].isel(event=np.flatnonzero(own)), span)
    by_unit = np.bincount(errors["spike_unit"].values, minlength=26) / 0.1
    expected = [f"{by_unit[part].mean():.0f}" for part in (slice(2, 22), slice(22, 25), 25)]
    assert texts == ["not defined for inputs", *expected, "spikes per unit and second"]


def test_spikes_of_several_neurons_of_a_unit_are_one_tick_but_all_count(frozen):
    kinds = ["forward"] * 4 + ["on", "off", "on"]
    recording = _with_spikes(frozen, [5, 5, 5, 7, 9, 9, 9], kinds, [25, 24, 25, 25, 24, 24, 24])
    axes = plot_spike_raster(recording, "forward", new_axes(), (-1e-5, 0.01999))
    assert len(axes.collections[0].get_segments()) == 3
    assert [text.get_text() for text in axes.texts][:4] == ["0", "0", "17", "150"]
    errors = plot_spike_raster(recording, "error", new_axes(), (-1e-5, 0.01999)).collections
    assert [len(ticks.get_segments()) for ticks in errors[:2]] == [1, 1]


def test_spikes_shown_are_the_last_that_can_be_told_apart(spiking):
    # the last spikes are of step 599
    np.testing.assert_allclose(last_spikes(spiking), [0.39999, 0.59999])
    silent = spiking.isel(event=slice(0))
    np.testing.assert_allclose(last_spikes(silent), [0.39999, 0.59999])
    steps, units = np.repeat(np.arange(600), 26), np.tile(np.arange(26), 600)
    always = _with_spikes(silent, steps, np.full(len(steps), "forward"), units)
    np.testing.assert_allclose(last_spikes(always), [0.49999, 0.59999])
    early = _with_spikes(silent, [3], ["on"], [25])
    np.testing.assert_allclose(last_spikes(early), [-1e-5, 0.00399])


@pytest.mark.parametrize(("kind", "signal"), [("forward", "x"), ("error", "delta")])
def test_decoded_signals_stand_above_the_spikes_of_their_units(spiking, kind, signal):
    span = (0.3995, 0.5995)
    axes = plot_decoded(spiking, kind, new_axes(), span)
    units = [_unit_of(spiking, text.get_text()) for text in axes.texts]
    assert len(units) == (4 if kind == "forward" else 3)
    lanes = {unit: axes.get_lines()[k].get_ydata() for k, unit in enumerate(units)}
    for unit, drawn in lanes.items():
        x = spiking[signal].values[400:600, unit]
        np.testing.assert_array_equal(drawn, [*x, x[-1]])
    strips = iter(axes.collections)
    for part in ["forward"] if kind == "forward" else ["on", "off"]:
        spikes = _spikes(spiking, part, span)
        for k, unit in enumerate(units):
            ticks = np.array(next(strips).get_segments())
            times = spikes["spike_time"].values[spikes["spike_unit"].values == unit]
            np.testing.assert_allclose(ticks[:, 0, 0], 1e3 * times)
            assert (ticks[..., 1] > k).all() and (ticks[..., 1] < k + 0.28).all()


def test_spikes_are_drawn_where_values_are_not_sent(spiking, sent, frozen, tmp_path):
    assert tmp_path / "spikes.png" in save_figures(spiking, tmp_path)
    drawn = draw_figures(spiking)
    assert "spikes" in drawn and "events" not in drawn
    assert "last 200 ms" in drawn["spikes"].get_suptitle()
    assert len({axes.get_xlim() for axes in drawn["spikes"].axes}) == 1
    assert "spikes" not in draw_figures(sent) and "spikes" not in draw_figures(frozen)


@pytest.mark.parametrize(("absent", "lines"), [(["x", "delta"], [0, 0]), (["delta"], [0, 0, 4, 0])])
def test_spikes_without_signals(spiking, absent, lines):
    figure = figures._spikes(spiking.drop_vars(absent))
    assert [len(axes.get_lines()) for axes in figure.axes] == lines
    assert all(axes.get_xlabel() for axes in figure.axes[-2:])


def test_no_spikes_at_all(spiking):
    silent = spiking.isel(event=slice(0))
    axes = draw_figures(silent)["spikes"].axes
    assert [part.get_title(loc="left") for part in axes[:2]] == [
        "spikes forward: none", "spikes of errors: none",
    ]  # fmt: skip
    assert all("no spikes" in part.texts[0].get_text() for part in axes[2:])
    assert "spikes" not in draw_figures(silent.drop_vars(["x", "delta"]))
    assert "spikes" not in draw_figures(silent.isel(time=slice(0)))
