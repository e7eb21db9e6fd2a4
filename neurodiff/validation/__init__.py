"""The one room in which the simulation and the reference meet."""

from neurodiff.validation.gradient import validate
from neurodiff.validation.report import GradientReport, LayerReport
from neurodiff.validation.task import TaskReport, compare_task

__all__ = ["GradientReport", "LayerReport", "TaskReport", "compare_task", "validate"]
