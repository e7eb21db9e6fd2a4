"""Alignment by waiting: activity and slopes are read from the history of the units."""

from dataclasses import dataclass
from typing import ClassVar

import brian2 as b2
import numpy as np
from brian2.utils.stringtools import word_substitute

from neurodiff.network.graph import Graph
from neurodiff.plan import alignment as planned
from neurodiff.simulator.alignment.interface import Alignment, Objects, build
from neurodiff.simulator.alignment.traces import OF_STORE, build_traces, link_traces
from neurodiff.simulator.history import History, Past
from neurodiff.simulator.kernels.interface import Met, Signals, met
from neurodiff.simulator.kernels.reading import Moves, past, presynaptic
from neurodiff.simulator.units import activation_text

_OF_ERRORS = """
slope_age : integer (constant)
past_x : 1 (linked)
aligned_slope : 1
"""


@dataclass(frozen=True)
class Matched:
    """Activity and slopes of a given age, read from the history of the units' activity.

    The slope is a function of the activity, so that one buffer serves both. Before step 0 it is 0,
    as all signals are.
    """

    graph: Graph
    ages: planned.Matched
    presynaptic: ClassVar[str] = "x_aligned"
    of_store: ClassVar[str] = OF_STORE
    of_errors: ClassVar[str] = _OF_ERRORS

    @property
    def longest_age(self) -> int:
        """The largest s or p."""
        return self.ages.longest_age

    @property
    def slope(self) -> str:
        """Code for sigma'(a(t - s)); an age of 0 is not in the history."""
        slope = activation_text(self.graph, "slope_text")
        past = word_substitute(slope, {"x": "past_x"})
        known = "int(timestep(t, dt) >= slope_age)"
        return f"aligned_slope = {known}*(int(slope_age == 0)*slope + int(slope_age > 0)*({past}))"

    def connect(
        self, store: b2.NeuronGroup, errors: b2.NeuronGroup, history: History, clock: b2.Clock
    ) -> Objects:
        """Readers of x(t - p), and of x(t - s).

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
        keys = np.stack([self.graph.pre, self.ages.activity_age])
        (units, ages), own = np.unique(keys, axis=1, return_inverse=True)
        traces = build_traces("traces", self.graph, units, ages, history, clock)
        link_traces(store, traces, own.ravel())
        return [traces, *self.connect_slopes(errors, history, clock)]

    def connect_slopes(self, errors: b2.NeuronGroup, history: Past, clock: b2.Clock) -> Objects:
        """Readers of x(t - s) for the error units.

        Parameters
        ----------
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        history : Past
            Past values of the units.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        unit = np.arange(self.graph.n_inputs, self.graph.n_units)
        errors.slope_age = self.ages.slope_age[unit]
        ages = np.maximum(self.ages.slope_age[unit], 1)
        of_slopes = build_traces("of_slopes", self.graph, unit, ages, history, clock)
        errors.past_x = b2.linked_var(of_slopes, "value")
        return [of_slopes]


@build.register
def _(alignment: planned.Matched, graph: Graph) -> Alignment:
    return Matched(graph, alignment)


@met.register
def _(alignment: planned.Matched, signals: Signals) -> Met:
    units, age = presynaptic(signals.plan.graph), alignment.activity_age
    return Met(past(signals.activity, units, age, Moves.BEFORE), [])
