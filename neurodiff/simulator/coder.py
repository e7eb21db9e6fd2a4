"""Send-on-change: who sends when, and what was sent, for as long as it travels.

A unit sends its exact value when that has moved by more than a threshold since it last sent, so the
error of what the others know is never above the threshold. Sending more than has happened, in the
hope that the signal goes on (the centred coder, half the events for a signal that is monotone), is
unstable in a network: the jumps of hundreds of senders make signals reverse all the time, and right
after its jump a centred coder stands at the threshold.
"""

from dataclasses import dataclass

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.graph import Graph
from neurodiff.simulator.order import ADVANCE, SCALE, SEND

#: Equations of a group that sends: the value last sent, and how often it has sent.
SENDER = """
sent : 1
times_sent : integer
sent_place : integer
sent_copy : 1 (linked)
"""

#: Equations of an error unit with a threshold relative to the size of its population's errors.
RELATIVE = """
population_scale : 1 (linked)
population : integer (constant)
"""


@dataclass(frozen=True)
class Thresholds:
    """Changes that are too small to be sent.

    Attributes
    ----------
    forward : float
        Of an activity x.
    error : float
        Of an error delta, absolute or relative to the running root mean square of its population.
    average : int or None
        Steps of the running mean; None where `error` is absolute.
    """

    forward: float
    error: float
    average: int | None

    def changed(self, variable: str) -> str:
        """The condition under which `variable` is sent, as Brian2 text."""
        if variable == "x":
            return "abs(x - sent) > threshold"
        scale = "" if self.average is None else "*population_scale"
        return f"abs({variable} - sent) > error_threshold{scale}"


class SentValues:
    """The last values that each unit of a group has sent, for synapses where they arrive later.

    A value waits in a ring of the sender until the slowest synapse has taken it. Each synapse keeps
    its own place in the ring and moves it on as it takes a value, so that nothing has to be done
    while nothing is sent.

    Parameters
    ----------
    group : NeuronGroup
        Its equations include `SENDER`.
    longest_lag : int
        In steps; a unit sends at most once per step.
    """

    def __init__(self, group: b2.NeuronGroup, longest_lag: int, clock: b2.Clock):
        self._n, self._length = len(group), longest_lag + 1
        self.buffer = b2.NeuronGroup(
            self._length * self._n, "value : 1", name=f"{group.name}_sent", clock=clock
        )
        group.namespace["sent_length"] = self._length
        group.sent_place = np.arange(self._n) * self._length
        group.sent_copy = b2.linked_var(self.buffer, "value", index="sent_place")
        # in a block of its own: a code block must not write through a link that it moves
        group.run_regularly(
            "sent_place = sent_length*i + times_sent % sent_length",
            name=f"{group.name}_sent_place",
            **ADVANCE.when,
        )

    def connect(self, reader: b2.Synapses, prefix: str, units: NDArray[np.int64]) -> None:
        """Let synapses take what `units` (len(reader),) have sent, as ``{prefix}_arriving``."""
        reader.namespace[f"{prefix}_length"] = self._length
        setattr(reader, f"{prefix}_place", units * self._length)
        value = b2.linked_var(self.buffer, "value", index=f"{prefix}_place")
        setattr(reader, f"{prefix}_arriving", value)


def receiver(prefix: str) -> str:
    """Equations of synapses that take what is sent; see `SentValues.connect`."""
    return f"{prefix}_place : integer\n{prefix}_arriving : 1 (linked)\n"


def move_on(prefix: str) -> str:
    """The synapse has taken a value, as Brian2 text: its next one is the next in the ring."""
    last = f"({prefix}_place % {prefix}_length == {prefix}_length - 1)"
    return f"{prefix}_place = {prefix}_place + 1 - {prefix}_length*int({last})"


def send(group: b2.NeuronGroup, variable: str, before: str = "") -> None:
    """Let every unit whose event `change` happens send its exact value.

    `before` is Brian2 code that runs first, while `sent` is still what it was.
    """
    group.run_on_event(
        "change",
        f"""
        {before}
        sent = {variable}
        sent_copy = sent
        times_sent += 1
        """,
        **SEND.when,
    )


def build_scales(
    graph: Graph, errors: b2.NeuronGroup, average: int, clock: b2.Clock
) -> list[b2.core.base.BrianObject]:
    """The running root mean square of the errors of each population, which error units link to.

    The mean is over all steps until there are `average` of them, then exponential.
    """
    own = slice(graph.n_inputs, None)
    of_unit = graph.by_unit(lambda part: graph.populations.index(part))
    numbers, population = np.unique(of_unit[own], return_inverse=True)
    scales = b2.NeuronGroup(
        len(numbers),
        """
        sum_of_squares : 1
        size : 1 (constant)
        mean_square : 1
        scale : 1
        """,
        name="scales",
        clock=clock,
        order=SCALE.order,
        namespace={"average": average},
    )
    scales.size = np.bincount(population)
    scales.run_regularly(
        """
        mean_square += (sum_of_squares/size - mean_square)/clip(timestep(t, dt) + 1, 1, average)
        scale = sqrt(mean_square)
        """,
        name="scale",
        **SCALE.when,
    )
    squares = b2.Synapses(
        errors,
        scales,
        "sum_of_squares_post = delta_pre**2 : 1 (summed)",
        name="squares",
        clock=clock,
    )
    squares.connect(i=np.arange(len(errors)), j=population)
    errors.population = population
    errors.population_scale = b2.linked_var(scales, "scale", index="population")
    return [scales, squares]
