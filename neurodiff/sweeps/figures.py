"""Table and figures of a sweep's result."""

from pathlib import Path

import xarray as xr

from neurodiff.files.placing import file_errors, written_beside
from neurodiff.plot import draw_sweep
from neurodiff.sweeps.folder import load_result
from neurodiff.text import align

#: What is drawn and printed of a sweep, where it has it.
_SHOWN = (
    "cosine",
    "mean_cosine",
    "cosine_of_summed_update",
    "total_cosine",
    "total_relative_error",
    "loss_ratio",
    "test_accuracy",
    "events_ratio",
)


def save_sweep_figures(result: xr.Dataset, folder: Path) -> list[Path]:
    """Draw what a sweep found over its axes into PNG files; returns their paths.

    Parameters
    ----------
    result : xarray.Dataset
        Result of a sweep.
    folder : pathlib.Path
        Path of the folder.

    Raises
    ------
    OutputError
        If the file system refuses.
    """
    paths = []
    for name in _SHOWN:
        if name in result and result[name].notnull().any():
            paths.append(folder / f"{name}.png")
            figure = draw_sweep(result, name)
            with file_errors(paths[-1]), written_beside(paths[-1]) as beside:
                figure.savefig(beside, dpi=150, format="png")
    return paths


def redraw_sweep(path: Path) -> list[Path]:
    """Draw the figures of a sweep again, beside its netCDF; returns their paths.

    Parameters
    ----------
    path : pathlib.Path
        Path of the netCDF, or of the folder of the sweep.

    Raises
    ------
    OutputError
        If there is no result of a sweep at `path`, or the file system refuses.
    """
    path = path.expanduser()
    return save_sweep_figures(load_result(path), path if path.is_dir() else path.parent)


def summary(result: xr.Dataset) -> str:
    """How many runs there are, which failed, and the median of all others along every axis.

    Parameters
    ----------
    result : xarray.Dataset
        Result of a sweep.
    """
    errors = result["error"].values.ravel()
    failed = [str(error) for error in errors if error]
    lines = [f"{errors.size} runs, {len(failed)} of them failed"]
    lines += [f"  {error}" for error in dict.fromkeys(failed)]
    shown = [name for name in _SHOWN if name in result and "layer" not in result[name].dims]
    if shown:
        lines += ["", _STATISTIC]
    for axis in [str(name) for name in result["error"].dims if name != "seed"]:
        rows = [[axis, *shown]]
        for place in result[axis].values:
            found = result.sel({axis: place})
            text = place if isinstance(place, str) else f"{place:.4g}"
            rows.append([text, *(_median_and_range(found[name]) for name in shown)])
        lines += ["", align(rows)]
    return "\n".join(lines)


#: What the tables show, which is what the figures draw.
_STATISTIC = "median of all runs at a place of an axis, and from the least to the greatest"


def _median_and_range(values: xr.DataArray) -> str:
    numbers = [float(part) for part in (values.median(), values.min(), values.max())]
    middle, least, greatest = (f"{number:.4g}" for number in numbers)
    return middle if least == greatest else f"{middle} ({least} to {greatest})"
