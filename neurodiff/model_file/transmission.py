"""The `transmission` part of a model file: how values travel through synapses."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, Tag, model_validator

from neurodiff.model_file.base import Part, choose, problem, told_apart
from neurodiff.model_file.quantities import (
    ContinuousTime,
    PositiveFrequency,
    PositiveTime,
    TimeConstant,
    Voltage,
)

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class GradedTransmission(Part):
    """Every time step carries the exact value."""

    kind: Literal["graded"] = "graded"
    maximum_rate: ClassVar[None] = None

    def threshold_text(self, kind: str) -> str:
        """The largest change that is not sent, of an activity (`forward`) or error, in words.

        Parameters
        ----------
        kind : str
            Either `forward`, for activities, or `error`.
        """
        return ""


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


class CosineThreshold(Part):
    """Both thresholds are chosen by pilot runs, so that events are near to graded transmission.

    `cosine` is that between the local products of the run and those of the same run with graded
    transmission, in the projection where it is smallest. Of all pairs of thresholds the one with
    the fewest synaptic operations is taken; a run keeps it in its model file as numbers.
    """

    cosine: Annotated[float, Field(gt=0, lt=1)]


def _threshold_form(value: Any) -> str:
    is_cosine = isinstance(value, Mapping | CosineThreshold)
    return "cosine_form" if is_cosine else "number_form"


def _refuse_relative(value: Any) -> Any:
    if isinstance(value, Mapping) and set(value) & {"relative", "absolute"}:
        text = "an activity has no scale that a threshold could be relative to"
        raise problem(text, "write a number such as 0.01: the largest change that is not sent")
    return value


Threshold = Annotated[
    Annotated[NotNegative, Tag("number_form")] | Annotated[CosineThreshold, Tag("cosine_form")],
    choose(_threshold_form, "write a number such as 0.01, or {cosine: 0.995}"),
    BeforeValidator(_refuse_relative, json_schema_input_type=NotNegative | CosineThreshold),
]


class EventTransmission(Part):
    """A value is sent only when it has changed by more than a threshold since it was last sent.

    `threshold` is that of the activities, absolute; `error_threshold` that of the errors, relative
    to the size of the population's errors. With 0 every change is sent. Both are chosen where
    `threshold` names a cosine.
    """

    kind: Literal["events"]
    threshold: Threshold
    error_threshold: ErrorThreshold | None = None
    maximum_rate: ClassVar[None] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        chosen = isinstance(self.threshold, CosineThreshold)
        if chosen and self.error_threshold is not None:
            text = "`threshold: {cosine: ...}` chooses this one, too"
            raise problem(text, "leave it out, or write both as numbers", "error_threshold")
        if not chosen and self.error_threshold is None:
            raise problem("missing", "write `error_threshold: 0.02`", "error_threshold")
        return self

    def threshold_text(self, kind: str) -> str:
        """The largest change that is not sent, of an activity (`forward`) or error, in words.

        Parameters
        ----------
        kind : str
            Either `forward`, for activities, or `error`.
        """
        if isinstance(self.threshold, CosineThreshold):
            return f"threshold for a cosine of {self.threshold.cosine:g}"
        if kind == "forward":
            return f"threshold {self.threshold:g}"
        if isinstance(self.error_threshold, RelativeThreshold):
            return f"threshold {self.error_threshold.relative:g} of layer's r.m.s."
        assert self.error_threshold is not None
        return f"threshold {self.error_threshold.absolute:g}"


#: What only lif neurons have, and its value unless given.
_MEMBRANE = {
    "membrane_time_constant": "20 ms",
    "refractory": "2 ms",
    "rest": "-70 mV",
    "reset": "-70 mV",
    "threshold": "-50 mV",
    "background": 3.0,
}


class SpikeTransmission(Part):
    """Values travel as spike rates.

    `maximum_rate` stands for an activity of 1; arriving spikes leave traces that decay with
    `synaptic_time_constant`. A unit is `neurons_per_unit` neurons, an error unit as many ON and as
    many OFF cells, which fire at `error_rate` for an error of the root mean square size that the
    population's errors have before learning. ON and OFF cells inhibit each other, unless
    `mutual_inhibition` is false, which is for studying how their common mode grows.

    The rest is for `neuron: lif` only; unless given 20 ms, 2 ms, -70 mV, -70 mV, -50 mV and 3. The
    drive 0 brings the membrane towards rest + background*(threshold - rest), and each unit of drive
    adds another (threshold - rest).
    """

    kind: Literal["spikes"]
    neuron: Literal["lif", "integrate_and_fire", "poisson"]
    maximum_rate: PositiveFrequency
    synaptic_time_constant: TimeConstant
    neurons_per_unit: Annotated[int, Field(ge=1)] = 1
    error_rate: PositiveFrequency = 100.0
    mutual_inhibition: bool = True
    membrane_time_constant: TimeConstant | None = None
    refractory: ContinuousTime | None = None
    rest: Voltage | None = None
    reset: Voltage | None = None
    threshold: Voltage | None = None
    background: Positive | None = None

    def threshold_text(self, kind: str) -> str:
        """The largest change that is not sent, of an activity (`forward`) or error, in words.

        Parameters
        ----------
        kind : str
            Either `forward`, for activities, or `error`.
        """
        return ""

    @model_validator(mode="before")
    @classmethod
    def _complete_membrane(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or data.get("neuron") != "lif":
            return data
        missing = {key: value for key, value in _MEMBRANE.items() if data.get(key) is None}
        return {**data, **missing}

    @model_validator(mode="after")
    def _refuse_membrane(self) -> Self:
        for key in _MEMBRANE:
            if self.neuron != "lif" and getattr(self, key) is not None:
                remedy = "leave it out, or write `neuron: lif`"
                raise problem("only lif neurons have it", remedy, key)
        return self


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
