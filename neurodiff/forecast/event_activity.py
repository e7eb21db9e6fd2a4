"""How many events a model will send, from the speed of its stimuli, before it is run."""

from dataclasses import dataclass
from functools import singledispatch
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import UnknownKindError
from neurodiff.network.event_reach import operations_per_event
from neurodiff.network.graph import Graph
from neurodiff.network.static_response import respond, slopes
from neurodiff.plan import Plan
from neurodiff.plan.transmission import Events, Graded, Spikes, Transmission
from neurodiff.reference.backprop import Gradient, backprop

Floats = NDArray[np.float64]

#: About how many multiplications the prediction may take, and how many changes it looks at.
_WORK, _FEWEST, _MOST = 4e9, 8, 400


@dataclass(frozen=True)
class Activity:
    """What to expect of a run by events.

    Attributes
    ----------
    forward, backward : float
        Events per unit, and per error unit, and step.
    ratio : float
        Synaptic operations relative to those of graded transmission.
    """

    forward: float
    backward: float
    ratio: float


def expected_activity(plan: Plan, work: float = _WORK) -> Activity | None:
    """What the static network answers to changes of the stimulus, set against the thresholds.

    A value that changes by d sends d/threshold times, at most once a step. The weights are the
    initial ones: learning adds events as it moves them. None where nothing is sent on change.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    work : float
        About how many multiplications it may take.
    """
    return _activity(plan.transmission, plan, work)


@singledispatch
def _activity(transmission: Transmission, plan: Plan, work: float) -> Activity | None:
    raise UnknownKindError("neurodiff.forecast.event_activity._activity", transmission)


@_activity.register
def _(transmission: Graded | Spikes, plan: Plan, work: float) -> None:
    return None


@_activity.register
def _(thresholds: Events, plan: Plan, work: float) -> Activity:
    graph = plan.graph
    before, after, changes_per_step = _changes(plan, work)
    forward = changes_per_step * _sent(
        after.x - before.x, np.full(graph.n_units, thresholds.forward)
    )
    steps = [before.delta, after.delta]
    if changes_per_step < 1:
        # first the activity arrives and changes the slope, later the error comes back
        steps.insert(1, _errors_between(plan, before, after))
    threshold = _error_threshold(graph, thresholds, after)
    sent = [_sent(new - old, threshold) for old, new in pairwise(steps)]
    backward = changes_per_step * np.sum(sent, axis=0)
    of_unit, of_error = operations_per_event(graph, learns=not plan.plasticity.frozen)
    operations = float(of_unit @ forward + of_error @ backward)
    return Activity(
        forward=float(forward.mean()),
        backward=float(backward[graph.n_inputs :].mean()),
        ratio=operations / (3 * graph.n_synapses),
    )


def _sent(change: Floats, threshold: Floats) -> Floats:
    """Events per change (n_units,), of changes (n, n_units)."""
    size = np.abs(change)
    beyond = np.divide(size, threshold, out=(size > 0).astype(float), where=threshold > 0)
    return np.asarray(np.minimum(beyond, 1.0).mean(axis=0))


def _error_threshold(graph: Graph, thresholds: Events, answers: Gradient) -> Floats:
    """Changes of the errors (n_units,) that are sent, relative ones to the size of these errors."""
    if thresholds.average is None:
        return np.full(graph.n_units, thresholds.error)
    sizes = np.empty(graph.n_units)
    for part in graph.populations:
        sizes[part.units] = np.sqrt(np.mean(answers.delta[:, part.units] ** 2))
    return thresholds.error * sizes


def _changes(plan: Plan, work: float) -> tuple[Gradient, Gradient, float]:
    """Answers before and after some changes of the stimuli, and how often these change a step."""
    stimuli, graph = plan.stimuli, plan.graph
    every = stimuli.period
    last = max((stimuli.learning_steps - 1) // every, 1)
    affordable = int(np.clip(work / (6 * graph.n_synapses), _FEWEST, _MOST))
    count = min(affordable, last)
    at = every * np.unique(np.linspace(1, last, count).round().astype(np.int64))
    before, after = (
        backprop(
            graph,
            plan.w,
            plan.bias,
            stimuli.input.at(steps),
            stimuli.target.at(steps),
            plan.model.loss,
        )
        for steps in (at - 1, at)
    )
    return before, after, 1 / every


def _errors_between(plan: Plan, before: Gradient, after: Gradient) -> Floats:
    """Errors (n, n_units) when the new activity is there and the feedback is still the old one."""
    graph = plan.graph
    inputs = slice(0, graph.n_inputs)
    old, new = (
        slopes(graph, respond(graph, plan.w, plan.bias, part.x[:, inputs])[0])
        for part in (before, after)
    )
    feedback = np.divide(before.delta, old, out=np.zeros_like(old), where=old != 0)
    return np.where(np.isin(np.arange(graph.n_units), graph.outputs), after.delta, new * feedback)
