"""The `feedback` part of a model file: by what weights errors come back, and who makes them."""

from typing import Annotated, Literal

from pydantic import Field

from neurodiff.model_file.base import Part, told_apart
from neurodiff.model_file.network import Delay, Weights
from neurodiff.model_file.quantities import PositiveFrequency, PositiveTime

#: What a backward synapse multiplies: what has waited for it, or what is there at present.
Traces = Literal["aligned", "present"]


class SymmetricFeedback(Part):
    """Errors come back through the very weights of the forward synapses: weight transport."""

    rule: Literal["symmetric"] = "symmetric"


class RandomFeedback(Part):
    """Feedback alignment: each backward weight is drawn once, as `weights` says, and stays.

    Unless given, it is drawn like the forward weight, but independently of it.
    """

    rule: Literal["random"]
    weights: Weights | None = None


class SignFeedback(Part):
    """Backward weights have the signs of the forward weights at any time, and one size.

    The size is that of each projection at the start, root mean square.
    """

    rule: Literal["sign"]


class DirectFeedback(Part):
    """Every output sends its error to every hidden unit, by a backward weight that is drawn once.

    Errors of hidden units go nowhere. `delay` is that of these connections, unless given the
    network's backward delay; `weights` are drawn as for a projection from the hidden population to
    all outputs, unless given like the network's.
    """

    rule: Literal["direct"]
    weights: Weights | None = None
    delay: Delay | None = None


class KolenPollackFeedback(Part):
    """Backward weights learn from the same product as the forward weights, and both decay.

    With traces that are aligned it is the very product; with what is at present at the backward
    synapse it is that of another moment, and an offset remains. Of projections that are not plastic
    the backward weights stay as they began.
    """

    rule: Literal["kolen_pollack"]
    weights: Weights | None = None
    traces: Traces = "aligned"


class WeightMirrorFeedback(Part):
    """Backward weights learn the forward ones from noise that units send for the first `duration`.

    All units but the outputs then send white noise of standard deviation `noise`. No error comes
    back, and nothing else learns, until that has left the network. Unless given, `learning_rate` is
    weight_decay/noise^2: for linear units backward weights then go to the forward ones.
    """

    rule: Literal["weight_mirror"]
    weights: Weights | None = None
    traces: Traces = "aligned"
    duration: PositiveTime
    noise: Annotated[float, Field(gt=0)] = 1.0
    weight_decay: PositiveFrequency
    learning_rate: PositiveFrequency | None = None


_FORMS = (
    SymmetricFeedback,
    RandomFeedback,
    SignFeedback,
    DirectFeedback,
    KolenPollackFeedback,
    WeightMirrorFeedback,
)
_Rule = (
    SymmetricFeedback
    | RandomFeedback
    | SignFeedback
    | DirectFeedback
    | KolenPollackFeedback
    | WeightMirrorFeedback
)

#: Those that are complete without any key may be written as a word.
_Word = Literal["symmetric", "random", "sign", "direct", "kolen_pollack"]

Feedback = Annotated[
    _Rule,
    Field(discriminator="rule"),
    told_apart("rule", *_FORMS, bare=True, schema=_Word | _Rule),
]
