"""What pictures of events and of spikes share: ticks of those who send, signals in lanes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from neurodiff.plot.rows import Ints, Rows
from neurodiff.plot.style import (
    LIGHT,
    Floats,
    drawable,
    dress,
    layer_colours,
    model_of,
    readable_times,
)

#: Start and stop in s, each a little before a step.
Span = tuple[float, float]
#: Times and values.
Curve = tuple[Floats, Floats]

#: Fewer samples than these are points, unless every step is sampled.
_SAMPLES = 40
#: Up to where in its lane, which is one unit high, a signal lies; above it is the name.
_TOP = 0.72
#: Smaller values are drawn as 0: matplotlib's arithmetic with their inverse overflows.
_SMALLEST = 1e-100
#: A tick: its colour, and its largest height, where a population is one high.
TICK, _HIGHEST = "#6e6e6e", 0.25


class Sent(NamedTuple):
    """Events or spikes, in the order of time; the values of spikes are NaN.

    Attributes
    ----------
    times : array (n,)
        Times in seconds.
    units : array of int (n,)
        Unit of each.
    values : array (n,)
        Value that was sent.
    """

    times: Floats
    units: Ints
    values: Floats

    def within(self, span: Span) -> "Sent":
        """Those in a span.

        Parameters
        ----------
        span : tuple of float
            Start and stop of the time that is drawn, in seconds.
        """
        return self._part(slice(*np.searchsorted(self.times, span)))

    def of(self, units: Ints | int) -> "Sent":
        """Those of some units.

        Parameters
        ----------
        units : int or array of int
            Numbers of the units.
        """
        return self._part(np.isin(self.units, units))

    def once(self) -> "Sent":
        """The first of those that a unit sends at one time."""
        order, new = np.lexsort((self.units, self.times)), np.ones(len(self.times), dtype=np.bool_)
        same_time, same_unit = (np.diff(part[order]) == 0 for part in (self.times, self.units))
        new[1:] = ~(same_time & same_unit)
        which = np.zeros_like(new)
        which[order[new]] = True
        return self._part(which)

    def _part(self, which: slice | NDArray[np.bool_]) -> "Sent":
        return Sent(self.times[which], self.units[which], self.values[which])


def sent_of(recording: xr.Dataset, kinds: Sequence[str]) -> Sent:
    """All that was sent of these kinds.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    kinds : sequence of str
        Values of `spike_kind` to keep.
    """
    written = recording["spike_kind"].values
    own = np.logical_or.reduce([written == kind for kind in kinds])
    times, units = (recording[name].values[own] for name in ("spike_time", "spike_unit"))
    if "spike_value" in recording:
        values = drawable(recording["spike_value"].values[own])
    else:
        values = np.full(len(times), np.nan)
    return Sent(times, units.astype(np.int64), values)


def followed(sent: Sent, rows: Rows, most: int) -> dict[int, Any]:
    """Units whose signals are drawn, from the first population, and the colours of their layers.

    They are of the first, the last and evenly chosen other populations that send, at most `most`;
    of those in the rows the one that sends a median number of times.

    Parameters
    ----------
    sent : Sent
        Events or spikes.
    rows : Rows
        Rows of the picture.
    most : int
        Largest number of units.
    """
    counts = np.bincount(sent.units, minlength=rows.units.max() + 1)[rows.units]
    sending = np.unique(rows.band[counts > 0])
    n = min(most, len(sending))
    colours, units = layer_colours(len(rows.names)), {}
    for band in sending[np.linspace(0, len(sending) - 1, n).round().astype(int)]:
        own = np.flatnonzero((rows.band == band) & (counts > 0))
        median = own[np.argsort(counts[own], kind="stable")[len(own) // 2]]
        units[int(rows.units[median])] = colours[band]
    return units


def means_by_band(recording: xr.Dataset, sent: Sent, rows: Rows) -> Floats:
    """How many each population sends, by unit; all units count, not only those in the rows.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    sent : Sent
        Events or spikes.
    rows : Rows
        Rows of the picture.
    """
    population = recording["population"].values
    counts = np.bincount(sent.units, minlength=len(population))
    return np.array([counts[population == name].mean() for name in rows.names])


def inputs_of(recording: xr.Dataset) -> set[str]:
    """Names of the populations that have no errors.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    """
    return set(recording["population"].values[recording["layer"].values == 0].tolist())


def name_of(recording: xr.Dataset, unit: int) -> str:
    """Population, cut where it is long, and number of a unit.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    unit : int
        Number of the unit.
    """
    name = str(recording["population"].values[unit])
    name = name if len(name) <= 16 else f"{name[:15]}…"
    return f"{name}, unit {recording['index'].values[unit]}"


def draw_ticks(
    axes: Axes,
    drawn: Sent,
    rows: Rows,
    colours: dict[int, Any],
    span: Span,
    *,
    colour: Any = TICK,
    side: int = 0,
) -> None:
    """A tick for each in its row; thicker, and of its own colour, where the unit has one.

    With `side` 1 the ticks fill the upper half of the row only, with -1 the lower.

    Parameters
    ----------
    axes : matplotlib Axes
        Axes that are drawn on.
    drawn : Sent
        Events or spikes that are drawn.
    rows : Rows
        Rows of the picture.
    colours : dict
        Colour of each unit that has one of its own.
    span : tuple of float
        Start and stop of the time that is drawn, in seconds.
    colour : object, optional
        Colour of all others.
    side : int, optional
        Part of the row that ticks fill: 0 for all of it, 1 for the upper half, -1 for the lower.
    """
    middle, height = np.empty((2, rows.units.max() + 1))
    middle[rows.units] = (rows.edges[:-1] + rows.edges[1:]) / 2
    height[rows.units] = np.minimum(0.9 * np.diff(rows.edges), _HIGHEST)
    at = middle[drawn.units] + side * height[drawn.units] / 4
    half = height[drawn.units] / (4 if side else 2)
    widths = np.where(np.isin(drawn.units, list(colours)), 1.4, 0.5)
    each = [colours.get(unit, colour) for unit in drawn.units.tolist()]
    axes.vlines(on_axis(drawn.times, span), at - half, at + half, each, linewidths=widths,
                rasterized=True)  # fmt: skip


def write_beside(axes: Axes, text: str) -> None:
    """Say what the numbers at the right of the rows are.

    Parameters
    ----------
    axes : matplotlib Axes
        Axes that are drawn on.
    text : str
        Text to write.
    """
    axes.annotate(text, (1.01, 0.5), (26, 0), "axes fraction", "offset points", rotation=90,
                  va="center", fontsize=6)  # fmt: skip


def draw_signal(
    axes: Axes, recording: xr.Dataset, name: str, unit: int, span: Span
) -> list[Line2D]:
    """A unit's signal: of every step, in steps; else a thin line, or points if they are few.

    Parameters
    ----------
    axes : matplotlib Axes
        Axes that are drawn on.
    recording : xarray.Dataset
        Recording of a run.
    name : str
        Name of the variable.
    unit : int
        Number of the unit.
    span : tuple of float
        Start and stop of the time that is drawn, in seconds.
    """
    times, values = _signal(recording, name, unit, span)
    if not len(times):
        return []
    step, every = model_of(recording).time_step, np.ptp(recording["time"].values[:2])
    style: dict[str, Any] = {"linewidth": 0.6}
    if every < 1.5 * step:
        times, values = np.append(times, times[-1] + step), np.append(values, values[-1])
        style["drawstyle"] = "steps-post"
    elif len(times) < _SAMPLES:
        style = {"linestyle": "", "marker": "o", "markersize": 2.2, "markeredgewidth": 0}
    return axes.plot(on_axis(times, span), values, color="black", label="signal", **style)


def _signal(recording: xr.Dataset, name: str, unit: int, span: Span) -> Curve:
    """A unit's samples in the span."""
    if name not in recording:
        return np.empty(0), np.empty(0)
    times = recording["time"].values
    part = slice(*np.searchsorted(times, span))
    return times[part], drawable(recording[name].values[part, unit])


def into_lane(axes: Axes, k: int, lines: list[Line2D], bottom: float = 0.1) -> dict[float, str]:
    """Let a transform take lines, which keep their values, into lane k; returns ticks and texts.

    Parameters
    ----------
    axes : matplotlib Axes
        Axes that are drawn on.
    k : int
        Number of the lane, from the bottom.
    lines : list of Line2D
        Lines to move.
    bottom : float, optional
        Where in the lane the smallest value lies, from 0 to 1.

    Returns
    -------
    dict
        Text of each tick by its place.
    """
    if not lines:
        return {}
    values = np.concatenate([np.asarray(line.get_ydata()) for line in lines])
    middle = k + (bottom + _TOP) / 2
    if not np.isfinite(values).any():
        return {middle: "diverged"} if len(values) else {}
    low, high = float(np.fmin.reduce(values)), float(np.fmax.reduce(values))
    largest = max(abs(low), abs(high), _SMALLEST)
    if high - low <= 1e-9 * largest:
        ticks, size, digits = {middle: low}, 1 / largest, 2
    else:
        ticks, size = {k + bottom: low, k + _TOP: high}, (_TOP - bottom) / (high - low)
        digits = 2 + int(np.log10(largest / (high - low)))
    place = Affine2D().translate(0, -low).scale(1, size).translate(0, min(ticks))
    for line in lines:
        line.set_transform(place + axes.transData)
    return {at: f"{value + 0.0:.{digits}g}".replace("-", "−") for at, value in ticks.items()}


def write_in_lane(axes: Axes, k: int, text: str) -> None:
    """Write at the top of lane k.

    Parameters
    ----------
    axes : matplotlib Axes
        Axes that are drawn on.
    k : int
        Number of the lane, from the bottom.
    text : str
        Text to write.
    """
    across = axes.get_yaxis_transform()
    axes.text(0.01, k + 0.96, text, transform=across, verticalalignment="top", fontsize=6)


def hide_shared(axes: NDArray[Any]) -> None:
    """Leave out, in a grid of `Axes`, the labels of time but the lowest, and of rows at the right.

    The rows are those of the first line of the grid.

    Parameters
    ----------
    axes : array of matplotlib Axes
        Grid of axes.
    """
    for above in axes[:-1].ravel():
        above.set_xlabel("")
        above.tick_params(labelbottom=False)
    axes[0, 1].set_ylabel("")
    axes[0, 1].tick_params(labelleft=False)


def on_axis(times: Floats, span: Span) -> Floats:
    """Times in the unit of the axis, which is that of the span.

    Parameters
    ----------
    times : array
        Times in seconds.
    span : tuple of float
        Start and stop of the time that is drawn, in seconds.
    """
    return times * (1.0 if _unit(span) == "s" else 1e3)


def _unit(span: Span) -> str:
    return readable_times(np.asarray(span))[1]


def dress_span(axes: Axes, recording: xr.Dataset, span: Span, label: str, title: str) -> Axes:
    """Limits, labels, and a line where each frame begins.

    Parameters
    ----------
    axes : matplotlib Axes
        Axes that are drawn on.
    recording : xarray.Dataset
        Recording of a run.
    span : tuple of float
        Start and stop of the time that is drawn, in seconds.
    label : str
        Label of the vertical axis.
    title : str
        Title of the axes.
    """
    model, shown = model_of(recording), on_axis(np.asarray(span), span)
    if hold := model.input.frame_duration:
        first, last = np.asarray(span) / hold
        begins = np.arange(np.ceil(first), last) * hold
        for begin in on_axis(begins, span):
            axes.axvline(begin, color=LIGHT, linewidth=0.6, linestyle=":", zorder=0)
    margin = 0.01 * (shown[1] - shown[0])
    axes.set_xlim(shown[0] - margin, shown[1] + margin)
    axes.ticklabel_format(axis="x", useOffset=False)
    return dress(axes, f"time ({_unit(span)})", label, title)
