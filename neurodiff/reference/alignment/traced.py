"""Alignment by exponential traces."""

import numpy as np

from neurodiff.network.graph import Graph
from neurodiff.plan import alignment as planned
from neurodiff.plan.alignment import smoothing
from neurodiff.reference.alignment.interface import Alignment, Floats, follow
from neurodiff.reference.history import History


class Traced:
    """Traces of x_pre(t - f), or the PSP, and of sigma'(a(t)), of each synapse and unit its own."""

    def __init__(self, traces: planned.Traced):
        self._activity = _Cascade(traces.activity_lag, traces.stages)
        self._slope = _Cascade(traces.slope_lag, traces.stages)

    def activity(self, t: int, x: History, arrived: Floats) -> Floats:
        """The trace of what has arrived.

        Parameters
        ----------
        t : int
            Time step.
        x : History
            Past activity of the units.
        arrived : array (n_synapses,)
            Activity that has just arrived at each synapse, or the PSP that it makes.
        """
        return self._activity.step(arrived)

    def slope(self, t: int, slope: Floats) -> Floats:
        """The trace of sigma'(a(t)).

        Parameters
        ----------
        t : int
            Time step.
        slope : array (n_units,)
            Slope of the activation function of each unit.
        """
        return self._slope.step(slope)


class _Cascade:
    """Stages of z(t) = z(t-1) + k (x(t) - z(t-1)) in a row; see `smoothing`."""

    def __init__(self, lag: Floats, stages: int):
        self._gain, self._at_once = smoothing(lag, stages)
        self._z = np.zeros((stages, len(lag)))

    def step(self, x: Floats) -> Floats:
        """What comes out of the last stage."""
        for k, before in enumerate(self._z):
            after = before + self._gain * (x - before)
            x = np.where(self._at_once, after, before)
            self._z[k] = after
        return x


@follow.register
def _(alignment: planned.Traced, graph: Graph) -> Alignment:
    return Traced(alignment)
