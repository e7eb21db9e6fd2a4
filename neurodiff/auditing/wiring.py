"""What the anatomy must provide: signs, delays, error signals and connections."""

from functools import singledispatch

import numpy as np

from neurodiff.auditing.finding import Finding, Judgement, Verdict
from neurodiff.exceptions import UnknownKindError
from neurodiff.network.dale import unsigned_units
from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import Plan
from neurodiff.plan.transmission import Events, Graded, Spikes, Transmission

_SIGN = "errors are sent as signals that cannot be negative, such as firing rates"
_DALE = "all outgoing synapses of a unit are excitatory, or all are inhibitory"
_DELAYS = "no delay, time constant or waiting time has to match another delay"
_PRECISION = "errors may be sent with low precision"
_EXTRA = "errors are sent without connections in addition to those of the forward pass"

#: Of the fraction of a float: what graded transmission sends.
_BITS = np.finfo(np.float64).nmant + 1


def nonnegative_error_signals(plan: Plan) -> Finding:
    """Judge whether errors are sent as signals that cannot be negative.

    Parameters
    ----------
    plan : Plan
        The plan of the model.

    Returns
    -------
    Finding
        Met where pairs of ON and OFF cells send them as firing rates.
    """
    verdict, why, evidence, details = _sign(plan.transmission)
    found = {"transmission": plan.transmission.kind, **evidence}
    return Finding("nonnegative_error_signals", _SIGN, verdict, why, found, details)


@singledispatch
def _sign(transmission: Transmission) -> Judgement:
    """Judge the sign of errors, with the number of cells that send each."""
    raise UnknownKindError("neurodiff.auditing.wiring._sign", transmission)


@_sign.register
def _(transmission: Graded | Events) -> Judgement:
    why = "each backward connection carries one number, which may be negative"
    return _by_cells("not met", why, 0)


@_sign.register
def _(spikes: Spikes) -> Judgement:
    why = (
        f"each error unit has {spikes.neurons_per_unit} ON and as many OFF cells; the error is the "
        "difference of their firing rates"
    )
    return _by_cells("met", why, 2 * spikes.neurons_per_unit)


def _by_cells(verdict: Verdict, why: str, cells: int) -> Judgement:
    details = (f"{cells} ON and OFF cells per error unit",)
    return Judgement(verdict, why, {"error_cells_per_unit": cells}, details)


def dales_principle(plan: Plan) -> Finding:
    """Judge whether the outgoing weights of each unit have one sign, and keep it.

    Parameters
    ----------
    plan : Plan
        The plan of the model.

    Returns
    -------
    Finding
        Not met where units have weights of both signs that may change; depends where only one of
        the two holds.
    """
    graph, learns = plan.graph, not plan.plasticity.frozen
    mixed, senders = _mixed(graph, plan.w)
    free = int((graph.plastic & ~graph.dale).sum()) if learns else 0
    evidence = {"units_with_both_signs": mixed, "sending_units": senders, "free_to_change": free}
    details = [
        f"{mixed} of {senders} units have outgoing weights of both signs at the start",
        f"{free} of {graph.n_synapses} weights may change their sign",
    ]
    if zeros := int((graph.dale & (plan.w == 0)).sum()):
        unsigned = int(unsigned_units(graph, plan.w).sum())
        evidence |= {"kept_weights_of_0": zeros, "units_of_0_only": unsigned}
        details.append(
            f"{zeros} weights that keep their sign are 0 at the start; each takes the sign of the "
            f"sum of its unit's weights; {unsigned} units have weights of 0 only, and are treated "
            "as excitatory"
        )
    verdict: Verdict = "met"
    why = "all outgoing weights of a unit have the same sign, and keep it"
    if mixed and free:
        verdict = "not met"
        why = "units excite some of the units that they project to, and inhibit others"
    elif mixed:
        verdict = "depends"
        why = (
            "weights keep their signs, but units have both: each such unit stands for an "
            "excitatory neuron and an inhibitory interneuron that follows it without delay"
        )
    elif free:
        verdict = "depends"
        why = "the weights of a unit have the same sign at the start, but may change it"
    return Finding("dales_principle", _DALE, verdict, why, evidence, tuple(details))


def _mixed(graph: Graph, w: Floats) -> tuple[int, int]:
    """How many units have outgoing weights of both signs, and how many have any."""
    excites, inhibits = (
        np.bincount(graph.pre[chosen], minlength=graph.n_units) > 0 for chosen in (w > 0, w < 0)
    )
    return int((excites & inhibits).sum()), int((excites | inhibits).sum())


def no_delay_matching(plan: Plan) -> Finding:
    """Judge whether the rule works without anything that has to match the delays.

    Parameters
    ----------
    plan : Plan
        The plan of the model.

    Returns
    -------
    Finding
        Depends where traces or waiting times have to match delays.
    """
    graph, alignment = plan.graph, plan.alignment
    waits = plan.feedback.waiting_steps(graph)
    needs = []
    if alignment.waits_for:
        needs.append(
            f"the {alignment.waits_for} at each synapse must match the delays of its paths"
        )
    if waits:
        needs.append("the traces of backward weights must match both delays of their synapses")
    verdict: Verdict = "met"
    why = "an update combines what arrives at the same time; forward and backward delays may differ"
    if needs:
        verdict, why = "depends", f"delays may differ, but {', and '.join(needs)}"
    difference = 1e3 * graph.time_step * _largest_difference(graph)
    evidence = {
        "largest_difference_ms": round(difference, 9),
        "paths_of_one_length": alignment.one_length,
        "longest_wait_of_feedback_ms": round(1e3 * waits * graph.time_step, 9),
    }
    details = [
        f"the forward and the backward delay of a synapse differ by up to {difference:.4g} ms"
    ]
    if waits:
        kept = evidence["longest_wait_of_feedback_ms"]
        details.append(f"backward connections store activity for up to {kept:.4g} ms to learn from")
    return Finding("no_delay_matching", _DELAYS, verdict, why, evidence, tuple(details))


def _largest_difference(graph: Graph) -> int:
    """The most steps by which the delays of one synapse differ; 0 where none has both."""
    returns = graph.backward
    if returns.synapse is None or not len(returns):
        return 0
    return int(np.abs(graph.forward_lag[returns.synapse] - returns.lag).max())


def low_precision_errors(plan: Plan) -> Finding:
    """Judge whether errors are sent with less than full precision.

    Parameters
    ----------
    plan : Plan
        The plan of the model.

    Returns
    -------
    Finding
        Not met where exact values are sent; depends where their precision is set by non-local
        information.
    """
    verdict, why, sent, details = _precision(plan.transmission, plan.graph)
    evidence = {"transmission": plan.transmission.kind, **sent}
    return Finding("low_precision_errors", _PRECISION, verdict, why, evidence, details)


@singledispatch
def _precision(transmission: Transmission, graph: Graph) -> Judgement:
    """Judge the precision of errors."""
    raise UnknownKindError("neurodiff.auditing.wiring._precision", transmission)


@_precision.register
def _(transmission: Graded, graph: Graph) -> Judgement:
    why = "the exact value of every error is sent in every step"
    return Judgement("not met", why, {}, (f"{_BITS} bits for each error",))


@_precision.register
def _(events: Events, graph: Graph) -> Judgement:
    verdict: Verdict = "met"
    kind, why = "absolute", "an error is sent only when it has changed by more than a threshold"
    if events.average is not None:
        verdict, kind = "depends", "relative"
        why += (
            "; the threshold follows the mean size of all errors of the population, which is "
            "non-local information"
        )
    sent = {"threshold": events.error, "kind": kind}
    return Judgement(verdict, why, sent, (f"threshold {events.error:g}, {kind}",))


@_precision.register
def _(spikes: Spikes, graph: Graph) -> Judgement:
    rate = spikes.gain[graph.n_inputs :] / graph.time_step
    low, high = float(rate.min()), float(rate.max())
    why = "errors are sent as spikes of cells with moderate firing rates"
    details = (f"an error of 1 corresponds to a firing rate of {low:.4g} to {high:.4g} Hz",)
    return Judgement("met", why, {"hz_for_an_error_of_1": [low, high]}, details)


def no_extra_connections(plan: Plan) -> Finding:
    """Judge whether errors need connections in addition to those of the forward pass.

    Parameters
    ----------
    plan : Plan
        The plan of the model.

    Returns
    -------
    Finding
        Not met where errors are sent back through backward connections.
    """
    graph = plan.graph
    backward, units = len(graph.backward), graph.n_units - graph.n_inputs
    ratio = backward / graph.n_synapses
    evidence = {
        "backward_connections": backward,
        "forward_synapses": graph.n_synapses,
        "ratio": ratio,
        "error_units": units,
    }
    details = (
        f"{backward} backward connections and {graph.n_synapses} forward synapses: a ratio of "
        f"{ratio:.3g}",
        f"{units} error units and {graph.n_units} units",
    )
    if not backward:
        verdict: Verdict = "met"
        why = "errors are computed where they are used, and are not sent"
    else:
        verdict = "not met"
        why = "a second population of units sends errors back through connections of its own"
    return Finding("no_extra_connections", _EXTRA, verdict, why, evidence, details)
