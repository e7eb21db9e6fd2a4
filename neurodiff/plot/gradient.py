"""Local products against the gradient, over time."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.lines import Line2D

from neurodiff.plot.style import (
    Floats,
    drawable,
    dress,
    layer_colours,
    named_ticks,
    readable_times,
    styled,
)

#: Up to so many layers have a legend, more a colour bar.
_LEGEND_ROWS = 6
#: Samples of which a median and the middle 80 % say something.
_ENOUGH = 10
_ROUNDING = float(np.finfo(float).eps)


@styled
def plot_cosines(over_time: xr.Dataset, axes: Axes, title: str = "", key: bool = True) -> Axes:
    """Draw the `cosine` (product_time, layer_name) of local product and gradient, one line a layer.

    A dot marks the first moment at which both are there. Where neighbouring samples have little to
    do with each other, as at different moments of a frame, they are points, and the line is the
    running median. `key` says which layer is which.

    Parameters
    ----------
    over_time : xarray.Dataset
        Comparison of local products and gradient over time.
    axes : matplotlib Axes
        Axes that are drawn on.
    title : str, optional
        Title of the axes.
    key : bool, optional
        Whether a legend of the layers is drawn.
    """
    median = _draw_layers(over_time, "cosine", axes)
    axes.set_ylim(top=1 + 0.04 * (1 - axes.get_ylim()[0]))
    return _dress_layers(over_time, axes, f"cosine{median} (dimensionless)", title, key)


@styled
def plot_relative_error(
    over_time: xr.Dataset, axes: Axes, title: str = "", key: bool = True
) -> Axes:
    """Draw `relative_error` (product_time, layer_name), |g - g*| / |g*|, one line a layer.

    Logarithmic where all layers become exact, down to the rounding of a number, 2.2e-16, and where
    the error is large at times, down to 1e-3; what is smaller is drawn there.

    Parameters
    ----------
    over_time : xarray.Dataset
        Comparison of local products and gradient over time.
    axes : matplotlib Axes
        Axes that are drawn on.
    title : str, optional
        Title of the axes.
    key : bool, optional
        Whether a legend of the layers is drawn.
    """
    lowest = _lowest_error(drawable(over_time["relative_error"].values))
    axes.set_yscale("log" if lowest > 0 else "linear")
    clipped = over_time[["relative_error"]].clip(min=lowest)
    median = _draw_layers(clipped, "relative_error", axes, drawstyle="steps-post")
    if lowest == 0:
        axes.set_ylim(bottom=0)
    name = "error" if median else "relative error"
    return _dress_layers(over_time, axes, f"{name}{median} (dimensionless)", title, key)


def _lowest_error(errors: Floats) -> float:
    last = errors[-1][np.isfinite(errors[-1])] if len(errors) else np.empty(0)
    if len(last) and last.max() < 1e-6:
        return _ROUNDING
    return 1e-3 if np.fmax.reduce(errors, axis=None, initial=0) > 3 else 0.0


@styled
def plot_cosines_in_frame(
    over_time: xr.Dataset, hold: float, axes: Axes, title: str = "", key: bool = True
) -> Axes:
    """Draw the median of `cosine` over the time since a frame began, one line a layer.

    The bars hold the middle 80 % of the samples; `hold` is how long a frame is shown, in s. Times
    since then that have few samples each are taken together.

    Parameters
    ----------
    over_time : xarray.Dataset
        Comparison of local products and gradient over time.
    hold : float
        Time for which a frame is shown, in seconds.
    axes : matplotlib Axes
        Axes that are drawn on.
    title : str, optional
        Title of the axes.
    key : bool, optional
        Whether a legend of the layers is drawn.
    """
    times = over_time["product_time"].values
    phase = _together(np.round(np.mod(times + 1e-9, hold) * 1e3, 6))
    for name, colour, marker in _layers(over_time):
        values = over_time["cosine"].sel(layer_name=name).values
        at = [(p, values[(phase == p) & np.isfinite(values)]) for p in np.unique(phase)]
        middle = np.array([[p, *np.percentile(part, [10, 50, 90])] for p, part in at if len(part)])
        if len(middle):
            axes.vlines(middle[:, 0], middle[:, 1], middle[:, 3], colour, linewidth=2, alpha=0.35)
            axes.plot(middle[:, 0], middle[:, 2], marker, color=colour, linestyle="-", ms=3)
    axes.set_ylim(top=1 + 0.04 * (1 - axes.get_ylim()[0]))
    _dress_layers(over_time, axes, "cosine (dimensionless)", title, key)
    axes.set_xlabel("time since the frame began (ms)")
    return axes


def _together(phase: Floats) -> Floats:
    """Means of neighbouring phases (times,), so many that about `_ENOUGH` samples share each."""
    distinct = np.unique(phase)
    bins = int(np.clip(len(phase) // _ENOUGH, 1, max(len(distinct), 1)))
    parts = np.array_split(distinct, bins)
    means = np.repeat([part.mean() for part in parts if len(part)], [len(p) for p in parts])
    return np.asarray(means[np.searchsorted(distinct, phase)]) if len(distinct) else phase


def _draw_layers(over_time: xr.Dataset, variable: str, axes: Axes, drawstyle: Any = None) -> str:
    """The layers' lines, the last layer's first: each covers those that were exact before it.

    Returns what the lines are, for the label, where they are not the samples themselves.
    """
    times, _ = readable_times(over_time["product_time"].values)
    rough = _is_rough(drawable(over_time[variable].values))
    for name, colour, marker in _layers(over_time):
        values = drawable(over_time[variable].sel(layer_name=name).values)
        there = np.isfinite(values)
        if not there.any():
            continue
        if not rough:
            axes.plot(times, values, color=colour, drawstyle=drawstyle)
            first = slice(0, int(not there[0]))
            axes.plot(times[there][first], values[there][first], "o", color=colour, markersize=3)
            continue
        axes.plot(times[there], values[there], marker, color=colour, ms=2, alpha=0.3, mew=0)
        split = [np.array_split(part[there], 20) for part in (times, values)]
        medians = [[float(np.median(part)) for part in parts if len(part)] for parts in split]
        axes.plot(*medians, color=colour, marker=marker, markersize=3)
    if len(times) > 1:
        margin = 0.03 * (times[-1] - times[0])
        axes.set_xlim(times[0] - margin, times[-1] + margin)
    return ", running median" if rough else ""


def _is_rough(values: Floats) -> bool:
    """Whether, in any layer of (times, layers), more than 10 % of the steps are large jumps.

    Few samples are not: they can be told apart one by one.
    """
    large = 0.2 * np.ptp(values[np.isfinite(values)]) if np.isfinite(values).any() else 0.0
    jumps = [np.abs(np.diff(column[np.isfinite(column)])) > large for column in values.T]
    return any(len(part) >= 60 and np.mean(part) > 0.1 for part in jumps)


def _layers(over_time: xr.Dataset) -> list[tuple[str, Any, str]]:
    """Name, colour and marker of every layer, the last first."""
    names = over_time["layer_name"].values.tolist()
    markers = ["o", "s", "^", "D", "v", "P"] if len(names) <= _LEGEND_ROWS else ["o"]
    colours = layer_colours(len(names))
    return [(name, colours[k], markers[k % len(markers)]) for k, name in enumerate(names)][::-1]


def _dress_layers(over_time: xr.Dataset, axes: Axes, label: str, title: str, key: bool) -> Axes:
    if key and over_time.sizes["layer_name"]:
        _draw_key(over_time, axes)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.5)
    axes.set_axisbelow(True)
    return dress(
        axes, f"time ({readable_times(over_time['product_time'].values)[1]})", label, title
    )


def _draw_key(over_time: xr.Dataset, axes: Axes) -> None:
    """A legend for few layers, a colour bar for many."""
    layers, names = _layers(over_time)[::-1], over_time["layer_name"].values.tolist()
    if len(names) <= _LEGEND_ROWS:
        handles = [Line2D([], [], color=c, marker=marker, markersize=3) for _, c, marker in layers]
        axes.legend(handles, names, loc="center left", bbox_to_anchor=(1, 0.5))
        return
    n = len(names)
    colours = ScalarMappable(BoundaryNorm(np.arange(n + 1), n), ListedColormap(layer_colours(n)))
    bar = axes.get_figure().colorbar(colours, ax=axes, aspect=30, pad=0.02)  # type: ignore[union-attr]
    named = named_ticks(n)
    bar.set_ticks((named + 0.5).tolist(), labels=[names[k] for k in named])
    bar.ax.tick_params(labelsize=7, length=0)
