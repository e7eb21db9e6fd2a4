"""Learning rules: what a synapse does with what is at the synapse."""

from dataclasses import dataclass

import brian2 as b2

from neurodiff.simulator.order import LEARN


@dataclass(frozen=True)
class Diffusion:
    """dw/dt = -learning_rate * delta_post * x_pre - weight_decay * w.

    delta_post is the postsynaptic error unit's value of this step, x_pre what has just arrived at
    the synapse (Betti & Gori, arXiv:1912.04635), the PSP that it makes at a leaky neuron, or what
    an alignment keeps of either. A bias is a synapse from a constant unit: there x_pre is 1.

    Attributes
    ----------
    learning_rate, weight_decay : float
        Per step.
    start, stop : int
        First step that learns, and first that does not learn any more.
    """

    learning_rate: float
    weight_decay: float
    start: int
    stop: int

    @property
    def frozen(self) -> bool:
        """Whether nothing will ever move."""
        return self.learning_rate == self.weight_decay == 0 or self.start >= self.stop

    @property
    def constants(self) -> dict[str, float]:
        """The numbers of the rule, for a namespace."""
        return {
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
            "learning_start": self.start,
            "learning_stop": self.stop,
        }

    def apply(self, store: b2.NeuronGroup, errors: b2.NeuronGroup, presynaptic: str) -> None:
        """Graded: let the weights of `store` and the biases of `errors` learn at every step.

        `presynaptic` names the variable of the store that the error is multiplied by.
        """
        if self.frozen:
            return
        store.namespace.update(self.constants)
        product = f"delta*{presynaptic}"
        store.run_regularly(_learn("w", product, "plastic"), name="learn", **LEARN.when)
        self.apply_to_biases(errors)

    def apply_to_biases(self, errors: b2.NeuronGroup) -> None:
        """Let the biases learn from the `delta` of their error units."""
        if self.frozen:
            return
        errors.namespace.update(self.constants)
        errors.run_regularly(_learn("bias", "delta", "has_bias"), name="learn_bias", **LEARN.when)

    def apply_to_sums(self, units: b2.NeuronGroup, errors: b2.NeuronGroup) -> None:
        """Events: let what a unit knows of its synapses learn, and the biases.

        The synapses themselves are not touched; see `neurodiff.simulator.transmission.closed_form`.
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


#: 1 in the steps that learn, 0 in the others, as Brian2 text.
_LEARNS = "int(timestep(t, dt) >= learning_start and timestep(t, dt) < learning_stop)"


def _learn(weight: str, product: str, allowed: str) -> str:
    """One step of learning, as Brian2 text."""
    # w(t+1) = w(t) - eta delta x - decay w
    return f"{weight} -= {_LEARNS}*{allowed}*(learning_rate*{product} + weight_decay*{weight})"
