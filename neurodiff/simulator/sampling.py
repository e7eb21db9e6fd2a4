"""What is recorded, and at which steps.

Sampling goes by the step number of the one clock. A sample is a Brian2 event that every unit (or
synapse) of a group has at the same step; so it can be limited to a part of the run.
"""

from dataclasses import dataclass

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.simulator.order import Step


@dataclass(frozen=True)
class Sampling:
    """Every so many steps, from `start` (included) to `stop` (not included).

    Unless given, `stop` is beyond the last step that any run can have.
    `only` is a Brian2 condition on the elements that are recorded.
    """

    every: int
    start: int = 0
    stop: int = 2**31 - 1
    only: str = ""

    def condition(self, event: str) -> str:
        """The event's condition, as Brian2 text; its numbers are in `constants`."""
        now = "timestep(t, dt)"
        conditions = [
            f"({now} - {event}_start) % {event}_every == 0",
            f"{now} >= {event}_start",
            f"{now} < {event}_stop",
        ]
        return " and ".join(filter(None, [self.only, *conditions]))

    def constants(self, event: str) -> dict[str, int]:
        """The numbers of `condition`, for the group's namespace."""
        return {f"{event}_{name}": getattr(self, name) for name in ("every", "start", "stop")}

    def count(self, until: int) -> int:
        """How many samples a run of `until` steps has."""
        return len(range(self.start, min(self.stop, until), self.every))

    def steps(self, until: int) -> NDArray[np.int64]:
        """The steps of the samples of a run of `until` steps."""
        return np.arange(self.start, min(self.stop, until), self.every)


@dataclass(frozen=True)
class Answers(Sampling):
    """When outputs are asked for their answers: at each sample, for their mean over `over` steps.

    The sample is the last of these steps.
    """

    over: int = 1

    @property
    def variable(self) -> str:
        """What is recorded of the units."""
        return "x" if self.over == 1 else "mean_x"

    @property
    def equations(self) -> str:
        """What the units need for that."""
        return "" if self.over == 1 else "mean_x : 1\n"

    @property
    def averaging(self) -> str:
        """Code of the units at every step; nothing where no mean is taken."""
        if self.over == 1:
            return ""
        begins = (self.start - self.over + 1) % self.every
        going_on = f"int(timestep(t, dt) % {self.every} != {begins})"
        return f"mean_x = {going_on}*mean_x + x/{self.over}"


def monitor(
    group: b2.NeuronGroup,
    event: str,
    variables: list[str],
    moment: Step,
    recorded: Step | None = None,
) -> b2.EventMonitor:
    """Let an event of the group happen at a moment inside the step, and record it.

    Parameters
    ----------
    recorded : Step, optional
        When; unless given, just after it happens.
    """
    group.set_event_schedule(event, **moment.when)
    name = f"{group.name}_{event}_monitor"
    when = (recorded or moment.after()).when
    return b2.EventMonitor(group, event, variables, name=name, **when)


def samples(recorded: b2.EventMonitor, variable: str, width: int) -> NDArray[np.float64]:
    """What was recorded (n_samples, width); a sample that was cut short is left out."""
    # a copy: Brian2's own memory goes with the monitor
    values = np.array(getattr(recorded, variable)[:])
    whole = len(values) // width * width
    return values[:whole].reshape(-1, width)
