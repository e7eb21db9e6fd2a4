"""What `show` says of a network with cycles: whether and when its waves settle."""

from neurodiff.model_file.cycles import find_cycle
from neurodiff.network.fixed_points import other_fixed_points
from neurodiff.network.settling_time import SETTLED, Convergence, estimate_convergence
from neurodiff.plan import Plan

_SETTLED = """\
settled after about {steps} steps, when a deviation is {size:g} of what it was: with constant input
and frozen weights, the update {is_what} from there on"""


def describe_cycles(plan: Plan) -> str:
    """Whether and when both waves settle; empty where there is no cycle.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    """
    if not plan.graph.cyclic:
        return ""
    graph, w, first = plan.graph, plan.w, plan.first_input
    cycle = " -> ".join(find_cycle(*plan.model.network.digraph()))
    found = estimate_convergence(graph, w, plan.bias, first, plan.backward_weights)
    lines = _settling(found, exact=plan.feedback.symmetric)
    if found.forward is not None:
        lines += _others(other_fixed_points(graph, w, plan.bias, first))
    lines.append("(for the initial weights, the first input and the delays above)")
    return "\n".join([f"cycles, such as {cycle}", _guarantee(found.bound), *lines])


def _guarantee(bound: float) -> str:
    """What the theory says for every set of delays."""
    radius = f"spectral radius of |W| sigma'_max: {bound:.4g}"
    if bound < 1:
        return f"{radius}, below 1: it settles whatever the delays"
    return f"{radius}, not below 1: whether it settles depends on the delays"


def _settling(found: Convergence, *, exact: bool) -> list[str]:
    """How both waves settle with the delays and the weights that there are."""
    if found.forward is None or found.backward is None:
        return ["no fixed point was found for the first input, with the initial weights"]
    waves = {"activity": found.forward, "error": found.backward}
    changes = ", ".join(f"{name} {factor:.3g}" for name, factor in waves.items())
    lines = [f"a small deviation from the fixed point changes in a step by a factor of: {changes}"]
    if found.steps is None:
        lines.append("deviations grow, so it does not settle; take smaller weights on the cycles")
    else:
        is_what = "is the gradient at the fixed point" if exact else "stays as it is"
        lines.append(_SETTLED.format(steps=found.steps, size=SETTLED, is_what=is_what))
    return lines


def _others(number: int) -> list[str]:
    """That the network has several stable states, where it has."""
    if not number:
        return []
    return [
        f"several fixed points were found: {number} besides the one to which it settles from rest; "
        "after other\ninputs the network may be at another, with other numbers than these"
    ]
