"""How well errors come back with feedback other than symmetric: the quality of weight transport.

Apart from what delays do: errors are compared with those of backprop for the very input that they
are about, and backward weights with forward ones (theory 8).
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurodiff.graph import Bools, Floats, Graph, Projection


@dataclass(frozen=True)
class Transport:
    """Weight transport of one projection.

    Attributes
    ----------
    delta_cosine : float or None
        Cosine of the errors of its postsynaptic units with those of backprop, norm-weighted over
        the window; None with cycles, where errors are about no one input, and where one is 0.
    feedback_cosine : (float or None, float or None) or None
        Cosine of b with w at the start and at the end, over the synapses that errors come back
        along; None where none does.
    """

    delta_cosine: float | None
    feedback_cosine: tuple[float | None, float | None] | None

    @property
    def row(self) -> list[float | None]:
        """The numbers in one row: errors, backward weights at the start, and at the end."""
        return [self.delta_cosine, *(self.feedback_cosine or (None, None))]


def compare_transport(
    graph: Graph, part: Projection, recording: xr.Dataset, truth: Floats | None, window: Bools
) -> Transport:
    """Weight transport of a projection in a recording.

    Parameters
    ----------
    truth : array (times, n_units) or None
        The errors of backprop at the times of `product_delta`.
    window : bool array (times,)
        Which of them count.
    """
    cosine = None
    if truth is not None:
        units = part.post.units
        cosine = mean_cosine(recording["product_delta"].values[window, units], truth[window, units])
    own = graph.returning.along(part.synapses)
    if not len(own):
        return Transport(cosine, None)
    b, w = recording["b"].values[:, own], recording["w"].values[:, part.synapses]
    first, last = (mean_cosine(b[k][None], w[k][None]) for k in (0, -1))
    return Transport(cosine, (first, last))


def mean_cosine(values: Floats, truth: Floats) -> float | None:
    """Norm-weighted mean cosine of the rows of two arrays (times, n); None where there is none."""
    with np.errstate(over="ignore", invalid="ignore"):  # the run may have diverged
        norms: NDArray[np.float64] = np.linalg.norm(values, axis=1) * np.linalg.norm(truth, axis=1)
        total = float(norms.sum())
        return float(np.sum(values * truth) / total) if 0 < total < np.inf else None
