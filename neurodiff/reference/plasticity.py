"""How weights and biases learn in the reference, step by step."""

from functools import singledispatch
from typing import Protocol

from neurodiff.exceptions import UnknownKindError
from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import plasticity as planned


class Plasticity(Protocol):
    """A learning rule; asked once for each step, in order."""

    def product(self, delta: Floats, activity: Floats) -> Floats:
        """What synapses learn from, of the errors and activities (n_synapses,) that meet there.

        Parameters
        ----------
        delta : array (n_synapses,)
            Error that meets each synapse.
        activity : array (n_synapses,)
            Presynaptic activity that meets the error at each synapse.
        """
        ...

    def learn(self, w: Floats, bias: Floats, product: Floats, delta: Floats) -> None:
        """Move weights (n_synapses,) and biases (n_units,) by one step, in place.

        Parameters
        ----------
        w : array (n_synapses,)
            Weight of each synapse.
        bias : array (n_units,)
            Bias of each unit; not used for inputs.
        product : array (n_synapses,)
            Product of error and activity of each synapse.
        delta : array (n_units,)
            Error of each unit.
        """
        ...


@singledispatch
def follow(plasticity: planned.Plasticity, graph: Graph) -> Plasticity:
    """The class that computes how a rule learns.

    Parameters
    ----------
    plasticity : neurodiff.plan.plasticity.Plasticity
        Learning rule of the plan.
    graph : Graph
        Network of units, synapses and delays.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `plasticity`.
    """
    raise UnknownKindError("neurodiff.reference.plasticity.follow", plasticity)


class Diffusion:
    """w(t+1) = w(t) - eta delta x - decay w(t); a bias is a synapse from a constant 1.

    A static rule is one that never learns.
    """

    def __init__(self, rule: planned.Diffusion | planned.Static, graph: Graph):
        self._rate, self._decay, self._graph = rule.learning_rate, rule.weight_decay, graph

    def product(self, delta: Floats, activity: Floats) -> Floats:
        """Delta x.

        Parameters
        ----------
        delta : array (n_synapses,)
            Error that meets each synapse.
        activity : array (n_synapses,)
            Presynaptic activity that meets the error at each synapse.
        """
        return delta * activity

    def learn(self, w: Floats, bias: Floats, product: Floats, delta: Floats) -> None:
        """One step of the rule.

        Parameters
        ----------
        w : array (n_synapses,)
            Weight of each synapse.
        bias : array (n_units,)
            Bias of each unit; not used for inputs.
        product : array (n_synapses,)
            Product of error and activity of each synapse.
        delta : array (n_units,)
            Error of each unit.
        """
        # w(t+1) = w(t) - eta g(t) - decay w(t); a bias is a synapse from a constant 1
        w -= self._graph.plastic * (self._rate * product + self._decay * w)
        bias -= self._graph.has_bias * (self._rate * delta + self._decay * bias)


@follow.register
def _(plasticity: planned.Diffusion | planned.Static, graph: Graph) -> Plasticity:
    return Diffusion(plasticity, graph)
