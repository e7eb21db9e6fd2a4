"""What holds in a model of all that the field asks of a learning rule: verdicts and evidence."""

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
from neurodiff.plan import Plan
from neurodiff.simulator.backends.execution import look_at
from neurodiff.simulator.inspection.update_reads import find_reads
from neurodiff.simulator.network import build_network

__all__ = ["Audit", "Finding", "audit"]


def audit(model: Model | Plan) -> Audit:
    """Say what holds in a model of all that the field asks of a learning rule, and by what.

    The network is built, on numpy, but not run. What an update reads, and by what errors come back,
    is found in the network's own equations. A learning rate of 0 is audited as one that is not.

    Parameters
    ----------
    model : Model or Plan

    Raises
    ------
    ModelError
        If nothing could learn, because there is no learning rule.

    Examples
    --------
    >>> neurodiff.audit(neurodiff.load("models/digits.yaml"))["weight_transport"].verdict
    'does not hold'
    """
    plan = Plan.of(model)
    if not plan.plasticity.learns:
        text, remedy = "there is no learning rule to audit", "write `rule: diffusion`"
        raise plan.model.located(ModelError("plasticity.rule", text, remedy))
    # a rule that is frozen has no code of its own in the network
    learning = plan.replace(plasticity=plan.plasticity.thawed(plan.stimuli.learning_steps))
    reads = look_at(lambda: build_network(learning), find_reads)
    findings = (
        locality_in_space(reads),
        locality_in_time(reads, plan),
        weight_transport(reads, plan),
        update_locking(plan),
        separate_phases(plan),
        sign_of_error(plan),
        dale(plan),
        symmetric_delays(plan),
        precision_of_error(plan),
        extra_connections(plan),
        learnable_band(plan),
        learning_rate_ceiling(plan),
    )
    return Audit(plan.model.name, findings)
