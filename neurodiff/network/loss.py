"""The losses, E as a function of outputs and targets."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Loss = Literal["squared_error", "cross_entropy"]


def loss_of(loss: Loss, x: Floats, y: Floats) -> Floats:
    """Loss (...) of outputs x with targets y, both (..., n_outputs).

    The cross-entropy is that of independent binary outputs. It keeps x away from 0 and 1 by half
    the precision of a float, so that a saturated output costs at most 36.7 and not infinity.

    Parameters
    ----------
    loss : str
        Name of the loss: `squared_error` or `cross_entropy`.
    x : array (..., n_outputs)
        Activity of the outputs.
    y : array (..., n_outputs)
        Targets of the outputs.

    Returns
    -------
    array (...)
        Loss of each row.
    """
    if loss == "cross_entropy":
        margin = np.finfo(float).eps / 2
        x = np.clip(x, margin, 1 - margin)
        # E = -sum y log x + (1 - y) log(1 - x)
        return np.asarray(-np.sum(y * np.log(x) + (1 - y) * np.log1p(-x), axis=-1))
    # E = 1/2 sum (x - y)^2
    return np.asarray(0.5 * np.sum((x - y) ** 2, axis=-1))
