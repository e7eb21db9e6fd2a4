"""Series of steps, and which of them a recording has; `schedule` decides on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sampling:
    """Every so many steps, from `start` (included) to `stop` (not included).

    Unless given, `stop` is beyond the last step that any run can have.
    `only` is a condition on the elements that are recorded, in the names of the simulator.

    Attributes
    ----------
    every : int
        Interval between samples in steps.
    start, stop : int
        Range of the steps.
    only : str
        Condition in Brian2 text; empty for all elements.
    """

    every: int
    start: int = 0
    stop: int = 2**31 - 1
    only: str = ""

    def count(self, until: int) -> int:
        """How many samples a run of `until` steps has.

        Parameters
        ----------
        until : int
            Number of steps of the run.
        """
        return len(range(self.start, min(self.stop, until), self.every))

    def steps(self, until: int) -> NDArray[np.int64]:
        """The steps of the samples of a run of `until` steps.

        Parameters
        ----------
        until : int
            Number of steps of the run.
        """
        return np.arange(self.start, min(self.stop, until), self.every)


@dataclass(frozen=True)
class Answers(Sampling):
    """When outputs are asked for their answers: at each sample, for their mean over `over` steps.

    The sample is the last of these steps.

    Attributes
    ----------
    every, start, stop, only
        As in `Sampling`.
    over : int
        Number of steps of the mean.
    """

    over: int = 1


@dataclass(frozen=True)
class Schedule:
    """What is recorded, and when; None records nothing of it.

    Attributes
    ----------
    signals : Sampling or None
        When activities and errors are recorded.
    weights : Sampling or None
        When weights and biases are recorded.
    products : Sampling or None
        When local products are compared with the reference.
    answers : Answers or None
        When the answers of the outputs are recorded.
    events : Sampling or None
        When events or spikes are recorded.
    factors : Sampling or None
        When the two factors of local products are recorded, an error and an activity.
    listed : bool
        Whether the products of all synapses are recorded where they are compared.
    """

    signals: Sampling | None = None
    weights: Sampling | None = None
    products: Sampling | None = None
    answers: Answers | None = None
    events: Sampling | None = None
    factors: Sampling | None = None
    listed: bool = True

    @property
    def replayed(self) -> bool:
        """Whether weights follow from the factors, which are those of every step."""
        return self.factors is not None and self.factors.every == 1

    @property
    def snapshots(self) -> bool:
        """Whether weights are recorded where products are compared."""
        return self.products is not None and (self.listed or not self.replayed)

    def of(self, *names: str) -> dict[str, Sampling]:
        """Those of `names` that are recorded.

        Parameters
        ----------
        *names : str
            Names of what may be recorded: `signals`, `weights`, `products`, `factors`, `answers`,
            `events`.
        """
        named = {name: getattr(self, name) for name in names}
        return {name: sampling for name, sampling in named.items() if sampling is not None}
