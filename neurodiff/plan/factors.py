"""Local products as outer products of two factors, an error and an activity."""

from typing import TYPE_CHECKING

from neurodiff.network.graph import Graph
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
    if not (plan.transmission.records_factors and plan.plasticity.product_of_ends):
        return False
    met = plan.alignment.met(graph)
    if met is None or not all(part.is_matrix for part in graph.projections):
        return False
    values = [*met, graph.forward_lag]
    if plan.feedback.symmetric:
        values.append(graph.backward_lag)
    return all(is_uniform(of[part.synapses]) for part in graph.projections for of in values)


def factors_of(graph: Graph) -> int:
    """Numbers of one step: what is met in each projection, errors, and the activity of outputs.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    """
    met, outputs = sum(part.pre.size for part in graph.projections), graph.output_range
    return met + graph.n_units - graph.n_inputs + outputs.stop - outputs.start


def seconds_anew(plan: "Plan", steps: int) -> float:
    """About how long a reference takes for the waves of so many steps; measured on 2 cores.

    Parameters
    ----------
    plan : Plan
        Plan of the run, whose projections are matrices.
    steps : int
        Number of steps.
    """
    graph = plan.graph
    return steps * (2e-5 * len(graph.projections) + 1e-8 * graph.n_synapses)
