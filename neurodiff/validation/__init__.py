"""The one room in which the simulation and the reference meet."""

from neurodiff.validation.gradient import validate
from neurodiff.validation.report import GradientReport, LayerReport
from neurodiff.validation.run_report import RunReport, not_compared, report_run
from neurodiff.validation.task import TaskReport, compare_task

__all__ = [
    "GradientReport",
    "LayerReport",
    "RunReport",
    "TaskReport",
    "compare_task",
    "not_compared",
    "report_run",
    "validate",
]
