"""What the ways in which waves travel have in common: graded values at every step, or events."""

from collections.abc import Mapping
from functools import singledispatch
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import UnknownKindError
from neurodiff.plan import Plan
from neurodiff.plan import transmission as planned
from neurodiff.plan.sampling import Sampling
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.population_parts import Addition
from neurodiff.simulator.sampling import Monitors, Sampled


class Connections(Protocol):
    """The connections of a network: what travels through them, and how they learn."""

    @property
    def spike_monitors(self) -> Mapping[str, b2.EventMonitor]:
        """What records the spikes, by group of neurons; empty where nothing fires."""
        ...

    @property
    def firing(self) -> Mapping[str, b2.NeuronGroup]:
        """The groups of neurons that fire, by name; each has `unit`, `fired` and `too_fast`."""
        ...

    def keep_in(self, folder: Path) -> None:
        """Have samples that are not kept by monitors appended to files in a folder.

        Parameters
        ----------
        folder : Path
            Folder for samples, which is there until they have been read.
        """
        ...

    @property
    def initial(self) -> Mapping[ArrayVariable, NDArray[Any]]:
        """Arrays to be filled before the first step, besides what Brian2 itself knows."""
        ...

    @property
    def objects(self) -> list[b2.core.base.BrianObject]:
        """What has to be in the Brian2 network."""
        ...

    def weights(self) -> NDArray[np.float64]:
        """Weights (n_synapses,) at the end of the run, in the order of the graph."""
        ...

    def recorded(self, sampling: str, variable: str) -> NDArray[np.float64]:
        """Samples (n_samples, n_synapses) of `w` or `product`, in the order of the graph.

        Parameters
        ----------
        sampling : str
            `weights` or `products`.
        variable : str
            Name of the variable: `w` or `product`.
        """
        ...

    def backward_weights(self) -> NDArray[np.float64] | None:
        """Weights (n_samples + 1, n_backward) of the backward connections, where they have any.

        Sampled like `w`, or at least at the start; the last are those at the end of the run. None
        with symmetric feedback.
        """
        ...

    def sampled_of(self, monitors: Monitors) -> Sampled:
        """What records the populations.

        Parameters
        ----------
        monitors : Monitors
            Monitors of the populations, where there are any.
        """
        ...

    def begun(
        self, values: Mapping[str, NDArray[Any]], step: int, weights: Mapping[str, NDArray[Any]]
    ) -> Mapping[str, NDArray[Any]]:
        """The state of another run after some steps as that in which this network begins.

        Parameters
        ----------
        values : mapping
            State of the other run, by ``group.variable``.
        step : int
            Number of its steps.
        weights : mapping
            What it had learned: `w` and, where there are any, backward weights `b`.
        """
        ...

    def event_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """How often each unit and each error unit has sent; None where nothing is counted."""
        ...


class SampledBy(NamedTuple):
    """Which samplings are done by monitors of the populations, and which with the synapses.

    Attributes
    ----------
    units, errors, synapses : tuple of str
        Names of samplings.
    """

    units: tuple[str, ...]
    errors: tuple[str, ...]
    synapses: tuple[str, ...]


#: Monitors of Brian2 record both populations.
BY_MONITORS = SampledBy(
    units=("signals", "answers", "events"),
    errors=("signals", "weights", "products", "events"),
    synapses=("weights", "products"),
)


class Transmission(Protocol):
    """A way in which waves travel, ready to be put into a network.

    Attributes
    ----------
    sampled_by : SampledBy
        Who records what.
    """

    @property
    def sampled_by(self) -> SampledBy: ...  # noqa: D102

    @property
    def of_units(self) -> Addition:
        """What it adds to the units; `drive` is among it."""
        ...

    @property
    def of_errors(self) -> Addition:
        """What it adds to the error units; `feedback` is among it."""
        ...

    def connect(
        self,
        w: NDArray[np.float64],
        units: b2.NeuronGroup,
        errors: b2.NeuronGroup,
        sampling: dict[str, Sampling],
        clock: b2.Clock,
    ) -> Connections:
        """Connect the populations; `w` (n_synapses,) are the weights at the start.

        Parameters
        ----------
        w : array (n_synapses,)
            Weight of each synapse.
        units : brian2.NeuronGroup
            Group of the units of the network.
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        sampling : dict
            Sampling of the weights and of the local products, by name; what is missing is not
            recorded.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        ...


@singledispatch
def build(transmission: planned.Transmission, plan: Plan) -> Transmission:
    """The class that makes Brian2 code of a transmission.

    Parameters
    ----------
    transmission : neurodiff.plan.transmission.Transmission
        Transmission of the plan.
    plan : Plan
        Plan of the run.

    Raises
    ------
    ModelError
        If the plan has a learning rule that this transmission does not go with.
    UnknownKindError
        If nothing is registered for the type of `transmission`.
    """
    raise UnknownKindError("neurodiff.simulator.transmission.build", transmission)
