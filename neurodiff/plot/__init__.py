"""Figures of a run: each function draws data into an `Axes` and returns it; no global changes."""

from neurodiff.plot.events import plot_events, plot_raster, plot_sent
from neurodiff.plot.figures import draw_figures, save_figures
from neurodiff.plot.gradient import plot_cosines, plot_cosines_in_frame, plot_relative_error
from neurodiff.plot.learning import plot_accuracy, plot_loss, plot_weights
from neurodiff.plot.spikes import plot_decoded, plot_spike_raster, plot_spikes
from neurodiff.plot.style import new_axes, show_in_notebook
from neurodiff.plot.sweeps import draw_sweep, plot_lines, plot_map
from neurodiff.plot.waves import plot_wave, plot_waves

__all__ = [
    "draw_figures",
    "draw_sweep",
    "new_axes",
    "plot_accuracy",
    "plot_cosines",
    "plot_cosines_in_frame",
    "plot_decoded",
    "plot_events",
    "plot_lines",
    "plot_loss",
    "plot_map",
    "plot_raster",
    "plot_relative_error",
    "plot_sent",
    "plot_spike_raster",
    "plot_spikes",
    "plot_wave",
    "plot_waves",
    "plot_weights",
    "save_figures",
    "show_in_notebook",
]
