"""Delays on continuous signals: the recent past of a group, read by synapses at their own lag.

Brian2 delays spikes, not values. Here a group's history is a NeuronGroup of its own, a ring buffer
that other groups read and write through links whose index changes in time. Only this module knows
how.

The buffer has one row per time step and one column per unit. Each value is written twice, `length`
rows apart, so that the row ``length - lag`` below the current one never wraps around: a read costs
an addition and no division.
"""

from collections.abc import Mapping
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.simulator.order import ADVANCE, REMEMBER

#: Equations of a group whose variable has a `History`.
WRITER = """
first_place : integer
second_place : integer
first_copy : 1 (linked)
second_copy : 1 (linked)
"""

#: Equations of a group that reads a `History`: `arrived` is the value sent `lag` steps ago.
READER = """
place_offset : integer (constant)
place : integer
arrived : 1 (linked)
"""


class Past:
    """The last `longest_lag` steps of a group of n units, for others to read; 0 before step 0.

    Something else has to write them: `History` does in Brian2 code, the kernels do in their own.

    Parameters
    ----------
    group : NeuronGroup
        Group whose past it is.
    longest_lag : int
        In steps, at least 1.
    clock : brian2.Clock
        Clock of the run.

    Attributes
    ----------
    buffer : brian2.NeuronGroup
        Its `value` holds all rows, twice.
    length : int
        Number of rows.
    """

    def __init__(self, group: b2.NeuronGroup, longest_lag: int, clock: b2.Clock):
        self._n, self.length = len(group), longest_lag + 1
        self._prefix = f"{group.name}_history"
        self.buffer = b2.NeuronGroup(
            2 * self.length * self._n, "value : 1", name=self._prefix, clock=clock
        )

    @property
    def _row(self) -> str:
        """Start of the current row, as Brian2 text.

        Its numbers have names, so that networks of other sizes share the compiled code.
        """
        return f"{self._prefix}_width*(timestep(t, dt) % {self._prefix}_length)"

    def _name_constants(self, group: b2.Group) -> None:
        group.namespace[f"{self._prefix}_width"] = self._n
        group.namespace[f"{self._prefix}_length"] = self.length

    def places(self, units: NDArray[np.int64], lags: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the values of some units some steps ago are, from the current row on.

        Parameters
        ----------
        units, lags : int arrays (n,)
            Which unit, and how many steps ago: 1 to the longest lag.

        Raises
        ------
        ValueError
            If a lag is out of range.
        """
        if len(lags) and not 1 <= lags.min() <= lags.max() < self.length:
            raise ValueError(
                f"lags from {lags.min()} to {lags.max()} steps do not fit a history of "
                f"{self.length - 1}: delays are at least one time step"
            )
        return (self.length - lags) * self._n + units

    def connect(self, reader: b2.Group, units: NDArray[np.int64], lags: NDArray[np.int64]) -> None:
        """Let each element of `reader` read one unit at its own lag.

        Parameters
        ----------
        reader : NeuronGroup or Synapses
            Its equations include `READER`; ``arrived`` becomes the delayed value.
        units, lags : int arrays (len(reader),)
            Which unit, and how many steps ago: 1 to the longest lag. Links are not checked when
            they are read, so they are here.

        Raises
        ------
        ValueError
            If a lag is out of range.
        """
        reader.place_offset = self.places(units, lags)
        reader.arrived = b2.linked_var(self.buffer, "value", index="place")
        self._name_constants(reader)
        reader.run_regularly(
            f"place = place_offset + {self._row}", name=f"{reader.name}_read_place", **ADVANCE.when
        )


class History(Past):
    """The last `longest_lag` steps of one variable of a group of n units; 0 before step 0.

    Parameters
    ----------
    group : NeuronGroup
        Its equations include `WRITER`.
    variable : str
        Name of the variable that is remembered.
    longest_lag : int
        In steps, at least 1.
    clock : brian2.Clock
        Clock of the run.
    """

    def __init__(self, group: b2.NeuronGroup, variable: str, longest_lag: int, clock: b2.Clock):
        super().__init__(group, longest_lag, clock)
        group.first_copy = b2.linked_var(self.buffer, "value", index="first_place")
        group.second_copy = b2.linked_var(self.buffer, "value", index="second_place")
        self._name_constants(group)
        group.run_regularly(
            f"first_place = i + {self._row}\n"
            f"second_place = i + {self._row} + {self._prefix}_width*{self._prefix}_length",
            name=f"{group.name}_write_place",
            **ADVANCE.when,
        )
        for copy in ("first", "second"):
            name = f"{group.name}_remember_{copy}"
            group.run_regularly(f"{copy}_copy = {variable}", name=name, **REMEMBER.when)


#: The past of each wave, and whose it is: names of variables.
_PASTS = {"units_history.value": "units.x", "errors_history.value": "errors.delta"}


def at_step_0(values: Mapping[str, NDArray[Any]], step: int) -> dict[str, NDArray[Any]]:
    """The state of a run after some steps as that of another run, which begins where it has ended.

    The past of both waves is kept by the number of the step, so it is turned: what was sent in the
    last step stands before step 0.

    Parameters
    ----------
    values : mapping
        State, by ``group.variable``.
    step : int
        Number of steps that were done.
    """
    turned_pasts = {
        past: turned(values[past], values[source], step) for past, source in _PASTS.items()
    }
    return {**values, **turned_pasts}


def turned(past: NDArray[Any], last: NDArray[Any], step: int) -> NDArray[Any]:
    """The past of a group after some steps, as it has to be for a run that goes on with step 0.

    Parameters
    ----------
    past : array (2 * length * n,)
        Values of the buffer.
    last : array (n,)
        What was sent in the last step, which need not be in the buffer yet.
    step : int
        Number of steps that were done.
    """
    rows = past.reshape(2, -1, len(last)).copy()
    if step:
        rows[:, (step - 1) % rows.shape[1]] = last
    return np.roll(rows, -step, axis=1).ravel()


def turned_rows(values: NDArray[Any], length: int, step: int) -> NDArray[Any]:
    """A ring buffer after some steps, as it has to be for a run that goes on with step 0.

    Parameters
    ----------
    values : array (length * n,)
        Its rows, each of the steps whose number divided by `length` leaves the number of the row.
    length : int
        Number of rows.
    step : int
        Number of steps that were done.
    """
    return np.roll(values.reshape(length, -1), -step, axis=0).ravel()
