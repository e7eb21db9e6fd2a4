"""Graded transmission: every step carries the exact value."""

from dataclasses import dataclass
from typing import ClassVar

from neurodiff.model_file.transmission import GradedTransmission
from neurodiff.plan.transmission.interface import Context, Transmission, prepare


class Graded(Transmission):
    """Nothing is to be known of it."""

    kind: ClassVar[str] = "graded"
    has_kernel: ClassVar[bool] = True
    by_numbers: ClassVar[bool] = True
    recomputable: ClassVar[bool] = True
    resumable: ClassVar[bool] = True
    sending: ClassVar[None] = None

    def fused(self, precision: str, threads: int) -> "Fused":
        """The same by kernels.

        Parameters
        ----------
        precision : str
            Type of the weights.
        threads : int
            Number of threads.
        """
        return Fused(precision, threads)


@dataclass(frozen=True, eq=False)
class Fused(Graded):
    """The same, computed by fused kernels; see `neurodiff.plan.engine`.

    Attributes
    ----------
    precision : str
        Type of the weights, `float64` or `float32`.
    threads : int
        Number of threads.
    """

    precision: str = "float64"
    threads: int = 1
    engine: ClassVar[str] = "fused"
    records_factors: ClassVar[bool] = True

    @property
    def native(self) -> Graded:
        """The same by the plain Brian2 network."""
        return Graded()


@prepare.register
def _(spec: GradedTransmission, context: Context) -> Graded:
    return Graded()
