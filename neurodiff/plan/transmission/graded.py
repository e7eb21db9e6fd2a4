"""Graded transmission: every step carries the exact value."""

from typing import ClassVar

from neurodiff.model_file.transmission import GradedTransmission
from neurodiff.plan.transmission.interface import Context, Transmission, prepare


class Graded(Transmission):
    """Nothing is to be known of it."""

    kind: ClassVar[str] = "graded"
    recomputable: ClassVar[bool] = True
    sending: ClassVar[None] = None


@prepare.register
def _(spec: GradedTransmission, context: Context) -> Graded:
    return Graded()
