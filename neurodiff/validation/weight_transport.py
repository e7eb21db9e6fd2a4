"""How well errors come back with feedback other than symmetric: the quality of weight transport.

Apart from what delays do: errors are compared with those of backprop for the very input that they
are about, and backward weights with forward ones (theory 8).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurodiff.network.graph import Floats, Graph, Projection


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
    delta_cosine_interval : (float, float) or None
        95 % interval of `delta_cosine` where that is an estimate.
    """

    delta_cosine: float | None
    feedback_cosine: tuple[float | None, float | None] | None
    delta_cosine_interval: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As `report.json` holds it; an interval only where there is one."""
        values = {"delta_cosine": self.delta_cosine, "feedback_cosine": self.feedback_cosine}
        interval = self.delta_cosine_interval
        return values if interval is None else values | {"delta_cosine_interval": list(interval)}


def compare_transport(
    graph: Graph,
    part: Projection,
    recording: xr.Dataset,
    cosine: float | None,
    interval: tuple[float, float] | None = None,
) -> Transport:
    """Weight transport of a projection in a recording.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    part : Projection
        Projection whose errors are compared.
    recording : xarray.Dataset
        Recording of a run.
    cosine : float or None
        That of its errors with those of backprop.
    interval : (float, float), optional
        Of an estimate.

    Returns
    -------
    Transport
        Cosines of the errors, and of the backward with the forward weights at start and end.
    """
    own = graph.backward.along(part.synapses)
    if not len(own):
        return Transport(cosine, None, interval)
    b, w = recording["b"].values[:, own], recording["w"].values[:, part.synapses]
    first, last = (mean_cosine(b[k][None], w[k][None]) for k in (0, -1))
    return Transport(cosine, (first, last), interval)


def mean_cosine(values: Floats, truth: Floats) -> float | None:
    """Norm-weighted mean cosine of the rows of two arrays (times, n); None where there is none.

    Parameters
    ----------
    values : array (times, n)
        Vectors to compare, one a row.
    truth : array (times, n)
        Vectors with which they are compared.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # the run may have diverged
        norms: NDArray[np.float64] = np.linalg.norm(values, axis=1) * np.linalg.norm(truth, axis=1)
        total = float(norms.sum())
        return float(np.sum(values * truth) / total) if 0 < total < np.inf else None
