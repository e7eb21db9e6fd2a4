"""Monitors of what the plan says is recorded, at its steps.

Sampling goes by the step number of the one clock. A sample is a Brian2 event that every unit (or
synapse) of a group has at the same step; so it can be limited to a part of the run.
"""

from typing import NamedTuple, Protocol

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.plan.sampling import Answers, Sampling
from neurodiff.simulator.order import Step

#: Condition that a unit has sent in this step; true from `SEND` on.
SENT_NOW = "last_sent == timestep(t, dt)"


def condition(sampling: Sampling, event: str) -> str:
    """The condition of an event, as Brian2 text; its numbers are in `constants`.

    Parameters
    ----------
    sampling : Sampling
        Steps at which something is recorded.
    event : str
        Name of the event.
    """
    now = "timestep(t, dt)"
    conditions = [
        f"({now} - {event}_start) % {event}_every == 0",
        f"{now} >= {event}_start",
        f"{now} < {event}_stop",
    ]
    return " and ".join(filter(None, [sampling.only, *conditions]))


def constants(sampling: Sampling, event: str) -> dict[str, int]:
    """The numbers of `condition`, for the group's namespace.

    Parameters
    ----------
    sampling : Sampling
        Steps at which something is recorded.
    event : str
        Name of the event.
    """
    return {f"{event}_{name}": getattr(sampling, name) for name in ("every", "start", "stop")}


def answer_variable(answers: Answers) -> str:
    """What is recorded of the units as their answers.

    Parameters
    ----------
    answers : Answers
        Steps at which the answers of the outputs are recorded.
    """
    return "x" if answers.over == 1 else "mean_x"


def answer_equations(answers: Answers) -> str:
    """What the units need for that.

    Parameters
    ----------
    answers : Answers
        Steps at which the answers of the outputs are recorded.
    """
    return "" if answers.over == 1 else "mean_x : 1\n"


def averaging(answers: Answers) -> str:
    """Code of the units at every step; nothing where no mean is taken.

    Parameters
    ----------
    answers : Answers
        Steps at which the answers of the outputs are recorded.
    """
    if answers.over == 1:
        return ""
    begins = (answers.start - answers.over + 1) % answers.every
    going_on = f"int(timestep(t, dt) % {answers.every} != {begins})"
    return f"mean_x = {going_on}*mean_x + x/{answers.over}"


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
    group : brian2.NeuronGroup
        Group whose elements are recorded.
    event : str
        Name of the event.
    variables : list of str
        Variables to record.
    moment : Step
        Moment of the step at which the event happens.
    recorded : Step, optional
        When; unless given, just after it happens.

    Returns
    -------
    brian2.EventMonitor
        Monitor of the variables.
    """
    group.set_event_schedule(event, **moment.when)
    name = f"{group.name}_{event}_monitor"
    when = (recorded or moment.after()).when
    return b2.EventMonitor(group, event, variables, name=name, **when)


def samples(recorded: b2.EventMonitor, variable: str, width: int) -> NDArray[np.float64]:
    """What was recorded (n_samples, width); a sample that was cut short is left out.

    Parameters
    ----------
    recorded : brian2.EventMonitor
        Monitor of the samples.
    variable : str
        Name of the variable.
    width : int
        Number of elements of one sample.
    """
    # a copy: Brian2's own memory goes with the monitor
    values = np.array(getattr(recorded, variable)[:])
    whole = len(values) // width * width
    return values[:whole].reshape(-1, width)


class Events(NamedTuple):
    """What elements of a group have sent, in the order of time.

    Attributes
    ----------
    step, element : int arrays (n_events,)
        When, and which.
    value : array (n_events,)
        What was sent.
    """

    step: NDArray[np.int64]
    element: NDArray[np.int64]
    value: NDArray[np.float64]


class Sampled(Protocol):
    """What was recorded of the populations, by monitors or by a kernel."""

    def has(self, event: str, group: str, variable: str) -> bool:
        """Whether something is recorded.

        Parameters
        ----------
        event : str
            Name of the sampling.
        group, variable : str
            What may be recorded.
        """
        ...

    def samples(self, event: str, group: str, variable: str) -> NDArray[np.float64]:
        """What was recorded (n_samples, n).

        Parameters
        ----------
        event : str
            Name of the sampling.
        group, variable : str
            What was recorded.
        """
        ...

    def events(self, group: str) -> Events:
        """What units or error units have sent.

        Parameters
        ----------
        group : str
            `units` or `errors`.
        """
        ...


class Monitors(dict[tuple[str, str], b2.EventMonitor]):
    """Monitors of the populations by group and event; see `Sampled`.

    Parameters
    ----------
    monitors : dict
        Monitors by group and event, e.g. ``("units", "signals")``.
    outputs : int
        Number of outputs, of which alone answers are recorded.
    """

    def __init__(self, monitors: dict[tuple[str, str], b2.EventMonitor], outputs: int):
        super().__init__(monitors)
        self._outputs = outputs

    def has(self, event: str, group: str, variable: str) -> bool:
        """Whether something is recorded.

        Parameters
        ----------
        event : str
            Name of the sampling.
        group, variable : str
            What may be recorded.
        """
        found = self.get((group, event))
        return found is not None and variable in found.record_variables

    def samples(self, event: str, group: str, variable: str) -> NDArray[np.float64]:
        """What was recorded (n_samples, n).

        Parameters
        ----------
        event : str
            Name of the sampling.
        group, variable : str
            What was recorded.
        """
        recorded = self[group, event]
        width = self._outputs if event == "answers" else len(recorded.source)
        return samples(recorded, variable, width)

    def events(self, group: str) -> Events:
        """What units or error units have sent.

        Parameters
        ----------
        group : str
            `units` or `errors`.
        """
        recorded = self[group, "events"]
        return Events(*happened(recorded), np.array(recorded.sent[:]))


def happened(recorded: b2.EventMonitor) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Step and element of each event of a monitor.

    Parameters
    ----------
    recorded : brian2.EventMonitor
        Monitor of events.
    """
    steps = np.rint(np.array(recorded.t[:]) / float(recorded.source.clock.dt))
    return steps.astype(np.int64), np.array(recorded.i[:], dtype=np.int64)
