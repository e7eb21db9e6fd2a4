"""Kolen-Pollack feedback: backward weights learn and decay as the forward weights do."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodiff.model_file.feedback import KolenPollackFeedback
from neurodiff.network.graph import Graph, Ints
from neurodiff.plan.feedback.draws import along_synapses_drawn
from neurodiff.plan.feedback.interface import Context, Feedback, along_synapses, prepare, span


@dataclass(frozen=True, eq=False)
class KolenPollack(Feedback):
    """b learns from the product from which w learns, and decays as w does.

    Kolen & Pollack (1994), Akrout et al. (2019).

    Attributes
    ----------
    activity_age : int array (n_backward,)
        How many steps ago the activity of j was sent that meets the arriving error: r + p with
        aligned traces, 0 with those of the present.

    References
    ----------
    Kolen & Pollack 1994, Backpropagation without weight transport.

    Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019, Deep learning without weight transport.
    """

    activity_age: Ints
    rule: ClassVar[str] = "kolen_pollack"
    has_kernel: ClassVar[bool] = True

    @property
    def knows(self) -> str:
        """What a backward connection has to know, in words."""
        ages = span(self.activity_age)
        when = f"{ages} steps ago" if self.activity_age.any() else "now"
        return f"the error that arrives, and what the unit to which it leads sent {when}"

    def waiting_steps(self, graph: Graph) -> int:
        """For how many steps a backward connection keeps activity for its own learning: r + p.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return int(self.activity_age.max(initial=0))

    @property
    def longest_age(self) -> int:
        """The longest r + p."""
        return max(1, int(self.activity_age.max(initial=0)))


@prepare.register
def _(spec: KolenPollackFeedback, context: Context) -> KolenPollack:
    b = along_synapses_drawn(context.model, spec, context.graph)
    return KolenPollack(b, _activity_age(spec, context))


def _activity_age(spec: KolenPollackFeedback, context: Context) -> Ints:
    """Steps r + p (n_backward,), p being the age of the activity in the forward product."""
    graph = context.graph
    if spec.traces == "present":
        return np.zeros(len(graph.backward), dtype=np.int64)
    ages = context.alignment.ages(graph)
    age = graph.forward_lag if ages is None else ages.activity
    return np.asarray(graph.backward.lag + along_synapses(graph, age))
