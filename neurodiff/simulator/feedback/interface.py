"""Where the weights come from by which errors come back, in Brian2 code."""

from functools import singledispatch
from typing import ClassVar, NamedTuple, Protocol

import brian2 as b2

from neurodiff.exceptions import UnknownKindError
from neurodiff.network.graph import Graph
from neurodiff.plan import feedback as planned
from neurodiff.simulator.alignment import Alignment
from neurodiff.simulator.history import History
from neurodiff.simulator.plasticity import Plasticity
from neurodiff.simulator.population_parts import Addition

Objects = list[b2.core.base.BrianObject]


class LocalState(NamedTuple):
    """What backward weights may know: the store of the synapses, both populations, their past.

    Attributes
    ----------
    store, units, errors : brian2.NeuronGroup
        Groups of the synapses, of the units, and of the error units.
    activity, error : History
        Past of the activities and of the errors.
    """

    store: b2.NeuronGroup
    units: b2.NeuronGroup
    errors: b2.NeuronGroup
    activity: History
    error: History


class Feedback(Protocol):
    """Where the weights of the backward connections come from.

    Attributes
    ----------
    equations : str
        What it adds to each element of their store.
    own_store : bool
        Whether there is a store of backward weights; else those of the synapses are taken.
    """

    @property
    def equations(self) -> str: ...  # noqa: D102

    @property
    def own_store(self) -> bool: ...  # noqa: D102

    def of_units(self) -> Addition:
        """What it adds to the units."""
        ...

    def of_errors(self, meets: Alignment) -> Addition:
        """What it adds to the error units, besides what the alignment does.

        Parameters
        ----------
        meets : Alignment
            Alignment that decides which activity meets an error.
        """
        ...

    def train(self, own: b2.NeuronGroup, local: LocalState, clock: b2.Clock) -> Objects:
        """Let the `b` of the store `own` change, and return the objects that are new.

        Parameters
        ----------
        own : brian2.NeuronGroup
            Group with one element for each backward connection, which holds its weight `b`.
        local : LocalState
            Groups, and their past, that backward weights may read.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        ...


class Untrained:
    """What a rule is that trains nothing, and adds nothing to the populations."""

    equations: ClassVar[str] = ""
    own_store: ClassVar[bool] = True

    def of_units(self) -> Addition:
        """Nothing."""
        return Addition("")

    def of_errors(self, meets: Alignment) -> Addition:
        """What the alignment adds.

        Parameters
        ----------
        meets : Alignment
            Alignment that decides which activity meets an error.
        """
        return Addition(meets.of_errors, aligns_slope=meets.slope)

    def train(self, own: b2.NeuronGroup, local: LocalState, clock: b2.Clock) -> Objects:
        """Nothing changes.

        Parameters
        ----------
        own : brian2.NeuronGroup
            Group with one element for each backward connection, which holds its weight `b`.
        local : LocalState
            Groups, and their past, that backward weights may read.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        return []


@singledispatch
def build(feedback: planned.Feedback, graph: Graph, rule: Plasticity) -> Feedback:
    """The class that makes Brian2 code of a feedback.

    Parameters
    ----------
    feedback : planned.Feedback
        Feedback of the plan.
    graph : Graph
        Network of units, synapses and delays.
    rule : Plasticity
        That of the forward weights.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `feedback`.
    """
    raise UnknownKindError("neurodiff.simulator.feedback.build", feedback)
