"""What a network has to have: signs, delays, errors and connections."""

from functools import singledispatch

import numpy as np

from neurodiff.auditing.finding import Finding, Verdict
from neurodiff.exceptions import UnknownKindError
from neurodiff.network.dale import unsigned_units
from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import Plan
from neurodiff.plan.transmission import Events, Graded, Spikes, Transmission

_SIGN = "an error is not sent as one signal that may be negative"
_DALE = "a unit either excites all that it reaches, or inhibits all of it"
_DELAYS = "no delay has to be equal to another, or known to anybody"
_PRECISION = "errors may be sent roughly"
_EXTRA = "errors take no connections but those of the forward wave"

#: Of the fraction of a float: what graded transmission sends.
_BITS = np.finfo(np.float64).nmant + 1


def sign_of_error(plan: Plan) -> Finding:
    """Whether errors are sent by cells that cannot fire less than not at all."""
    verdict, why, cells = _cells(plan.transmission)
    evidence = {"transmission": plan.transmission.kind, "error_cells_per_unit": cells}
    details = (f"{cells} ON and OFF cells per error unit",)
    return Finding("sign_of_error", _SIGN, verdict, why, evidence, details)


@singledispatch
def _cells(transmission: Transmission) -> tuple[Verdict, str, int]:
    """Verdict on the sign of errors, why, and how many cells send each."""
    raise UnknownKindError("neurodiff.auditing.wiring._cells", transmission)


@_cells.register
def _(transmission: Graded | Events) -> tuple[Verdict, str, int]:
    return "does not hold", "one number with a sign travels on each backward connection", 0


@_cells.register
def _(spikes: Spikes) -> tuple[Verdict, str, int]:
    why = (
        f"each error unit has {spikes.neurons_per_unit} ON and as many OFF cells, the "
        "difference of whose rates is the error"
    )
    return "holds", why, 2 * spikes.neurons_per_unit


def dale(plan: Plan) -> Finding:
    """Whether the weights with which a unit reaches others have one sign, and keep it."""
    graph, learns = plan.graph, not plan.plasticity.frozen
    mixed, senders = _mixed(graph, plan.w)
    free = int((graph.plastic & ~graph.dale).sum()) if learns else 0
    evidence = {"units_with_both_signs": mixed, "sending_units": senders, "free_to_change": free}
    details = [
        f"{mixed} of {senders} units have weights of both signs at the start",
        f"{free} of {graph.n_synapses} weights may change their sign",
    ]
    if zeros := int((graph.dale & (plan.w == 0)).sum()):
        unsigned = int(unsigned_units(graph, plan.w).sum())
        evidence |= {"kept_weights_of_0": zeros, "units_of_0_only": unsigned}
        details.append(
            f"{zeros} weights that keep their sign are 0 and take that of the sum of their unit's "
            f"weights; {unsigned} units have weights of 0 only, and are taken to be excitatory"
        )
    verdict: Verdict = "holds"
    why = "all weights of a unit have one sign, which they keep"
    if mixed and free:
        verdict = "does not hold"
        why = "units excite some of those that they reach, and inhibit others"
    elif mixed:
        verdict = "depends"
        why = (
            "weights keep their signs, but units have both: each stands for an excitatory neuron "
            "and an inhibitory one that follows it at once"
        )
    elif free:
        verdict, why = "depends", "signs agree at the start, but nothing keeps them as they are"
    return Finding("dales_principle", _DALE, verdict, why, evidence, tuple(details))


def _mixed(graph: Graph, w: Floats) -> tuple[int, int]:
    """How many units have outgoing weights of both signs, and how many have any."""
    excites, inhibits = (
        np.bincount(graph.pre[chosen], minlength=graph.n_units) > 0 for chosen in (w > 0, w < 0)
    )
    return int((excites & inhibits).sum()), int((excites | inhibits).sum())


def symmetric_delays(plan: Plan) -> Finding:
    """Whether the rule asks for equal delays, or for somebody to know them."""
    graph, alignment = plan.graph, plan.alignment
    difference = 1e3 * graph.time_step * _largest_difference(graph)
    verdict: Verdict = "holds"
    why = "an update is of whatever meets at the synapse; forward and backward delays may differ"
    if alignment.waits_for:
        verdict = "depends"
        fits = "at each synapse have to fit those of its paths"
        why = f"delays may differ, but the {alignment.waits_for} {fits}"
    waits = plan.feedback.waiting_steps(graph)
    if waits:
        verdict = "depends"
        fits = "the traces of backward weights have to fit both delays of their synapses"
        why = f"{why}, and {fits}" if alignment.waits_for else f"delays may differ, but {fits}"
    evidence = {
        "largest_difference_ms": round(difference, 9),
        "paths_of_one_length": alignment.one_length,
        "longest_wait_of_feedback_ms": round(1e3 * waits * graph.time_step, 9),
    }
    details = [f"forward and backward delay of a synapse differ by up to {difference:.4g} ms"]
    if waits:
        kept = evidence["longest_wait_of_feedback_ms"]
        details.append(f"backward connections keep activity for up to {kept:.4g} ms to learn from")
    return Finding("symmetric_delays", _DELAYS, verdict, why, evidence, tuple(details))


def _largest_difference(graph: Graph) -> int:
    """The most steps by which the delays of one synapse differ; 0 where none has both."""
    returns = graph.returning
    if returns.synapse is None or not len(returns):
        return 0
    return int(np.abs(graph.forward_lag[returns.synapse] - returns.lag).max())


def precision_of_error(plan: Plan) -> Finding:
    """How much of an error is sent."""
    verdict, why, sent, details = _precision(plan.transmission, plan.graph)
    evidence: dict[str, object] = {"transmission": plan.transmission.kind, **sent}
    return Finding("precision_of_error", _PRECISION, verdict, why, evidence, (details,))


Precision = tuple[Verdict, str, dict[str, object], str]


@singledispatch
def _precision(transmission: Transmission, graph: Graph) -> Precision:
    """Verdict on the precision of errors, why, the numbers, and a line of detail."""
    raise UnknownKindError("neurodiff.auditing.wiring._precision", transmission)


@_precision.register
def _(transmission: Graded, graph: Graph) -> Precision:
    why = "the exact value of every error is sent in every step"
    return "does not hold", why, {}, f"{_BITS} bits of each"


@_precision.register
def _(events: Events, graph: Graph) -> Precision:
    relative = events.average is not None
    kind = "relative" if relative else "absolute"
    why = "an error is sent when it has changed by more than a threshold"
    if relative:
        why += (
            ", which follows the running size of all errors of its population: somebody has to "
            "know that"
        )
    sent: dict[str, object] = {"threshold": events.error, "kind": kind}
    return "depends" if relative else "holds", why, sent, f"threshold {events.error:g}, {kind}"


@_precision.register
def _(spikes: Spikes, graph: Graph) -> Precision:
    rate = spikes.gain[graph.n_inputs :] / graph.time_step
    low, high = float(rate.min()), float(rate.max())
    why = "errors are sent as spikes of cells that fire at moderate rates"
    details = f"an error of 1 stands for {low:.4g} to {high:.4g} Hz"
    return "holds", why, {"hz_for_an_error_of_1": [low, high]}, details


def extra_connections(plan: Plan) -> Finding:
    """What there is besides the forward wave's units and synapses."""
    graph = plan.graph
    backward, units = len(graph.returning), graph.n_units - graph.n_inputs
    ratio = backward / graph.n_synapses
    evidence = {
        "backward_connections": backward,
        "forward_synapses": graph.n_synapses,
        "ratio": ratio,
        "error_units": units,
    }
    details = (
        f"{backward} backward connections to {graph.n_synapses} forward synapses: {ratio:.3g}",
        f"{units} error units to {graph.n_units} units",
    )
    if not backward:
        verdict: Verdict = "holds"
        why = "errors are made where they are needed, and go nowhere"
    else:
        verdict = "does not hold"
        why = "a second population, with connections of its own, carries the errors back"
    return Finding("extra_connections", _EXTRA, verdict, why, evidence, details)
