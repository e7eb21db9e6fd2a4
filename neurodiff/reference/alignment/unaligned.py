"""No alignment: what is there now."""

from neurodiff.network.graph import Graph
from neurodiff.plan import alignment as planned
from neurodiff.reference.alignment.interface import Alignment, Floats, follow
from neurodiff.reference.history import History


class Unaligned:
    """What is there now."""

    def activity(self, t: int, x: History, arrived: Floats) -> Floats:
        """x_pre(t - f), or the PSP.

        Parameters
        ----------
        t : int
            Time step.
        x : History
            Past activity of the units.
        arrived : array (n_synapses,)
            Activity that has just arrived at each synapse, or the PSP that it makes.
        """
        return arrived

    def slope(self, t: int, slope: Floats) -> Floats:
        """sigma'(a(t)).

        Parameters
        ----------
        t : int
            Time step.
        slope : array (n_units,)
            Slope of the activation function of each unit.
        """
        return slope


@follow.register
def _(alignment: planned.Unaligned, graph: Graph) -> Alignment:
    return Unaligned()
