"""Event-driven transmission: a value is sent when it has changed by more than a threshold."""

from dataclasses import dataclass
from typing import ClassVar

from neurodiff.model_file import Model
from neurodiff.model_file.transmission import (
    CosineThreshold,
    EventTransmission,
    RelativeThreshold,
)
from neurodiff.plan.thresholds import Chosen, Setting, choose
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
    chosen : Chosen or None
        What pilots said of them, where they were chosen for a cosine.
    """

    forward: float
    error: float
    average: int | None
    chosen: Chosen | None = None
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
        return FusedEvents(self.forward, self.error, self.average, self.chosen)

    @property
    def choices(self) -> list[str]:
        """Lines of text on the thresholds, where they were chosen."""
        return [] if self.chosen is None else [str(self.chosen)]

    def written(self, model: Model) -> Model:
        """The model with the thresholds as numbers, where they were chosen.

        Parameters
        ----------
        model : Model
            Model as it was asked for.
        """
        if self.chosen is None:
            return model
        errors = {"relative": self.error}
        return model.replace(
            transmission={
                "kind": self.kind,
                "threshold": self.forward,
                "error_threshold": errors,
            }
        )


@dataclass(frozen=True, eq=False)
class FusedEvents(Events):
    """The same by a kernel, which keeps what travels in arrays; see `neurodiff.plan.engine`."""

    resumable: ClassVar[bool] = True
    records_factors: ClassVar[bool] = True
    engine: ClassVar[str] = "fused"

    @property
    def native(self) -> Events:
        """The same by the plain Brian2 network."""
        return Events(self.forward, self.error, self.average, self.chosen)


@prepare.register
def _(spec: EventTransmission, context: Context) -> Events:
    of_errors = spec.error_threshold
    if isinstance(spec.threshold, CosineThreshold):
        chosen = choose(spec.threshold.cosine, _setting(context))
        return Events(chosen.forward, chosen.error, _AVERAGE, chosen)
    assert of_errors is not None
    if not isinstance(of_errors, RelativeThreshold):
        return Events(spec.threshold, of_errors.absolute, None)
    steps = context.model.steps
    average = _AVERAGE if of_errors.average is None else steps(of_errors.average)
    return Events(spec.threshold, of_errors.relative, average)


def _setting(context: Context) -> Setting:
    return Setting(
        graph=context.graph,
        latencies=context.latencies,
        w=context.w,
        bias=context.bias,
        stimuli=context.stimuli,
        loss=context.model.loss,
        rule=context.plasticity,
        average=_AVERAGE,
    )
