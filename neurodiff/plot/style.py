"""The look of every figure, and what every figure needs to know of its recording."""

import io
import sys
from importlib import import_module
from typing import Any

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neurodiff.network.limits import LARGEST
from neurodiff.results.checks import model_of as model_of
from neurodiff.results.recording import is_complete

Floats = NDArray[np.float64]

STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.titlesize": 9,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    # a matplotlibrc may ask for LaTeX, which may not be there, and which these texts do not need
    "text.usetex": False,
}
#: Decorator: the function draws in the style of neurodiff, and nothing else changes.
styled = matplotlib.rc_context(STYLE)

DARK, LIGHT = "#222222", "#a6a6a6"
#: Double and single column width in inches.
WIDE, NARROW = 7.0, 3.5
#: Where there are more names than this along an axis, only some are written.
NAMES_SHOWN = 20


@styled
def new_axes(width: float = NARROW, height: float = 2.6) -> Axes:
    """Axes on a figure of their own, `width` by `height` inches, in the style of this package.

    Parameters
    ----------
    width : float, optional
        Width in inches.
    height : float, optional
        Height in inches.
    """
    return new_figure(width, height).add_subplot()


def new_figure(width: float, height: float) -> Figure:
    """Figure in inches that needs no display; pyplot does not know of it.

    Parameters
    ----------
    width : float
        Width in inches.
    height : float
        Height in inches.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def show_in_notebook(axes: Axes) -> None:
    """Display the figure of axes where code runs in a notebook; elsewhere nothing happens.

    pyplot, which notebooks ask for figures, does not know of it.

    Parameters
    ----------
    axes : matplotlib Axes
        Axes that are drawn on.
    """
    # a notebook has loaded it; no one else needs it
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return
    picture = io.BytesIO()
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    figure.savefig(picture, format="png", dpi=150)
    shown = import_module("IPython.display")
    shown.display(shown.Image(picture.getvalue()))


def dress(axes: Axes, x: str, y: str, title: str) -> Axes:
    """Labels, title and ticks in the style of this package.

    Parameters
    ----------
    axes : matplotlib Axes
        Axes that are drawn on.
    x : str
        Label of the horizontal axis.
    y : str
        Label of the vertical axis.
    title : str
        Title of the axes.
    """
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(title)
    axes.tick_params(which="both", labelsize=7, width=0.6)
    return axes


def named_ticks(n: int) -> NDArray[np.int64]:
    """Which of n names are written.

    Parameters
    ----------
    n : int
        Number of names.
    """
    return np.arange(0, n, max(1, -(-n // NAMES_SHOWN)))


def layer_colours(n: int) -> Any:
    """Colours (n, 4) from the first layer, dark, to the last, light; in order in grey as well.

    Parameters
    ----------
    n : int
        Number of layers.
    """
    return matplotlib.colormaps["viridis"](np.linspace(0, 0.88, n))


def readable_times(seconds: Floats) -> tuple[Floats, str]:
    """Times in ms where all are below a second, else in s; and that unit.

    Parameters
    ----------
    seconds : array
        Times in seconds.
    """
    return (seconds, "s") if seconds.max(initial=0) >= 1 else (1e3 * seconds, "ms")


def title_of(recording: xr.Dataset, what: str) -> str:
    """What was run, and what is drawn.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    what : str
        What is drawn, in words.
    """
    early = "complete" in recording.attrs and not is_complete(recording)
    ended = " (run stopped early)" if early else ""
    if diverged(recording):
        ended = " (diverged)"
    return f"{recording.attrs['title']}: {what}{ended}"


def drawable(values: Floats) -> Floats:
    """`values` with NaN, which is not drawn, for all that is not finite or too large to draw.

    Matplotlib's arithmetic with larger ones overflows.

    Parameters
    ----------
    values : array
        Values, of any shape.
    """
    return np.where(np.abs(values) < LARGEST, values, np.nan)


def diverged(recording: xr.Dataset) -> bool:
    """Whether the run diverged, or activities, loss or weights grew beyond what can be drawn.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    """
    if "diverged" in recording.attrs:
        return True
    signals = [recording[name].values for name in ("x", "w") if name in recording]
    if "loss" in recording and "target" in recording:
        # without a target there is no loss
        there = ~np.isnan(recording["target"].values).any(axis=1)
        signals.append(recording["loss"].values[there])
    return any(bool(np.isnan(drawable(values)).any()) for values in signals)
