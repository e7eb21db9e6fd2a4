"""All that is reported of one run: the gradient, the task, the timing."""

from dataclasses import asdict, dataclass
from typing import Any

from neurodiff.exceptions import SimulationError
from neurodiff.simulation import Simulation, Timing
from neurodiff.validation.gradient import validate
from neurodiff.validation.report import GradientReport
from neurodiff.validation.task import TaskReport, compare_task


@dataclass(frozen=True)
class RunReport:
    """What `report.json` and ``neurodiff validate --json`` hold.

    `gradient` is None for a run that stopped before its first sample, `task` where no labelled
    frames were learned.
    """

    gradient: GradientReport | None
    task: TaskReport | None
    timing: Timing
    complete: bool

    @property
    def passed(self) -> bool:
        """Whether the run is complete and its products meet the model's bounds."""
        return self.complete and self.gradient is not None and self.gradient.passed

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON holds it."""
        gradient = self.gradient.to_dict() if self.gradient else {}
        task = {"task": asdict(self.task)} if self.task else {}
        return {
            **gradient,
            "passed": self.passed,
            **task,
            "timing": asdict(self.timing),
            "complete": self.complete,
        }

    def summary(self) -> str:
        """The report as text."""
        parts = [part.summary() for part in (self.gradient, self.task) if part is not None]
        return "\n\n".join(parts)


def report_run(simulation: Simulation) -> RunReport:
    """Validate a simulation that has run, and compare its task with backprop."""
    try:
        gradient = validate(simulation)
    except SimulationError:
        gradient = None
    return RunReport(
        gradient=gradient,
        task=compare_task(simulation),
        timing=simulation.timing,
        complete=simulation.recording.attrs["complete"] == "true",
    )
