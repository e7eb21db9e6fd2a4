"""Alignment by waiting: activity and slopes of just the age of their error."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Bools, Floats, Graph, Ints
from neurodiff.network.latency import Latencies, ProjectionLatency
from neurodiff.plan.alignment.interface import Ages, Alignment, Complexes


@dataclass(frozen=True, eq=False)
class Matched(Alignment):
    """Activity and slopes of just the age of their error: exact at any speed of the input.

    With s the length of the unit's loop and p = s_post + f the local product is the gradient of the
    delayed network, while the weights do not move (theory 4 and 16).

    Attributes
    ----------
    activity_age : int array (n_synapses,)
        p: how many steps ago the activity in the product was sent.
    slope_age : int array (n_units,)
        s: how old the slope in the error is; 0 where no error comes back.
    exact : bool array (n_units,)
        Whether all loops through the unit have one length; if not, its ages are rounded means.
    """

    activity_age: Ints
    slope_age: Ints
    exact: Bools
    kind: ClassVar[str] = "matched"
    has_kernel: ClassVar[bool] = True
    keeps: ClassVar[Literal["nothing", "traces", "values"]] = "values"
    waits_for: ClassVar[str] = "waiting times"

    def ages(self, graph: Graph) -> Ages:
        """P and s.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return Ages(self.activity_age, self.slope_age)

    @property
    def one_length(self) -> bool:
        """Whether the loops of each unit have one length, so that the ages are exact."""
        return bool(self.exact.all())

    def exact_units(self, graph: Graph) -> Bools:
        """Those with loops of one length.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return self.exact

    @property
    def longest_wait(self) -> float:
        """Steps for which anything waits at most."""
        return float(self.longest_age)

    @property
    def longest_age(self) -> int:
        """How many steps of the past of any unit are needed."""
        return int(max(self.activity_age.max(), self.slope_age.max()))

    def remembered(self, graph: Graph) -> Ints:
        """Values of its past that each unit keeps (n_units,), in one buffer for both uses.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        kept = self.slope_age.copy()
        np.maximum.at(kept, graph.pre, self.activity_age)
        return kept

    def row(self, row: ProjectionLatency, graph: Graph, latencies: Latencies) -> ProjectionLatency:
        """The latencies of a projection, with the first exact step of its ages.

        Parameters
        ----------
        row : ProjectionLatency
            Latencies of the projection before alignment, in steps.
        graph : Graph
            Network of units, synapses and delays.
        latencies : Latencies
            Latencies of both waves in steps.
        """
        own = row.projection.synapses
        errors = _settled_errors(graph, latencies, self.slope_age)[graph.post[own]]
        activity = latencies.longest_forward[graph.pre[own]] + self.activity_age[own]
        last = np.maximum(errors, activity)
        exact_from = int(last[np.isfinite(last)].max(initial=0))
        return replace(row, exact_from=exact_from)

    def waits(self, graph: Graph) -> Floats:
        """The ages: synapses that are equal wait alike.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return np.asarray(self.activity_age, dtype=np.float64)

    def activity_response(
        self, graph: Graph, omega: NDArray[Any] | float, synapse: Any
    ) -> Complexes:
        """A delay of p - f.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        omega : float or array
            Angular frequency of a tone in radian per step.
        synapse : int, slice or array of int
            Synapses at which the tone arrives.
        """
        waits = self.activity_age[synapse] - graph.forward_lag[synapse]
        return np.asarray(np.exp(-1j * omega * waits))

    def slope_response(self, graph: Graph, omega: float) -> Complexes:
        """A delay of s.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        omega : float
            Angular frequency of a tone in radian per step.
        """
        return np.asarray(np.exp(-1j * omega * self.slope_age))


def _settled_errors(graph: Graph, latencies: Latencies, slope_age: Ints) -> Floats:
    """Step (n_units,) from which errors stay as they are, with constant stimuli.

    An error does when what comes back does, and when its slope is that of a settled activity.
    """
    settled, returns = latencies.longest_age.copy(), graph.backward
    slope = latencies.longest_forward + slope_age
    for part in reversed(graph.populations):
        settled[part.units] = np.maximum(settled[part.units], slope[part.units])
        own = returns.out_of(part.units)
        np.maximum.at(settled, returns.sink[own], settled[returns.source[own]] + returns.lag[own])
    return settled
