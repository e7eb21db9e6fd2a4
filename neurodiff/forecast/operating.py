"""Where a network is linearised: its static answer at some moments of the run."""

from typing import NamedTuple

import numpy as np

from neurodiff.network.fixed_points import state_from_rest
from neurodiff.network.graph import Floats, Ints
from neurodiff.network.static_response import respond, settle, slopes
from neurodiff.plan import Plan


class Point(NamedTuple):
    """A state that stays with its input.

    Attributes
    ----------
    x, slope : arrays (n_units,)
        Activity, and sigma' (0 for inputs).
    """

    x: Floats
    slope: Floats


def operating_points(plan: Plan, moments: int) -> list[Point]:
    """Static answers, with the weights of the start, at moments evenly spread over learning.

    Of a network with cycles it is one: where it settles from rest with the first input.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    moments : int
        How many at most; of one input there is one.
    """
    graph, w, bias = plan.graph, plan.w, plan.bias
    u = np.unique(plan.stimuli.input.at(_spread(plan.stimuli.learning_steps, moments)), axis=0)
    if graph.cyclic:
        first = plan.stimuli.input.at(np.zeros(1, dtype=np.int64))[0]
        a, x = settle(graph, w, bias, first, state_from_rest(graph, w, bias, first))
        return [Point(x, slopes(graph, a))]
    a, x = respond(graph, w, bias, u)
    return [Point(*pair) for pair in zip(x, slopes(graph, a), strict=True)]


def _spread(steps: int, moments: int) -> Ints:
    """Some of the steps, evenly spread."""
    return np.unique(np.linspace(0, max(steps - 1, 0), moments).astype(np.int64))
