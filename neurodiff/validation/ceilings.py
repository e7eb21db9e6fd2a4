"""How fast each population may learn before the delay of its loop makes it swing up."""

from dataclasses import dataclass

import numpy as np

from neurodiff.graph import Ints, Population
from neurodiff.plan import Planned
from neurodiff.reference.curvature import largest_curvatures

#: Inputs of a run, evenly spread over it, at which the curvature is taken.
_INPUTS = 20


@dataclass(frozen=True)
class Ceiling:
    """Largest learning rate with which the weights onto one population settle, if only they learn.

    Attributes
    ----------
    population : Population
    loop : float
        T: steps from a change of the weights until it comes back as an error.
    curvature : float
        lambda: the largest of the inputs.
    rate : float
        In Hz.
    """

    population: Population
    loop: float
    curvature: float
    rate: float

    @property
    def swing(self) -> float:
        """Steps of one period of the swings just above the ceiling, 4 T + 2."""
        return 4 * self.loop + 2


def learning_rate_ceilings(case: Planned, learns: slice) -> list[Ceiling]:
    """Ceilings of all populations onto which something learns, with the weights of the start.

    They are those of gradient descent with the delays of the loops, and of inputs that are shown
    for longer than those: whatever weights the errors come back by.

    Parameters
    ----------
    case : Planned
        Without cycles.
    learns : slice
        Steps in which weights learn.
    """
    graph = case.graph
    u = case.stimuli.input.at(_spread(learns))
    curvatures = largest_curvatures(graph, case.w, case.bias, u, case.model.loss).max(axis=0)
    ceilings = []
    for part, curvature in zip(graph.populations, curvatures, strict=True):
        if curvature > 0:
            ages = case.latencies.age[part.units] - case.latencies.forward[part.units]
            loop = float(np.mean(ages[np.isfinite(ages)]))
            # eta lambda < 2 sin(pi / (2 (2 T + 1)))
            per_step = 2 * np.sin(np.pi / (2 * (2 * loop + 1))) / curvature
            rate = float(per_step / graph.time_step)
            ceilings.append(Ceiling(part, loop, float(curvature), rate))
    return ceilings


def _spread(learns: slice) -> Ints:
    """Some of the steps, evenly spread."""
    return np.unique(np.linspace(learns.start, learns.stop - 1, _INPUTS).astype(np.int64))
