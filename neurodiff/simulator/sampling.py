"""What is recorded, and at which steps.

All sampling goes by the step number of the one clock: clocks of their own would drift against it by
rounding, and could not be limited to a part of the run. A sample is a Brian2 event that every unit
(or synapse) of a group has at the same step.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.simulator.order import Step


@dataclass(frozen=True)
class Sampling:
    """Every so many steps, from `start` (included) to `stop` (not included).

    `only` is a Brian2 condition on the elements that are recorded.
    """

    every: int
    start: int = 0
    stop: int = 2**31 - 1
    only: str = ""

    @property
    def condition(self) -> str:
        """The event's condition, as Brian2 text."""
        now = "timestep(t, dt)"
        when = f"({now} - {self.start}) % {self.every} == 0 and {now} >= {self.start}"
        return " and ".join(filter(None, [self.only, when, f"{now} < {self.stop}"]))

    def steps(self, until: int) -> NDArray[np.int64]:
        """The steps of the samples of a run of `until` steps."""
        return np.arange(self.start, min(self.stop, until), self.every)


def schedule(group: b2.NeuronGroup, events: Iterable[str], moment: Step) -> None:
    """Let these events of the group happen at a moment inside the step."""
    for name in events:
        group.set_event_schedule(name, **moment.when)


def monitor(
    group: b2.NeuronGroup, event: str, variables: list[str], moment: Step
) -> b2.EventMonitor:
    """Monitor that records `variables` just after the event's `moment`."""
    name = f"{group.name}_{event}_monitor"
    return b2.EventMonitor(group, event, variables, name=name, **moment.after().when)


def samples(recorded: b2.EventMonitor, variable: str, width: int) -> NDArray[np.float64]:
    """What was recorded (n_samples, width); a sample that was cut short is left out."""
    values = np.asarray(getattr(recorded, f"{variable}_" if variable == "t" else variable)[:])
    whole = len(values) // width * width
    return values[:whole].reshape(-1, width)
