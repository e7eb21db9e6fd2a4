"""How many threads the reference uses: as many as the model's `run.threads`, one by default.

Threads of BLAS wait for each other by spinning. Where something else runs on the machine, or its
processors are shared, two of them take longer than one.
"""

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import threadpool_limits

from neurodiff.model_file import Model


def threads_of(model: Model) -> AbstractContextManager[Any]:
    """Limits the threads of BLAS for a `with` block.

    Parameters
    ----------
    model : Model
        What was asked for.
    """
    return threadpool_limits(model.run.threads, user_api="blas")
