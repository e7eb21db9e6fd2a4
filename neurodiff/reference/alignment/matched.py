"""Alignment by waiting: activity and slopes of some time ago."""

import numpy as np

from neurodiff.network.graph import Graph
from neurodiff.plan import alignment as planned
from neurodiff.reference.alignment.interface import Alignment, Floats, follow
from neurodiff.reference.history import History


class Matched:
    """x_pre(t - p) and sigma'(a(t - s)), looked up."""

    def __init__(self, graph: Graph, ages: planned.Matched):
        self._pre, self._ages, self._units = graph.pre, ages, np.arange(graph.n_units)
        self._slopes = History(ages.longest_age, graph.n_units)

    def activity(self, t: int, x: History, arrived: Floats) -> Floats:
        """x_pre(t - p).

        Parameters
        ----------
        t : int
            Time step.
        x : History
            Past activity of the units.
        arrived : array (n_synapses,)
            Activity that has just arrived at each synapse, or the PSP that it makes.
        """
        return x.ago(t, self._ages.activity_age, self._pre)

    def slope(self, t: int, slope: Floats) -> Floats:
        """sigma'(a(t - s)).

        Parameters
        ----------
        t : int
            Time step.
        slope : array (n_units,)
            Slope of the activation function of each unit.
        """
        self._slopes.put(t, slope)
        return self._slopes.ago(t, self._ages.slope_age, self._units)


@follow.register
def _(alignment: planned.Matched, graph: Graph) -> Alignment:
    return Matched(graph, alignment)
