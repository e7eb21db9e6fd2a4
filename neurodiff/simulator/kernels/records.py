"""What a kernel appends to files while a run goes on, and how it is read when the run has ended.

So nothing that is recorded stays in memory, and no monitor looks at every unit in every step.
"""

from collections.abc import Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.files.mapped import LARGE, mapped
from neurodiff.plan import Plan
from neurodiff.plan.factors import factors_of
from neurodiff.plan.sampling import Sampling


class Kind(IntEnum):
    """What a record is of; the numbers are those of `records.h`."""

    SIGNAL = 0
    WEIGHTS = 1
    PRODUCTS = 2
    FACTORS = 3
    EVENTS = 4


#: The signals that can be recorded, in the order of `waves.h`: group and variable.
SIGNALS = (("units", "x"), ("errors", "delta"), ("errors", "target"), ("errors", "bias"))


class Record(NamedTuple):
    """One variable at the steps of one sampling.

    Attributes
    ----------
    event : str
        Name of the sampling: `signals`, `answers`, `weights`, `products`, `factors` or `events`.
    group, variable : str
        What is recorded: of `units`, `errors`, `synapses` or `feedback`.
    sampling : Sampling
        When.
    kind : Kind
        What the variable is.
    which : int
        Number of the signal, or of the bundle; of factors, the first output; of events, 0 for those
        of units and 1 for those of error units.
    size : int
        Values of one sample; of one event, its step, its unit and what was sent.
    """

    event: str
    group: str
    variable: str
    sampling: Sampling
    kind: Kind
    which: int
    size: int

    def due(self, step: int) -> bool:
        """Whether it is recorded in a step.

        Parameters
        ----------
        step : int
            Time step.
        """
        at = self.sampling
        return at.start <= step < at.stop and (step - at.start) % at.every == 0

    def numbers(self) -> list[int]:
        """As a line of the table; see `struct Record` of `records.h`."""
        at = self.sampling
        return [at.start, at.every, at.stop, int(self.kind), self.which, self.size]


def records_of(plan: Plan, sampling: Mapping[str, Sampling], widths: list[int]) -> list[Record]:
    """All that is recorded of a run.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    sampling : mapping
        Sampling by name; what is missing is not recorded.
    widths : list of int
        Number of connections by bundle.
    """
    n_units, n_errors = plan.graph.n_units, plan.graph.n_units - plan.graph.n_inputs
    sizes = {"units": n_units, "errors": n_errors}
    records = []
    for event, at in sampling.items():
        for number, (group, variable) in enumerate(SIGNALS):
            if (group, variable) in _signals(plan, event):
                size = sizes[group]
                records.append(Record(event, group, variable, at, Kind.SIGNAL, number, size))
        records += _of_connections(plan, event, at, widths)
    return records


def _signals(plan: Plan, event: str) -> list[tuple[str, str]]:
    """Group and variable of the signals of a sampling."""
    products, schedule = [], plan.schedule
    if schedule.snapshots and not plan.plasticity.frozen:
        products.append(("errors", "bias"))
    if schedule.listed and not plan.feedback.symmetric:
        products.append(("errors", "delta"))
    return {
        "signals": list(SIGNALS[:3]),
        "answers": [("units", "x")],
        "weights": [("errors", "bias")],
        "products": products,
        "factors": [],
        "events": [],
    }[event]


def _of_connections(plan: Plan, event: str, at: Sampling, widths: list[int]) -> Iterator[Record]:
    if event == "factors":
        first, size = plan.graph.output_range.start, factors_of(plan.graph)
        yield Record(event, "synapses", "factors", at, Kind.FACTORS, first, size)
    if event == "events":
        for which, group in enumerate(("units", "errors")):
            yield Record(event, group, "sent", at, Kind.EVENTS, which, 3)
    if event == "products" and plan.schedule.listed:
        yield Record(event, "synapses", "product", at, Kind.PRODUCTS, 0, widths[0])
    snapshots = plan.schedule.snapshots and not plan.plasticity.frozen
    if event == "weights" or (event == "products" and snapshots):
        yield Record(event, "synapses", "w", at, Kind.WEIGHTS, 0, widths[0])
    if event == "weights" and len(widths) > 1:
        yield Record(event, "feedback", "b", at, Kind.WEIGHTS, 1, widths[1])


def read(folder: Path, number: int, record: Record, precision: str) -> NDArray[Any]:
    """The samples (n_samples, size) of a record; one that was cut short is left out.

    Many are left in the file, as an array that is mapped to it, in the type of the record.

    Parameters
    ----------
    folder : Path
        Where the files are.
    number : int
        Number of the record.
    record : Record
        What was recorded.
    precision : str
        Type of the weights.
    """
    path = folder / str(number)
    signals = record.kind in (Kind.SIGNAL, Kind.FACTORS, Kind.EVENTS)
    dtype = np.dtype(np.float64 if signals else precision)
    size = path.stat().st_size if path.exists() else 0
    shape = size // (dtype.itemsize * record.size), record.size
    if size > LARGE:
        return mapped(path, dtype, shape)
    values = np.fromfile(path, dtype=dtype, count=shape[0] * shape[1]) if size else np.zeros(0)
    return values.reshape(shape).astype(np.float64, copy=False)
