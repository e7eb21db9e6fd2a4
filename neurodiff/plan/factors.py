"""Whether local products are outer products of two factors, an error and an activity."""

from typing import TYPE_CHECKING

from neurodiff.network.synapses import is_uniform

if TYPE_CHECKING:
    from neurodiff.plan.plan import Plan


def have_factors(plan: "Plan") -> bool:
    """Whether all synapses of a unit in a projection meet the same activity, and are all there.

    Then a projection with n and m units has n + m factors in place of n m products. Only kernels
    record them.

    Parameters
    ----------
    plan : Plan
        Plan of the run; its schedule is not needed.
    """
    graph = plan.graph
    if not plan.transmission.records_factors:
        return False
    met = plan.alignment.met(graph)
    if met is None or not all(part.is_matrix for part in graph.projections):
        return False
    values = [*met, graph.forward_lag]
    if plan.feedback.symmetric:
        values.append(graph.backward_lag)
    return all(is_uniform(of[part.synapses]) for part in graph.projections for of in values)
