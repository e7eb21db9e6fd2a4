"""How the two waves meet at a synapse, in Brian2 code."""

from functools import singledispatch
from typing import Protocol

import brian2 as b2

from neurodiff.exceptions import UnknownKindError
from neurodiff.network.graph import Graph
from neurodiff.plan import alignment as planned
from neurodiff.simulator.history import History, Past

Objects = list[b2.core.base.BrianObject]


class Alignment(Protocol):
    """How the two waves meet at a synapse.

    Attributes
    ----------
    presynaptic : str
        The variable of the store that the error is multiplied by.
    of_store, of_errors : str
        Equations that it adds to the store and to the error units.
    longest_age : int
        How far back it looks into the history of the units, in steps.
    """

    @property
    def presynaptic(self) -> str: ...  # noqa: D102

    @property
    def of_store(self) -> str: ...  # noqa: D102

    @property
    def of_errors(self) -> str: ...  # noqa: D102

    @property
    def longest_age(self) -> int: ...  # noqa: D102

    @property
    def slope(self) -> str:
        """Brian2 code that makes `aligned_slope`, from `slope` among others; empty to use that."""
        ...

    def connect(
        self, store: b2.NeuronGroup, errors: b2.NeuronGroup, history: History, clock: b2.Clock
    ) -> Objects:
        """Give store and error units what they need, and return the objects that are new.

        Parameters
        ----------
        store : brian2.NeuronGroup
            Group with one element for each synapse, which holds its weight.
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        history : History
            That of the activity of the units.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        ...

    def connect_slopes(self, errors: b2.NeuronGroup, history: Past, clock: b2.Clock) -> Objects:
        """Give error units alone what they need, where a kernel does the synapses.

        Parameters
        ----------
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        history : Past
            That of the activity of the units.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        ...


@singledispatch
def build(alignment: planned.Alignment, graph: Graph) -> Alignment:
    """The class that makes Brian2 code of an alignment.

    Parameters
    ----------
    alignment : neurodiff.plan.alignment.Alignment
        Alignment of the plan.
    graph : Graph
        Network of units, synapses and delays.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `alignment`.
    """
    raise UnknownKindError("neurodiff.simulator.alignment.build", alignment)
