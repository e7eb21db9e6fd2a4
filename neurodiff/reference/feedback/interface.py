"""By what weights errors come back in the reference, step by step."""

from abc import ABC, abstractmethod
from functools import singledispatch
from typing import NamedTuple

from neurodiff.exceptions import UnknownKindError
from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import feedback as planned
from neurodiff.plan.plasticity import Plasticity
from neurodiff.reference.history import History


class Moment(NamedTuple):
    """What there is at step t, for weights to learn from.

    Attributes
    ----------
    t : int
        Time step.
    x, delta : History
        What was sent, and the errors, up to step t.
    response : array (n_units,)
        sigma(a(t)), which is x(t) but for units that send noise.
    arrived : array (n_synapses,)
        x_pre(t - f).
    """

    t: int
    x: History
    delta: History
    response: Floats
    arrived: Floats


class Feedback(ABC):
    """The backward weights; asked once for each step, in order."""

    @abstractmethod
    def weights(self, w: Floats) -> Floats:
        """Weights b (n_backward,) of this step; w (n_synapses,) are those of the synapses.

        Parameters
        ----------
        w : array (n_synapses,)
            Weight of each synapse.
        """

    def learn(self, now: Moment) -> None:  # noqa: B027
        """Change b at the end of a step; unless it is said how, nothing changes.

        Parameters
        ----------
        now : Moment
            State of the network in this step.
        """

    def sent(self, t: int, response: Floats) -> Floats:
        """What units send at step t (n_units,): their response, unless something else is said.

        Parameters
        ----------
        t : int
            Time step.
        response : array (n_units,)
            Activity of each unit.
        """
        return response

    def errors_pass(self, t: int) -> bool:
        """Whether errors pass hidden units at step t.

        Parameters
        ----------
        t : int
            Time step.
        """
        return True


class Fixed(Feedback):
    """b stays as it was drawn."""

    def __init__(self, feedback: planned.Feedback):
        self._b = feedback.b

    def weights(self, w: Floats) -> Floats:
        """What was drawn.

        Parameters
        ----------
        w : array (n_synapses,)
            Weight of each synapse.
        """
        return self._b


@singledispatch
def follow(feedback: planned.Feedback, graph: Graph, learning: Plasticity) -> Feedback:
    """The class that computes the backward weights.

    Parameters
    ----------
    feedback : planned.Feedback
        Feedback of the plan.
    graph : Graph
        Network of units, synapses and delays.
    learning : Plasticity
        That of the forward weights.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `feedback`.
    """
    raise UnknownKindError("neurodiff.reference.feedback.follow", feedback)
