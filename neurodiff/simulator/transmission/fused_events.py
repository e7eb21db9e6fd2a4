"""Event-driven transmission by a kernel, which does whole steps.

It is the same network as `Events` builds; see `neurodiff.simulator.kernels.events`.
"""

from dataclasses import dataclass
from typing import ClassVar

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.plan import Plan
from neurodiff.plan import transmission as planned
from neurodiff.plan.sampling import Sampling
from neurodiff.simulator.kernels.events import EventKernel
from neurodiff.simulator.population_parts import Addition
from neurodiff.simulator.transmission.by_kernel import ByKernel, Values
from neurodiff.simulator.transmission.interface import SampledBy, Transmission, build


@dataclass(frozen=True)
class FusedEvents:
    """Events by a kernel in one network; see `Transmission`.

    Attributes
    ----------
    plan : Plan
        Plan of the run.
    transmission : planned.FusedEvents
        When a value is sent.
    """

    plan: Plan
    transmission: planned.FusedEvents

    #: The kernel records everything.
    sampled_by: ClassVar[SampledBy] = SampledBy(
        (), (), ("signals", "answers", "events", "weights", "products", "factors")
    )
    of_units: ClassVar[Addition] = Addition("", by_kernel=True)
    of_errors: ClassVar[Addition] = Addition("", by_kernel=True)

    def connect(
        self,
        w: np.ndarray,
        units: b2.NeuronGroup,
        errors: b2.NeuronGroup,
        sampling: dict[str, Sampling],
        clock: b2.Clock,
    ) -> "EventSynapses":
        """A kernel that carries x forward and delta backward, and learns.

        Parameters
        ----------
        w : array (n_synapses,)
            Initial weights.
        units : brian2.NeuronGroup
            Group of the units of the network.
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        sampling : dict
            Sampling of all that is recorded, by name; what is missing is not recorded.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        kernel = EventKernel(self.plan, self.transmission, w, units, errors, sampling, clock)
        return EventSynapses(kernel)


@dataclass(frozen=True, eq=False)
class EventSynapses(ByKernel):
    """The synapses of a network with a kernel for events; see `ByKernel`.

    Attributes
    ----------
    kernel : EventKernel
        What holds the weights.
    """

    kernel: EventKernel

    @property
    def objects(self) -> list[b2.core.base.BrianObject]:
        """What has to be in the Brian2 network."""
        return [self.kernel.group]

    def weights(self) -> np.ndarray:
        """Weights (n_synapses,) at the end of the run."""
        return self.kernel.weights()

    def backward_weights(self) -> None:
        """Errors come back through the weights of the synapses."""

    def begun(self, values: Values, step: int, weights: Values) -> Values:
        """With its copies of the weights made anew; see `ByKernel`.

        Parameters
        ----------
        values : mapping
            State of the other run, by ``group.variable``.
        step : int
            Number of its steps.
        weights : mapping
            What it had learned.
        """
        return self.kernel.begun(values, step, weights["w"])

    def event_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How often each unit and each error unit has sent."""
        return self.kernel.event_counts()


@build.register
def _(transmission: planned.FusedEvents, plan: Plan) -> Transmission:
    return FusedEvents(plan, transmission)
