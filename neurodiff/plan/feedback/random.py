"""Random feedback: fixed backward weights along the synapses (Lillicrap et al. 2016)."""

from typing import ClassVar

from neurodiff.model_file.feedback import RandomFeedback
from neurodiff.plan.feedback.draws import along_synapses_drawn
from neurodiff.plan.feedback.interface import Context, Feedback, prepare


class Random(Feedback):
    """b stays as it was drawn (feedback alignment).

    References
    ----------
    Lillicrap, Cownden, Tweed & Akerman 2016, Random synaptic feedback weights support error
    backpropagation for deep learning.
    """

    rule: ClassVar[str] = "random"
    has_kernel: ClassVar[bool] = True
    knows: ClassVar[str] = "the error that arrives"


@prepare.register
def _(spec: RandomFeedback, context: Context) -> Random:
    return Random(along_synapses_drawn(context.model, spec, context.graph))
