"""Runs whose signals or weights grow without end: where and when, and what is kept of them.

Too high a learning rate, or too large weights on a cycle. What comes after tells nothing, and its
arithmetic overflows.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurodiff.files.mapped import forget
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.limits import LARGEST

#: Values that are looked at at once.
_AT_ONCE = 1 << 20


class Divergence(NamedTuple):
    """What was first found to have diverged, and at which step; with samples far apart, by then.

    `what` is activity, error, weights, biases or local products; `where` the population, of weights
    and products the projection.

    Attributes
    ----------
    what, where : str
        What diverged, and where.
    step : int
        First step at which it was found.
    """

    what: str
    where: str
    step: int


def beyond(values: NDArray[Any], largest: float = LARGEST) -> NDArray[np.bool_]:
    """Which values are larger than that, or no numbers.

    Parameters
    ----------
    values : array
        Values.
    largest : float, optional
        Largest size that a value may have.
    """
    return ~(np.abs(values) <= largest)


def find_divergence(
    recording: xr.Dataset, time_step: float, last: dict[str, NDArray[np.float64]], completed: int
) -> Divergence | None:
    """The first sample that diverged; or what had at the end of a run that kept no such sample.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    time_step : float
        Time step in seconds.
    last : dict
        `x` and `delta` (n_units,) of the last step; what has no `delta` has 0 there.
    completed : int
        Number of steps.
    """
    found = [*_samples(recording, time_step), *_last(recording, last, completed)]
    return min(found, key=lambda part: part.step, default=None)


def _samples(recording: xr.Dataset, time_step: float) -> Iterator[Divergence]:
    """The first sample of each variable that diverged."""
    for name, (what, largest) in _KEPT.items():
        if name not in recording:
            continue
        values = recording[name]
        # inputs have neither error nor bias
        missing: Any = False
        if "unit" in values.dims and name != "x":
            missing = recording["layer"].values == 0
        for sample, row in enumerate(values.values):
            bad = _first_beyond(row, largest, missing)
            if bad is not None:
                step = round(float(values[values.dims[0]][sample]) / time_step)
                yield Divergence(what, _place(recording, str(values.dims[1]), bad), step)
                break


def _first_beyond(row: NDArray[Any], largest: float, missing: Any) -> int | None:
    """The first value that has diverged; a few at a time, as there may be more than memory."""
    for start in range(0, len(row), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        bad = beyond(row[some], largest) & ~np.broadcast_to(missing, row.shape)[some]
        forget(row)
        if bad.any():
            return start + int(np.argmax(bad))
    return None


def _last(
    recording: xr.Dataset, last: dict[str, NDArray[np.float64]], completed: int
) -> Iterator[Divergence]:
    for name, values in last.items():
        bad = np.flatnonzero(beyond(values))
        if len(bad):
            yield Divergence(_KEPT[name][0], _place(recording, "unit", int(bad[0])), completed - 1)


def _place(recording: xr.Dataset, dimension: str, k: int) -> str:
    name = {"unit": "population", "synapse": "projection"}[dimension]
    return str(recording[name].values[k])


def kept_until(
    recording: xr.Dataset, step: int, time_step: float, answered: NDArray[np.int64]
) -> xr.Dataset:
    """The samples and events before a step; of weights at least the first.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    step : int
        First step that is left out.
    time_step : float
        Time step in seconds.
    answered : int array (presentations,)
        Steps of the answers.
    """
    times = {
        name: np.rint(recording[part].values / time_step)
        for name, part in _TIMES.items()
        if part in recording.variables
    }
    if "presentation" in recording.dims:
        times["presentation"] = answered[: recording.sizes["presentation"]]
    kept = {name: np.flatnonzero(values < step) for name, values in times.items()}
    kept["weight_time"] = np.union1d([0], kept["weight_time"]).astype(np.int64)
    return recording.isel(kept)


def explained(found: Divergence, time_step: float, *, learns: bool, cyclic: bool) -> str:
    """Where and when a run diverged, and what may help.

    Parameters
    ----------
    found : Divergence
        What diverged.
    time_step : float
        Time step in seconds.
    learns : bool
        Whether weights move.
    cyclic : bool
        Whether the network has cycles.
    """
    time = format_quantity(found.step * time_step, TIME_UNITS)
    remedies = ["lower `plasticity.learning_rate`"] if learns else []
    if cyclic:
        remedies.append("take smaller weights on the cycles (see `neurodiff show`)")
    return (
        f"run: {found.what} of `{found.where}` grew beyond {LARGEST:g} by step {found.step} "
        f"({time}); {' or '.join(remedies) or 'take smaller weights and inputs'}"
    )


#: Variables that can diverge, what they are, and beyond what they have.
_KEPT = {
    "x": ("activity", LARGEST),
    "delta": ("error", LARGEST),
    "w": ("weights", LARGEST),
    "bias": ("biases", LARGEST),
    "product_w": ("weights", LARGEST),
    "product_bias": ("biases", LARGEST),
    "product": ("local products", LARGEST**2),
}

#: Dimensions in time, and the variables that say when.
_TIMES = {
    "time": "time",
    "weight_time": "weight_time",
    "product_time": "product_time",
    "factor_time": "factor_time",
    "event": "spike_time",
}
