"""How fast events will be beside a dense kernel, by what is sent and by how fast a machine is."""

from dataclasses import dataclass

from neurodiff.forecast.event_activity import Activity
from neurodiff.plan import Plan
from neurodiff.plan.speeds import event_speeds, speeds


@dataclass(frozen=True)
class EventSpeed:
    """Estimated wall-clock times of a step, without what is recorded.

    Attributes
    ----------
    events, dense : float
        Seconds by events, and by a dense kernel (`transmission: graded`).
    per_second : float
        Events in a second of the model.
    until : float
        By how many times faster the input may be until the dense kernel is as fast; below 1 it is
        faster already.
    """

    events: float
    dense: float
    per_second: float
    until: float


def event_speed(plan: Plan, backend: str, activity: Activity) -> EventSpeed:
    """Times of a step by the speeds of this machine, which `neurodiff calibrate` measures.

    Events grow as the speed of the input does, and so do the synapses that they reach.

    Parameters
    ----------
    plan : Plan
        Plan of the run, which sends events.
    backend : str
        Kind of machine code.
    activity : Activity
        What is expected to be sent.
    """
    graph, of_events = plan.graph, event_speeds(plan.transmission.engine)[backend]
    at_rest = of_events.of_step(graph.n_units, 0.0)
    of_synapses = of_events.synapse * 3 * graph.n_synapses * activity.ratio
    dense = speeds()["fused"][backend].of_step(graph.n_units, graph.n_synapses)
    sent = activity.forward * graph.n_units
    sent += activity.backward * (graph.n_units - graph.n_inputs)
    return EventSpeed(
        events=at_rest + of_synapses,
        dense=dense,
        per_second=sent / graph.time_step,
        until=max(dense - at_rest, 0.0) / of_synapses if of_synapses else float("inf"),
    )
