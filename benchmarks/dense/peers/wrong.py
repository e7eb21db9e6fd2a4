"""Programs that must not be timed, to see that they are not."""

from dense.peers.numpy_sparse import Sparse
from dense.program import CannotError


class LateUpdate(Sparse):
    """Moves the weights one step too late."""

    def __init__(self) -> None:
        super().__init__(late=1)


class Missing(Sparse):
    """Is not here."""

    def __init__(self) -> None:
        raise CannotError("No module named 'missing'")
