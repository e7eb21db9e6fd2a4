"""Sweeps: a grid of runs that survives any interruption, and ends in one labelled array.

Names are imported when they are first used: a worker, and the scheduler of a Dask cluster, want
`neurodiff.sweeps.one_run` alone.
"""

from typing import TYPE_CHECKING

from neurodiff.process.lazy_names import lazy_names

if TYPE_CHECKING:
    from neurodiff.sweeps.execution import run_sweep
    from neurodiff.sweeps.figures import redraw_sweep, save_sweep_figures, summary
    from neurodiff.sweeps.folder import load_result
    from neurodiff.sweeps.planned_runs import Run, Sweep, load_sweep

__all__ = [
    "Run",
    "Sweep",
    "load_result",
    "load_sweep",
    "redraw_sweep",
    "run_sweep",
    "save_sweep_figures",
    "summary",
]

_HOMES = {
    "execution": ("run_sweep",),
    "figures": ("redraw_sweep", "save_sweep_figures", "summary"),
    "folder": ("load_result",),
    "planned_runs": ("Run", "Sweep", "load_sweep"),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
