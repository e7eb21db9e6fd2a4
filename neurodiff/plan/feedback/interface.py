"""What everybody may ask of a feedback."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import singledispatch
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import UnknownKindError
from neurodiff.model_file import Model
from neurodiff.network.graph import Floats, Graph
from neurodiff.network.latency import Latencies
from neurodiff.plan.alignment import Alignment


class Context(NamedTuple):
    """What a feedback is made from.

    Attributes
    ----------
    model : Model
    graph : Graph
    w : array (n_synapses,)
        Weights at the start.
    latencies : Latencies
    alignment : Alignment
    """

    model: Model
    graph: Graph
    w: Floats
    latencies: Latencies
    alignment: Alignment


@dataclass(frozen=True, eq=False)
class Feedback(ABC):
    """By what weights errors come back.

    Attributes
    ----------
    b : array (n_backward,)
        Weights of the backward connections at the start.
    rule : str
        Its name in the model file.
    symmetric : bool
        Whether errors come back by the very weights of the forward synapses.
    own_weights : bool
        Whether backward weights are made without those of the forward synapses.
    learned_first : bool
        Whether b is learned before anything else is.
    has_kernel : bool
        Whether fused kernels can do it; what has none is run by the plain Brian2 network.
    """

    b: Floats
    rule: ClassVar[str]
    symmetric: ClassVar[bool] = False
    own_weights: ClassVar[bool] = True
    learned_first: ClassVar[bool] = False
    has_kernel: ClassVar[bool] = False

    @property
    @abstractmethod
    def knows(self) -> str:
        """What a backward connection has to know, in words."""

    @property
    def phases(self) -> list[str]:
        """Lines of text on the times at which the network does something else, if there are any."""
        return []

    def at_start(self, graph: Graph, w: Floats) -> Floats:
        """Weights (n_backward,) of the backward connections where the forward ones are `w`.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        w : array (n_synapses,)
            Weight of each synapse.
        """
        return self.b

    def waiting_steps(self, graph: Graph) -> int:
        """For how many steps a backward connection keeps a value for its own learning.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return 0

    @property
    def longest_age(self) -> int:
        """How far back in steps its learning looks at the activity."""
        return 1

    @property
    def first_errors(self) -> int:
        """Step from which errors come back."""
        return 0

    @property
    def size(self) -> int:
        """How many numbers it keeps besides its weights."""
        return 0

    def refuse_short_run(  # noqa: B027
        self, model: Model, learning: int | None, steps: int
    ) -> None:
        """Refuse a run that ends before this feedback is of use; by default none does.

        Parameters
        ----------
        model : Model
            Model, checked.
        learning : int or None
            Step at which forward weights stop learning; None where they never learn.
        steps : int
            Length of the run.

        Raises
        ------
        ModelError
        """


@singledispatch
def prepare(spec: object, context: Context) -> Feedback:
    """The feedback of a model in numbers.

    Parameters
    ----------
    spec : object
        The `feedback` part of the model.
    context : Context
        What it is made from.

    Raises
    ------
    ModelError
        If a weights file is missing, lacks a projection, or holds arrays of the wrong size.
    UnknownKindError
        If nothing is registered for the type of `spec`.
    """
    raise UnknownKindError("neurodiff.plan.feedback.prepare", spec)


def along_synapses(graph: Graph, values: NDArray) -> NDArray:
    """Those of the values (n_synapses,) whose synapses errors go back along (n_backward,).

    They may be a view of the values.

    Not for direct feedback, which goes along none.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    values : array (n_synapses,)
        One value for each synapse.
    """
    return graph.backward.of_synapses(values)


def span(steps: NDArray[np.int64]) -> str:
    """The smallest and the largest of some steps, as one where they are equal.

    Parameters
    ----------
    steps : array of int
        Steps.
    """
    first, last = steps.min(), steps.max()
    return str(first) if first == last else f"{first} to {last}"
