"""What a synapse has to know: locality in space and in time, and weight transport."""

from collections.abc import Iterable

import numpy as np

from neurodiff.auditing.finding import Finding, Verdict
from neurodiff.network.graph import Graph, Ints
from neurodiff.plan import Plan
from neurodiff.simulator.inspection.update_reads import Read, Reads

_SPACE = "each update reads only what is at its synapse, and at the two ends of it"
_TIME = "each update reads what is there at present, and nothing that had to be kept for it"
_TRANSPORT = "errors come back without anybody knowing the weights of other synapses"


def locality_in_space(reads: Reads) -> Finding:
    """Whether everything that updates read is at the synapse, or at one of its ends."""
    far = [read for read in reads.update if not read.local]
    why = "everything that the update of a weight reads is at its synapse or at one of its ends"
    if far:
        names = ", ".join(dict.fromkeys(f"{read.variable} ({read.place})" for read in far))
        why = f"updates read what is at neither their synapse nor its ends: {names}"
    return Finding(
        "locality_in_space",
        _SPACE,
        "does not hold" if far else "holds",
        why,
        {"reads": [_entry(read) for read in reads.update], "not_local": len(far)},
        tuple(_line(read) for read in reads.update),
    )


def locality_in_time(reads: Reads, plan: Plan) -> Finding:
    """Whether anything has to wait for the error that it meets, or for what b learns from."""
    graph, alignment = plan.graph, plan.alignment
    waits = waiting_steps(reads.update, graph)
    verdict: Verdict = "holds"
    why = "what has just arrived meets the error of this moment; no value is kept for it"
    evidence = {"longest_wait_ms": _ms(waits, graph), "made_from_their_own_past": reads.memory}
    details = []
    if alignment.keeps == "traces":
        longest = alignment.longest_wait
        evidence["longest_trace_ms"] = _ms(longest, graph)
        verdict = "depends"
        why = (
            "each update reads decaying traces, whose time constants have to fit the delays of the "
            "paths through its synapse"
        )
        details = [f"traces lag by up to {_ms(longest, graph):.4g} ms"]
    elif waits or alignment.keeps == "values":
        verdict = "does not hold"
        why = "exact values of earlier moments are kept until their error has come"
        details = [f"values wait for their error for up to {_ms(waits, graph):.4g} ms"]
    elif reads.memory:
        lag = _ms(graph.filter_lag, graph)
        evidence["trace_ms"] = lag
        why = "what has just arrived, as postsynaptic current or potential, meets the present error"
        details = [f"the current or potential itself lags by {lag:.4g} ms"]
    if kept := plan.feedback.waiting_steps(graph):
        verdict = "does not hold"
        evidence["longest_wait_of_feedback_ms"] = _ms(kept, graph)
        why = (
            "backward connections keep exact values of earlier moments for their own learning, "
            "until what these belong to has come"
        )
        details.append(f"backward connections keep values for up to {_ms(kept, graph):.4g} ms")
    if reads.memory:
        details.append(f"made from their own past: {', '.join(reads.memory)}")
    return Finding("locality_in_time", _TIME, verdict, why, evidence, tuple(details))


def waiting_steps(reads: Iterable[Read], graph: Graph) -> int:
    """The most steps for which any value of a unit waits at a synapse when it has arrived there."""
    waits = [
        int((read.age - graph.forward_lag[read.synapses]).max())
        for read in reads
        if read.variable == "units.x" and read.age is not None
    ]
    return max(waits, default=0)


def weight_transport(reads: Reads, plan: Plan) -> Finding:
    """Whether what errors come back by is made from the weights of the forward synapses."""
    feedback, n = plan.feedback, len(plan.graph.returning)
    evidence = {
        "forward_weights_read": reads.transported,
        "backward_connections": n,
        "with_weights_of_their_own": n if feedback.own_weights else 0,
    }
    details = [f"a backward connection has to know {feedback.knows}".replace("\n", " ")]
    verdict: Verdict = "holds"
    why = f"all {n} backward connections have weights of their own, made without the forward ones"
    if not n:
        why, details = "no error goes back through any synapse", []
    elif reads.transported and not (feedback.own_weights or feedback.symmetric):
        verdict = "depends"
        why = "backward weights follow the signs of the forward weights, but not their sizes"
    elif reads.transported:
        verdict = "does not hold"
        why = f"errors come back by the very weights of the forward synapses, at {n} of them"
    return Finding("weight_transport", _TRANSPORT, verdict, why, evidence, tuple(details))


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
        ago = f", of {span} step{'s' if last > 1 else ''} ago"
    return f"{read.variable}: at {read.place}{ago} ({_count(read.synapses)} synapses)"


def _count(synapses: Ints) -> int:
    return len(np.unique(synapses))
