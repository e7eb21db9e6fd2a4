"""The activity and the slopes that meet an error, step by step."""

from functools import singledispatch
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import UnknownKindError
from neurodiff.network.graph import Graph
from neurodiff.plan import alignment as planned
from neurodiff.reference.history import History

Floats = NDArray[np.float64]


class Alignment(Protocol):
    """The activity and the slopes that meet an error; asked once for each step, in order."""

    def activity(self, t: int, x: History, arrived: Floats) -> Floats:
        """Presynaptic activity (n_synapses,) in the local product.

        Parameters
        ----------
        t : int
            Time step.
        x : History
            Of all units, up to step t.
        arrived : array (n_synapses,)
            x_pre(t - f), or with leaky neurons the PSP that it has made.
        """
        ...

    def slope(self, t: int, slope: Floats) -> Floats:
        """Slope (n_units,) of the errors that come back; `slope` is that of step t.

        Parameters
        ----------
        t : int
            Time step.
        slope : array (n_units,)
            Slope of the activation function of each unit.
        """
        ...


@singledispatch
def follow(alignment: planned.Alignment, graph: Graph) -> Alignment:
    """The class that computes what meets an error.

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
    raise UnknownKindError("neurodiff.reference.alignment.follow", alignment)
