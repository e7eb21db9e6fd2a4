"""No alignment: what has just arrived meets the error of this moment."""

from dataclasses import dataclass
from typing import ClassVar

import brian2 as b2

from neurodiff.network.graph import Graph
from neurodiff.plan import alignment as planned
from neurodiff.simulator.alignment.interface import Alignment, Objects, build
from neurodiff.simulator.alignment.traces import POTENTIAL, distinct_traces
from neurodiff.simulator.history import History, Past
from neurodiff.simulator.kernels.interface import Met, Signals, met
from neurodiff.simulator.kernels.reading import Moves, past, presynaptic
from neurodiff.simulator.order import ARRIVE


@dataclass(frozen=True)
class Unaligned:
    """What is there now: the activity that has just arrived, and the slope of this step."""

    presynaptic: ClassVar[str] = "x_arrived"
    of_store: ClassVar[str] = ""
    of_errors: ClassVar[str] = ""
    longest_age: ClassVar[int] = 1
    slope: ClassVar[str] = ""

    def connect(
        self, store: b2.NeuronGroup, errors: b2.NeuronGroup, history: History, clock: b2.Clock
    ) -> Objects:
        """Nothing is needed.

        Parameters
        ----------
        store : brian2.NeuronGroup
            Group with one element for each synapse, which holds its weight.
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        history : History
            Past values of the units.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        return []

    def connect_slopes(self, errors: b2.NeuronGroup, history: Past, clock: b2.Clock) -> Objects:
        """Nothing is needed.

        Parameters
        ----------
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        history : Past
            Past values of the units.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        return []


@dataclass(frozen=True)
class UnalignedPotential(Unaligned):
    """Leaky neurons: the PSP, what has arrived at the synapse low-passed as by the neuron.

    So it is just as late as what the neuron makes of it (theory 5). The slope is that of this step.
    """

    graph: Graph
    presynaptic: ClassVar[str] = "psp"
    of_store: ClassVar[str] = POTENTIAL

    def connect(
        self, store: b2.NeuronGroup, errors: b2.NeuronGroup, history: History, clock: b2.Clock
    ) -> Objects:
        """Let the potential of each synapse follow what arrives.

        Parameters
        ----------
        store : brian2.NeuronGroup
            Group with one element for each synapse, which holds its weight.
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        history : History
            Past values of the units.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        store.namespace.update(self.graph.hop.constants)
        code = f"psp = {self.graph.hop.leaked_text('psp', 'arrived')}"
        store.run_regularly(code, name="low_pass", **ARRIVE.when)
        return []


@build.register
def _(alignment: planned.Unaligned, graph: Graph) -> Alignment:
    return UnalignedPotential(graph) if graph.hop.leaks else Unaligned()


@met.register
def _(alignment: planned.Unaligned, signals: Signals) -> Met:
    graph = signals.plan.graph
    if graph.hop.leaks:
        return distinct_traces(signals, graph.forward_lag, graph.pre)
    units = presynaptic(graph)
    return Met(past(signals.activity, units, graph.forward_lag, Moves.BEFORE), [])
