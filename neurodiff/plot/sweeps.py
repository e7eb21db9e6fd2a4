"""Figures of a sweep: lines over one axis with bands over seeds, a heat map over two."""

import itertools
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from neurodiff.plot.style import (
    NARROW,
    WIDE,
    dress,
    layer_colours,
    named_ticks,
    new_axes,
    new_figure,
    styled,
)

#: More lines than these are not told apart.
_LINES = 8

#: Positive numbers that differ by more than this factor are drawn on a logarithmic scale, and what
#: is beyond its ends at its ends.
_WIDE_RANGE, _ENDS = 1e3, (1e-6, 1e6)


@styled
def plot_lines(
    values: xr.DataArray, over: str, axes: Axes | None = None, *, lines: str | None = None
) -> Axes:
    """Median over everything else along one axis, with a band from the least to the greatest.

    Parameters
    ----------
    values : DataArray
        One number for each run, or for each run and layer.
    over : str
        Dimension along x.
    axes : matplotlib Axes, optional
        Axes that are drawn on; a new figure unless given.
    lines : str, optional
        Dimension with a line for each of its places; one line for all unless given.
    """
    axes, values = axes or new_axes(), _within_ends(values)
    if _spreads(values):
        axes.set_yscale("log")
    places = [None] if lines is None else list(values[lines].values)
    x, ticks = _positions(values[over])
    for place, colour in zip(places, layer_colours(len(places)), strict=True):
        chosen = values if place is None else values.sel({lines: place})
        others = [dimension for dimension in chosen.dims if dimension != over]
        middle = chosen.median(others, skipna=True)
        axes.fill_between(
            x, chosen.min(others), chosen.max(others), color=colour, alpha=0.2, linewidth=0
        )
        axes.plot(x, middle, color=colour, marker="o", markersize=2.5, label=_name(place))
    _scale(axes, values[over], ticks)
    if lines is not None:
        axes.legend(title=lines, title_fontsize=7)
    label = f"{_label(values)}\nmedian, and from least to greatest"
    return dress(axes, _label(values[over]), label, str(values.attrs.get("title", "")))


@styled
def plot_map(values: xr.DataArray, x: str, y: str, axes: Axes | None = None) -> Axes:
    """Median over everything else as a colour, over two axes.

    Parameters
    ----------
    values : xarray.DataArray
        Values over the axes of the sweep.
    x : str
        Dimension along the horizontal axis.
    y : str
        Dimension along the vertical axis.
    axes : matplotlib Axes, optional
        Axes that are drawn on; a new figure unless given.
    """
    axes, values = axes or new_axes(), _within_ends(values)
    norm = LogNorm() if _spreads(values) else None
    others = [dimension for dimension in values.dims if dimension not in (x, y)]
    shown = values.median(others, skipna=True).transpose(y, x)
    image = axes.imshow(shown, origin="lower", aspect="auto", cmap="cividis", norm=norm)
    axes.figure.colorbar(image, ax=axes, label=f"median of {_label(values)}")
    for name, setter in ((x, axes.set_xticks), (y, axes.set_yticks)):
        written = named_ticks(values.sizes[name])
        setter(written, [_name(values[name].values[place]) for place in written])
    return dress(axes, _label(values[x]), _label(values[y]), str(values.attrs.get("title", "")))


@styled
def draw_sweep(result: xr.Dataset, quantity: str) -> Figure:
    """One quantity of a sweep over its axes.

    Over one axis: lines for the layers, or one line. Over two: a heat map and lines for
    the places of the shorter axis. Where there are more axes, one row of these for each place of
    the others. Over more than one axis the layer is the first, whose mismatch is the largest.

    Parameters
    ----------
    result : xarray.Dataset
        Result of a sweep.
    quantity : str
        Name of the variable that is drawn.
    """
    values = result[quantity].assign_attrs(result[quantity].attrs)
    along, *others = _by_length(result)
    if not others:
        figure = new_figure(NARROW, 2.6)
        plot_lines(_titled(values, result, {}), along, figure.add_subplot(), lines=_layers(values))
        return figure
    one, *rest = others
    first = {"layer": values["layer"].values[0]} if "layer" in values.dims else {}
    places = list(itertools.product(*(result[name].values for name in rest)))
    figure = new_figure(WIDE, 2.6 * len(places))
    panels = figure.subplots(len(places), 2, squeeze=False)
    for at, (left, right) in zip(places, panels, strict=True):
        where = {**dict(zip(rest, at, strict=True)), **first}
        chosen = _titled(values.sel(where), result, where)
        plot_map(chosen, along, one, left)
        plot_lines(chosen, along, right, lines=one if chosen.sizes[one] <= _LINES else None)
        right.set_title("")  # that of the map is for both
    return figure


def _by_length(result: xr.Dataset) -> list[str]:
    """The axes of a sweep that vary, the longest first."""
    sizes = {str(name): size for name, size in result["error"].sizes.items() if name != "seed"}
    return sorted(sizes, key=lambda name: -sizes[name])


def _layers(values: xr.DataArray) -> str | None:
    return "layer" if 1 < values.sizes.get("layer", 1) <= _LINES else None


def _titled(values: xr.DataArray, result: xr.Dataset, at: dict[str, Any]) -> xr.DataArray:
    texts = [_name(at[name]) if name == "layer" else f"{name} {_name(at[name])}" for name in at]
    where = ", ".join(texts)
    title = ": ".join(filter(None, [result.attrs["title"], where]))
    return values.assign_attrs(title=title)


def _positions(coordinate: xr.DataArray) -> tuple[Any, list[str] | None]:
    """Where points are along x: numbers as they are, texts one beside the other."""
    if coordinate.dtype.kind in "fi":
        return coordinate.values, None
    return np.arange(coordinate.size), [str(value) for value in coordinate.values]


def _scale(axes: Axes, coordinate: xr.DataArray, ticks: list[str] | None) -> None:
    if ticks is not None:
        axes.set_xticks(range(len(ticks)), ticks)
    elif _geometric(coordinate.values):
        axes.set_xscale("log")
        written = coordinate.values[named_ticks(coordinate.size)]
        axes.set_xticks(written, [_name(place) for place in written])
        axes.xaxis.minorticks_off()


def _spreads(values: xr.DataArray) -> bool:
    least, greatest = float(values.min()), float(values.max())
    return least >= 0 and greatest > _WIDE_RANGE * max(least, _ENDS[0])


def _within_ends(values: xr.DataArray) -> xr.DataArray:
    return values.clip(*_ENDS, keep_attrs=True) if _spreads(values) else values


def _geometric(values: Any) -> bool:
    """Whether positive numbers are spread over more than a decade, the small ones closer."""
    if len(values) < 3 or values.min() <= 0 or values.max() / values.min() < 10:
        return False
    return bool(np.median(values) < 0.5 * (values.min() + values.max()))


def _label(values: xr.DataArray) -> str:
    name = str(values.attrs.get("long_name", values.name))
    unit = values.attrs.get("units", "1")
    return name if unit == "1" else f"{name} ({unit})"


def _name(place: Any) -> str:
    return "" if place is None else f"{place:.4g}" if isinstance(place, float) else str(place)
