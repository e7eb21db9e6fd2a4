"""The `network` part of a model file: populations, projections, delays, initial weights."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Tag, model_validator

from neurodiff.model_file.base import Name, Part, choose, nearest, problem, told_apart
from neurodiff.model_file.quantities import ContinuousTime, DelayTime, may_be_quantity

#: `lif` is the f-I curve of the leaky integrate-and-fire neuron.
ActivationName = Literal["linear", "tanh", "sigmoid", "relu", "softplus", "lif"]
Role = Literal["input", "hidden", "output"]
Probability = Annotated[float, Field(gt=0, le=1)]


def _bias_form(value: Any) -> str | None:
    if isinstance(value, bool):
        return "switch"
    return "centred" if value == "centred" else None


#: Centred: a bias that at the start makes up for what arrives when all units are at a = 0.
Bias = Annotated[
    Annotated[bool, Tag("switch")] | Annotated[Literal["centred"], Tag("centred")],
    choose(_bias_form, "write true, false or centred"),
]


class UniformDelay(Part):
    """One delay for each synapse, drawn uniformly from the steps between two times.

    Both times are included.
    """

    uniform: Annotated[tuple[DelayTime, DelayTime], Field(strict=False)]

    @model_validator(mode="after")
    def _ordered(self) -> "UniformDelay":
        if self.uniform[0] > self.uniform[1]:
            text = "the shortest delay is longer than the longest"
            raise problem(text, "write [shortest, longest]", "uniform")
        return self


class NormalDelay(Part):
    """One delay for each synapse, normally distributed (mean, standard deviation).

    Rounded to whole steps; what falls below one step becomes one step.
    """

    normal: Annotated[tuple[DelayTime, ContinuousTime], Field(strict=False)]


class LognormalDelay(Part):
    """One delay for each synapse, lognormally distributed.

    The two times are the mean and the standard deviation of the delay itself, not of its logarithm.
    Rounded to whole steps; what falls below one step becomes one step.
    """

    lognormal: Annotated[tuple[DelayTime, ContinuousTime], Field(strict=False)]


#: Distributions of a delay that is drawn for each synapse.
_DISTRIBUTIONS = ("uniform", "normal", "lognormal")
_FORMS = (
    "write a time (`5 ms`), {uniform: [1 ms, 5 ms]}, {normal: [5 ms, 1 ms]} or "
    "{lognormal: [5 ms, 1 ms]}"
)


def _delay_form(value: Any) -> str | None:
    if may_be_quantity(value):
        return "time"
    for form in _DISTRIBUTIONS:
        if (isinstance(value, Mapping) and form in value) or hasattr(value, form):
            return form
    return None


Delay = Annotated[
    Annotated[DelayTime, Tag("time")]
    | Annotated[UniformDelay, Tag("uniform")]
    | Annotated[NormalDelay, Tag("normal")]
    | Annotated[LognormalDelay, Tag("lognormal")],
    choose(_delay_form, _FORMS),
]


class Delays(Part):
    """Synaptic delays of the forward and the backward connections; one time step unless given."""

    forward: Delay | None = None
    backward: Delay | None = None


def _both_directions(value: Any) -> Any:
    """`delay: 2 ms` and `delay: {uniform: ...}` are short for the same in both directions."""
    if isinstance(value, Delays):
        return value
    if isinstance(value, Mapping) and not set(_DISTRIBUTIONS) & value.keys():
        for key in value.keys() - Delays.model_fields.keys():
            known = [*Delays.model_fields, *_DISTRIBUTIONS]
            raise problem(f"unknown key `{key}`", nearest(str(key), known), str(key))
        return value
    return {"forward": value, "backward": value}


BothDelays = Annotated[
    Delays, BeforeValidator(_both_directions, json_schema_input_type=Delays | Delay)
]


class ScaledWeights(Part):
    """Independent weights whose spread follows from the fan-in and fan-out (Glorot; LeCun)."""

    init: Literal["glorot_uniform", "glorot_normal", "lecun_normal"] = "glorot_uniform"
    gain: Annotated[float, Field(ge=0)] = 1.0


class NormalWeights(Part):
    """Normally distributed weights with mean 0."""

    init: Literal["normal"]
    sd: Annotated[float, Field(ge=0)]


class ConstantWeights(Part):
    """The same weight for every synapse."""

    init: Literal["constant"]
    value: float


class FileWeights(Part):
    """Weights from a NumPy archive.

    It holds, for every projection, an array (post units, pre units) under the projection's name;
    and, where wanted, an array (units,) of biases under `<population>.bias`. A weight that is not 0
    where the projection has no synapse is refused.
    """

    init: Literal["file"]
    path: str


Weights = Annotated[
    ScaledWeights | NormalWeights | ConstantWeights | FileWeights,
    Field(discriminator="init"),
    told_apart("init", ScaledWeights, NormalWeights, ConstantWeights, FileWeights),
]


class Connectivity(Part):
    """Which pairs of units are connected.

    All of them, each with a probability, one to one, or those for which the weights file of the
    projection has a number that is neither 0 nor NaN (`weights`).
    """

    all_to_all: Literal[True] | None = None
    probability: Probability | None = None
    one_to_one: Literal[True] | None = None
    weights: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> "Connectivity":
        rules = [getattr(self, name) for name in type(self).model_fields]
        count = sum(rule is not None for rule in rules)
        if count != 1:
            remedy = (
                "write one of `all_to_all: true`, `probability: 0.1`, `one_to_one: true`, "
                "`weights: true`"
            )
            raise problem(f"{count} rules are given", remedy)
        return self


def _connectivity_in_a_word(value: Any) -> Any:
    """`connectivity: weights` is short for {weights: true}; a bare number is none."""
    switches = [name for name in Connectivity.model_fields if name != "probability"]
    if isinstance(value, str):
        if value not in switches:
            raise problem(f"{value!r} is not known", nearest(value, switches))
        return {value: True}
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise problem(f"{value!r} alone says no rule", f"write {{probability: {value!r}}}")
    return value


#: A rule that needs no number may be written as a word.
RuleOfConnectivity = Annotated[
    Connectivity,
    BeforeValidator(
        _connectivity_in_a_word,
        json_schema_input_type=Literal["all_to_all", "one_to_one", "weights"] | Connectivity,
    ),
]


class PopulationSpec(Part):
    """A named set of units with one activation function."""

    size: Annotated[int, Field(gt=0)]
    role: Role = "hidden"
    activation: ActivationName | None = None
    bias: Bias | None = None


class ProjectionSpec(Part):
    """Synapses from one population to another; named `pre_to_post` unless it has a name.

    With `dale` weights keep their signs, and an update that would cross 0 stops there. A unit then
    stands for an excitatory neuron and an inhibitory one that follows it at once: each synapse
    comes from the one or from the other. A weight of 0 takes the sign of the sum of all weights of
    its presynaptic unit; it is excitatory where all of them are 0.
    """

    pre: str
    post: str
    name: Name | None = None
    connectivity: RuleOfConnectivity = Connectivity(all_to_all=True)
    delay: BothDelays | None = None
    weights: Weights | None = None
    plastic: bool = True
    dale: bool | None = None


class Network(Part):
    """The network: `layers`, or `populations` and `projections`; the rest are their defaults."""

    layers: (
        Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=2, max_length=1000)] | None
    ) = None
    populations: Annotated[dict[Name, PopulationSpec], Field(min_length=2)] | None = None
    projections: Annotated[list[ProjectionSpec], Field(min_length=1)] | None = None
    activation: ActivationName = "tanh"
    output_activation: ActivationName | None = None
    bias: Bias = True
    delay: BothDelays = Delays()
    weights: Weights = ScaledWeights()
    dale: bool = False

    @model_validator(mode="after")
    def _layers_or_digraph(self) -> "Network":
        digraph = (self.populations is None, self.projections is None)
        if self.layers is not None and digraph == (True, True):
            return self
        if self.layers is None and digraph == (False, False):
            return self
        keys = ("layers", "populations", "projections")
        given = " and ".join(f"`{key}`" for key in keys if getattr(self, key) is not None)
        remedy = "write either `layers`, or both `populations` and `projections`"
        raise problem(f"{given} do not go together" if given else "no units", remedy)

    def digraph(self) -> tuple[dict[str, PopulationSpec], list[ProjectionSpec]]:
        """Populations and projections with every default filled in."""
        populations, projections = self._chain() if self.layers else self._named()
        return (
            {name: self._complete_population(part) for name, part in populations.items()},
            [self._complete_projection(part) for part in projections],
        )

    def map_weights(self, change: Callable[[Weights], Weights]) -> "Network":
        """The same network with `change` applied to every rule for initial weights.

        Parameters
        ----------
        change : callable
            Function of a rule that returns the new rule.
        """
        projections = self.projections and [
            part._with(weights=part.weights and change(part.weights)) for part in self.projections
        ]
        changed = {"weights": change(self.weights), "projections": projections}
        return self._with(**changed)

    def _chain(self) -> tuple[dict[str, PopulationSpec], list[ProjectionSpec]]:
        sizes = self.layers or []
        last = len(sizes) - 1
        hidden: list[Role] = ["hidden"] * (last - 1)
        roles: list[Role] = ["input", *hidden, "output"]
        names = ["input"] + [f"hidden{k}" for k in range(1, last)] + ["output"]
        populations = {
            name: PopulationSpec(size=size, role=role)
            for name, size, role in zip(names, sizes, roles, strict=True)
        }
        projections = [
            ProjectionSpec(name=f"layer{k}", pre=names[k - 1], post=names[k])
            for k in range(1, last + 1)
        ]
        return populations, projections

    def _named(self) -> tuple[dict[str, PopulationSpec], list[ProjectionSpec]]:
        return self.populations or {}, self.projections or []

    def _complete_population(self, part: PopulationSpec) -> PopulationSpec:
        default = self.activation
        if part.role == "output" and self.output_activation is not None:
            default = self.output_activation
        bias = self.bias if part.bias is None else part.bias
        return part._with(activation=part.activation or default, bias=bias)

    def _complete_projection(self, part: ProjectionSpec) -> ProjectionSpec:
        own = part.delay or Delays()
        delay = Delays.model_construct(
            forward=own.forward or self.delay.forward,
            backward=own.backward or self.delay.backward,
        )
        name = part.name or f"{part.pre}_to_{part.post}"
        dale = self.dale if part.dale is None else part.dale
        weights = part.weights or self.weights
        complete = {"name": name, "delay": delay, "weights": weights, "dale": dale}
        return part._with(**complete)
