"""The `input` and `target` parts of a model file."""

from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from neurodiff.spec.base import Part, choose
from neurodiff.spec.quantities import Frequency, PositiveTime, Time

Finite = Annotated[float, Field(allow_inf_nan=False)]
Values = Annotated[list[Finite], Field(min_length=1)]
PerUnit = Finite | Values


class ConstantInput(Part):
    """One value per input unit, from step 0 on."""

    kind: Literal["constant"]
    values: Values


class SinusoidInput(Part):
    """amplitude * sin(2 pi frequency t + phase), each a scalar or one per unit; phase in radian."""

    kind: Literal["sinusoid"]
    frequency: Frequency | Annotated[list[Frequency], Field(min_length=1)]
    amplitude: PerUnit = 1.0
    phase: Literal["random"] | PerUnit = "random"


class NoiseInput(Part):
    """Independent Ornstein-Uhlenbeck processes in their stationary state."""

    kind: Literal["noise"]
    time_constant: PositiveTime
    sd: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0


class FramesInput(Part):
    """Labelled frames shown one after another; over the first `crossfade` of its hold a frame blends in."""

    kind: Literal["frames"]
    dataset: str = "digits"
    hold: PositiveTime
    crossfade: Time = 0.0
    order: Literal["shuffled", "as_given"] = "shuffled"
    test_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.2


class ArrayInput(Part):
    """Samples from a NumPy file, array (time, units), one every `interval`."""

    kind: Literal["array"]
    file: str
    interval: PositiveTime
    interpolation: Literal["previous", "linear"] = "previous"


Input = Annotated[
    ConstantInput | SinusoidInput | NoiseInput | FramesInput | ArrayInput,
    Field(discriminator="kind"),
]


def _target_delay_form(value: Any) -> str:
    return "word" if value in ("matched", "none") else "time"


TargetDelay = Annotated[
    Annotated[Literal["matched", "none"], Tag("word")] | Annotated[Time, Tag("time")],
    choose(_target_delay_form, "write `matched`, `none` or a time such as `5 ms`"),
]


class ConstantTarget(Part):
    """One value per output unit."""

    kind: Literal["constant"]
    values: Values
    delay: TargetDelay = "matched"


class TeacherTarget(Part):
    """What the same network with weights drawn from `seed` answers to the present input, at once."""

    kind: Literal["teacher"]
    seed: Annotated[int, Field(ge=0)]
    delay: TargetDelay = "matched"


class LabelsTarget(Part):
    """One-hot labels of the frames."""

    kind: Literal["labels"]
    delay: TargetDelay = "matched"


class ArrayTarget(ArrayInput):
    """Samples from a NumPy file, array (time, outputs), one every `interval`."""

    delay: TargetDelay = "matched"


Target = Annotated[
    ConstantTarget | TeacherTarget | LabelsTarget | ArrayTarget, Field(discriminator="kind")
]
