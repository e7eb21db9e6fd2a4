"""How fast this machine runs a network: as `neurodiff calibrate` measured, else a typical one."""

import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_cache_path


class Speed(NamedTuple):
    """Seconds of one kind of machine code.

    Attributes
    ----------
    start : float
        To the first step, where something has to be compiled.
    step : float
        Per step, whatever the network.
    unit, synapse : float
        Per unit and step, and per synapse and step; with events, per synapse that is reached.
    """

    start: float
    step: float
    unit: float
    synapse: float

    def of_step(self, units: int, synapses: float) -> float:
        """Seconds of a step in which so many units and synapses have work.

        Parameters
        ----------
        units : int
            Number of units.
        synapses : float
            Number of synapses, with events of those that are reached.
        """
        return self.step + self.unit * units + self.synapse * synapses


#: Speeds by engine and backend. They choose a backend and tell a user what to expect; nothing else
#: depends on them.
Speeds = dict[str, dict[str, Speed]]

#: A machine with 2 cores of 2.5 GHz. `fused_events` are events by a kernel; `events` those of the
#: native network, and the spikes of a unit in a step.
TYPICAL: Speeds = {
    "fused": {
        "numpy": Speed(0.5, 3e-4, 1e-7, 1.6e-9),
        "cython": Speed(40.0, 8e-5, 5e-8, 6e-10),
        "cpp_standalone": Speed(8.0, 1e-6, 3e-8, 6e-10),
    },
    "native": {
        "numpy": Speed(0.5, 3e-4, 0.0, 1.2e-7),
        "cython": Speed(40.0, 1.5e-4, 0.0, 1.2e-8),
        "cpp_standalone": Speed(20.0, 1e-5, 0.0, 8e-9),
    },
    "fused_events": {
        "numpy": Speed(0.5, 4e-4, 3e-7, 5e-9),
        "cython": Speed(30.0, 1e-4, 4e-9, 6e-10),
        "cpp_standalone": Speed(7.0, 1e-6, 4e-9, 6e-10),
    },
    "events": {
        "numpy": Speed(1.0, 2e-3, 0.0, 2e-7),
        "cython": Speed(90.0, 3e-4, 0.0, 1.5e-8),
        "cpp_standalone": Speed(25.0, 2e-5, 0.0, 1.2e-8),
    },
}


def path() -> Path:
    """Where the speeds of this machine are kept."""
    return user_cache_path("neurodiff", appauthor=False) / "speeds.json"


@cache
def speeds() -> Speeds:
    """Those of this machine, where they were measured; else typical ones."""
    found = {engine: dict(backends) for engine, backends in TYPICAL.items()}
    # what is damaged is as if it were not there: nothing but an estimate depends on it
    with suppress(OSError, ValueError, TypeError, AttributeError):
        for engine, backends in json.loads(path().read_text()).items():
            for backend, numbers in backends.items():
                found[engine][backend] = Speed(*(float(number) for number in numbers))
    return found


def event_speeds(engine: str) -> dict[str, Speed]:
    """Those of events, by backend.

    Parameters
    ----------
    engine : str
        What moves the weights: `native` or `fused`.
    """
    return speeds()[{"native": "events", "fused": "fused_events"}[engine]]


def keep(measured: Speeds) -> None:
    """Keep the speeds of this machine.

    Parameters
    ----------
    measured : dict
        Speeds by engine and backend.
    """
    place = path()
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_suffix(".new")
    beside.write_text(json.dumps(measured, indent=1))
    beside.replace(place)
    speeds.cache_clear()
