"""How weights and biases learn in the reference, step by step."""

from functools import singledispatch
from typing import Protocol

from neurodiff.exceptions import UnknownKindError
from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import plasticity as planned


class Plasticity(Protocol):
    """A learning rule; asked once for each step, in order."""

    def product(self, delta: Floats, activity: Floats) -> Floats:
        """What synapses learn from, of the errors and activities (n_synapses,) that meet there."""
        ...

    def learn(self, w: Floats, bias: Floats, product: Floats, delta: Floats) -> None:
        """Move weights (n_synapses,) and biases (n_units,) by one step, in place."""
        ...


@singledispatch
def follow(plasticity: planned.Plasticity, graph: Graph) -> Plasticity:
    """The class that computes how a rule learns.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `plasticity`.
    """
    raise UnknownKindError("neurodiff.reference.plasticity.follow", plasticity)


class Diffusion:
    """w(t+1) = w(t) - eta delta x - decay w(t); a bias is a synapse from a constant 1."""

    def __init__(self, rule: planned.Diffusion, graph: Graph):
        self._rate, self._decay, self._graph = rule.learning_rate, rule.weight_decay, graph

    def product(self, delta: Floats, activity: Floats) -> Floats:
        """Delta x."""
        return delta * activity

    def learn(self, w: Floats, bias: Floats, product: Floats, delta: Floats) -> None:
        """One step of the rule."""
        # w(t+1) = w(t) - eta g(t) - decay w(t); a bias is a synapse from a constant 1
        w -= self._graph.plastic * (self._rate * product + self._decay * w)
        bias -= self._graph.has_bias * (self._rate * delta + self._decay * bias)


class Static:
    """Nothing moves."""

    def product(self, delta: Floats, activity: Floats) -> Floats:
        """What diffusion would learn from."""
        return delta * activity

    def learn(self, w: Floats, bias: Floats, product: Floats, delta: Floats) -> None:
        """Nothing."""


@follow.register
def _(plasticity: planned.Diffusion, graph: Graph) -> Plasticity:
    return Diffusion(plasticity, graph)


@follow.register
def _(plasticity: planned.Static, graph: Graph) -> Plasticity:
    return Static()
