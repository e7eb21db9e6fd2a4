"""Programs that must not be timed, to see that they are not."""

from dataclasses import replace

import numpy as np

from dense.network import Network
from dense.peers.numpy_dense import Dense
from dense.peers.numpy_sparse import Sparse
from dense.program import CannotError


class LateUpdate(Sparse):
    """Moves the weights one step too late."""

    def __init__(self) -> None:
        super().__init__(late=1)


class LateOutput(Dense):
    """Shows the target one step too late."""

    def __init__(self) -> None:
        super().__init__(update="outer")

    def prepare(self, network: Network) -> None:
        """Move the step from which on there is a target."""
        super().prepare(replace(network, target_lag=np.add(network.target_lag, 1)))


class Missing(Sparse):
    """Is not here."""

    def __init__(self) -> None:
        raise CannotError("No module named 'missing'")
