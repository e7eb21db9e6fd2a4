"""Which conditions that the field asks of learning rules a model meets: verdicts and evidence."""

from neurodiff.auditing.finding import Audit, Finding
from neurodiff.auditing.locality import local_in_space, local_in_time, no_weight_transport
from neurodiff.auditing.timing import (
    input_slow_enough,
    learning_rate_low_enough,
    one_phase,
    updates_without_locking,
)
from neurodiff.auditing.wiring import (
    dales_principle,
    low_precision_errors,
    no_delay_matching,
    no_extra_connections,
    nonnegative_error_signals,
)
from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.plan import Plan
from neurodiff.simulator.backends.execution import look_at
from neurodiff.simulator.inspection.update_reads import find_reads
from neurodiff.simulator.network import build_network

__all__ = ["Audit", "Finding", "audit"]


def audit(model: Model | Plan) -> Audit:
    """Say which of the conditions that the field asks of learning rules a model meets, and why.

    The network is built, on numpy, but not run. What an update reads, and what backward weights are
    made from, is found in the equations of the built network. A learning rule that is frozen, for
    instance by a learning rate of 0, is audited as one that learns.

    Parameters
    ----------
    model : Model or Plan
        What is audited.

    Returns
    -------
    Audit
        A finding for each condition.

    Raises
    ------
    ModelError
        If there is no learning rule.

    Examples
    --------
    >>> neurodiff.audit(neurodiff.load("models/digits.yaml"))["no_weight_transport"].verdict
    'not met'
    """
    plan = Plan.of(model)
    if not plan.plasticity.learns:
        text, remedy = "there is no learning rule to audit", "write `rule: diffusion`"
        raise plan.model.located(ModelError("plasticity.rule", text, remedy))
    # a kernel has no statements; and a rule that is frozen has no code of its own in the network
    thawed = plan.plasticity.thawed(plan.stimuli.learning_steps)
    learning = plan.replace(plasticity=thawed).native
    reads = look_at(lambda: build_network(learning), find_reads)
    findings = (
        local_in_space(reads),
        local_in_time(reads, plan),
        no_weight_transport(reads, plan),
        updates_without_locking(plan),
        one_phase(plan),
        nonnegative_error_signals(plan),
        dales_principle(plan),
        no_delay_matching(plan),
        low_precision_errors(plan),
        no_extra_connections(plan),
        input_slow_enough(plan),
        learning_rate_low_enough(plan),
    )
    return Audit(plan.model.name, findings, _walked(plan))


def _walked(plan: Plan) -> str:
    """Which network the statements are those of."""
    text = "read from the plain Brian2 network"
    if plan.transmission.engine == plan.native.transmission.engine:
        return text
    return f"{text}; the run takes {plan.engine}"
