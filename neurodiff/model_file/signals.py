"""The `input` and `target` parts of a model file."""

from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from neurodiff.model_file.base import Part, choose, told_apart
from neurodiff.model_file.quantities import (
    Frequency,
    PositiveTime,
    Time,
    TimeConstant,
    may_be_quantity,
)

Values = Annotated[list[float], Field(min_length=1)]


def _one_or_list(value: Any) -> str:
    return "list" if isinstance(value, list) else "one"


PerUnit = Annotated[
    Annotated[float, Tag("one")] | Annotated[Values, Tag("list")],
    choose(_one_or_list, "write a number, or a list of numbers"),
]
Frequencies = Annotated[
    Annotated[Frequency, Tag("one")] | Annotated[list[Frequency], Field(min_length=1), Tag("list")],
    choose(_one_or_list, "write a frequency, or a list of frequencies"),
]


def _phase_form(value: Any) -> str:
    return "word" if isinstance(value, str) else "number"


Phase = Annotated[
    Annotated[Literal["random"], Tag("word")] | Annotated[PerUnit, Tag("number")],
    choose(_phase_form, "write `random`, a number, or a list of numbers"),
]


class _Input(Part):
    """What every input says of itself."""

    @property
    def frame_duration(self) -> float | None:
        """Seconds for which each frame is shown; None where no frames are."""
        return None

    @property
    def keeps_frames_for_the_test(self) -> bool:
        """Whether some of its frames are not learned from."""
        return False

    def legible_span(self, both_ways: float, time_step: float) -> float:
        """Seconds in which can be seen what it does, and both waves that take `both_ways`."""
        return 4 * both_ways


class ConstantInput(_Input):
    """One value per input unit, from step 0 on."""

    kind: Literal["constant"]
    values: Values

    def legible_span(self, both_ways: float, time_step: float) -> float:
        """The waves once, and a little more.

        Parameters
        ----------
        both_ways : float
            Time that both waves take together, in seconds.
        time_step : float
            Time step in seconds.
        """
        return 1.5 * both_ways + 2 * time_step


class SinusoidInput(_Input):
    """amplitude * sin(2 pi frequency t + phase), each a scalar or one per unit; phase in radian."""

    kind: Literal["sinusoid"]
    frequency: Frequencies
    amplitude: PerUnit = 1.0
    phase: Phase = "random"

    def legible_span(self, both_ways: float, time_step: float) -> float:
        """A period of the slowest tone, if it is not too long.

        Parameters
        ----------
        both_ways : float
            Time that both waves take together, in seconds.
        time_step : float
            Time step in seconds.
        """
        slowest = min(self.frequency) if isinstance(self.frequency, list) else self.frequency
        period = 1 / slowest if slowest > 0 else 0.0
        return max(4 * both_ways, min(period, 40 * both_ways))


class NoiseInput(_Input):
    """Independent Ornstein-Uhlenbeck processes in their stationary state."""

    kind: Literal["noise"]
    time_constant: TimeConstant
    sd: Annotated[float, Field(ge=0)] = 1.0


#: Data sets that need no file, and the numbers of frames of those that are generated unless given.
BUILT_IN = ("digits", "iris", "wine", "breast_cancer", "moons", "yin_yang")
GENERATED = {"moons": 1000, "yin_yang": 6000}


class FramesInput(_Input):
    """Labelled frames, one after another; over the first `crossfade` of its hold one blends in.

    `samples` is the number of frames of a data set that is generated. With `standardise` each
    value has mean 0 and standard deviation 1 over the training frames, with `stratify` the test
    has all classes in their proportions.
    """

    kind: Literal["frames"]
    dataset: str = "digits"
    samples: Annotated[int, Field(ge=2, le=1_000_000)] | None = None
    standardise: bool = False
    stratify: bool = False
    hold: PositiveTime
    crossfade: Time = 0.0
    order: Literal["shuffled", "as_given"] = "shuffled"
    test_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.2

    @property
    def built_in(self) -> bool:
        """Whether `dataset` is the name of a data set, and not of a file."""
        return self.dataset in BUILT_IN

    @property
    def n_samples(self) -> int:
        """Number of frames, of a data set that is generated; 0 of others."""
        return self.samples or GENERATED.get(self.dataset, 0)

    @property
    def frame_duration(self) -> float:
        """Its `hold`."""
        return self.hold

    @property
    def keeps_frames_for_the_test(self) -> bool:
        """Whether there is a `test_fraction`."""
        return self.test_fraction > 0

    def legible_span(self, both_ways: float, time_step: float) -> float:
        """Some frames.

        Parameters
        ----------
        both_ways : float
            Time that both waves take together, in seconds.
        time_step : float
            Time step in seconds.
        """
        return max(4 * both_ways, 4 * self.hold)


class ArrayInput(_Input):
    """Samples from a NumPy file, array (time, units), one every `interval`."""

    kind: Literal["array"]
    file: str
    interval: PositiveTime
    interpolation: Literal["previous", "linear"] = "previous"


Input = Annotated[
    ConstantInput | SinusoidInput | NoiseInput | FramesInput | ArrayInput,
    Field(discriminator="kind"),
    told_apart("kind", ConstantInput, SinusoidInput, NoiseInput, FramesInput, ArrayInput),
]


def _target_delay_form(value: Any) -> str | None:
    if value in ("matched", "none"):
        return "word"
    return "time" if may_be_quantity(value) else None


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
    """What the same network, with weights from `seed`, answers to the present input, at once."""

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
    ConstantTarget | TeacherTarget | LabelsTarget | ArrayTarget,
    Field(discriminator="kind"),
    told_apart("kind", ConstantTarget, TeacherTarget, LabelsTarget, ArrayTarget),
]
