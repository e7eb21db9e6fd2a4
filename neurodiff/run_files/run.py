"""What is kept of a run in its folder."""

from typing import Any, Protocol

import xarray as xr

from neurodiff.model_file import Model
from neurodiff.plan import Plan
from neurodiff.results.timing import Timing
from neurodiff.simulator.state import State


class Run(Protocol):
    """A simulation that has run, or runs; see `neurodiff.Simulation`."""

    @property
    def model(self) -> Model:
        """What was asked for."""
        ...

    @property
    def plan(self) -> Plan:
        """All that was decided of it."""
        ...

    @property
    def recording(self) -> xr.Dataset:
        """What was recorded."""
        ...

    @property
    def state(self) -> State | None:
        """State after the last step."""
        ...

    @property
    def timing(self) -> Timing:
        """How long it took."""
        ...

    @property
    def divergence(self) -> str | None:
        """Where and when it diverged."""
        ...

    @property
    def identity(self) -> dict[str, Any]:
        """What has to be the same of a run that goes on with this one."""
        ...
