"""What a run will cost, before it is made: operations, memory, time; and which target suits it."""

from dataclasses import dataclass
from typing import NamedTuple

from neurodiff.graph import Graph


class _Speed(NamedTuple):
    """Seconds to the first step, per step, and per synapse (events: synapse reached) and step."""

    start: float
    step: float
    synapse: float


#: Measured on a 2-core machine. They choose a target and tell a user what to expect; nothing else
#: depends on them.
_GRADED = {
    "numpy": _Speed(0.5, 3e-4, 1.2e-7),
    "cython": _Speed(40.0, 1.5e-4, 1.2e-8),
    "cpp_standalone": _Speed(25.0, 1e-5, 8e-9),
}
#: Events, and the spikes of one unit in one step.
_EVENTS = {
    "numpy": _Speed(1.0, 2e-3, 2e-7),
    "cython": _Speed(90.0, 3e-4, 1.5e-8),
    "cpp_standalone": _Speed(30.0, 2e-5, 1.2e-8),
}
_BYTES_PER_SYNAPSE = 110
_BYTES_PER_SAMPLE = 20


@dataclass(frozen=True)
class Cost:
    """Estimated cost of a run.

    Attributes
    ----------
    target : str
        What ``auto`` chooses.
    seconds : dict
        Estimated wall-clock time by target, compilation included.
    memory : float
        Estimated size in bytes of the network and what it records.
    """

    target: str
    seconds: dict[str, float]
    memory: float


def estimate(
    graph: Graph,
    steps: int,
    recorded: int,
    stimuli: int = 0,
    *,
    sending: tuple[float, float] | None = None,
    longest_age: int = 1,
    backward: int = 0,
    compiler: bool = True,
) -> Cost:
    """Cost of a run of `steps` steps that records `recorded` values and plays `stimuli` values.

    Parameters
    ----------
    sending : tuple, optional
        Shares of the units and of the error units that send events or spikes in a step; unless
        given, transmission is graded.
    longest_age : int
        How far back in steps an alignment, or the feedback, looks at the activity.
    backward : int
        Backward connections with weights of their own.
    compiler : bool
        Whether there is one; without it only numpy is considered.
    """
    reached = float(graph.n_synapses)
    if sending is not None:
        # an error is told to the synapses that it came from, and goes on to the other end of them
        reached *= sending[0] + 2 * sending[1]
    seconds = {
        target: speed.start + steps * (speed.step + speed.synapse * reached)
        for target, speed in (_EVENTS if sending else _GRADED).items()
        if compiler or target == "numpy"
    }
    forward = max(graph.forward_lag.max(initial=1), longest_age)
    lags = forward + graph.returning.lag.max(initial=1)
    histories = 2 * (lags + 2) * graph.n_units * 8
    memory = (graph.n_synapses + backward / 2) * _BYTES_PER_SYNAPSE + histories
    # stimuli are kept twice, here and in Brian2
    memory += recorded * _BYTES_PER_SAMPLE + stimuli * 16
    return Cost(min(seconds, key=lambda target: seconds[target]), seconds, float(memory))
