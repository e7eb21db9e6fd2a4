"""How many threads the reference uses: small matrices wait longer for threads than they compute."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from threadpoolctl import threadpool_limits

from neurodiff.network.graph import Graph

#: Weights of a projection from which more than one thread is worth it.
_LARGE = 250_000


def suitable_threads(graph: Graph) -> AbstractContextManager[Any]:
    """One thread of BLAS for a network of small projections; else as many as there are.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    """
    largest = max(part.stop - part.start for part in graph.projections)
    return nullcontext() if largest >= _LARGE else threadpool_limits(1, user_api="blas")
