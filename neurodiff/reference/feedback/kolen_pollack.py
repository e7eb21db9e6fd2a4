"""Kolen-Pollack feedback: b learns and decays as w does."""

from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import feedback as planned
from neurodiff.plan.feedback import along_synapses
from neurodiff.plan.plasticity import Plasticity
from neurodiff.reference.feedback.interface import Feedback, Moment, follow


class KolenPollack(Feedback):
    """Kolen and Pollack: b learns from delta_i(t - r) x_j(t - age), and decays as w does.

    References
    ----------
    Kolen & Pollack 1994, Backpropagation without weight transport.

    Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019, Deep learning without weight transport.
    """

    def __init__(self, graph: Graph, feedback: planned.KolenPollack, learning: Plasticity):
        self._graph, self._feedback, self._learning = graph, feedback, learning
        self._b = feedback.b.copy()

    def weights(self, w: Floats) -> Floats:
        """As learned so far.

        Parameters
        ----------
        w : array (n_synapses,)
            Weight of each synapse.
        """
        return self._b

    def learn(self, now: Moment) -> None:
        """Learn where the forward synapse learned when the error was sent.

        Parameters
        ----------
        now : Moment
            State of the network in this step.
        """
        returns, rule = self._graph.backward, self._learning
        error = now.delta.ago(now.t, returns.lag, returns.source)
        activity = now.x.ago(now.t, self._feedback.activity_age, returns.sink)
        sent = now.t - returns.lag
        learns = (sent >= 0) & rule.learns_at(sent)
        learns &= along_synapses(self._graph, self._graph.plastic)
        # b(t+1) = b(t) - eta delta_i(t - r) x_j(t - age) - lambda b(t)
        self._b = self._b - learns * (
            rule.learning_rate * error * activity + rule.weight_decay * self._b
        )


@follow.register
def _(feedback: planned.KolenPollack, graph: Graph, learning: Plasticity) -> Feedback:
    return KolenPollack(graph, feedback, learning)
