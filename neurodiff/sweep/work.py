"""What one run of a sweep does, in whatever process or on whatever machine."""

import threading
import warnings
from collections.abc import Mapping
from typing import Any

from neurodiff.exceptions import DivergenceWarning, SimulationError
from neurodiff.simulation import Simulation
from neurodiff.spec import from_mapping
from neurodiff.validation import report_run

#: Brian2 is not made for threads: runs in one process go one after the other.
_ONE_AT_A_TIME = threading.Lock()


def work(model: Mapping[str, Any]) -> dict[str, Any]:
    """Run a model, given by its keys, and compare it with the reference.

    Returns
    -------
    dict
        What `report.json` holds.

    Raises
    ------
    NeurodiffError
        If the model cannot be built or run, or the run was stopped.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        # it is in the report
        warnings.simplefilter("ignore", DivergenceWarning)
        simulation = Simulation(from_mapping(model)).run()
        report = report_run(simulation)
    if not report.complete and report.diverged is None:
        raise SimulationError("the run was stopped before its end")
    return report.to_dict()
