"""The model file, version 1, as typed and checked objects."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, Tag, model_validator

from neurodiff.exceptions import ModelError
from neurodiff.model_file.base import Part, choose, problem, told_apart
from neurodiff.model_file.checks import problems
from neurodiff.model_file.cycles import find_cycle
from neurodiff.model_file.feedback import Feedback, SymmetricFeedback
from neurodiff.model_file.network import FileWeights, Network, Weights
from neurodiff.model_file.quantities import (
    Frequency,
    PositiveTime,
    Time,
    TimeConstant,
    WallTime,
    may_be_quantity,
)
from neurodiff.model_file.signals import Input, Target
from neurodiff.model_file.transmission import GradedTransmission, Transmission


class StaticNeuron(Part):
    """x = f(a): the delayed neuron of the paper."""

    kind: Literal["static"] = "static"


class LeakyNeuron(Part):
    """tau da/dt = -a + drive, and alike for its error unit and for what arrives at its synapses.

    A step is exact for a drive that is constant within it, or one of Euler's method.
    """

    kind: Literal["leaky"]
    time_constant: TimeConstant
    integration: Literal["exact", "euler"] = "exact"


class Plasticity(Part):
    """Local learning rule: dw/dt = -learning_rate * delta * x - weight_decay * w, from `start` on.

    A bias is a synapse from a constant unit: it learns and decays alike. `alignment` says what the
    error is multiplied by: what is there now (none), or what it is about, exactly (matched) or
    through exponential traces of `stages` stages, 1 unless given (trace).
    """

    rule: Literal["diffusion"] = "diffusion"
    learning_rate: Frequency
    start: Time = 0.0
    weight_decay: Frequency = 0.0
    alignment: Literal["none", "trace", "matched"] = "none"
    stages: Annotated[int, Field(ge=1, le=20)] | None = None

    @model_validator(mode="after")
    def _stages_of_a_trace(self) -> Self:
        if self.stages is not None and self.alignment != "trace":
            text = f"only a trace has stages, and alignment is {self.alignment}"
            raise problem(text, "leave it out, or write `alignment: trace`", "stages")
        return self


class NoPlasticity(Part):
    """Weights stay as they are."""

    rule: Literal["none"] = "none"
    alignment: ClassVar[Literal["none"]] = "none"
    stages: ClassVar[None] = None


Neuron = Annotated[
    StaticNeuron | LeakyNeuron,
    Field(discriminator="kind"),
    told_apart(
        "kind",
        StaticNeuron,
        LeakyNeuron,
        bare=True,
        schema=Literal["static"] | StaticNeuron | LeakyNeuron,
    ),
]
Learning = Annotated[
    Plasticity | NoPlasticity,
    Field(discriminator="rule"),
    told_apart(
        "rule",
        Plasticity,
        NoPlasticity,
        bare=True,
        schema=Literal["none"] | Plasticity | NoPlasticity,
    ),
]


MachineCode = Literal["auto", "numpy", "cython", "cpp_standalone"]


def _interval_form(value: Any) -> str | None:
    if value == "none":
        return "none"
    return "time" if may_be_quantity(value) else None


Interval = Annotated[
    Annotated[Literal["none"], Tag("none")] | Annotated[PositiveTime, Tag("time")],
    choose(_interval_form, "write `none` or a time such as `1 ms`"),
]
WallInterval = Annotated[
    Annotated[Literal["none"], Tag("none")] | Annotated[WallTime, Tag("time")],
    choose(_interval_form, "write `none` or a time such as `10 min`"),
]


class Run(Part):
    """How long, and how it is computed.

    `target` is the kind of machine code. `engine` says who moves the weights: fused kernels, or the
    plain Brian2 network (native), which can do everything. `precision` is that of the weights, and
    `threads` the number of threads, of fused kernels. `checkpoint` is the wall time between two
    states of a run that are kept in its folder, and from which it can go on; `none` keeps none, at
    its end neither.
    """

    duration: PositiveTime | None = None
    epochs: Annotated[int, Field(gt=0, le=2**31 - 1)] | None = None
    target: MachineCode = "auto"
    engine: Literal["auto", "fused", "native"] = "auto"
    precision: Literal["float64", "float32"] = "float64"
    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    checkpoint: WallInterval = 600.0

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.duration is None and self.epochs is None:
            raise problem(
                "no length is given", "write `duration: 2 s` or, with frames, `epochs: 3`"
            )
        if self.duration is not None and self.epochs is not None:
            raise problem("both `duration` and `epochs` are given", "write one of the two")
        return self


class Record(Part):
    """How often signals and weights are kept. Unless given: so that about 1,000 and 10 are.

    With frames those signals are of the first frames, so that what a frame does can be seen.
    `window` (start, stop) keeps the signals of a part of the run only. Events (all, where
    transmission is by events) are kept where signals are, and within `window`. `products` are the
    local products of every synapse at the moments of `validation.every`, with their weights:
    all of them, or, where these would take more than 256 MB, only the two factors of each while the
    run is there (auto), or all in any case; with none they are compared and not kept.
    """

    signals: Interval | None = None
    weights: Interval | None = None
    events: Literal["all", "none"] | None = None
    products: Literal["auto", "all", "none"] = "auto"
    window: Annotated[tuple[Time, Time], Field(strict=False)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.window is not None and self.window[0] >= self.window[1]:
            raise problem("it ends before it starts", "write [start, stop]", "window")
        return self


def _record_nothing(value: Any) -> Any:
    """`record: none` is short for no signals, and so no events, no weights and no products."""
    if value == "none":
        return {"signals": "none", "weights": "none", "products": "none"}
    return value


RecordOrNone = Annotated[
    Record, BeforeValidator(_record_nothing, json_schema_input_type=Literal["none"] | Record)
]


class Validation(Part):
    """What the local product is held against, when, and what is good enough.

    Unless given, `reference` is error_frame, or with cycles fixed_point; `start` is the step from
    which a constant input gives the exact gradient (with cycles and fixed_point: to about a
    millionth; with leaky neurons: all but about 1 % of it). All figures are of the moments from
    `start` to the end of learning: of every step where transmission is graded, else of the moments
    that are recorded, with intervals. `every` says how often products are recorded, unless given
    about 200 times; with graded transmission no figure depends on it. `none` compares nothing.
    """

    reference: Literal["error_frame", "instantaneous", "delayed", "fixed_point", "none"] | None = (
        None
    )
    start: Time | None = None
    every: PositiveTime | None = None
    minimum_cosine: Annotated[float, Field(ge=-1, le=1)] = 0.99
    maximum_relative_error: Annotated[float, Field(gt=0)] | None = None


def _validate_nothing(value: Any) -> Any:
    """`validation: none` is short for no reference."""
    return {"reference": "none"} if value == "none" else value


ValidationOrNone = Annotated[
    Validation,
    BeforeValidator(_validate_nothing, json_schema_input_type=Literal["none"] | Validation),
]


class Model(Part):
    """A study: network, delays, neurons, learning rule, stimuli, and what to do with them.

    Made by `neurodiff.load` from a model file, or in Python by `Model.layered` or by
    ``Model.from_mapping({...})`` with the keys of the model file. Immutable.
    """

    neurodiff: Literal[1]
    name: Annotated[str, Field(max_length=100, pattern=r"^\w([\w .-]*\w)?$")]
    description: str = ""
    seed: Annotated[int, Field(ge=0)] = 1
    time_step: TimeConstant = 1e-3
    network: Network
    neuron: Neuron = StaticNeuron()
    transmission: Transmission = GradedTransmission()
    feedback: Feedback = SymmetricFeedback()
    plasticity: Learning = NoPlasticity()
    input: Input
    target: Target
    loss: Literal["squared_error", "cross_entropy"] = "squared_error"
    run: Run
    record: RecordOrNone = Record()
    validation: ValidationOrNone = Validation()

    _folder: Path = PrivateAttr(default_factory=Path.cwd)
    _where: Callable[[str], str] = PrivateAttr(default=str)

    @model_validator(mode="after")
    def _refuse_misfits(self) -> Self:
        for misfit in problems(self):
            raise problem(misfit.problem, misfit.remedy, misfit.field)
        return self

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> "Model":
        """Check the keys of a model file given as a mapping.

        Parameters
        ----------
        data : mapping
            Keys of a model file.

        Raises
        ------
        ModelError
            If it describes no model that can be built; the message names the key and the remedy.
        """
        from neurodiff.model_file.reading import from_mapping

        return from_mapping(data)

    @classmethod
    def layered(
        cls,
        layers: Sequence[int],
        *,
        input: Mapping[str, Any],
        target: Mapping[str, Any],
        duration: str | None = None,
        name: str = "layered",
        **keys: Any,
    ) -> "Model":
        """A chain of all-to-all layers.

        Parameters
        ----------
        layers : sequence of int
            Number of units per layer, input first.
        input, target : mapping
            As in the model file, e.g. ``{"kind": "constant", "values": [1.0]}``.
        duration : str, optional
            Model time of the run, e.g. ``"100 ms"``; without it give ``run={"epochs": 3}``.
        name : str
            Used in titles and in the run folder's name.
        **keys
            Keys of the model file's `network` (activation, bias, delay, weights, ...) or of its top
            level (seed, time_step, plasticity, loss, record, validation, run, ...).

        Raises
        ------
        ModelError
            If the keys describe no model that can be built.

        Examples
        --------
        >>> model = Model.layered(
        ...     [2, 3, 1],
        ...     activation="sigmoid",
        ...     input={"kind": "constant", "values": [0.5, -0.5]},
        ...     target={"kind": "constant", "values": [0.2]},
        ...     duration="20 ms",
        ... )
        """
        from neurodiff.model_file.copying import layered

        return layered(layers, duration, {"name": name, "input": input, "target": target, **keys})

    def lasting(self, duration: str) -> "Model":
        """The same model with another duration, e.g. ``"100 ms"``, of its run.

        Parameters
        ----------
        duration : str
            Duration with its unit, such as ``"100 ms"``.

        Raises
        ------
        ModelError
            If the duration is no multiple of the time step.
        """
        run = self.run.model_dump(mode="json", exclude_none=True) | {"duration": duration}
        run.pop("epochs", None)
        return self.replace(run=run)

    def steps(self, time: float) -> int:
        """`time` (s) in time steps; it was checked to be a whole number of them.

        Parameters
        ----------
        time : float
            Time in seconds.
        """
        return round(time / self.time_step)

    @property
    def target_delay(self) -> int | None:
        """Steps by which the target is delayed, None where it is matched to the outputs."""
        delay = self.target.delay
        if delay == "matched":
            return None
        return self.steps(delay) if isinstance(delay, float) else 0

    @cached_property
    def reference(self) -> str:
        """What the local products are held against, as written or by default."""
        default = "fixed_point" if find_cycle(*self.network.digraph()) else "error_frame"
        return self.validation.reference or default

    @property
    def keeps_products(self) -> bool:
        """Whether a recording keeps local products, with which it can be validated again."""
        return self.reference != "none" and self.record.products == "all"

    def with_absolute_paths(self) -> "Model":
        """The same model with the paths of its files made absolute, to be kept elsewhere."""
        changes: dict[str, Any] = {}
        for name in ("input", "target"):
            part = getattr(self, name)
            if getattr(part, "file", None):
                changes[name] = part._with(file=str(self.file(part.file)))
        if not getattr(self.input, "built_in", True):
            absolute = {"dataset": str(self.file(self.input.dataset))}  # type: ignore[union-attr]
            changes["input"] = self.input._with(**absolute)
        weights = getattr(self.feedback, "weights", None)
        if weights is not None:
            absolute_weights = {"weights": self._absolute(weights)}
            changes["feedback"] = self.feedback._with(**absolute_weights)
        network = self.network.map_weights(self._absolute)
        return self._with(network=network, **changes)

    def _absolute(self, weights: Weights) -> Weights:
        if isinstance(weights, FileWeights):
            return weights._with(path=str(self.file(weights.path)))
        return weights

    def located(self, error: ModelError) -> ModelError:
        """An error found while building, with the file and line, or override, it is about.

        Parameters
        ----------
        error : ModelError
            Error that names a key.
        """
        return ModelError(self._where(error.field), error.problem, error.remedy)

    def file(self, path: str) -> Path:
        """A path of the model file, which is relative to the file's own folder.

        Parameters
        ----------
        path : str
            Path as the model file has it.
        """
        return self._folder / path
