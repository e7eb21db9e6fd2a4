"""Alignment by exponential traces of activity and slopes."""

from dataclasses import dataclass
from typing import ClassVar

import brian2 as b2
import numpy as np

from neurodiff.network.graph import Graph
from neurodiff.plan import alignment as planned
from neurodiff.simulator.alignment.interface import Alignment, Objects, build
from neurodiff.simulator.alignment.traces import (
    OF_STORE,
    build_traces,
    distinct_traces,
    link_traces,
    set_gains,
    smooth,
    stages_of,
)
from neurodiff.simulator.history import History, Past
from neurodiff.simulator.kernels.interface import Met, Signals, met


@dataclass(frozen=True)
class Traced:
    """Exponential traces, in one or more stages, of what has arrived and of the slope.

    With leaky neurons those of activity are traces of the PSP.
    """

    graph: Graph
    traces: planned.Traced
    presynaptic: ClassVar[str] = "x_aligned"
    of_store: ClassVar[str] = OF_STORE
    longest_age: ClassVar[int] = 1

    @property
    def of_errors(self) -> str:
        """The stages of the slope."""
        return stages_of("slope", self.traces.stages) + "aligned_slope : 1\n"

    @property
    def slope(self) -> str:
        """Code for one step of the traces of the slope."""
        return "aligned_slope = slope\n" + smooth("aligned_slope", "slope", self.traces.stages)

    def connect(
        self, store: b2.NeuronGroup, errors: b2.NeuronGroup, history: History, clock: b2.Clock
    ) -> Objects:
        """A trace for each distinct unit, delay and lag, and the gains of those of the slopes.

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
        stages = self.traces.stages
        (units, ages, lags), own = self.traces.distinct(self.graph)
        where = units.astype(np.int64), ages.astype(np.int64)
        traces = build_traces("traces", self.graph, *where, history, clock, stages)
        set_gains(traces, "value", lags, stages)
        link_traces(store, traces, own)
        return [traces, *self.connect_slopes(errors, history, clock)]

    def connect_slopes(self, errors: b2.NeuronGroup, history: Past, clock: b2.Clock) -> Objects:
        """The gains of the traces of the slopes.

        Parameters
        ----------
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        history : Past
            Past values of the units; not needed.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        stages = self.traces.stages
        set_gains(errors, "slope", self.traces.slope_lag[self.graph.n_inputs :], stages)
        return []


@build.register
def _(alignment: planned.Traced, graph: Graph) -> Alignment:
    return Traced(graph, alignment)


@met.register
def _(alignment: planned.Traced, signals: Signals) -> Met:
    graph, lag = signals.plan.graph, alignment.activity_lag
    return distinct_traces(signals, graph.forward_lag, graph.pre, lag, alignment.stages)
