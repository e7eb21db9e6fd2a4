"""The backward connections of a network: which error comes back to which unit, and when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Returning:
    """Backward connections, each from the error unit of one unit to that of another.

    Attributes
    ----------
    source, sink : int arrays (n,)
        Units whose error is sent, and to which it comes.
    lag : int array (n,)
        Delay in steps.
    synapse : int array (n,) or None
        The forward synapse, from `sink` to `source`, that each leads back along; None for
        connections that are not those of any synapse (direct feedback).
    """

    source: Ints
    sink: Ints
    lag: Ints
    synapse: Ints | None

    def __len__(self) -> int:
        """Number of connections."""
        return len(self.lag)

    def into(self, units: slice) -> Ints:
        """Those that lead to any of a range of units."""
        return np.flatnonzero((self.sink >= units.start) & (self.sink < units.stop))

    def out_of(self, units: slice) -> Ints:
        """Those that come from any of a range of units."""
        return np.flatnonzero((self.source >= units.start) & (self.source < units.stop))

    def along(self, synapses: slice) -> Ints:
        """Those that lead back along any of a range of synapses; none with direct feedback."""
        if self.synapse is None:
            return np.arange(0)
        return np.flatnonzero((self.synapse >= synapses.start) & (self.synapse < synapses.stop))
