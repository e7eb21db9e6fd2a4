"""Weight mirrors: b learns from noise and the response to it."""

from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import feedback as planned
from neurodiff.plan.feedback import along_synapses
from neurodiff.plan.plasticity import Plasticity
from neurodiff.reference.feedback.interface import Feedback, Moment, follow


class WeightMirror(Feedback):
    """Weight mirror: b learns from noise and the response to it, and then stays.

    References
    ----------
    Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019, Deep learning without weight transport.
    """

    def __init__(self, graph: Graph, feedback: planned.WeightMirror):
        self._graph, self._feedback = graph, feedback
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
        """Learn while there is noise.

        Parameters
        ----------
        now : Moment
            State of the network in this step.
        """
        rule, returns = self._feedback, self._graph.backward
        if now.t >= rule.steps:
            return
        noise = now.x.now(now.t)[returns.sink]
        if rule.aligned:
            noise = along_synapses(self._graph, now.arrived)
        # b(t+1) = b(t) + eta_m xi_j(t - f) sigma_i(a_i(t)) - lambda_m b(t)
        product = noise * now.response[returns.source]
        self._b = self._b + rule.learning_rate * product - rule.weight_decay * self._b

    def sent(self, t: int, response: Floats) -> Floats:
        """The noise of the first steps, but for the outputs.

        Parameters
        ----------
        t : int
            Time step.
        response : array (n_units,)
            Activity of each unit.
        """
        if t >= self._feedback.steps:
            return response
        x = response.copy()
        x[self._feedback.senders] = self._feedback.noise[t]
        return x

    def errors_pass(self, t: int) -> bool:
        """Not while there is noise.

        Parameters
        ----------
        t : int
            Time step.
        """
        return t >= self._feedback.clear


@follow.register
def _(feedback: planned.WeightMirror, graph: Graph, learning: Plasticity) -> Feedback:
    return WeightMirror(graph, feedback)
