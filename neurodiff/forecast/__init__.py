"""What may be said of a model before it runs: bands of frequencies, ceilings of learning rates.

The only room besides validation and auditing that may import the reference; never the simulation.
"""

from neurodiff.forecast.band import Band, learnable_bands
from neurodiff.forecast.ceiling import Ceiling, Ceilings, learning_rate_ceilings
from neurodiff.forecast.frame_overlap import hold_shares
from neurodiff.forecast.learning_rate import against_ceiling

__all__ = [
    "Band",
    "Ceiling",
    "Ceilings",
    "against_ceiling",
    "hold_shares",
    "learnable_bands",
    "learning_rate_ceilings",
]
