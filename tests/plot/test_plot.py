"""Figures say what was recorded: their data, not their pixels."""

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes

from neurodiff import Simulation, validate
from neurodiff.network.graph import build_graph
from neurodiff.plot import (
    draw_figures,
    figures,
    new_axes,
    plot_accuracy,
    plot_cosines,
    plot_decoded,
    plot_loss,
    plot_raster,
    plot_relative_error,
    plot_sent,
    plot_spike_raster,
    plot_wave,
    plot_weights,
    save_figures,
)
from neurodiff.plot.events import legible_span
from neurodiff.plot.spikes import last_spikes
from neurodiff.plot.waves import predicted_fronts
from tests.networks import chain, digraph

LEARNS = {"rule": "diffusion", "learning_rate": "5 Hz"}
DELAY = {"forward": "2 ms", "backward": "3 ms"}
EVENTS = {"kind": "events", "threshold": 0.01, "error_threshold": 0.02}
SLOW = {"kind": "sinusoid", "frequency": "1 Hz", "amplitude": 1.0, "phase": "random"}


def _recorded(model) -> xr.Dataset:
    simulation = Simulation(model, backend="numpy").run()
    return simulation.recording.merge(validate(simulation).over_time)


@pytest.fixture(scope="module")
def frozen() -> xr.Dataset:
    return _recorded(chain([2, 20, 3, 1], delay=DELAY, name="small"))


@pytest.fixture(scope="module")
def learned() -> xr.Dataset:
    return _recorded(chain([2, 4, 3], plasticity=LEARNS))


def _images(axes: Axes) -> np.ndarray:
    return axes.collections[0].get_array().filled(np.nan)


def _fronts(axes: Axes) -> list[np.ndarray]:
    return [np.asarray(line.get_xdata()) for line in axes.get_lines()]


def _labels(figure) -> list[str]:
    labels = [text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel())]
    return [label for label in labels if label]


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


def _two_frames(folder, **keys):
    path = folder / "two.npz"
    np.savez(path, frames=np.eye(2), labels=np.arange(2))
    return chain(
        [2, 4, 2],
        input={"kind": "frames", "hold": "10 ms", "test_fraction": 0, "dataset": str(path)},
        target={"kind": "labels"},
        run={"epochs": 30},
        plasticity=LEARNS,
        activation="sigmoid",
        **keys,
    )


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


@pytest.fixture(scope="module")
def sent() -> xr.Dataset:
    return _recorded(chain([2, 20, 3, 1], transmission=EVENTS, input=SLOW, duration="600 ms"))


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


@pytest.fixture(scope="module")
def spiking() -> xr.Dataset:
    """As a run with spikes leaves it, with spikes at random: about every tenth step of each."""
    recording = _recorded(chain([2, 20, 3, 1], input=SLOW, duration="600 ms"))
    sends = np.random.default_rng(0).uniform(size=(600, 3, 26)) < 0.1
    sends[:, 1:, :2] = False  # inputs have no errors
    step, kind, unit = np.nonzero(sends)
    return _with_spikes(recording, step, np.array(["forward", "on", "off"])[kind], unit)


def _with_spikes(recording: xr.Dataset, steps, kinds, units) -> xr.Dataset:
    spikes = {"spike_time": np.asarray(steps) * 1e-3, "spike_kind": kinds, "spike_unit": units}
    return recording.assign({name: ("event", np.asarray(of)) for name, of in spikes.items()})


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
