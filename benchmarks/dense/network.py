"""The arrays of a case, as every program gets them; no program needs neurodiff to read them.

Synapses are sorted by layer, in it by the unit that receives, and there by the unit that sends: the
rows of a dense matrix (post, pre), and the order of a CSR matrix. Units of all layers, the input
first, have one width.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Network:
    """A chain of layers of equal width, with its input and target.

    Attributes
    ----------
    kind : str
        `dense` (all delays are one step), `sparse` (one delay for all synapses) or `drawn`.
    layers, width : int
    w : array (n_synapses,)
        Weights at the start.
    rows : int array (layers, width + 1)
        Where the synapses onto each unit begin and end, counted from the beginning of its layer.
    first : int array (layers + 1,)
        Where the synapses of each layer begin and end.
    pre : int32 array (n_synapses,)
        Which unit of its layer sends.
    forward, backward : uint8 array (n_synapses,)
        Delays in steps.
    order : int32 array (n_synapses,)
        Number that each synapse has in neurodiff.
    amplitude, frequency, phase : array (width,)
        Of the sinusoid of each input, the frequency in radian per step.
    target : array (width,)
    target_lag : int array (width,)
        Before this step the target of an output is 0.
    eta : float
        Learning rate per step.
    model : str
        Path of the model file.
    """

    kind: str
    layers: int
    width: int
    w: Floats
    rows: Ints
    first: Ints
    pre: NDArray[np.int32]
    forward: NDArray[np.uint8]
    backward: NDArray[np.uint8]
    order: NDArray[np.int32]
    amplitude: Floats
    frequency: Floats
    phase: Floats
    target: Floats
    target_lag: Ints
    eta: float
    model: str

    @property
    def matrices(self) -> Floats:
        """Dense weights at the start, a new array (layers, post, pre)."""
        return self.w.reshape(self.layers, self.width, self.width).copy()

    @property
    def post(self) -> Ints:
        """Which unit of its layer each synapse leads to (n_synapses,)."""
        unit = np.tile(np.arange(self.width), self.layers)
        return np.repeat(unit, np.diff(self.rows, axis=1).ravel())

    def input_at(self, t: int) -> Floats:
        """The input (width,) of a step."""
        return self.amplitude * np.sin(self.frequency * t + self.phase)

    def target_at(self, t: int) -> Floats:
        """The target (width,) of a step."""
        return np.where(t >= self.target_lag, self.target, 0)

    def save(self, path: Path) -> None:
        """Write it as an .npz archive."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})


def load(path: str | Path) -> Network:
    """Read what `Network.save` has written."""
    with np.load(path) as archive:
        values: dict[str, Any] = dict(archive)
    return Network(**{name: v if v.ndim else v.item() for name, v in values.items()})
