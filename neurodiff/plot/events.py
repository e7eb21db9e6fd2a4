"""Who sends when, and what: events over units, and the signals that they carry."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from neurodiff.plot.rows import Ints, Rows, name_bands, per_band, rows_of
from neurodiff.plot.style import (
    LIGHT,
    Floats,
    drawable,
    dress,
    layer_colours,
    model_of,
    readable_times,
    styled,
)
from neurodiff.spec import Model
from neurodiff.spec.signals import FramesInput
from neurodiff.spec.transmission import EventTransmission, RelativeThreshold

#: Start and stop in s, each a little before a step.
Span = tuple[float, float]
#: Times and values.
Curve = tuple[Floats, Floats]

#: Most units whose signals are drawn, and about as many events of each, or frames.
_FOLLOWED, _EVENTS, _FRAMES = 3, 20, 4
#: Fewest steps in a span; fewer samples than these are points, unless every step is sampled.
_STEPS, _SAMPLES = 20, 40
#: Where in its lane, which is one unit high, a signal lies; above it is the name.
_BOTTOM, _TOP = 0.1, 0.72
#: Smaller values are drawn as 0: matplotlib's arithmetic with their inverse overflows.
_SMALLEST = 1e-100
#: A tick: its colour, and its largest height, where a population is one high.
_TICK, _HIGHEST = "#6e6e6e", 0.25


class _Sent(NamedTuple):
    """Events of one kind, in the order of time."""

    times: Floats
    units: Ints
    values: Floats

    def within(self, span: Span) -> "_Sent":
        return self._part(slice(*np.searchsorted(self.times, span)))

    def of(self, units: Ints | int) -> "_Sent":
        return self._part(np.isin(self.units, units))

    def _part(self, which: slice | NDArray[np.bool_]) -> "_Sent":
        return _Sent(self.times[which], self.units[which], self.values[which])


@styled
def plot_events(recording: xr.Dataset, axes: NDArray[Any]) -> NDArray[Any]:
    """Draw rasters above signals, forward at the left and backward at the right, on (2, 2) `Axes`.

    All show the same span; see `legible_span`, `plot_raster` and `plot_sent`.
    """
    span = legible_span(recording)
    for kind, (above, below) in zip(("forward", "error"), axes.T, strict=True):
        plot_raster(recording, kind, above, span)
        plot_sent(recording, kind, below, span)
        above.set_xlabel("")
        above.tick_params(labelbottom=False)
    axes[0, 1].set_ylabel("")
    axes[0, 1].tick_params(labelleft=False)
    return axes


@styled
def plot_raster(recording: xr.Dataset, kind: str, axes: Axes, span: Span | None = None) -> Axes:
    """Draw a tick for each event over time and units, stacked by population, inputs at the bottom.

    Of large populations some units are shown, evenly chosen; those that `plot_sent` follows are in
    colour. Beside each population is written how many events one of its units sends in a step: the
    mean over all its units and the span. With graded transmission it would be 1.

    Parameters
    ----------
    recording : xarray.Dataset
        With `spike_time`, `spike_unit`, `spike_kind` and `spike_value` (event,).
    kind : str
        ``"forward"`` or ``"error"``.
    axes : Axes
    span : (float, float), optional
        Start and stop in s; `legible_span` unless given.
    """
    span = span or legible_span(recording)
    population = recording["population"].values
    rows, sent = rows_of(population), _sent(recording, kind)
    _draw_ticks(axes, sent.within(span).of(rows.units), rows, _followed(sent, rows), span)
    inputs = set(population[recording["layer"].values == 0])
    rates = _rates(recording, sent.within(span), rows, span)
    if kind == "error":
        rates[[name in inputs for name in rows.names]] = np.nan
    name_bands(axes, rows, rates, inputs)
    few = f"units: at most {per_band(len(rows.names))} of each"
    axes.annotate("events per unit and step", (1.01, 0.5), (26, 0), "axes fraction",
                  "offset points", rotation=90, va="center", fontsize=6)  # fmt: skip
    title = {"forward": "events forward", "error": "events backward"}[kind]
    return _dress(axes, recording, span, f"layer ({few})", title)


@styled
def plot_sent(recording: xr.Dataset, kind: str, axes: Axes, span: Span | None = None) -> Axes:
    """Draw signals of a few units, and what these have sent of them, held until they send again.

    The units are of the first, a middle and the last population that sends; of those in the raster
    the one with the median number of events. Each has a lane and a scale of its own. Signals are
    points where samples are few; where there are none, what was sent stands alone.

    Parameters
    ----------
    recording : xarray.Dataset
        With `spike_time`, `spike_unit`, `spike_kind` and `spike_value` (event,), and perhaps `x`
        and `delta` (time, unit).
    kind : str
        ``"forward"`` or ``"error"``.
    axes : Axes
    span : (float, float), optional
        Start and stop in s; `legible_span` unless given.
    """
    span, sent = span or legible_span(recording), _sent(recording, kind)
    units = _followed(sent, rows_of(recording["population"].values))
    ticks: dict[float, str] = {}
    for k, (unit, colour) in enumerate(units.items()):
        lines = _draw_held(axes, _held(sent.of(unit), span), colour, span)
        lines += _draw_signal(axes, recording, kind, unit, span)
        ticks |= _into_lane(axes, k, lines)
        _write_in_lane(axes, k, _name_of(recording, unit))
    axes.set_ylim(0, max(1, len(units)))
    axes.set_yticks(list(ticks), list(ticks.values()))
    if units:
        axes.legend(handles=lines[::-1], ncols=2, loc="upper right", fontsize=6, handlelength=1.2,
                    borderpad=0, borderaxespad=0.4, columnspacing=1.2)  # fmt: skip
    else:
        _write_in_lane(axes, 0, "no events of the units above")
    label = {"forward": "activity x", "error": "error δ"}[kind]
    label = f"{label} (dimensionless, own scales)"
    return _dress(axes, recording, span, label, _threshold(model_of(recording), kind))


def legible_span(recording: xr.Dataset) -> Span:
    """Start and stop in s of a span in which single events can be told apart.

    It is in the middle of the events of the units that `plot_sent` follows, and has some tens of
    each of them, or some frames. Start and stop are a little before a step.
    """
    model, rows = model_of(recording), rows_of(recording["population"].values)
    parts = []
    for sent in (_sent(recording, kind) for kind in ("forward", "error")):
        parts += [sent.of(unit).times for unit in _followed(sent, rows)]
    times = np.sort(np.concatenate(parts)) if parts else recording["spike_time"].values
    steps = np.rint(times / model.time_step).astype(np.int64)
    if isinstance(model.input, FramesInput):
        first, stop = _middle_frames(steps, round(model.input.hold / model.time_step))
    else:
        first, stop = _middle_events(steps, _EVENTS * max(1, len(parts)))
    return (first - 0.01) * model.time_step, (stop - 0.01) * model.time_step


def _middle_events(steps: Ints, n: int) -> tuple[int, int]:
    """First step of the n events in the middle and the one after the last; at least some steps."""
    skipped = max(0, len(steps) - n) // 2
    first, stop = int(steps[skipped]), int(steps[len(steps) - 1 - skipped]) + 1
    first = max(0, first - max(0, _STEPS - (stop - first)) // 2)
    return first, max(stop, first + _STEPS)


def _middle_frames(steps: Ints, hold: int) -> tuple[int, int]:
    """First step of the frames in the middle of the events, and the one after the last."""
    frames = steps // hold
    latest = frames[-1] + 1 - _FRAMES
    first = int(max(min(frames[len(frames) // 2] - 1, latest), frames[0]))
    return first * hold, int(min(first + _FRAMES, frames[-1] + 1)) * hold


def _sent(recording: xr.Dataset, kind: str) -> _Sent:
    own = recording["spike_kind"].values == kind
    names = ("spike_time", "spike_unit", "spike_value")
    times, units, values = (recording[name].values[own] for name in names)
    return _Sent(times, units.astype(np.int64), drawable(values))


def _followed(sent: _Sent, rows: Rows) -> dict[int, Any]:
    """Units whose signals are drawn, from the first population, and the colours of their layers."""
    counts = np.bincount(sent.units, minlength=rows.units.max() + 1)[rows.units]
    sending = np.unique(rows.band[counts > 0])
    n = min(_FOLLOWED, len(sending))
    colours, units = layer_colours(len(rows.names)), {}
    for band in sending[np.linspace(0, len(sending) - 1, n).round().astype(int)]:
        own = np.flatnonzero((rows.band == band) & (counts > 0))
        median = own[np.argsort(counts[own], kind="stable")[len(own) // 2]]
        units[int(rows.units[median])] = colours[band]
    return units


def _rates(recording: xr.Dataset, within: _Sent, rows: Rows, span: Span) -> Floats:
    """Events per unit and step, by population."""
    population = recording["population"].values
    counts = np.bincount(within.units, minlength=len(population))
    means = np.array([counts[population == name].mean() for name in rows.names])
    return means * model_of(recording).time_step / (span[1] - span[0])


def _name_of(recording: xr.Dataset, unit: int) -> str:
    name = str(recording["population"].values[unit])
    name = name if len(name) <= 16 else f"{name[:15]}…"
    return f"{name}, unit {recording['index'].values[unit]}"


def _draw_ticks(axes: Axes, drawn: _Sent, rows: Rows, followed: dict[int, Any], span: Span) -> None:
    """A tick for each event in its row; thicker and in colour where the unit is followed."""
    middle, height = np.empty((2, rows.units.max() + 1))
    middle[rows.units] = (rows.edges[:-1] + rows.edges[1:]) / 2
    height[rows.units] = np.minimum(0.9 * np.diff(rows.edges), _HIGHEST)
    at, half = middle[drawn.units], height[drawn.units] / 2
    widths = np.where(np.isin(drawn.units, list(followed)), 1.4, 0.5)
    colours = [followed.get(unit, _TICK) for unit in drawn.units.tolist()]
    axes.vlines(_on_axis(drawn.times, span), at - half, at + half, colours, linewidths=widths,
                rasterized=True)  # fmt: skip


def _held(sent: _Sent, span: Span) -> Curve:
    """A unit's events in the span, what was sent before it at its start, the last at its stop."""
    first, last = np.searchsorted(sent.times, span)
    at_once = first < last and sent.times[first] - span[0] < 0.01 * (span[1] - span[0])
    part = slice(first if at_once else max(first - 1, 0), last)
    times, values = np.maximum(sent.times[part], span[0]), sent.values[part]
    return np.append(times, np.full(len(times[-1:]), span[1])), np.append(values, values[-1:])


def _signal(recording: xr.Dataset, kind: str, unit: int, span: Span) -> Curve:
    """A unit's samples in the span."""
    name = {"forward": "x", "error": "delta"}[kind]
    if name not in recording:
        return np.empty(0), np.empty(0)
    times = recording["time"].values
    part = slice(*np.searchsorted(times, span))
    return times[part], drawable(recording[name].values[part, unit])


def _draw_held(axes: Axes, held: Curve, colour: Any, span: Span) -> list[Line2D]:
    pale = 0.6 * np.asarray(colour) + 0.4  # so that the signal can be seen on it
    style: dict[str, Any] = {"color": pale, "linewidth": 1.9, "label": "sent"}
    return axes.plot(_on_axis(held[0], span), held[1], drawstyle="steps-post", **style)


def _draw_signal(
    axes: Axes, recording: xr.Dataset, kind: str, unit: int, span: Span
) -> list[Line2D]:
    """A unit's signal: of every step, in steps; else a thin line, or points if they are few."""
    times, values = _signal(recording, kind, unit, span)
    if not len(times):
        return []
    step, every = model_of(recording).time_step, np.ptp(recording["time"].values[:2])
    style: dict[str, Any] = {"linewidth": 0.6}
    if every < 1.5 * step:
        times, values = np.append(times, times[-1] + step), np.append(values, values[-1])
        style["drawstyle"] = "steps-post"
    elif len(times) < _SAMPLES:
        style = {"linestyle": "", "marker": "o", "markersize": 2.2, "markeredgewidth": 0}
    return axes.plot(_on_axis(times, span), values, color="black", label="signal", **style)


def _into_lane(axes: Axes, k: int, lines: list[Line2D]) -> dict[float, str]:
    """Let a transform take lines, which keep their values, into lane k; returns ticks and texts."""
    values = np.concatenate([np.asarray(line.get_ydata()) for line in lines])
    if not np.isfinite(values).any():
        return {k + (_BOTTOM + _TOP) / 2: "diverged"} if len(values) else {}
    low, high = float(np.fmin.reduce(values)), float(np.fmax.reduce(values))
    largest = max(abs(low), abs(high), _SMALLEST)
    if high - low <= 1e-9 * largest:
        ticks, size, digits = {k + (_BOTTOM + _TOP) / 2: low}, 1 / largest, 2
    else:
        ticks, size = {k + _BOTTOM: low, k + _TOP: high}, (_TOP - _BOTTOM) / (high - low)
        digits = 2 + int(np.log10(largest / (high - low)))
    place = Affine2D().translate(0, -low).scale(1, size).translate(0, min(ticks))
    for line in lines:
        line.set_transform(place + axes.transData)
    return {at: f"{value + 0.0:.{digits}g}".replace("-", "−") for at, value in ticks.items()}


def _write_in_lane(axes: Axes, k: int, text: str) -> None:
    across = axes.get_yaxis_transform()
    axes.text(0.01, k + 0.96, text, transform=across, verticalalignment="top", fontsize=6)


def _threshold(model: Model, kind: str) -> str:
    """The largest change that is not sent."""
    way = model.transmission
    if not isinstance(way, EventTransmission):
        return ""
    if kind == "forward":
        return f"threshold {way.threshold:g}"
    if isinstance(way.error_threshold, RelativeThreshold):
        return f"threshold {way.error_threshold.relative:g} of layer's r.m.s."
    return f"threshold {way.error_threshold.absolute:g}"


def _on_axis(times: Floats, span: Span) -> Floats:
    """Times in the unit of the axis, which is that of the span."""
    return times * (1.0 if _unit(span) == "s" else 1e3)


def _unit(span: Span) -> str:
    return readable_times(np.asarray(span))[1]


def _dress(axes: Axes, recording: xr.Dataset, span: Span, label: str, title: str) -> Axes:
    """Limits, labels, and a line where each frame begins."""
    model, shown = model_of(recording), _on_axis(np.asarray(span), span)
    if isinstance(model.input, FramesInput):
        first, last = np.asarray(span) / model.input.hold
        begins = np.arange(np.ceil(first), last) * model.input.hold
        for begin in _on_axis(begins, span):
            axes.axvline(begin, color=LIGHT, linewidth=0.6, linestyle=":", zorder=0)
    margin = 0.01 * (shown[1] - shown[0])
    axes.set_xlim(shown[0] - margin, shown[1] + margin)
    axes.ticklabel_format(axis="x", useOffset=False)
    return dress(axes, f"time ({_unit(span)})", label, title)
