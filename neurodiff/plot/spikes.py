"""Spikes over units, and the signals that the next units decode from them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from neurodiff.plot.rows import name_bands, per_band, rows_of
from neurodiff.plot.senders import (
    TICK,
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


class _Look(NamedTuple):
    """How the spikes of a kind are drawn."""

    colour: str
    side: int  # of its row: 1 upper half, -1 lower, 0 all of it
    strip: tuple[float, float]  # from and to, in a lane that is one high


_LOOKS = {
    "forward": {"forward": _Look(TICK, 0, (0.03, 0.15))},
    "error": {"on": _Look("#b2182b", 1, (0.12, 0.2)), "off": _Look("#2f83c0", -1, (0.03, 0.11))},
}
_KINDS = ("forward", "on", "off")
#: Most units whose signals are drawn, and where in their lanes these begin.
_FOLLOWED, _BOTTOM = 5, 0.28
#: Longest span in s, most ticks of a unit in it, on average, and fewest steps.
_LONGEST, _TICKS, _STEPS = 0.2, 100, 20


@styled
def plot_spikes(
    recording: xr.Dataset, axes: NDArray[Any], span: Span | None = None
) -> NDArray[Any]:
    """Draw rasters, forward at the left and of errors at the right, on (1, 2) or (2, 2) `Axes`.

    In a second row there are signals below. All show the same span; see `last_spikes`,
    `plot_spike_raster` and `plot_decoded`.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    axes : array of matplotlib Axes (1, 2) or (2, 2)
        Axes that are drawn on.
    span : tuple of float, optional
        Start and stop of the time that is drawn, in seconds; that of `last_spikes` unless given.
    """
    span = span or last_spikes(recording)
    for kind, column in zip(_LOOKS, axes.T, strict=True):
        plot_spike_raster(recording, kind, column[0], span)
        for below in column[1:]:
            plot_decoded(recording, kind, below, span)
    hide_shared(axes)
    return axes


@styled
def plot_spike_raster(
    recording: xr.Dataset, kind: str, axes: Axes, span: Span | None = None
) -> Axes:
    """Draw a tick for each spike over time and units, stacked by population, inputs at the bottom.

    Of large populations some units are shown, evenly chosen; those that `plot_decoded` follows are
    thicker. Spikes of several neurons of a unit in one step are one tick. Beside each population is
    written how many spikes one of its units sends in a second: the mean over all its units and the
    span, of all the neurons of the unit.

    Parameters
    ----------
    recording : xarray.Dataset
        With `spike_time`, `spike_unit` and `spike_kind` (event,), in the order of time.
    kind : str
        ``"forward"``, or ``"error"`` for ON and OFF, which fill halves of the row of their unit.
    axes : Axes
        Axes that are drawn on.
    span : (float, float), optional
        Start and stop in s; `last_spikes` unless given.
    """
    span = span or last_spikes(recording)
    rows = rows_of(recording["population"].values)
    sent = sent_of(recording, list(_LOOKS[kind]))
    units = followed(sent, rows, _FOLLOWED)
    for look, part in _parts(recording, kind, span):
        colours = units if kind == "forward" else dict.fromkeys(units, look.colour)
        shown = part.of(rows.units)
        draw_ticks(axes, shown, rows, colours, span, colour=look.colour, side=look.side)
    inputs = inputs_of(recording)
    rates = means_by_band(recording, sent.within(span), rows) / (span[1] - span[0])
    if kind == "error":
        rates[[name in inputs for name in rows.names]] = np.nan
        _name_colours(axes)
    name_bands(axes, rows, rates, inputs)
    write_beside(axes, "spikes per unit and second")
    title = {"forward": "spikes forward", "error": "spikes of errors"}[kind]
    title += "" if len(sent.within(span).times) else ": none"
    label = f"layer (units: at most {per_band(len(rows.names))} of each)"
    return dress_span(axes, recording, span, label, title)


@styled
def plot_decoded(recording: xr.Dataset, kind: str, axes: Axes, span: Span | None = None) -> Axes:
    """Draw what is decoded from the spikes of a few units, above these spikes.

    The units are of the first, the last and some other populations that send; of those in the
    raster the one with the median number of spikes. Each has a lane and a scale of its own. Signals
    are points where samples are few.

    Parameters
    ----------
    recording : xarray.Dataset
        With `spike_time`, `spike_unit` and `spike_kind` (event,), in the order of time, and perhaps
        `x` and `delta` (time, unit).
    kind : str
        ``"forward"`` or ``"error"``.
    axes : Axes
        Axes that are drawn on.
    span : (float, float), optional
        Start and stop in s; `last_spikes` unless given.
    """
    span = span or last_spikes(recording)
    sent = sent_of(recording, list(_LOOKS[kind]))
    units = followed(sent, rows_of(recording["population"].values), _FOLLOWED)
    name, label = {"forward": ("x", "activity x"), "error": ("delta", "error δ")}[kind]
    ticks: dict[float, str] = {}
    for k, unit in enumerate(units):
        lines = draw_signal(axes, recording, name, unit, span)
        ticks |= into_lane(axes, k, lines, _BOTTOM)
        write_in_lane(axes, k, name_of(recording, unit))
    for look, part in _parts(recording, kind, span):
        for k, (unit, own) in enumerate(units.items()):
            colour = own if kind == "forward" else look.colour
            low, high = (k + at for at in look.strip)
            times = on_axis(part.of(unit).times, span)
            axes.vlines(times, low, high, colour, linewidths=0.7, rasterized=True)
    axes.set_ylim(0, max(1, len(units)))
    axes.set_yticks(list(ticks), list(ticks.values()))
    if not units:
        write_in_lane(axes, 0, "no spikes of the units above")
    return dress_span(axes, recording, span, f"decoded {label} (dimensionless, own scales)", "")


def last_spikes(recording: xr.Dataset) -> Span:
    """Start and stop in s of a span, up to the last spike, in which spikes can be told apart.

    It has at most some tens of ticks of each unit, on average, and is at most a fraction of a
    second long, and not before `record.window`. Start and stop are a little before a step. It ends
    with the signals where these do, or without spikes; or else with the run.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    """
    model, rows = model_of(recording), rows_of(recording["population"].values)
    sent, step = sent_of(recording, _KINDS), model.time_step
    times = recording["time" if "time" in recording else "weight_time"].values
    ends = sent.times if len(sent.times) else times
    stop = int(np.rint(ends[-1] / step)) + 1
    if "x" in recording and len(times) > 1:
        # signals that are kept of a part of the run only are shown with the spikes of that part
        stop = min(stop, int(np.rint((2 * times[-1] - times[-2]) / step)))
    begun = int(np.rint(model.record.window[0] / step)) if model.record.window else 0
    first = max(stop - max(_STEPS, round(_LONGEST / step)), min(begun, stop - _STEPS))
    shown = sent.within(((first - 0.01) * step, np.inf)).of(rows.units).once()
    most = _TICKS * len(np.unique(shown.units))
    if len(shown.times) > most:
        first = min(int(np.rint(shown.times[-most] / step)), stop - _STEPS)
    return (max(0, first) - 0.01) * step, (stop - 0.01) * step


def _parts(recording: xr.Dataset, kind: str, span: Span) -> Iterator[tuple[_Look, Sent]]:
    """How each sort of spike is drawn, and those in the span."""
    for name, look in _LOOKS[kind].items():
        yield look, sent_of(recording, [name]).within(span).once()


def _name_colours(axes: Axes) -> None:
    """ON and OFF, in their colours, above the raster at the right."""
    looks = {name.upper(): look.colour for name, look in _LOOKS["error"].items()}
    style: dict[str, Any] = {"linestyle": "", "marker": "|", "markersize": 5}
    keys = [Line2D([], [], color=colour, label=name, **style) for name, colour in looks.items()]
    axes.legend(handles=keys, labelcolor="linecolor", ncols=2, loc="lower right", borderpad=0,
                bbox_to_anchor=(1, 1.01), borderaxespad=0.2, handlelength=0.6,
                handletextpad=0.3, columnspacing=1)  # fmt: skip
