"""By what weights errors come back, and what those weights need for their own learning.

A backward connection leads from the unit i whose error is sent to the unit j to which it comes; for
all but direct feedback it is a synapse from j to i the other way round. There delta_i arrives after
r steps and is multiplied by the backward weight b. With symmetric feedback b is the weight w of the
synapse itself, and there is nothing else to know (theory 8).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurodiff.model_file import Model
from neurodiff.model_file.feedback import (
    DirectFeedback,
    KolenPollackFeedback,
    RandomFeedback,
    SignFeedback,
    SymmetricFeedback,
    WeightMirrorFeedback,
)
from neurodiff.network.graph import Floats, Graph, Ints, random_stream
from neurodiff.network.latency import Latencies
from neurodiff.network.weights import draw_weights, weights_by_projection
from neurodiff.plan.alignment import Alignment, Matched, learning_latencies


@dataclass(frozen=True)
class Fixed:
    """Random and direct feedback: weights that stay.

    As of every feedback, `learned_first` says whether b is learned before anything else is.

    Attributes
    ----------
    b : array (n_returning,)
    knows : str
        What a backward connection has to know, in words.
    """

    b: Floats
    knows: ClassVar[str] = "the error that arrives"
    learned_first: ClassVar[bool] = False

    def waiting_steps(self, graph: Graph) -> int:
        """For how many steps a backward connection keeps a value for its own learning: none."""
        return 0


@dataclass(frozen=True)
class Signs:
    """Sign-symmetric feedback: b = scale sign(w).

    Attributes
    ----------
    b, scale : arrays (n_returning,)
        Weights at the start; and their size, which is the same for all of a projection.
    """

    b: Floats
    scale: Floats
    knows: ClassVar[str] = "the error that arrives, and the sign of its synapse's weight"
    learned_first: ClassVar[bool] = False

    def waiting_steps(self, graph: Graph) -> int:
        """For how many steps a backward connection keeps a value for its own learning: none."""
        return 0


@dataclass(frozen=True)
class KolenPollack:
    """b learns from the product from which w learns, and decays as w does.

    Attributes
    ----------
    b : array (n_returning,)
        At the start.
    activity_age : int array (n_returning,)
        How many steps ago the activity of j was sent that meets the arriving error: r + p with
        aligned traces, 0 with those of the present.
    """

    b: Floats
    activity_age: Ints
    learned_first: ClassVar[bool] = False

    @property
    def knows(self) -> str:
        """What a backward connection has to know, in words."""
        ages = span(self.activity_age)
        when = f"{ages} steps ago" if self.activity_age.any() else "now"
        return f"the error that arrives, and what the unit to which it leads sent {when}"

    def waiting_steps(self, graph: Graph) -> int:
        """For how many steps a backward connection keeps activity for its own learning: r + p."""
        return int(self.activity_age.max(initial=0))


@dataclass(frozen=True)
class Mirror:
    """b learns from the noise of j and the response of i, before anything else learns.

    Attributes
    ----------
    b : array (n_returning,)
        At the start.
    aligned : bool
        Whether the noise is that to which i responds, f steps old, and not that of the present.
    noise : array (steps, n_senders)
        What units send instead of their answers in the first steps.
    senders : int array (n_senders,)
        Those units: all but the outputs.
    learning_rate, weight_decay : float
        Of b, per step.
    clear : int
        First step in which neither wave holds any noise: errors come back, and weights learn, from
        here on.
    """

    b: Floats
    aligned: bool
    noise: Floats
    senders: Ints
    learning_rate: float
    weight_decay: float
    clear: int
    learned_first: ClassVar[bool] = True

    @property
    def steps(self) -> int:
        """For how many steps there is noise, and b learns."""
        return len(self.noise)

    @property
    def knows(self) -> str:
        """What a backward connection has to know, in words."""
        when = "the delay of its synapse ago" if self.aligned else "now"
        return (
            "the error that arrives; while there is noise, what the unit to which it leads sent "
            f"{when},\nand the response of the unit from which it comes"
        )

    def waiting_steps(self, graph: Graph) -> int:
        """For how many steps a backward connection keeps noise: the delay of its synapse, if any.

        Parameters
        ----------
        graph : Graph
        """
        return int(along_synapses(graph, graph.forward_lag).max(initial=0)) if self.aligned else 0


Feedback = Fixed | Signs | KolenPollack | Mirror


def first_errors(feedback: Feedback | None) -> int:
    """Step from which errors come back: 0, or after a mirror that in which all noise has left."""
    return feedback.clear if isinstance(feedback, Mirror) else 0


def build_feedback(
    model: Model,
    graph: Graph,
    w: Floats,
    latencies: Latencies,
    alignment: Alignment | None,
) -> Feedback | None:
    """The feedback of a model; None for symmetric feedback.

    Parameters
    ----------
    w : array (n_synapses,)
        Weights at the start.

    Raises
    ------
    ModelError
        If a weights file is missing, lacks a projection, or holds arrays of the wrong size.
    """
    feedback = model.feedback
    if isinstance(feedback, SymmetricFeedback):
        return None
    if isinstance(feedback, SignFeedback):
        scale = _scale(graph, w)
        return Signs(scale * np.sign(along_synapses(graph, w)), scale)
    if isinstance(feedback, RandomFeedback):
        return Fixed(_drawn(model, feedback, graph))
    if isinstance(feedback, DirectFeedback):
        return Fixed(_drawn_directly(model, feedback, graph))
    b = _drawn(model, feedback, graph)
    if isinstance(feedback, KolenPollackFeedback):
        return KolenPollack(b, _activity_age(graph, feedback, alignment))
    return _mirror(model, feedback, graph, b, _clears_after(graph, latencies, alignment))


def along_synapses(graph: Graph, values: NDArray) -> NDArray:
    """Those of the values (n_synapses,) whose synapses errors go back along (n_returning,).

    Not for direct feedback, which goes along none.
    """
    synapse = graph.returning.synapse
    assert synapse is not None
    return values[synapse]


def _scale(graph: Graph, w: Floats) -> Floats:
    """Size of b (n_returning,): with it b and w have one root mean square in each projection."""
    scale = np.zeros(graph.n_synapses)
    for part in graph.projections:
        own = w[part.synapses]
        # sum of b^2 = sum of w^2, and b is 0 where w is
        scale[part.synapses] = np.sqrt(np.sum(own**2) / max(int(np.count_nonzero(own)), 1))
    return np.asarray(along_synapses(graph, scale))


def _drawn(
    model: Model,
    feedback: RandomFeedback | KolenPollackFeedback | WeightMirrorFeedback,
    graph: Graph,
) -> Floats:
    """Backward weights (n_returning,) at the start, drawn by projection."""
    _, specs = model.network.digraph()
    rules = {str(part.name): feedback.weights or part.weights for part in specs}
    returning = [part for part in graph.projections if part.pre.role != "input"]
    b, _ = weights_by_projection(
        model,
        graph,
        returning,
        rules,
        model.seed,
        "feedback weights",
        lambda _: "feedback.weights.path",
    )
    return np.asarray(along_synapses(graph, b))


def _drawn_directly(model: Model, feedback: DirectFeedback, graph: Graph) -> Floats:
    """Backward weights (n_returning,), drawn by hidden population, as if it led to all outputs."""
    rule = feedback.weights or model.network.weights
    b = np.empty(len(graph.returning))
    for part in graph.populations:
        if part.role == "hidden":
            own = graph.returning.into(part.units)
            rng = random_stream(model.seed, f"direct weights {part.name}")
            b[own] = draw_weights(rule, len(own), (part.size, len(graph.outputs)), rng)
    return b


def _activity_age(
    graph: Graph, feedback: KolenPollackFeedback, alignment: Alignment | None
) -> Ints:
    """Steps r + p (n_returning,), p being the age of the activity in the forward product."""
    if feedback.traces == "present":
        return np.zeros(len(graph.returning), dtype=np.int64)
    age = alignment.activity_age if isinstance(alignment, Matched) else graph.forward_lag
    return np.asarray(graph.returning.lag + along_synapses(graph, age))


def _clears_after(graph: Graph, latencies: Latencies, alignment: Alignment | None) -> int:
    """Steps from the last noise until none is left in either wave, or in any trace."""
    rows = learning_latencies(graph, latencies, alignment)
    settling = alignment.settling_steps() if alignment else 0
    return max(row.exact_from for row in rows) + settling


def _mirror(
    model: Model, feedback: WeightMirrorFeedback, graph: Graph, b: Floats, clears_after: int
) -> Mirror:
    steps = model.steps(feedback.duration)
    senders = np.setdiff1d(np.arange(graph.n_units), graph.outputs)
    rng = random_stream(model.seed, "mirror noise")
    rate = feedback.learning_rate
    if rate is None:
        # b -> (learning_rate noise^2 / weight_decay) w E[sigma']
        rate = feedback.weight_decay / feedback.noise**2
    return Mirror(
        b=b,
        aligned=feedback.traces == "aligned",
        noise=rng.normal(0, feedback.noise, size=(steps, len(senders))),
        senders=senders,
        learning_rate=rate * model.time_step,
        weight_decay=feedback.weight_decay * model.time_step,
        clear=steps + clears_after,
    )


def span(steps: Ints) -> str:
    """The smallest and the largest of some steps, as one where they are equal."""
    first, last = steps.min(), steps.max()
    return str(first) if first == last else f"{first} to {last}"
