"""Learning rules in Brian2 code: what a synapse does with what is at the synapse."""

from functools import singledispatch
from typing import Protocol

import brian2 as b2

from neurodiff.exceptions import ModelError, UnknownKindError
from neurodiff.plan import plasticity as planned
from neurodiff.simulator.order import LEARN


class Plasticity(Protocol):
    """A learning rule in one network.

    Attributes
    ----------
    constants : dict
        Its numbers, for the namespaces of synapses and error units.
    """

    @property
    def frozen(self) -> bool:
        """Whether nothing will ever move."""
        ...

    @property
    def constants(self) -> dict[str, float]: ...  # noqa: D102

    def product(self, presynaptic: str) -> str:
        """What a synapse learns from, as Brian2 text of `delta` and the variable `presynaptic`.

        Parameters
        ----------
        presynaptic : str
            Name of the variable that holds the presynaptic activity.
        """
        ...

    def apply(self, store: b2.NeuronGroup, errors: b2.NeuronGroup, presynaptic: str) -> None:
        """Let the weights of `store` and the biases of `errors` learn at every step.

        Parameters
        ----------
        store : brian2.NeuronGroup
            Group with one element for each synapse, which holds its weight.
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        presynaptic : str
            Name of the variable that holds the presynaptic activity.
        """
        ...

    def apply_to_biases(self, errors: b2.NeuronGroup) -> None:
        """Let the biases alone learn, where a kernel does the synapses.

        Parameters
        ----------
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        """
        ...


class Diffusion:
    """dw/dt = -learning_rate * delta_post * x_pre - weight_decay * w; see `planned.Diffusion`."""

    def __init__(self, rule: planned.Diffusion | planned.Static):
        self.learning_rate, self.weight_decay = rule.learning_rate, rule.weight_decay
        self.start, self.stop, self.frozen = rule.start, rule.stop, rule.frozen

    @property
    def constants(self) -> dict[str, float]:
        """The numbers of the rule, for a namespace."""
        return {
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
            "learning_start": self.start,
            "learning_stop": self.stop,
        }

    def product(self, presynaptic: str) -> str:
        """The product of error and activity.

        Parameters
        ----------
        presynaptic : str
            Name of the variable that holds the presynaptic activity.
        """
        return f"delta*{presynaptic}"

    def apply(self, store: b2.NeuronGroup, errors: b2.NeuronGroup, presynaptic: str) -> None:
        """Graded: let the weights of `store` and the biases of `errors` learn at every step.

        `presynaptic` names the variable of the store that the error is multiplied by.

        Parameters
        ----------
        store : brian2.NeuronGroup
            Group with one element for each synapse, which holds its weight.
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        presynaptic : str
            Name of the variable that holds the presynaptic activity.
        """
        if self.frozen:
            return
        store.namespace.update(self.constants)
        product = self.product(presynaptic)
        store.run_regularly(_learn("w", product, "plastic"), name="learn", **LEARN.when)
        self.apply_to_biases(errors)

    def apply_to_biases(self, errors: b2.NeuronGroup) -> None:
        """Let the biases learn from the `delta` of their error units.

        Parameters
        ----------
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        """
        if self.frozen:
            return
        errors.namespace.update(self.constants)
        errors.run_regularly(_learn("bias", "delta", "has_bias"), name="learn_bias", **LEARN.when)

    def apply_to_sums(self, units: b2.NeuronGroup, errors: b2.NeuronGroup) -> None:
        """Events: let what a unit knows of its synapses learn, and the biases.

        The synapses themselves are not touched; see `neurodiff.simulator.transmission.closed_form`.

        Parameters
        ----------
        units : brian2.NeuronGroup
            Group of the units of the network.
        errors : brian2.NeuronGroup
            Group of the error units, one for each unit that is no input.
        """
        if self.frozen:
            return
        for group in (units, errors):
            group.namespace.update(self.constants)
        errors.run_regularly(
            f"""
            learning = {_LEARNS}
            drive -= learning*(learning_rate*sent*S + weight_decay*(drive - fixed_drive))
            learned += learning*(sent - weight_decay*learned)
            decays += learning
            {_learn("bias", "sent", "has_bias")}
            """,
            name="learn_drive",
            **LEARN.when,
        )
        units.run_regularly(
            f"feedback -= {_LEARNS}*(learning_rate*K + weight_decay*(feedback - fixed_feedback))",
            name="learn_feedback",
            **LEARN.when,
        )


@singledispatch
def build(rule: planned.Plasticity) -> Plasticity:
    """The class that makes Brian2 code of a learning rule.

    Parameters
    ----------
    rule : neurodiff.plan.plasticity.Plasticity
        Learning rule of the plan.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `rule`.
    """
    raise UnknownKindError("neurodiff.simulator.plasticity.build", rule)


@build.register
def _(rule: planned.Diffusion | planned.Static) -> Diffusion:
    return Diffusion(rule)


def solved_between_events(rule: planned.Plasticity) -> Diffusion:
    """The rule where nothing is done for a synapse between events, which diffusion alone allows.

    Parameters
    ----------
    rule : neurodiff.plan.plasticity.Plasticity
        Learning rule of the plan.

    Raises
    ------
    ModelError
        If the rule is another one.
    """
    built = build(rule)
    if not isinstance(built, Diffusion):
        text = f"{rule.rule} needs graded transmission"
        raise ModelError("plasticity.rule", text, "write `transmission: graded`")
    return built


#: 1 in the steps that learn, 0 in the others, as Brian2 text.
_LEARNS = "int(timestep(t, dt) >= learning_start and timestep(t, dt) < learning_stop)"


def _learn(weight: str, product: str, allowed: str) -> str:
    """One step of learning, as Brian2 text."""
    # w(t+1) = w(t) - eta delta x - decay w
    return f"{weight} -= {_LEARNS}*{allowed}*(learning_rate*{product} + weight_decay*{weight})"
