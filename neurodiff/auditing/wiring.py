"""What a network has to have: signs, delays, errors and connections."""

import numpy as np

from neurodiff.auditing.finding import Finding, Verdict
from neurodiff.network.dale import unsigned_units
from neurodiff.network.graph import Graph
from neurodiff.plan.alignment import Traced
from neurodiff.plan.recording_schedule import Floats
from neurodiff.simulation import Simulation

_SIGN = "an error is not sent as one signal that may be negative"
_DALE = "a unit either excites all that it reaches, or inhibits all of it"
_DELAYS = "no delay has to be equal to another, or known to anybody"
_PRECISION = "errors may be sent roughly"
_EXTRA = "errors take no connections but those of the forward wave"

#: Of the fraction of a float: what graded transmission sends.
_BITS = np.finfo(np.float64).nmant + 1


def sign_of_error(simulation: Simulation) -> Finding:
    """Whether errors are sent by cells that cannot fire less than not at all."""
    kind, spiking = simulation.model.transmission.kind, simulation.spiking
    if spiking is None:
        verdict: Verdict = "does not hold"
        why = "one number with a sign travels on each backward connection"
    else:
        verdict = "holds"
        why = (
            f"each error unit has {spiking.neurons_per_unit} ON and as many OFF cells, the "
            "difference of whose rates is the error"
        )
    cells = 2 * spiking.neurons_per_unit if spiking else 0
    evidence = {"transmission": kind, "error_cells_per_unit": cells}
    details = (f"{cells} ON and OFF cells per error unit",)
    return Finding("sign_of_error", _SIGN, verdict, why, evidence, details)


def dale(simulation: Simulation) -> Finding:
    """Whether the weights with which a unit reaches others have one sign, and keep it."""
    graph, learns = simulation.graph, not simulation.rule.frozen
    mixed, senders = _mixed(graph, simulation.w)
    free = int((graph.plastic & ~graph.dale).sum()) if learns else 0
    evidence = {"units_with_both_signs": mixed, "sending_units": senders, "free_to_change": free}
    details = [
        f"{mixed} of {senders} units have weights of both signs at the start",
        f"{free} of {graph.n_synapses} weights may change their sign",
    ]
    if zeros := int((graph.dale & (simulation.w == 0)).sum()):
        unsigned = int(unsigned_units(graph, simulation.w).sum())
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


def symmetric_delays(simulation: Simulation) -> Finding:
    """Whether the rule asks for equal delays, or for somebody to know them."""
    graph, alignment = simulation.graph, simulation.alignment
    difference = 1e3 * graph.time_step * _largest_difference(graph)
    verdict: Verdict = "holds"
    why = "an update is of whatever meets at the synapse; forward and backward delays may differ"
    if alignment is not None:
        verdict = "depends"
        how = "traces" if isinstance(alignment, Traced) else "waiting times"
        why = f"delays may differ, but the {how} at each synapse have to fit those of its paths"
    feedback = simulation.feedback
    waits = feedback.waiting_steps(graph) if feedback else 0
    if waits:
        verdict = "depends"
        fits = "the traces of backward weights have to fit both delays of their synapses"
        why = f"delays may differ, but {fits}" if alignment is None else f"{why}, and {fits}"
    evidence = {
        "largest_difference_ms": round(difference, 9),
        "paths_of_one_length": None if alignment is None else alignment.one_length,
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


def precision_of_error(simulation: Simulation) -> Finding:
    """How much of an error is sent."""
    graph, thresholds, spiking = simulation.graph, simulation.thresholds, simulation.spiking
    verdict: Verdict = "does not hold"
    why = "the exact value of every error is sent in every step"
    evidence: dict[str, object] = {"transmission": simulation.model.transmission.kind}
    details: tuple[str, ...] = (f"{_BITS} bits of each",)
    if thresholds is not None:
        verdict = "holds" if thresholds.average is None else "depends"
        kind = "absolute" if thresholds.average is None else "relative"
        evidence |= {"threshold": thresholds.error, "kind": kind}
        why = "an error is sent when it has changed by more than a threshold"
        details = (f"threshold {thresholds.error:g}, {kind}",)
        if verdict == "depends":
            why += (
                ", which follows the running size of all errors of its population: somebody has to "
                "know that"
            )
    if spiking is not None:
        rate = spiking.gain[graph.n_inputs :] / graph.time_step
        verdict = "holds"
        why = "errors are sent as spikes of cells that fire at moderate rates"
        low, high = float(rate.min()), float(rate.max())
        evidence |= {"hz_for_an_error_of_1": [low, high]}
        details = (f"an error of 1 stands for {low:.4g} to {high:.4g} Hz",)
    return Finding("precision_of_error", _PRECISION, verdict, why, evidence, details)


def extra_connections(simulation: Simulation) -> Finding:
    """What there is besides the forward wave's units and synapses."""
    graph = simulation.graph
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
