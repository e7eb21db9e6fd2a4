"""What `show` says of feedback that is not symmetric: what it takes, and how far off it begins."""

import numpy as np

from neurodiff.plan import Plan
from neurodiff.plan.feedback import along_synapses, span


def describe_feedback(plan: Plan) -> list[str]:
    """Extra connections, what each has to know, and the first angles; nothing if symmetric.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    """
    feedback, graph = plan.feedback, plan.graph
    if feedback.symmetric:
        return []
    n, delays = len(graph.backward), span(graph.backward.lag)
    where = (
        "along synapses"
        if graph.backward.along_synapses
        else "from every output to every hidden unit"
    )
    lines = [
        f"feedback {feedback.rule}: {n} backward weights of its own, {where}, "
        f"with delays in steps of {delays}",
        f"each has to know: {feedback.knows}",
    ]
    return ["\n".join([*lines, *feedback.phases, *_angles(plan, plan.backward_weights)])]


def _angles(plan: Plan, b: np.ndarray) -> list[str]:
    """Angle between backward and forward weights of each projection at the start."""
    graph, angles = plan.graph, []
    if not graph.backward.along_synapses:
        return []
    w = along_synapses(graph, plan.w)
    for part in graph.projections:
        own = graph.backward.along(part.synapses)
        norms = np.linalg.norm(b[own]) * np.linalg.norm(w[own])
        if norms > 0:
            angle = np.degrees(np.arccos(np.clip(b[own] @ w[own] / norms, -1, 1)))
            angles.append(f"{part.name} {angle:.3g}")
    about = "angles between backward and forward weights at the start, in degrees"
    return [f"{about}: {', '.join(angles) or '-'}"]
