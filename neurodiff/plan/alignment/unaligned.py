"""No alignment: what has just arrived meets the error of this moment."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Bools, Floats, Graph, Ints
from neurodiff.plan.alignment.interface import Ages, Alignment, Complexes


@dataclass(frozen=True)
class Unaligned(Alignment):
    """The activity that has just arrived, p = f, and the slope of this step, s = 0."""

    kind: ClassVar[str] = "none"
    has_kernel: ClassVar[bool] = True
    keeps: ClassVar[Literal["nothing", "traces", "values"]] = "nothing"
    one_length: ClassVar[None] = None
    longest_age: ClassVar[int] = 1
    longest_wait: ClassVar[float] = 0.0

    def ages(self, graph: Graph) -> Ages:
        """The forward delays, and 0.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return Ages(graph.forward_lag, np.zeros(graph.n_units, dtype=np.int64))

    def exact_units(self, graph: Graph) -> Bools:
        """None but those whose loops take no time, which the delays alone say.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return np.zeros(graph.n_units, dtype=bool)

    def remembered(self, graph: Graph) -> Ints:
        """Nothing.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return np.zeros(graph.n_units, dtype=np.int64)

    def waits(self, graph: Graph) -> Floats:
        """No time.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return np.zeros(graph.n_synapses)

    def activity_response(
        self, graph: Graph, omega: NDArray[Any] | float, synapse: Any
    ) -> Complexes:
        """Nothing becomes of it: 1.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        omega : float or array
            Angular frequency of a tone in radian per step.
        synapse : int, slice or array of int
            Synapses at which the tone arrives.
        """
        return np.ones(np.broadcast(omega, graph.pre[synapse]).shape, dtype=np.complex128)

    def slope_response(self, graph: Graph, omega: float) -> Complexes:
        """Nothing becomes of it: 1.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        omega : float
            Angular frequency of a tone in radian per step.
        """
        return np.ones(graph.n_units, dtype=np.complex128)
