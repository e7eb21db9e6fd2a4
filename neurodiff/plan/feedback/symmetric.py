"""Symmetric feedback: errors come back by the forward weights (weight transport)."""

from typing import ClassVar

import numpy as np

from neurodiff.model_file.feedback import SymmetricFeedback
from neurodiff.plan.feedback.dispatch import prepare
from neurodiff.plan.feedback.interface import Context, Feedback, along_synapses


class Symmetric(Feedback):
    """b = w, at any time."""

    rule: ClassVar[str] = "symmetric"
    symmetric: ClassVar[bool] = True
    own_weights: ClassVar[bool] = False
    knows: ClassVar[str] = "the error that arrives, and the weight of its synapse"


@prepare.register
def _(spec: SymmetricFeedback, context: Context) -> Symmetric:
    return Symmetric(np.asarray(along_synapses(context.graph, context.w)))
