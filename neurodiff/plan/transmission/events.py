"""Event-driven transmission: a value is sent when it has changed by more than a threshold."""

from dataclasses import dataclass
from typing import ClassVar

from neurodiff.model_file.transmission import EventTransmission, RelativeThreshold
from neurodiff.plan.transmission.interface import Context, Sending, Transmission, prepare

#: Share of the units that send an event in a step.
_EVENT_SHARE = 0.05

#: Steps of the running mean that a relative threshold goes by, unless the model says.
_AVERAGE = 1000


@dataclass(frozen=True, eq=False)
class Events(Transmission):
    """Changes that are too small to be sent.

    Attributes
    ----------
    forward : float
        Of an activity x.
    error : float
        Of an error delta, absolute or relative to the running root mean square of its population.
    average : int or None
        Steps of the running mean; None where `error` is absolute.
    """

    forward: float
    error: float
    average: int | None
    kind: ClassVar[str] = "events"
    has_kernel: ClassVar[bool] = True
    sending: ClassVar[Sending] = Sending(_EVENT_SHARE, _EVENT_SHARE)

    def fused(self, precision: str, threads: int) -> "FusedEvents":
        """The same by a kernel.

        Parameters
        ----------
        precision : str
            Type of the weights, which is float64.
        threads : int
            Number of threads, which is 1.
        """
        return FusedEvents(self.forward, self.error, self.average)


@dataclass(frozen=True, eq=False)
class FusedEvents(Events):
    """The same by a kernel, which keeps what travels in arrays; see `neurodiff.plan.engine`."""

    resumable: ClassVar[bool] = True
    records_factors: ClassVar[bool] = True
    engine: ClassVar[str] = "fused"

    @property
    def native(self) -> Events:
        """The same by the plain Brian2 network."""
        return Events(self.forward, self.error, self.average)


@prepare.register
def _(spec: EventTransmission, context: Context) -> Events:
    of_errors = spec.error_threshold
    if not isinstance(of_errors, RelativeThreshold):
        return Events(spec.threshold, of_errors.absolute, None)
    steps = context.model.steps
    average = _AVERAGE if of_errors.average is None else steps(of_errors.average)
    return Events(spec.threshold, of_errors.relative, average)
