"""What the error of a synapse is multiplied by, from the past or by recursion."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph
from neurodiff.plan.alignment import Alignment, Matched, Traced, smoothing
from neurodiff.reference.history import History

Floats = NDArray[np.float64]


class Aligned(Protocol):
    """The activity and the slopes that meet an error; asked once for each step, in order."""

    def activity(self, t: int, x: History, arrived: Floats) -> Floats:
        """Presynaptic activity (n_synapses,) in the local product.

        Parameters
        ----------
        x : History
            Of all units, up to step t.
        arrived : array (n_synapses,)
            x_pre(t - f), or with leaky neurons the PSP that it has made.
        """
        ...

    def slope(self, t: int, slope: Floats) -> Floats:
        """Slope (n_units,) of the errors that come back; `slope` is that of step t."""
        ...


class Present:
    """What is there now."""

    def activity(self, t: int, x: History, arrived: Floats) -> Floats:
        """x_pre(t - f), or the PSP."""
        return arrived

    def slope(self, t: int, slope: Floats) -> Floats:
        """sigma'(a(t))."""
        return slope


class Past:
    """x_pre(t - p) and sigma'(a(t - s)), looked up."""

    def __init__(self, graph: Graph, ages: Matched):
        self._pre, self._ages, self._units = graph.pre, ages, np.arange(graph.n_units)
        self._slopes = History(ages.longest_age, graph.n_units)

    def activity(self, t: int, x: History, arrived: Floats) -> Floats:
        """x_pre(t - p)."""
        return x.ago(t, self._ages.activity_age, self._pre)

    def slope(self, t: int, slope: Floats) -> Floats:
        """sigma'(a(t - s))."""
        self._slopes.put(t, slope)
        return self._slopes.ago(t, self._ages.slope_age, self._units)


class Smoothed:
    """Traces of x_pre(t - f), or the PSP, and of sigma'(a(t)), of each synapse and unit its own."""

    def __init__(self, traces: Traced):
        self._activity = _Cascade(traces.activity_lag, traces.stages)
        self._slope = _Cascade(traces.slope_lag, traces.stages)

    def activity(self, t: int, x: History, arrived: Floats) -> Floats:
        """The trace of what has arrived."""
        return self._activity.step(arrived)

    def slope(self, t: int, slope: Floats) -> Floats:
        """The trace of sigma'(a(t))."""
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


def aligned(graph: Graph, alignment: Alignment | None) -> Aligned:
    """The class of an alignment; None is that of no alignment."""
    if alignment is None:
        return Present()
    return Past(graph, alignment) if isinstance(alignment, Matched) else Smoothed(alignment)
