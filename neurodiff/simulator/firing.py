"""What a network that has run says of its events and spikes."""

import warnings
from dataclasses import replace

import numpy as np

from neurodiff.network.graph import Graph, Ints
from neurodiff.plan import Plan
from neurodiff.results.event_counts import EventCounts, count_events
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.simulator.state import State
from neurodiff.simulator.transmission.closed_form import RENEWED_EVERY

#: Share of the steps in which a neuron may be asked for more than one spike without a warning.
_SATURATED = 1e-3

#: Where the state of a kernel says how often units and error units have sent.
_COUNTS = ("kernel.unit_times", "kernel.error_times")


def counted(built: BuiltNetwork, plan: Plan, completed: int) -> EventCounts | None:
    """How many events or spikes were sent, and what they cost; None where nothing is counted.

    Parameters
    ----------
    built : BuiltNetwork
        Network that has run.
    plan : Plan
        Plan of the run.
    completed : int
        Number of steps.
    """
    counts = built.synapses.event_counts()
    if counts is None:
        return None
    events = _summed_up(plan, counts, completed)
    if not plan.transmission.fires:
        return events
    fired = [int(part.fired[:].sum()) for part in built.synapses.firing.values()]
    return replace(events, forward=fired[0], backward=fired[1])


def counted_before(state: State | None, plan: Plan) -> EventCounts | None:
    """The same of a run that another process has made, by its state; None where it says nothing.

    Parameters
    ----------
    state : State or None
        State at its end.
    plan : Plan
        Plan of the run.
    """
    if state is None or not all(name in state.values for name in _COUNTS):
        return None
    units, errors = (np.array(state.values[name], dtype=np.int64) for name in _COUNTS)
    return _summed_up(plan, (units, errors), state.step)


def _summed_up(plan: Plan, counts: tuple[Ints, Ints], completed: int) -> EventCounts:
    spikes = plan.transmission.fires
    renewals = 0 if spikes else -(-completed // RENEWED_EVERY)
    learns = not plan.plasticity.frozen
    return count_events(plan.graph, *counts, completed, renewals, learns=learns, spikes=spikes)


def warn_of_saturation(built: BuiltNetwork, graph: Graph, completed: int) -> None:
    """Say where neurons were to fire faster than once a step, and so did not say all.

    Parameters
    ----------
    built : BuiltNetwork
        Network that has run.
    graph : Graph
        Units, synapses and delays.
    completed : int
        Number of steps.
    """
    for name, group in built.synapses.firing.items():
        too_fast = np.array(group.too_fast[:])
        often = too_fast > _SATURATED * completed
        if often.any():
            units = np.unique(np.array(group.unit[:])[often])
            key = "maximum_rate" if name == "neurons" else "error_rate"
            where = graph.by_unit(lambda part: part.name)[units[0]]
            warnings.warn(
                f"{len(units)} units, the first in `{where}`, have {name} that were to fire "
                f"more often than once a step, in up to {too_fast.max() / completed:.2g} of "
                f"the steps, and could not; lower `transmission.{key}`, or take a smaller "
                "`time_step`",
                stacklevel=4,
            )
