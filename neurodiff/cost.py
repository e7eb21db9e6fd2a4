"""What a run will cost, before it is made: operations, memory, time; and which target suits it."""

from dataclasses import dataclass

from neurodiff.graph import Graph

#: Measured on a 2-core machine: seconds to the first step, seconds per step, seconds per synapse
#: and step. They choose a target and tell a user what to expect; nothing else depends on them.
_SPEED = {
    "numpy": (0.5, 3e-4, 1.2e-7),
    "cython": (40.0, 1.5e-4, 1.2e-8),
    "cpp_standalone": (25.0, 1e-5, 8e-9),
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
    graph: Graph, steps: int, recorded: int, stimuli: int = 0, *, compiler: bool = True
) -> Cost:
    """Cost of a run of `steps` steps that records `recorded` values and plays `stimuli` values.

    Without a compiler only numpy is considered.
    """
    seconds = {
        target: start + steps * (per_step + per_synapse * graph.n_synapses)
        for target, (start, per_step, per_synapse) in _SPEED.items()
        if compiler or target == "numpy"
    }
    lags = max(graph.forward_lag.max(initial=1), graph.backward_lag.max(initial=1))
    histories = 2 * 2 * (lags + 1) * graph.n_units * 8
    memory = graph.n_synapses * _BYTES_PER_SYNAPSE + histories
    # stimuli are kept twice, here and in Brian2
    memory += recorded * _BYTES_PER_SAMPLE + stimuli * 16
    return Cost(min(seconds, key=lambda target: seconds[target]), seconds, float(memory))
