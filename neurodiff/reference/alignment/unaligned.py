"""No alignment: what is there now."""

from neurodiff.network.graph import Graph
from neurodiff.plan import alignment as planned
from neurodiff.reference.alignment.interface import Alignment, Floats, follow
from neurodiff.reference.history import History


class Unaligned:
    """What is there now."""

    def activity(self, t: int, x: History, arrived: Floats) -> Floats:
        """x_pre(t - f), or the PSP."""
        return arrived

    def slope(self, t: int, slope: Floats) -> Floats:
        """sigma'(a(t))."""
        return slope


@follow.register
def _(alignment: planned.Unaligned, graph: Graph) -> Alignment:
    return Unaligned()
