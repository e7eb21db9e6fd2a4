"""What the error of a synapse is multiplied by: one small class for each alignment of the waves.

Aligned activity lives in a group of its own, `traces`, with one element for each distinct trace of
a unit: usually one for each presynaptic unit of a projection. Aligned slopes live in the error
units. The past of the units is read in the one buffer that delays their activity.
"""

from neurodiff.simulator.alignment.interface import Alignment, build
from neurodiff.simulator.alignment.matched import Matched
from neurodiff.simulator.alignment.traced import Traced
from neurodiff.simulator.alignment.unaligned import Unaligned, UnalignedPotential

__all__ = ["Alignment", "Matched", "Traced", "Unaligned", "UnalignedPotential", "build"]
