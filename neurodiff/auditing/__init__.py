"""What holds in a model of all that the field asks of a learning rule: verdicts and evidence."""

from copy import copy
from dataclasses import replace

from neurodiff.auditing.finding import Audit, Finding
from neurodiff.auditing.locality import locality_in_space, locality_in_time, weight_transport
from neurodiff.auditing.timing import (
    learnable_band,
    learning_rate_ceiling,
    separate_phases,
    update_locking,
)
from neurodiff.auditing.wiring import (
    dale,
    extra_connections,
    precision_of_error,
    sign_of_error,
    symmetric_delays,
)
from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.model_file.copying import require_model
from neurodiff.model_file.model import NoPlasticity
from neurodiff.simulation import Simulation
from neurodiff.simulator.backends.execution import look_at
from neurodiff.simulator.inspection.update_reads import find_reads

__all__ = ["Audit", "Finding", "audit"]


def audit(model: Model) -> Audit:
    """Say what holds in a model of all that the field asks of a learning rule, and by what.

    The network is built, on numpy, but not run. What an update reads, and by what errors come back,
    is found in the network's own equations. A learning rate of 0 is audited as one that is not.

    Raises
    ------
    ModelError
        If nothing could learn, because there is no learning rule.

    Examples
    --------
    >>> neurodiff.audit(neurodiff.load("models/digits.yaml"))["weight_transport"].verdict
    'does not hold'
    """
    if isinstance(require_model(model).plasticity, NoPlasticity):
        text, remedy = "there is no learning rule to audit", "write `rule: diffusion`"
        raise model.located(ModelError("plasticity.rule", text, remedy))
    simulation = Simulation(model, target="numpy")
    reads = look_at(_learning(simulation).build, find_reads)
    findings = (
        locality_in_space(reads),
        locality_in_time(reads, simulation),
        weight_transport(reads, simulation),
        update_locking(simulation),
        separate_phases(simulation),
        sign_of_error(simulation),
        dale(simulation),
        symmetric_delays(simulation),
        precision_of_error(simulation),
        extra_connections(simulation),
        learnable_band(simulation),
        learning_rate_ceiling(simulation),
    )
    return Audit(model.name, findings)


def _learning(simulation: Simulation) -> Simulation:
    """The same simulation with its rule's code in it, which one that is frozen does without."""
    learning = copy(simulation)
    if simulation.rule.frozen:
        steps = simulation.stimuli.learning_steps
        learning.rule = replace(simulation.rule, learning_rate=1.0, start=0, stop=steps)
    return learning
