"""Which information a synapse needs: locality in space and in time, and weight transport."""

from collections.abc import Iterable

import numpy as np

from neurodiff.auditing.finding import Finding, Judgement, Verdict
from neurodiff.network.graph import Graph, Ints
from neurodiff.plan import Plan
from neurodiff.plan.alignment import Alignment
from neurodiff.simulator.inspection.update_reads import Read, Reads

_SPACE = "the update of a weight reads only variables at its synapse and at the two ends of it"
_TIME = "the update of a weight reads only present values, and none stored from earlier moments"
_TRANSPORT = "backward connections do not read the weights of the forward synapses"


def local_in_space(reads: Reads) -> Finding:
    """Judge whether each update reads only variables at its synapse and at its two ends.

    Parameters
    ----------
    reads : Reads
        What the updates of the built network read.

    Returns
    -------
    Finding
        Not met where any update reads non-local information.
    """
    far = [read for read in reads.update if not read.local]
    verdict: Verdict = "met"
    why = "everything that the update of a weight reads is at its synapse or at one of its ends"
    if far:
        names = ", ".join(dict.fromkeys(f"{read.variable} ({read.place})" for read in far))
        verdict, why = "not met", f"updates read non-local information: {names}"
    return Finding(
        "local_in_space",
        _SPACE,
        verdict,
        why,
        {"reads": [_entry(read) for read in reads.update], "not_local": len(far)},
        tuple(_line(read) for read in reads.update),
    )


def local_in_time(reads: Reads, plan: Plan) -> Finding:
    """Judge whether forward and backward weights learn from present values only.

    Parameters
    ----------
    reads : Reads
        What the updates of the built network read.
    plan : Plan
        The plan from which the network was built.

    Returns
    -------
    Finding
        Not met where values are stored until their error arrives; depends where decaying traces
        stand for them.
    """
    graph = plan.graph
    waits = waiting_steps(reads.update, graph)
    verdict, why, found, lines = _of_alignment(plan.alignment, waits, reads, graph)
    evidence = {
        "longest_wait_ms": _ms(waits, graph),
        "made_from_their_own_past": reads.memory,
        **found,
    }
    details = [*lines]
    if kept := plan.feedback.waiting_steps(graph):
        verdict = "not met"
        evidence["longest_wait_of_feedback_ms"] = _ms(kept, graph)
        why = (
            "backward connections store exact values of earlier moments, from which their own "
            "weights learn"
        )
        details.append(f"backward connections store values for up to {_ms(kept, graph):.4g} ms")
    if reads.memory:
        details.append(f"variables that depend on their own past: {', '.join(reads.memory)}")
    return Finding("local_in_time", _TIME, verdict, why, evidence, tuple(details))


def _of_alignment(alignment: Alignment, waits: int, reads: Reads, graph: Graph) -> Judgement:
    """Judge what an alignment stores until the error arrives."""
    if alignment.keeps == "traces":
        return _reads_traces(alignment, graph)
    if waits or alignment.keeps == "values":
        return _stores_values(waits, graph)
    if not reads.memory:
        why = "the activity that has just arrived meets the present error; no value is stored"
        return Judgement("met", why, {})
    lag = _ms(graph.filter_lag, graph)
    why = (
        "the present postsynaptic current or potential of the synapse meets the present error; no "
        "other value is stored"
    )
    details = (f"the current or potential has a mean lag of {lag:.4g} ms",)
    return Judgement("met", why, {"trace_ms": lag}, details)


def _reads_traces(alignment: Alignment, graph: Graph) -> Judgement:
    longest = _ms(alignment.longest_wait, graph)
    why = (
        "each update reads decaying traces, whose time constants must match the delays of the "
        "paths through its synapse"
    )
    details = (f"the longest mean lag of a trace is {longest:.4g} ms",)
    return Judgement("depends", why, {"longest_trace_ms": longest}, details)


def _stores_values(waits: int, graph: Graph) -> Judgement:
    why = "exact values of earlier moments are stored until their error arrives"
    details = (f"values are stored for up to {_ms(waits, graph):.4g} ms",)
    return Judgement("not met", why, {}, details)


def waiting_steps(reads: Iterable[Read], graph: Graph) -> int:
    """Find for how long the activity of a unit is stored at a synapse after it has arrived.

    Parameters
    ----------
    reads : iterable of Read
        What the updates read.
    graph : Graph
        Units, synapses and delays.

    Returns
    -------
    int
        The longest such time in steps; 0 where nothing is stored.
    """
    waits = [
        int((read.age - graph.forward_lag[read.synapses]).max())
        for read in reads
        if read.variable == "units.x" and read.age is not None
    ]
    return max(waits, default=0)


def no_weight_transport(reads: Reads, plan: Plan) -> Finding:
    """Judge whether errors return without access to the weights of the forward synapses.

    Parameters
    ----------
    reads : Reads
        What the errors of the built network are made from.
    plan : Plan
        The plan from which the network was built.

    Returns
    -------
    Finding
        Not met where errors return through the forward weights themselves; depends where only
        something of them, such as their signs, is used.
    """
    feedback, n = plan.feedback, len(plan.graph.backward)
    evidence = {
        "forward_weights_read": reads.transported,
        "backward_connections": n,
        "with_weights_of_their_own": n if feedback.own_weights else 0,
    }
    details = [f"each backward connection needs {feedback.knows}".replace("\n", " ")]
    verdict: Verdict = "met"
    why = f"none of the {n} backward connections reads the weights of the forward synapses"
    if not n:
        why, details = "no error is sent back through any synapse", []
    elif reads.transported and not (feedback.own_weights or feedback.symmetric):
        verdict = "depends"
        why = "backward weights use the signs of the forward weights, but not their sizes"
    elif reads.transported:
        verdict = "not met"
        why = f"the weights of {n} backward connections are those of the forward synapses"
    return Finding("no_weight_transport", _TRANSPORT, verdict, why, evidence, tuple(details))


def _ms(steps: float, graph: Graph) -> float:
    return round(1e3 * steps * graph.time_step, 9)


def _entry(read: Read) -> dict[str, object]:
    """A read as JSON holds it."""
    return {
        "variable": read.variable,
        "place": read.place,
        "local": read.local,
        "synapses": _count(read.synapses),
        "steps_ago": None if read.age is None else [int(read.age.min()), int(read.age.max())],
    }


def _line(read: Read) -> str:
    """A read in words."""
    ago = ""
    if read.age is not None and read.age.any():
        first, last = int(read.age.min()), int(read.age.max())
        span = str(first) if first == last else f"{first} to {last}"
        ago = f", {span} step{'s' if last > 1 else ''} ago"
    return f"{read.variable}: at {read.place}{ago} ({_count(read.synapses)} synapses)"


def _count(synapses: Ints) -> int:
    return len(np.unique(synapses))
