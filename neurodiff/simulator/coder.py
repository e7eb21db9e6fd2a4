"""Send-on-change: who sends when.

A unit sends its exact value when that has moved by more than a threshold since it last sent, so the
error of what the others know is never above the threshold. Sending more than has happened, in the
hope that the signal goes on (the centred coder, half the events for a signal that is monotone), is
unstable in a network: the jumps of hundreds of senders make signals reverse all the time, and right
after its jump a centred coder stands at the threshold.
"""

from dataclasses import dataclass

import brian2 as b2
import numpy as np

from neurodiff.graph import Graph
from neurodiff.simulator.order import SCALE, SEND

#: Equations of a group that sends: the value last sent, and how often it has sent.
SENDER = """
sent : 1
times_sent : integer
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


def send(group: b2.NeuronGroup, variable: str, *, before: str = "", after: str = "") -> None:
    """Let every unit whose event `change` happens send its exact value.

    `before` and `after` are Brian2 code that runs before and after `sent` has its new value.
    """
    group.run_on_event(
        "change",
        f"""
        {before}
        sent = {variable}
        {after}
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
