"""Names of the variables that the result of a sweep may have."""

from dataclasses import fields

from neurodiff.results.event_counts import EventCounts
from neurodiff.validation.loss import LossReport
from neurodiff.validation.report import LayerReport
from neurodiff.validation.task import TaskReport
from neurodiff.validation.weight_transport import Transport

#: Parts of a report whose numbers get their name in front; times are no results.
PARTS = {"total": LayerReport, "task": TaskReport, "loss": LossReport, "events": EventCounts}


def front(part: str) -> str:
    """What stands in front of the names of a part's numbers.

    Parameters
    ----------
    part : str
        Name of the part of the report.
    """
    return "" if part == "task" else f"{part}_"


def result_names() -> set[str]:
    """All of them, whatever the runs report."""
    of_layers = {part.name for kind in (LayerReport, Transport) for part in fields(kind)}
    of_parts = {front(name) + part.name for name, kind in PARTS.items() for part in fields(kind)}
    return {"error", "passed", "layer", "seed"} | of_layers | of_parts
