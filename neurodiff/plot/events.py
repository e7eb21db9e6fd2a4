"""Who sends when, and what: events over units, and the signals that they carry."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from neurodiff.plot.rows import Ints, name_bands, per_band, rows_of
from neurodiff.plot.senders import (
    Curve,
    Sent,
    Span,
    draw_signal,
    draw_ticks,
    dress_span,
    followed,
    hide_shared,
    inputs_of,
    into_lane,
    means_by_band,
    name_of,
    on_axis,
    sent_of,
    write_beside,
    write_in_lane,
)
from neurodiff.plot.style import model_of, styled

#: Most units whose signals are drawn, and about as many events of each, or frames.
_FOLLOWED, _EVENTS, _FRAMES = 3, 20, 4
#: Fewest steps in a span.
_STEPS = 20


@styled
def plot_events(recording: xr.Dataset, axes: NDArray[Any]) -> NDArray[Any]:
    """Draw rasters above signals, forward at the left and backward at the right, on (2, 2) `Axes`.

    All show the same span; see `legible_span`, `plot_raster` and `plot_sent`.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    axes : array of matplotlib Axes (2, 2)
        Axes that are drawn on.
    """
    span = legible_span(recording)
    for kind, (above, below) in zip(("forward", "error"), axes.T, strict=True):
        plot_raster(recording, kind, above, span)
        plot_sent(recording, kind, below, span)
    hide_shared(axes)
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
        Axes that are drawn on.
    span : (float, float), optional
        Start and stop in s; `legible_span` unless given.
    """
    span = span or legible_span(recording)
    rows, sent = rows_of(recording["population"].values), sent_of(recording, [kind])
    draw_ticks(axes, sent.within(span).of(rows.units), rows, followed(sent, rows, _FOLLOWED), span)
    inputs, steps = inputs_of(recording), (span[1] - span[0]) / model_of(recording).time_step
    rates = means_by_band(recording, sent.within(span), rows) / steps
    if kind == "error":
        rates[[name in inputs for name in rows.names]] = np.nan
    name_bands(axes, rows, rates, inputs)
    few = f"units: at most {per_band(len(rows.names))} of each"
    write_beside(axes, "events per unit and step")
    title = {"forward": "events forward", "error": "events backward"}[kind]
    return dress_span(axes, recording, span, f"layer ({few})", title)


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
        Axes that are drawn on.
    span : (float, float), optional
        Start and stop in s; `legible_span` unless given.
    """
    span, sent = span or legible_span(recording), sent_of(recording, [kind])
    units = followed(sent, rows_of(recording["population"].values), _FOLLOWED)
    name = {"forward": "x", "error": "delta"}[kind]
    ticks: dict[float, str] = {}
    for k, (unit, colour) in enumerate(units.items()):
        lines = _draw_held(axes, _held(sent.of(unit), span), colour, span)
        lines += draw_signal(axes, recording, name, unit, span)
        ticks |= into_lane(axes, k, lines)
        write_in_lane(axes, k, name_of(recording, unit))
    axes.set_ylim(0, max(1, len(units)))
    axes.set_yticks(list(ticks), list(ticks.values()))
    if units:
        axes.legend(handles=lines[::-1], ncols=2, loc="upper right", fontsize=6, handlelength=1.2,
                    borderpad=0, borderaxespad=0.4, columnspacing=1.2)  # fmt: skip
    else:
        write_in_lane(axes, 0, "no events of the units above")
    threshold = model_of(recording).transmission.threshold_text(kind)
    label = {"forward": "activity x", "error": "error δ"}[kind]
    label = f"{label} (dimensionless, own scales)"
    return dress_span(axes, recording, span, label, threshold)


def legible_span(recording: xr.Dataset) -> Span:
    """Start and stop in s of a span in which single events can be told apart.

    It is in the middle of the events of the units that `plot_sent` follows, and has some tens of
    each of them, or some frames. Start and stop are a little before a step.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    """
    model, rows = model_of(recording), rows_of(recording["population"].values)
    parts = []
    for sent in (sent_of(recording, [kind]) for kind in ("forward", "error")):
        parts += [sent.of(unit).times for unit in followed(sent, rows, _FOLLOWED)]
    times = np.sort(np.concatenate(parts)) if parts else recording["spike_time"].values
    steps = np.rint(times / model.time_step).astype(np.int64)
    if hold := model.input.frame_duration:
        first, stop = _middle_frames(steps, round(hold / model.time_step))
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


def _held(sent: Sent, span: Span) -> Curve:
    """A unit's events in the span, what was sent before it at its start, the last at its stop."""
    first, last = np.searchsorted(sent.times, span)
    at_once = first < last and sent.times[first] - span[0] < 0.01 * (span[1] - span[0])
    part = slice(first if at_once else max(first - 1, 0), last)
    times, values = np.maximum(sent.times[part], span[0]), sent.values[part]
    return np.append(times, np.full(len(times[-1:]), span[1])), np.append(values, values[-1:])


def _draw_held(axes: Axes, held: Curve, colour: Any, span: Span) -> list[Line2D]:
    pale = 0.6 * np.asarray(colour) + 0.4  # so that the signal can be seen on it
    style: dict[str, Any] = {"color": pale, "linewidth": 1.9, "label": "sent"}
    return axes.plot(on_axis(held[0], span), held[1], drawstyle="steps-post", **style)
