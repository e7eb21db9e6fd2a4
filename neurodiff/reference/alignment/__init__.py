"""What the error of a synapse is multiplied by, from the past or by recursion."""

from neurodiff.reference.alignment.interface import Alignment, follow
from neurodiff.reference.alignment.matched import Matched
from neurodiff.reference.alignment.traced import Traced
from neurodiff.reference.alignment.unaligned import Unaligned

__all__ = ["Alignment", "Matched", "Traced", "Unaligned", "follow"]
