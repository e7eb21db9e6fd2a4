"""All that is reported of one run: the gradient, the task, the events, the timing."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from neurodiff.exceptions import FixedPointError, SimulationError
from neurodiff.results.event_counts import EventCounts
from neurodiff.results.recording import is_complete
from neurodiff.results.timing import Timing
from neurodiff.simulation import Simulation
from neurodiff.validation.case import Case, case_of
from neurodiff.validation.cautions import cautions
from neurodiff.validation.gradient import validate_case
from neurodiff.validation.loss import LossReport, compare_loss
from neurodiff.validation.report import GradientReport
from neurodiff.validation.task import TaskReport, compare_case
from neurodiff.validation.threads import threads_of

T = TypeVar("T")

#: Why a run is not compared with a reference that its model does not have.
NOT_ASKED = "not validated: the model says `validation: none`"


@dataclass(frozen=True)
class RunReport:
    """What `report.json` and ``neurodiff validate --json`` hold.

    `gradient` is None for a run that stopped before its first sample, and where there is no fixed
    point to compare with: `why` says so. `task` is None where no labelled frames were learned,
    `loss` where nothing else was, or no signals were recorded, `events` with graded transmission,
    `diverged` where nothing diverged. `cautions` are sentences on what makes the verdict say less
    than it seems to.

    Attributes
    ----------
    gradient : GradientReport or None
        Comparison of the local products with the reference.
    task : TaskReport or None
        How well labelled frames were learned.
    loss : LossReport or None
        Loss before and after learning.
    events : EventCounts or None
        How many events or spikes were sent.
    timing : Timing
        Duration of the run in seconds.
    complete : bool
        Whether the run came to its end.
    why : str or None
        Why nothing was compared.
    diverged : str or None
        Where and when the run diverged.
    cautions : tuple of str
        Sentences on what limits the verdict.
    """

    gradient: GradientReport | None
    task: TaskReport | None
    loss: LossReport | None
    events: EventCounts | None
    timing: Timing
    complete: bool
    why: str | None = None
    diverged: str | None = None
    cautions: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the run is complete and its products meet the model's bounds."""
        return self.complete and self.gradient is not None and self.gradient.passed

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON holds it."""
        gradient = self.gradient.to_dict() if self.gradient else {}
        task = {"task": asdict(self.task)} if self.task else {}
        loss = {"loss": self.loss.to_dict()} if self.loss else {}
        events = {"events": asdict(self.events)} if self.events else {}
        return {
            **gradient,
            "passed": self.passed,
            **({} if gradient else {"verdict": "not validated"}),
            **task,
            **loss,
            **events,
            **({"why": self.why} if self.why else {}),
            **({"diverged": self.diverged} if self.diverged else {}),
            **({"cautions": list(self.cautions)} if self.cautions else {}),
            "timing": self.timing.to_dict(),
            "complete": self.complete,
        }

    def summary(self) -> str:
        """The report as text: the task, the gradient, and what else there is to say."""
        parts = [self.task.summary()] if self.task else []
        parts += [self.gradient.summary()] if self.gradient else []
        parts += [self.why] if self.why else []
        parts += [part.summary() for part in (self.loss, self.events) if part is not None]
        notes = [f"note: {text}" for text in (*self._unfinished(), *self.cautions)]
        parts += ["\n".join(notes)] if notes else []
        return "\n\n".join(parts) or "nothing to report: the run stopped before its first sample"

    def _unfinished(self) -> Iterator[str]:
        """That a verdict is of a part of the run."""
        if self.gradient is not None and not self.complete:
            yield (
                f"the run ended early, after {self.timing.steps} steps: the verdict is about "
                "these, and the run does not count as passed"
            )


def report_run(simulation: Simulation, *, whole: bool = False) -> RunReport:
    """Validate a simulation that has run, and compare its task with backprop.

    Ctrl-C leaves out what was not done yet; the run itself is not lost. Where the files that the
    run read have changed since, nothing is compared, and `why` says so.

    Parameters
    ----------
    simulation : Simulation
        One that has run.
    whole : bool
        Leave out nothing: Ctrl-C raises KeyboardInterrupt.
    """
    try:
        case = case_of(simulation)
    except SimulationError as error:
        return not_compared(simulation, str(error))
    asked = case.model.reference != "none"
    why = None if asked else NOT_ASKED
    try:
        gradient = _unless_stopped(validate_case, case, whole) if asked else None
    except FixedPointError as error:
        gradient, why = None, str(error)
    with threads_of(case.model):
        task = _unless_stopped(compare_case, case, whole)
    return RunReport(
        gradient=gradient,
        task=task,
        loss=gradient.loss if gradient else compare_loss(case),
        events=simulation.events,
        timing=simulation.timing,
        complete=is_complete(simulation.recording),
        why=why,
        diverged=simulation.divergence,
        cautions=cautions(case, gradient),
    )


def not_compared(simulation: Simulation, why: str) -> RunReport:
    """The report of a run that was not compared with the reference, and why.

    Parameters
    ----------
    simulation : Simulation
        Simulation that has run.
    why : str
        Why the run was not compared.
    """
    return RunReport(
        gradient=None,
        task=None,
        loss=None,
        events=simulation.events,
        timing=simulation.timing,
        complete=is_complete(simulation.recording),
        why=why,
        diverged=simulation.divergence,
    )


def _unless_stopped(report: Callable[[Case], T], case: Case, whole: bool) -> T | None:
    """None where there is nothing to report, or where the user has no patience for it."""
    try:
        return report(case)
    except SimulationError:
        return None
    except KeyboardInterrupt:
        if whole:
            raise
        return None
