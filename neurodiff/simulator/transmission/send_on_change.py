"""Send-on-change: who sends when, and what.

A unit sends when its value has moved by more than a threshold from what it last sent. An error is
sent as it is. An activity that moves on in the direction of its last event is sent a quarter of the
threshold ahead, so that what the others know of it is not always late: sent as it is, it lags
behind by half a threshold on the average, and so do all others, which is most of the error that
events make. In a network of ten layers of 50 tanh units, sinusoids of 1e-4 radian a step,
thresholds .01 and .02 of the errors' size, this took the cosine with the gradient from .996 to
.999 for two fifths more synaptic operations.

The centred coder, which sends a whole threshold ahead, would need half the events for a signal that
is monotone. In a network the jumps of many senders make signals reverse, and right after its event
it stands at the threshold, where the smallest reversal is an event: there it took four times the
operations. Errors that are sent ahead do much the same at a quarter already.
"""

import brian2 as b2
import numpy as np

from neurodiff.network.graph import Graph
from neurodiff.plan.thresholds.coding import AHEAD, LEAST
from neurodiff.plan.transmission import Events
from neurodiff.simulator.order import COMPARE, SCALE, SEND

#: Equations of a group that sends: the value last sent, at which step, and how often it has sent.
SENDER = """
sent : 1
last_sent : integer
times_sent : integer
"""

#: Equations of a unit: by how much it moved when it last sent.
MOVING = "last_move : 1"

#: What a unit sends; after a jump of more than two thresholds nothing says that it moves on.
ACTIVITY = f"""
move = x - sent
moves_on = move*last_move > 0 and abs(move) < 2*threshold
sent = x + {AHEAD}*threshold*sign(move)*int(moves_on)
last_move = move
"""

#: Equations of an error unit with a threshold relative to the size of its population's errors.
RELATIVE = """
population_scale : 1 (linked)
population_least : 1 (linked)
population : integer (constant)
"""


def changed(variable: str, thresholds: Events) -> str:
    """The condition under which `variable` is sent, as Brian2 text.

    Parameters
    ----------
    variable : str
        What is sent: `x`, or `delta`.
    thresholds : Events
        Numbers of the transmission by events, with its thresholds.
    """
    if variable == "x":
        return "abs(x - sent) > threshold"
    scale = "" if thresholds.average is None else "*population_scale"
    return f"abs({error_sent(thresholds)} - sent) > error_threshold{scale}"


def error_sent(thresholds: Events) -> str:
    """What an error unit would send now, as Brian2 text.

    Relative to errors that vanish nothing is small. What is left of them in a network that has
    learned is sent as 0; else the last value sent would be learned from for ever.

    Parameters
    ----------
    thresholds : Events
        Numbers of the transmission by events, with its thresholds.
    """
    return "delta" if thresholds.average is None else "delta*int(abs(delta) > population_least)"


def send(group: b2.NeuronGroup, what: str, keep: str) -> None:
    """Let every unit whose event `change` happens send.

    Parameters
    ----------
    group : brian2.NeuronGroup
        Units that send.
    what : str
        Brian2 code that sets `sent`.
    keep : str
        Brian2 code that runs when `sent` has its new value.
    """
    code = f"{what}{keep}\nlast_sent = timestep(t, dt)\ntimes_sent += 1"
    group.last_sent = -1
    group.set_event_schedule("change", **COMPARE.when)
    group.run_on_event("change", code, **SEND.when)


def build_scales(
    graph: Graph, errors: b2.NeuronGroup, average: int, clock: b2.Clock
) -> list[b2.core.base.BrianObject]:
    """The running root mean square of the errors of each population, which error units link to.

    The mean is over all steps until there are `average` of them, then exponential.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    errors : brian2.NeuronGroup
        Group of the error units, one for each unit that is no input.
    average : int
        Number of steps over which the mean is taken.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.

    Returns
    -------
    list of BrianObject
        Objects that have to be in the Brian2 network.
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
        least : 1
        """,
        name="scales",
        clock=clock,
        order=SCALE.order,
        namespace={"average": average, "part": LEAST},
    )
    scales.size = np.bincount(population)
    scales.run_regularly(
        """
        mean_square += (sum_of_squares/size - mean_square)/clip(timestep(t, dt) + 1, 1, average)
        scale = sqrt(mean_square)
        least += int(part*scale > least)*(part*scale - least)
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
    # one of each population in turn: additions to one sum would have to wait for each other
    in_turn = np.argsort(
        [n for size in np.bincount(population) for n in range(size)], kind="stable"
    )
    squares.connect(i=in_turn, j=population[in_turn])
    errors.population = population
    errors.population_scale = b2.linked_var(scales, "scale", index="population")
    errors.population_least = b2.linked_var(scales, "least", index="population")
    return [scales, squares]
