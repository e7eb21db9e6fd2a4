"""What an alignment, a feedback and a learning rule say to a kernel.

Each has one function that is found by the type of the plan's class. What has none is run by the
plain Brian2 path; the plan's class says so by `has_kernel`.
"""

from functools import singledispatch
from typing import NamedTuple

import brian2 as b2

from neurodiff.exceptions import UnknownKindError
from neurodiff.plan import Plan
from neurodiff.plan import alignment as alignments
from neurodiff.plan import feedback as feedbacks
from neurodiff.plan import plasticity as rules
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.history import Past
from neurodiff.simulator.kernels.bundle import Bundle, Learning
from neurodiff.simulator.kernels.reading import Reading

Objects = list[b2.core.base.BrianObject]


class Signals(NamedTuple):
    """What connections may read: both populations and their past.

    Attributes
    ----------
    plan : Plan
        Plan of the run.
    units, errors : brian2.NeuronGroup
        Groups of the units and of the error units.
    activity, error : Past
        Past of the activities and of the errors.
    clock : brian2.Clock
        Clock of the run.
    sent : tuple of str
        Variables of both groups of which the pasts are.
    summed : tuple of str
        Variables of both groups for the sums of what arrives.
    """

    plan: Plan
    units: b2.NeuronGroup
    errors: b2.NeuronGroup
    activity: Past
    error: Past
    clock: b2.Clock
    sent: tuple[str, str] = ("x", "delta")
    summed: tuple[str, str] = ("drive", "feedback")

    @property
    def variables(self) -> dict[str, ArrayVariable]:
        """What kernels read and write of both groups, by the names that they have for it."""
        of_units, of_errors = self.units.variables, self.errors.variables
        return {
            "x": of_units[self.sent[0]],
            "delta": of_errors[self.sent[1]],
            "drive": of_units[self.summed[0]],
            "feedback": of_errors[self.summed[1]],
            "target": of_errors["target"],
            "bias": of_errors["bias"],
        }


class Met(NamedTuple):
    """The activity that meets an error at each synapse.

    Attributes
    ----------
    reading : Reading
        Where it is, as of the step before.
    objects : list of BrianObject
        What keeps it.
    """

    reading: Reading
    objects: Objects


class Returning(NamedTuple):
    """The backward connections, where they have weights of their own.

    Attributes
    ----------
    bundle : Bundle or None
        The connections; None where errors come back by the forward weights.
    objects : list of BrianObject
        What they need besides.
    """

    bundle: Bundle | None
    objects: Objects


@singledispatch
def met(alignment: alignments.Alignment, signals: Signals) -> Met:
    """What meets an error at each synapse.

    Parameters
    ----------
    alignment : neurodiff.plan.alignment.Alignment
        Alignment of the plan.
    signals : Signals
        What there is to read.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `alignment`.
    """
    raise UnknownKindError("neurodiff.simulator.kernels.interface.met", alignment)


@singledispatch
def returning(feedback: feedbacks.Feedback, signals: Signals, learning: Learning) -> Returning:
    """The backward connections with weights of their own.

    Parameters
    ----------
    feedback : neurodiff.plan.feedback.Feedback
        Feedback of the plan.
    signals : Signals
        What there is to read.
    learning : Learning
        How the forward weights learn.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `feedback`.
    """
    raise UnknownKindError("neurodiff.simulator.kernels.interface.returning", feedback)


@singledispatch
def learning_of(rule: rules.Plasticity) -> Learning:
    """The numbers of a learning rule, per step.

    Parameters
    ----------
    rule : neurodiff.plan.plasticity.Plasticity
        Learning rule of the plan.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `rule`.
    """
    raise UnknownKindError("neurodiff.simulator.kernels.interface.learning_of", rule)


@learning_of.register
def _(rule: rules.Diffusion | rules.Static) -> Learning:
    if rule.frozen:
        return Learning()
    return Learning(rule.learning_rate, rule.weight_decay, rule.start, rule.stop)
