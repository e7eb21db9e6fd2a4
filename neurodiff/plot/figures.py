"""The figures that a run leaves."""

import warnings
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurodiff.files.placing import written_beside
from neurodiff.plot.events import plot_events
from neurodiff.plot.gradient import plot_cosines, plot_cosines_in_frame, plot_relative_error
from neurodiff.plot.learning import plot_accuracy, plot_loss, plot_weights
from neurodiff.plot.spikes import last_spikes, plot_spikes
from neurodiff.plot.style import NARROW, WIDE, model_of, new_axes, new_figure, styled, title_of
from neurodiff.plot.waves import plot_waves

_IN_FRAME = "the same within a frame: median, middle 80 %"


@styled
def draw_figures(recording: xr.Dataset) -> dict[str, Figure]:
    """Draw all that a recording has, by file stem.

    These are `waves`, `events` or `spikes`, `learning`, `cosine`, `weights`; what was not recorded
    is left out. `cosine` needs the variables of `GradientReport.over_time` beside those of the
    recording.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    """
    drawn = {name: draw(recording) for name, draw in _FIGURES.items()}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def save_figures(recording: xr.Dataset, folder: Path) -> list[Path]:
    """Write the figures as PNG, 200 dots an inch, into `folder`; returns their paths.

    A figure that cannot be drawn is left out, with a warning. An older one goes only when the new
    one is complete; a link is replaced, and never written through.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    folder : pathlib.Path
        Path of the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [_save(name, recording, folder / f"{name}.png") for name in _FIGURES]
    return [path for path in paths if path is not None]


def _save(name: str, recording: xr.Dataset, path: Path) -> Path | None:
    try:
        figure = styled(_FIGURES[name])(recording)
        if figure is None:
            return None
        with written_beside(path) as beside:
            figure.savefig(beside, dpi=200, format="png")
    except OSError:
        raise
    except Exception as error:  # whatever matplotlib says, it must not cost the run
        warnings.warn(f"{path.name} could not be drawn: {error!r}", stacklevel=3)
        return None
    return path


def _has(recording: xr.Dataset, name: str) -> bool:
    return name in recording and recording[name].size > 0


def _waves(recording: xr.Dataset) -> Figure | None:
    if not _has(recording, "x"):
        return None
    n = len(np.unique(recording["population"].values))
    figure = new_figure(WIDE, float(np.clip(1.6 + 0.23 * n, 2.8, 6)))
    figure.suptitle(title_of(recording, "the two waves"), x=0.01, horizontalalignment="left")
    left, right = figure.subplots(1, 2)
    plot_waves(recording, left, right)
    return figure


def _events(recording: xr.Dataset) -> Figure | None:
    if not _has(recording, "spike_value"):
        return None
    n = len(np.unique(recording["population"].values))
    above = float(np.clip(0.8 + 0.23 * n, 2, 4))
    figure = new_figure(WIDE, above + 3.2)
    title = title_of(recording, "events, and the signals that they carry")
    figure.suptitle(title, x=0.01, horizontalalignment="left")
    plot_events(recording, figure.subplots(2, 2, height_ratios=[above, 2.5]))
    return figure


def _spikes(recording: xr.Dataset) -> Figure | None:
    if "spike_time" not in recording or "spike_value" in recording:
        return None
    n = len(np.unique(recording["population"].values))
    heights = [float(np.clip(0.8 + 0.5 * n, 2, 4.5))] + [3.0] * _has(recording, "x")
    if not _has(recording, "spike_time") and len(heights) == 1:
        return None
    figure, span = new_figure(WIDE, sum(heights) + 0.7), last_spikes(recording)
    what = f"spikes of the last {1e3 * (span[1] - span[0]):.3g} ms"
    what += ", and the signals decoded from them" * (len(heights) - 1)
    figure.suptitle(title_of(recording, what), x=0.01, horizontalalignment="left")
    axes = figure.subplots(len(heights), 2, height_ratios=heights, squeeze=False)
    plot_spikes(recording, axes, span)
    return figure


def _learning(recording: xr.Dataset) -> Figure | None:
    axes = new_axes()
    if _has(recording, "answer"):
        return _figure(plot_accuracy(recording, axes))
    return _figure(plot_loss(recording, axes)) if _has(recording, "loss") else None


def _cosine(recording: xr.Dataset) -> Figure | None:
    if not _has(recording, "cosine") or not np.isfinite(recording["cosine"].values).any():
        return None
    figure = new_figure(WIDE, 2.8)
    title = title_of(recording, "local products against the gradient")
    figure.suptitle(title, x=0.01, horizontalalignment="left")
    left, right = figure.subplots(1, 2)
    plot_cosines(recording, left, title="cosine with the gradient", key=False)
    if hold := model_of(recording).input.frame_duration:
        plot_cosines_in_frame(recording, hold, right, title=_IN_FRAME)
    else:
        plot_relative_error(recording, right, title="relative error |g - g*| / |g*|")
    return figure


def _weights(recording: xr.Dataset) -> Figure | None:
    if recording.sizes["weight_time"] == 0 or recording["weight_time"].values[-1] == 0:
        return None
    width = WIDE if len(np.unique(recording["projection"].values)) > 4 else NARROW
    return _figure(plot_weights(recording, new_axes(width)))


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    return figure


_FIGURES = {
    "waves": _waves,
    "events": _events,
    "spikes": _spikes,
    "learning": _learning,
    "cosine": _cosine,
    "weights": _weights,
}
