"""Arrays of a dataset that are made when somebody asks for their values, and not kept."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from xarray.backends import BackendArray
from xarray.core import indexing


class _WhenAsked(BackendArray):
    """What xarray reads as it reads files that are opened and not loaded."""

    def __init__(self, make: Callable[[], NDArray[Any]], shape: tuple[int, ...], dtype: DTypeLike):
        self._make, self.shape, self.dtype = make, shape, np.dtype(dtype)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        every_kind = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, every_kind, self._of)

    def __deepcopy__(self, memo: dict[int, Any]) -> "_WhenAsked":
        return self

    def _of(self, key: Any) -> NDArray[Any]:
        return self._make()[key]


def when_asked(make: Callable[[], NDArray[Any]], shape: tuple[int, ...], dtype: DTypeLike) -> Any:
    """Values for a variable of xarray that take no memory until they are asked for.

    Parameters
    ----------
    make : callable
        Makes the array, the same each time.
    shape : tuple of int
        Its shape.
    dtype : dtype
        Its type.
    """
    return indexing.LazilyIndexedArray(_WhenAsked(make, shape, dtype))
