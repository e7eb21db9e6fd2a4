"""The Brian2 group that holds the arrays of a kernel, and calls it."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.plan import Plan
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.kernels.records import Record, read
from neurodiff.simulator.kernels.sources import Text, function
from neurodiff.simulator.order import Step
from neurodiff.simulator.sampling import Events

#: Longest path of a folder.
_PATH = 4096


class KernelGroup(ABC):
    """Arrays that a kernel works on, and what it records.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    clock : brian2.Clock
        Clock of the run.
    records : list of Record
        All that is recorded.
    precision : str
        Type of the weights in files.

    Attributes
    ----------
    group : brian2.NeuronGroup
        One element; its `passed` is the last step.
    records : list of Record
        All that is recorded.
    folder : Path or None
        Where samples are appended to files; it has to be there before the first step.
    sources : Text
        Its C++.
    """

    sources: Text

    def __init__(self, plan: Plan, clock: b2.Clock, records: list[Record], precision: str):
        self.plan, self.records, self._precision = plan, records, precision
        self.group = b2.NeuronGroup(1, "passed : 1", name="kernel", clock=clock)
        self.group.passed = -1
        self.folder: Path | None = None

    @property
    def initial(self) -> dict[ArrayVariable, NDArray[Any]]:
        """What arrays hold before the first step: here the path of the folder."""
        text = np.frombuffer(str(self.folder or "").encode(), dtype=np.int8)
        return {self.group.variables["folder"]: np.pad(text, (0, _PATH - len(text)))}

    @abstractmethod
    def call(self, called: str, step: Any) -> Any:
        """What the C++ does, in Python; see `sources.Owner`.

        Parameters
        ----------
        called : str
            Function of the C++.
        step : int or array (1,)
            Time step.
        """

    @abstractmethod
    def _values(self, record: Record, step: int) -> NDArray[Any]:
        """What a record keeps in a step."""

    def _have_called(self, called: str, moment: Step) -> None:
        name = f"neurodiff_{called}"
        self.group.namespace[name] = function(called, self)
        code = f"passed = {name}(timestep(t, dt))"
        self.group.run_regularly(code, name=f"{called}_kernel", **moment.when)

    def _array(self, name: str, dtype: Any, size: int, values: Any = None) -> ArrayVariable:
        self.group.variables.add_array(
            name, size=size, dtype=dtype, values=values, constant=values is not None
        )
        return self.group.variables[name]

    def _record_tables(self) -> dict[str, tuple[Any, Any]]:
        """Types and values of the arrays that say what is recorded."""
        return {
            # an empty table has no place in compiled code
            "records": (np.int64, [n for record in self.records for n in record.numbers()] or [0]),
            "folder": (np.int8, np.zeros(_PATH, dtype=np.int8)),
        }

    def _keep(self, step: Any) -> Any:
        """Append what is due in this step to its file; see `keep` of the C++."""
        now = int(np.asarray(step).flat[0])
        for number, record in enumerate(self.records):
            if record.due(now):
                assert self.folder is not None
                with (self.folder / str(number)).open("ab") as file:
                    self._values(record, now).tofile(file)
        return step

    def has(self, event: str, group: str, variable: str) -> bool:
        """Whether something is recorded.

        Parameters
        ----------
        event : str
            Name of the sampling.
        group, variable : str
            What may be recorded.
        """
        return any(record[:3] == (event, group, variable) for record in self.records)

    def samples(self, event: str, group: str, variable: str) -> NDArray[np.float64]:
        """What was recorded (n_samples, n); as answers, that of outputs, in the order of units.

        Parameters
        ----------
        event : str
            Name of the sampling.
        group, variable : str
            What was recorded.
        """
        wanted = event, group, variable
        number = next(k for k, record in enumerate(self.records) if record[:3] == wanted)
        assert self.folder is not None
        values = read(self.folder, number, self.records[number], self._precision)
        return values[:, np.sort(self.plan.graph.outputs)] if event == "answers" else values

    def events(self, group: str) -> Events:
        """What units or error units have sent.

        Parameters
        ----------
        group : str
            `units` or `errors`.
        """
        step, element, value = self.samples("events", group, "sent").T
        return Events(step.astype(np.int64), element.astype(np.int64), np.array(value))
