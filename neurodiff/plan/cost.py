"""What a run will cost, before it is made: operations, memory, time; and which backend suits it."""

from dataclasses import dataclass

from neurodiff.network.graph import Graph
from neurodiff.plan.speeds import event_speeds, speeds

#: Of a synapse at the end of a run, when most copies of it are there; and of one in a projection
#: from all to all, by engine: kernels number none of these.
_BYTES_PER_SYNAPSE, _BYTES_IN_MATRIX = 110, {"native": 110, "fused": 45}
#: Of a recorded value, in Brian2's monitor and in the recording that is made of it; of a value in a
#: history of delays.
_BYTES_PER_SAMPLE, _BYTES_PER_PLACE = 28, 10


@dataclass(frozen=True)
class Cost:
    """Estimated cost of a run.

    Attributes
    ----------
    backend : str
        The fastest, which ``auto`` chooses where it can be compiled.
    seconds : dict
        Estimated wall-clock time by backend, compilation included.
    parts : dict
        Estimated bytes of the synapses, the delays, the recording and the stimuli.
    """

    backend: str
    seconds: dict[str, float]
    parts: dict[str, float]

    @property
    def memory(self) -> float:
        """Estimated size in bytes of the network and what it records."""
        return sum(self.parts.values())


def estimate(
    graph: Graph,
    steps: int,
    recorded: int,
    stimuli: int = 0,
    *,
    engine: str = "native",
    sending: tuple[float, float] | None = None,
    longest_age: int = 1,
    backward: int = 0,
) -> Cost:
    """Cost of a run of `steps` steps that records `recorded` values and plays `stimuli` values.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    steps : int
        Steps of the run.
    recorded : int
        How many values are recorded.
    stimuli : int, optional
        How many values the stimuli have.
    engine : str, optional
        What moves the weights: `native` or `fused`.
    sending : tuple, optional
        Shares of the units and of the error units that send events or spikes in a step; unless
        given, transmission is graded.
    longest_age : int
        How far back in steps an alignment, or the feedback, looks at the activity.
    backward : int
        Backward connections with weights of their own.

    Returns
    -------
    Cost
        Time by backend in seconds, and memory in bytes.
    """
    reached = float(graph.n_synapses)
    if sending is not None:
        # an error is told to the synapses that it came from, and goes on to the other end of them
        reached *= sending[0] + 2 * sending[1]
    known = speeds()[engine] if sending is None else event_speeds(engine)
    seconds = {
        backend: speed.start + steps * speed.of_step(graph.n_units, reached + backward)
        for backend, speed in known.items()
    }
    forward = max(int(graph.forward_lag.max(initial=1)), longest_age)
    lags = forward + int(graph.backward.lag.max(initial=1))
    in_matrices = sum(part.pairs.size for part in graph.projections if part.is_matrix)
    numbered = graph.n_synapses - in_matrices + backward / 2
    parts = {
        "synapses": numbered * _BYTES_PER_SYNAPSE + in_matrices * _BYTES_IN_MATRIX[engine],
        "delays": 2.0 * (lags + 2) * graph.n_units * _BYTES_PER_PLACE,
        "recording": float(recorded * _BYTES_PER_SAMPLE),
        # kept twice, here and in Brian2
        "stimuli": 16.0 * stimuli,
    }
    return Cost(min(seconds, key=lambda backend: seconds[backend]), seconds, parts)
