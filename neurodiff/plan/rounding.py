"""Whether weights in single precision can take what they learn in a step."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from neurodiff.plan.error_size import expected_error_sizes

if TYPE_CHECKING:
    from neurodiff.plan.plan import Plan

#: Half a unit in the last place of a number in single precision: less is lost when it is added.
_LOST = 2.0**-24


def rounding_warnings(plan: "Plan") -> Iterator[str]:
    """Texts on projections of which the weights are too large for what they learn in a step.

    It is taken from the errors at the start, and from activities of at most about 1.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    """
    graph, rule = plan.graph, plan.plasticity
    if plan.model.run.precision == "float64" or rule.frozen or graph.cyclic:
        return
    errors = expected_error_sizes(graph, plan.w, plan.bias, plan.stimuli, plan.model.loss)
    for part in graph.projections:
        size = float(np.sqrt(np.mean(plan.w[part.synapses] ** 2)))
        update = rule.learning_rate * errors[part.post.name].size
        if graph.plastic[part.start] and update < _LOST * size:
            yield (
                f"run.precision: {part.name} learns about {update:.1g} a step, which weights of "
                f"{size:.1g} in float32 lose by rounding; write `precision: float64`"
            )
