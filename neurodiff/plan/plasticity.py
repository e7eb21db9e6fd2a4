"""Learning rules in numbers: what a synapse does with what is at the synapse.

A rule of your own is a subclass of `Plasticity`, with one class for the simulator
(`neurodiff.simulator.plasticity.build`) and one for the reference
(`neurodiff.reference.plasticity.follow`).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import singledispatch
from typing import ClassVar

import numpy as np

from neurodiff.exceptions import UnknownKindError
from neurodiff.model_file import Model
from neurodiff.model_file.model import NoPlasticity
from neurodiff.model_file.model import Plasticity as DiffusionSpec
from neurodiff.network.graph import Bools, Ints
from neurodiff.plan.feedback import Feedback
from neurodiff.stimuli import Stimuli


class Plasticity(ABC):
    """A learning rule, per step.

    Attributes
    ----------
    rule : str
        Its name in the model file.
    learning_rate, weight_decay : float
        Per step.
    start, stop : int
        First step that learns, and first that does not learn any more.
    product_of_ends : bool
        Whether a synapse learns from the plain product of error and activity, so that the updates
        of a projection are an outer product.
    learns : bool
        Whether there is a rule at all.
    has_kernel : bool
        Whether fused kernels can do it; what has none is run by the plain Brian2 network.
    """

    rule: ClassVar[str]
    learning_rate: float
    weight_decay: float
    start: int
    stop: int
    product_of_ends: ClassVar[bool] = False
    learns: ClassVar[bool] = True
    has_kernel: ClassVar[bool] = False

    @property
    @abstractmethod
    def frozen(self) -> bool:
        """Whether nothing will ever move."""

    def learns_at(self, steps: Ints) -> Bools:
        """Whether weights move at the end of some steps.

        Parameters
        ----------
        steps : array of int (n,)
            Time steps.
        """
        return np.asarray((steps >= self.start) & (steps < self.stop))

    @abstractmethod
    def thawed(self, steps: int) -> "Plasticity":
        """The same rule, if it is frozen one that learns in all of the first `steps` steps.

        Parameters
        ----------
        steps : int
            Number of steps in which the rule learns.
        """


@dataclass(frozen=True)
class Diffusion(Plasticity):
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
    rule: ClassVar[str] = "diffusion"
    has_kernel: ClassVar[bool] = True
    product_of_ends: ClassVar[bool] = True

    @property
    def frozen(self) -> bool:
        """Whether nothing will ever move."""
        return self.learning_rate == self.weight_decay == 0 or self.start >= self.stop

    def thawed(self, steps: int) -> "Diffusion":
        """The same rule, or one with a learning rate where this one never learns.

        Parameters
        ----------
        steps : int
            Number of steps in which the rule learns.
        """
        return Diffusion(1.0, self.weight_decay, 0, steps) if self.frozen else self


@dataclass(frozen=True)
class Static(Plasticity):
    """Weights stay as they are."""

    rule: ClassVar[str] = "none"
    has_kernel: ClassVar[bool] = True
    product_of_ends: ClassVar[bool] = True
    learning_rate: float = 0.0
    weight_decay: float = 0.0
    start: int = 0
    stop: int = 0
    learns: ClassVar[bool] = False

    @property
    def frozen(self) -> bool:
        """Always."""
        return True

    def thawed(self, steps: int) -> "Plasticity":
        """The rule that local products are those of.

        Parameters
        ----------
        steps : int
            Number of steps in which the rule learns.
        """
        return Diffusion(1.0, 0.0, 0, steps)


@singledispatch
def prepare(spec: object, model: Model, stimuli: Stimuli, feedback: Feedback) -> Plasticity:
    """The learning rule of a model in numbers per step.

    Parameters
    ----------
    spec : object
        The `plasticity` part of the model.
    model : Model
        Model, checked.
    stimuli : Stimuli
        Nothing is learned in their test phase.
    feedback : Feedback
        Where it is learned first, nothing else learns until its noise has left the network.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `spec`.
    """
    raise UnknownKindError("neurodiff.plan.plasticity.prepare", spec)


@prepare.register
def _(spec: NoPlasticity, model: Model, stimuli: Stimuli, feedback: Feedback) -> Static:
    return Static()


@prepare.register
def _(spec: DiffusionSpec, model: Model, stimuli: Stimuli, feedback: Feedback) -> Diffusion:
    return Diffusion(
        learning_rate=spec.learning_rate * model.time_step,
        weight_decay=spec.weight_decay * model.time_step,
        start=max(model.steps(spec.start), feedback.first_errors),
        stop=stimuli.learning_steps,
    )
