"""From what tone on a mismatch turns learning around: where it is a quarter period (theory 3)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: How many tones are looked at.
_TONES = 10_000


def quarter_period(mismatch: float, phase: Callable[[Floats], Floats]) -> float:
    """Tones per step from which on a phase is more than a quarter period; inf where none is.

    Parameters
    ----------
    mismatch : float
        In steps. No tone's phase is more than that of a pure delay of this length.
    phase : callable
        Phase in radian of tones of so many radian per step, both arrays (n,).
    """
    if mismatch <= 0.5:
        return np.inf  # it would be a tone that steps cannot follow
    omega = np.geomspace(np.pi / (2 * mismatch), np.pi, _TONES)
    above = phase(omega) > np.pi / 2
    return float(omega[np.argmax(above)] / (2 * np.pi)) if above.any() else np.inf
