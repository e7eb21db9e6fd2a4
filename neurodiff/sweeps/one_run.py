"""What one run of a sweep does, in whatever process or on whatever machine.

It imports what it needs when it is called: the scheduler of a Dask cluster looks at it, too.
"""

import threading
import warnings
from collections.abc import Mapping
from typing import Any

from neurodiff.exceptions import DivergenceWarning, MachineError, SimulationError

#: Brian2 is not made for threads: runs in one process go one after the other.
_ONE_AT_A_TIME = threading.Lock()


class Stopped(SimulationError):
    """A run that was stopped before its end: neither a result nor a failure."""


def work(model: Mapping[str, Any]) -> dict[str, Any]:
    """Run a model, given by its keys, and compare it with the reference.

    Whatever goes wrong with the model is a result. An exception says something of the process, the
    machine or the cluster, and nothing of the model. Arithmetic is done on one core, so that the
    bits are the same in any process.

    Parameters
    ----------
    model : Model
        Model, checked.

    Returns
    -------
    dict
        `error`, a text or None; `report`, what `report.json` holds, where there is one; `warnings`,
        texts; `versions` of Python and the packages that results depend on.

    Raises
    ------
    MachineError
        If there is not enough memory, or no compiler.
    Stopped
        If the run was stopped.
    """
    from threadpoolctl import threadpool_limits

    from neurodiff.results.recording import versions

    with _ONE_AT_A_TIME, threadpool_limits(1), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        # it is in the report
        warnings.simplefilter("ignore", DivergenceWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        came_to = _come_to(model)
    texts = [str(warning.message) for warning in said]
    return {**came_to, "warnings": list(dict.fromkeys(texts)), "versions": versions()["versions"]}


def _come_to(model: Mapping[str, Any]) -> dict[str, Any]:
    """The report of a run, or the error that it ended with."""
    from neurodiff.model_file import from_mapping
    from neurodiff.simulation import Simulation
    from neurodiff.validation import report_run

    try:
        report = report_run(Simulation(from_mapping(model)).run(), whole=True)
    except MachineError:
        raise
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    if not report.complete and report.diverged is None:
        raise Stopped("the run was stopped before its end")
    return {"error": report.diverged, "report": report.to_dict()}
