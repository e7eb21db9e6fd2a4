"""Stimuli as Brian2 plays them: a signal becomes a Brian2 text with its parameters and tables."""

from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.stimuli import Signal, Sinusoids, Table


class Source:
    """One signal, ready to be read in the equations of a group.

    Parameters
    ----------
    signal : Signal
    name : str
        Prefix of everything that it adds to the group.
    columns : int array (n,)
        Which of the signal's columns each element of the group reads.
    time_step : Quantity
        The clock's step.

    Attributes
    ----------
    equations : str
        Parameters to add to the group's equations.
    namespace : dict
        Tables and numbers that the texts name.
    """

    def __init__(
        self, signal: Signal, name: str, columns: NDArray[np.int64], time_step: b2.Quantity
    ):
        self._signal, self._name = signal, name
        self.namespace: dict[str, Any] = {}
        if isinstance(signal, Sinusoids):
            self._parameters: dict[str, NDArray[Any]] = {
                f"{name}_{part}": getattr(signal, part)[columns]
                for part in ("amplitude", "frequency", "phase")
            }
            self.equations = "\n".join(f"{part} : 1 (constant)" for part in self._parameters)
            return
        self._parameters = {f"{name}_column": columns}
        self.equations = f"{name}_column : integer (constant)"
        self._add_table(name, signal.rows, time_step)
        if signal.blend:
            before = np.concatenate([signal.before[None], signal.rows[:-1]])
            self._add_table(f"{name}_before", before, time_step)
            self.namespace[f"{name}_hold"] = signal.hold
            self.namespace[f"{name}_last"] = len(signal.rows) - 1
            self.namespace[f"{name}_blend"] = float(signal.blend)

    def _add_table(self, name: str, rows: NDArray[np.float64], time_step: b2.Quantity) -> None:
        assert isinstance(self._signal, Table)
        hold = self._signal.hold * time_step
        self.namespace[f"{name}_table"] = b2.TimedArray(rows, dt=hold, name=f"{name}_table")

    def set_parameters(self, group: b2.NeuronGroup) -> None:
        """Give the group the parameters of its equations."""
        for part, values in self._parameters.items():
            setattr(group, part, values)

    def text(self, step: str) -> str:
        """The signal at the whole step that the Brian2 text `step` says, 0 before step 0."""
        return f"int({step} >= 0)*({self._value(step)})"

    def _value(self, step: str) -> str:
        name, signal = self._name, self._signal
        if isinstance(signal, Sinusoids):
            return f"{name}_amplitude*sin({name}_frequency*({step}) + {name}_phase)"
        row = f"{name}_table(({step})*dt, {name}_column)"
        if not signal.blend:
            return row
        before = f"{name}_before_table(({step})*dt, {name}_column)"
        last = f"clip(({step})//{name}_hold, 0, {name}_last)"
        weight = f"clip((({step}) - {name}_hold*{last})/{name}_blend, 0, 1)"
        return f"({before} + ({row} - {before})*{weight})"
