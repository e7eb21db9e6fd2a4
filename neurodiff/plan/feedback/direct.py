"""Direct feedback: fixed weights from every output to every hidden unit (Nøkland 2016)."""

from typing import ClassVar

import numpy as np

from neurodiff.model_file import Model
from neurodiff.model_file.feedback import DirectFeedback
from neurodiff.network.graph import Floats, Graph, random_stream
from neurodiff.network.weights import draw_weights
from neurodiff.plan.feedback.interface import Context, Feedback, prepare


class Direct(Feedback):
    """b stays as it was drawn (direct feedback alignment).

    References
    ----------
    Nøkland 2016, Direct feedback alignment provides learning in deep neural networks.
    """

    rule: ClassVar[str] = "direct"
    has_kernel: ClassVar[bool] = True
    knows: ClassVar[str] = "the error that arrives"


@prepare.register
def _(spec: DirectFeedback, context: Context) -> Direct:
    return Direct(_drawn(context.model, spec, context.graph))


def _drawn(model: Model, feedback: DirectFeedback, graph: Graph) -> Floats:
    """Backward weights (n_backward,), drawn by hidden population, as if it led to all outputs."""
    rule = feedback.weights or model.network.weights
    b = np.empty(len(graph.backward))
    for part in graph.populations:
        if part.role == "hidden":
            own = graph.backward.into(part.units)
            rng = random_stream(model.seed, f"direct weights {part.name}")
            b[own] = draw_weights(rule, len(own), (part.size, len(graph.outputs)), rng)
    return b
