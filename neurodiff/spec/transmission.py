"""The `transmission` part of a model file: how values travel through synapses."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Tag

from neurodiff.spec.base import Part, choose, problem, told_apart
from neurodiff.spec.quantities import Frequency, PositiveTime

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class GradedTransmission(Part):
    """Every time step carries the exact value."""

    kind: Literal["graded"] = "graded"


class AbsoluteThreshold(Part):
    """An error is sent when it has changed by more than `absolute`; by anything at all if 0."""

    absolute: NotNegative


class RelativeThreshold(Part):
    """An error is sent when it has changed by more than `relative` times the population's errors.

    These are measured by their running root mean square over `average`, 1,000 steps unless given.
    An error below a millionth of the largest that this has been is sent as 0.
    """

    relative: Positive
    average: PositiveTime | None = None


def _short_form(value: Any) -> Any:
    """`error_threshold: 0.02` is short for {relative: 0.02}, 0 for {absolute: 0}."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if value < 0:
        raise problem(f"{value!r} is negative", "write 0 (every change is sent) or more")
    return {"relative": value} if value else {"absolute": 0.0}


def _error_threshold_form(value: Any) -> str | None:
    forms = ("absolute", "relative")
    written = [form for form in forms if isinstance(value, Mapping) and form in value]
    written += [form for form in forms if hasattr(value, form)]
    return f"{written[0]}_form" if len(written) == 1 else None


ErrorThreshold = Annotated[
    Annotated[AbsoluteThreshold, Tag("absolute_form")]
    | Annotated[RelativeThreshold, Tag("relative_form")],
    choose(
        _error_threshold_form,
        "write a number such as 0.02, {relative: 0.02} or {absolute: 0.001}",
    ),
    BeforeValidator(
        _short_form, json_schema_input_type=NotNegative | AbsoluteThreshold | RelativeThreshold
    ),
]


def _refuse_relative(value: Any) -> Any:
    if isinstance(value, Mapping):
        text = "an activity has no scale that a threshold could be relative to"
        raise problem(text, "write a number such as 0.01: the largest change that is not sent")
    return value


class EventTransmission(Part):
    """A value is sent only when it has changed by more than a threshold since it was last sent.

    `threshold` is that of the activities, absolute; `error_threshold` that of the errors, relative
    to the size of the population's errors. With 0 every change is sent.
    """

    kind: Literal["events"]
    threshold: Annotated[NotNegative, BeforeValidator(_refuse_relative)]
    error_threshold: ErrorThreshold


class SpikeTransmission(Part):
    """Values travel as spike rates."""

    kind: Literal["spikes"]
    neuron: Literal["lif", "integrate_and_fire", "poisson"]
    maximum_rate: Frequency
    synaptic_time_constant: PositiveTime


Transmission = Annotated[
    GradedTransmission | EventTransmission | SpikeTransmission,
    Field(discriminator="kind"),
    told_apart(
        "kind",
        GradedTransmission,
        EventTransmission,
        SpikeTransmission,
        bare=True,
        schema=Literal["graded"] | GradedTransmission | EventTransmission | SpikeTransmission,
    ),
]
