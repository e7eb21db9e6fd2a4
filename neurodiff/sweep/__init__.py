"""Sweeps: a grid of runs that survives any interruption, and ends in one labelled array."""

from neurodiff.sweep.cluster import cluster
from neurodiff.sweep.execution import run_sweep
from neurodiff.sweep.figures import redraw_sweep, save_sweep_figures, summary
from neurodiff.sweep.folder import load_result
from neurodiff.sweep.plan import Run, Sweep, load_sweep

__all__ = [
    "Run",
    "Sweep",
    "cluster",
    "load_result",
    "load_sweep",
    "redraw_sweep",
    "run_sweep",
    "save_sweep_figures",
    "summary",
]
