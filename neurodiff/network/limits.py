"""Arrays that would not fit into memory are refused before they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodiff.exceptions import ModelError
from neurodiff.files.regular_files import memory_limit
from neurodiff.model_file import Model
from neurodiff.model_file.checks.limits import (
    MOST_ELEMENTS,
    MOST_STEPS,
    largest_projection,
    pairs,
    size_field,
)
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity, rounded_down

if TYPE_CHECKING:
    from neurodiff.network.graph import Graph

_BYTES = 8
#: Larger values count as diverged. Their squares, and the products of two, are still numbers.
LARGEST = 1e100

#: Numbers that a synapse takes while a network is made, and a pair of units that may have none.
_PER_SYNAPSE, _PER_PAIR = 7, 1.2


def refuse_large_network(model: Model) -> None:
    """Refuse networks whose synapses do not fit into memory, before any is made.

    Parameters
    ----------
    model : Model
        Model, checked.

    Raises
    ------
    ModelError
        With what they take, and what there is.
    """
    populations, projections = model.network.digraph()
    expected = sum(
        pairs(part, populations)
        * (_PER_PAIR + _PER_SYNAPSE * (part.connectivity.probability or 1.0))
        for part in projections
    )
    largest = largest_projection(projections, populations)
    larger = max(largest.pre, largest.post, key=lambda name: populations[name].size)
    what = f"the synapses, most of them in projection `{largest.name}`,"
    remedy = "write smaller sizes, or sparse connectivity"
    refuse_many_numbers(round(expected), what, size_field(model, larger), remedy)


def refuse_many_numbers(numbers: int, what: str, field: str, remedy: str) -> None:
    """Refuse arrays of more numbers than half of this machine's memory holds.

    Parameters
    ----------
    numbers : int
        How many numbers the arrays hold together.
    what : str
        What the numbers are, in words.
    field : str
        Key of the model that makes them so many.
    remedy : str
        What the message advises to do.

    Raises
    ------
    ModelError
        With what they take, and what there is.
    """
    most = memory_limit()
    if numbers * _BYTES > most:
        text = f"{what} would take {numbers * _BYTES / 1e9:.3g} GB"
        half = f"{most / 1e9:.3g} GB, half of this machine's memory, are the most"
        raise ModelError(field, f"{text}, and {half}", remedy)


def refuse_long_run(steps: int, model: Model) -> None:
    """Refuse a run of more steps than can be counted.

    Parameters
    ----------
    steps : int
        Number of steps of the run.
    model : Model
        Model, checked.

    Raises
    ------
    ModelError
        With the number of steps.
    """
    if steps > MOST_STEPS:
        field = "run.duration" if model.run.epochs is None else "run.epochs"
        text = f"the run takes {steps:,} steps, and {MOST_STEPS:,} are the most"
        raise ModelError(field, text, "write less, or a larger `time_step`")


def refuse_long_delays(graph: Graph, longest_age: int) -> None:
    """Refuse delays whose delay lines have more places than can be numbered, or fit into memory.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    longest_age : int
        How far back in steps an alignment, or the feedback, looks at the activity.

    Raises
    ------
    ModelError
        With the longest delay that goes.
    """
    longest = int(max(graph.forward_lag.max(), graph.backward.lag.max(initial=1), longest_age))
    places = 2 * (longest + 1) * graph.n_units
    if places > MOST_ELEMENTS:
        time, most = (
            format_quantity(rounded_down(steps * graph.time_step), TIME_UNITS)
            for steps in (longest, max(MOST_ELEMENTS // (2 * graph.n_units) - 1, 1))
        )
        text = (
            f"delays of about {time} for {graph.n_units:,} units need {places:,} places in memory"
        )
        raise ModelError("network.delay", text, f"write {most} or less, or a larger `time_step`")
