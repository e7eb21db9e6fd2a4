"""How the loss went while a network learned."""

from dataclasses import dataclass

import numpy as np

from neurodiff.validation.gradient import Case


@dataclass(frozen=True)
class LossReport:
    """Mean of the recorded loss at the beginning and at the end of a run.

    It is the loss of the moment, of an output that is on its way: with stimuli that move it says
    less of what the weights have learned than of how the network follows.

    Attributes
    ----------
    first_tenth, last_tenth : float
        Over the first and the last tenth of the recorded times.
    ratio : float or None
        The last over the first; None where that is 0.
    """

    first_tenth: float
    last_tenth: float
    ratio: float | None

    def summary(self) -> str:
        """One line."""
        return f"loss {self.first_tenth:.4g} in the first tenth, {self.last_tenth:.4g} in the last"


def compare_loss(case: Case) -> LossReport | None:
    """Loss before and after learning; None where none is recorded, nothing learns, or with frames.

    What is learned of frames is their task.
    """
    if case.frozen or case.stimuli.presentations is not None or "loss" not in case.recording:
        return None
    loss = np.asarray(case.recording["loss"])
    if not loss.size:
        return None
    tenth = max(loss.size // 10, 1)
    first, last = float(loss[:tenth].mean()), float(loss[-tenth:].mean())
    return LossReport(first, last, last / first if first else None)
