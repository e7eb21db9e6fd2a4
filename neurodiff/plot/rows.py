"""Rows of pictures over time: one unit each, stacked by population, the input at the bottom."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from neurodiff.plot.style import NAMES_SHOWN, Floats, named_ticks

Ints = NDArray[np.int64]

#: Most units of a population, and about as many rows altogether.
_UNITS_SHOWN, _ROWS_SHOWN = 16, 120


class Rows(NamedTuple):
    """The rows of a space-time picture: one unit each, every population one unit high.

    Attributes
    ----------
    names : list of str
        Names of the populations, from the bottom.
    units : array of int (rows,)
        Unit of each row.
    band : array of int (rows,)
        Number of the population of each row.
    edges : array (rows + 1,)
        Boundaries of the rows.
    """

    names: list[str]  # populations, from the bottom
    units: Ints  # (rows,)
    band: Ints  # (rows,) which population
    edges: Floats  # (rows + 1,)


def rows_of(population: NDArray[Any]) -> Rows:
    """Rows for units of these populations (n_units,), evenly chosen where there are many.

    Parameters
    ----------
    population : array (n_units,)
        Name of the population of each unit.
    """
    names = list(dict.fromkeys(population.tolist()))
    chosen = []
    for name in names:
        units = np.flatnonzero(population == name)
        shown = min(len(units), per_band(len(names)))
        chosen.append(units[np.linspace(0, len(units) - 1, shown).round().astype(int)])
    band = np.repeat(np.arange(len(names)), [len(units) for units in chosen])
    tops = [k + np.arange(1, len(units) + 1) / len(units) for k, units in enumerate(chosen)]
    return Rows(names, np.concatenate(chosen), band, np.concatenate([[0.0], *tops]))


def per_band(bands: int) -> int:
    """Most units that are shown of each of so many populations.

    Parameters
    ----------
    bands : int
        Number of populations.
    """
    return max(1, min(_UNITS_SHOWN, _ROWS_SHOWN // bands))


def name_bands(axes: Axes, rows: Rows, largest: Floats, inputs: set[str]) -> None:
    """Boundaries, names at the left, the value that 1 stands for at the right.

    Parameters
    ----------
    axes : matplotlib Axes
        Axes that are drawn on.
    rows : Rows
        Rows of the picture.
    largest : array (populations,)
        Value that 1 stands for, for each population.
    inputs : set of str
        Names of the populations that have no errors.
    """
    n = len(rows.names)
    few, across = n <= 2 * NAMES_SHOWN, axes.get_yaxis_transform()
    if few:
        axes.hlines(np.arange(1, n), 0, 1, "black", linewidth=0.5, transform=across)
    named = named_ticks(n)
    axes.set_yticks(named + 0.5, [rows.names[k] for k in named])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(0, n)
    style: dict[str, Any] = {"transform": across, "va": "center", "fontsize": 6}
    for k in named:
        if np.isfinite(largest[k]):
            digits = ".0f" if 99.5 <= largest[k] < 99999.5 else ".2g"
            axes.text(1.01, k + 0.5, f"{largest[k]:{digits}}", **style)
        elif few:
            why = "not defined for inputs" if rows.names[k] in inputs else "diverged"
            axes.text(0.5, k + 0.5, why, ha="center", **style)
