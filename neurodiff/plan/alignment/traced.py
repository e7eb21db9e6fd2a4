"""Alignment by exponential traces of activity and slopes."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Bools, Floats, Graph, Ints
from neurodiff.plan.alignment.interface import Alignment, Complexes

#: After how many of its mean lags a trace is taken to have settled.
_SETTLED = 5


@dataclass(frozen=True, eq=False)
class Traced(Alignment):
    """Exponential traces of activity and slopes whose mean lag is what they must wait.

    Stages in a row, each with an equal part of the lag, make it a gamma (Erlang) trace. What is
    left of a phase w M is about (w M)^3/(3 n^2) with n stages (theory 4).

    Attributes
    ----------
    activity_lag : array (n_synapses,)
        M: mean lag in steps of the trace of what arrives.
    slope_lag : array (n_units,)
        M^s, likewise; 0 where no error comes back.
    stages : int
        n.
    same_loops : bool
        Whether the loops of each unit have one length; if not, lags are means over them.
    """

    activity_lag: Floats
    slope_lag: Floats
    stages: int
    same_loops: bool
    longest_age: ClassVar[int] = 1
    kind: ClassVar[str] = "trace"
    has_kernel: ClassVar[bool] = True
    keeps: ClassVar[Literal["nothing", "traces", "values"]] = "traces"
    waits_for: ClassVar[str] = "traces"

    @property
    def one_length(self) -> bool:
        """Whether lags are not means over several loops."""
        return self.same_loops

    def ages(self, graph: Graph) -> None:
        """A trace is a mean over all ages.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """

    def exact_units(self, graph: Graph) -> Bools:
        """None by traces.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return np.zeros(len(self.slope_lag), dtype=bool)

    @property
    def longest_wait(self) -> float:
        """Mean steps for which anything waits at most."""
        return float(max(self.activity_lag.max(initial=0), self.slope_lag.max(initial=0)))

    def remembered(self, graph: Graph) -> Ints:
        """Values of traces that each unit keeps (n_units,): those of its activity and its slope.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        kept = self.stages * (self.slope_lag > 0).astype(np.int64)
        pre, _, lag = self.distinct(graph)[0]
        np.add.at(kept, pre.astype(np.int64), self.stages * (lag > 0))
        return kept

    def met(self, graph: Graph) -> list[Ints | Floats]:
        """The delay of a synapse, and the lag of its trace.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return [graph.forward_lag, self.activity_lag]

    def distinct(self, graph: Graph) -> tuple[Floats, Ints]:
        """The traces (3, n), each a unit, a delay and a lag, and the one of each synapse.

        All synapses of a unit with the same delay and lag share one.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        keys = np.stack([graph.pre, graph.forward_lag, self.activity_lag])
        traces, own = np.unique(keys, axis=1, return_inverse=True)
        return traces, own.ravel()

    @property
    def settling_steps(self) -> int:
        """Steps from the first exact one of the waves on until all traces have settled."""
        lags = [self.activity_lag.max(initial=0), self.slope_lag.max(initial=0)]
        return int(np.ceil(_SETTLED * max(lags)))

    def waits(self, graph: Graph) -> Floats:
        """The mean lags.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return np.asarray(self.activity_lag, dtype=np.float64)

    def activity_response(
        self, graph: Graph, omega: NDArray[Any] | float, synapse: Any
    ) -> Complexes:
        """The gain of the trace of what arrives.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        omega : float or array
            Angular frequency of a tone in radian per step.
        synapse : int, slice or array of int
            Synapses at which the tone arrives.
        """
        return trace_response(self.activity_lag[synapse], self.stages, omega)

    def slope_response(self, graph: Graph, omega: float) -> Complexes:
        """The gain of the trace of the slope.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        omega : float
            Angular frequency of a tone in radian per step.
        """
        return trace_response(self.slope_lag, self.stages, omega)


class Smoothing(NamedTuple):
    """One stage of a trace: z += gain (x - z) in every step.

    What is read is z as it was before this step, or, where `at_once`, after it; see `smoothing`.

    Attributes
    ----------
    gain : array (n,)
        Gain of each trace, between 0 and 1.
    at_once : array of bool (n,)
        Whether the trace is read after its update.
    """

    gain: Floats
    at_once: Bools


def smoothing(lag: Floats, stages: int) -> Smoothing:
    """The stage of which `stages` in a row have the mean lag `lag`, to the very step.

    z(t) = z(t-1) + k (x(t) - z(t-1)) weighs x(t-j) by k (1-k)^j, of which the mean age is (1-k)/k.
    Read before its update, z(t-1), it is one step more: 1/k. So for a lag of m = lag/stages of one
    step or more, k = 1/m, read before; this also is the better of the two, because one of the m
    steps is then a pure delay. Below one step it must be read after: k = 1/(1 + m). A lag of 0
    leaves x as it is.

    Parameters
    ----------
    lag : array
        Mean lags in steps, 0 or more, of any shape.
    stages : int
        Number of low-pass stages of a trace.
    """
    each = np.asarray(lag, dtype=np.float64) / stages
    at_once = each < 1
    return Smoothing(1 / (each + at_once), at_once)


def trace_response(lag: Floats, stages: int, omega: NDArray[Any] | float) -> Complexes:
    """What traces of mean lags in so many stages do to a tone of `omega` radian a step.

    Parameters
    ----------
    lag : array (n,)
        Mean lag of each trace in steps.
    stages : int
        Number of low-pass stages of a trace.
    omega : float or array
        Angular frequency of a tone in radian per step.
    """
    stage = smoothing(lag, stages)
    turn = np.exp(-1j * omega)
    one = stage.gain * np.where(stage.at_once, 1.0, turn) / (1 - (1 - stage.gain) * turn)
    return np.asarray(one**stages)
