"""Arrays too large for memory are refused before they are made, with the key that asks for them."""

from neurodiff.exceptions import ModelError
from neurodiff.graph import Graph
from neurodiff.reading.files import memory_limit
from neurodiff.spec import Model
from neurodiff.spec.limits import MOST_ELEMENTS, MOST_STEPS
from neurodiff.spec.quantities import TIME_UNITS, format_quantity, rounded_down

_BYTES = 8


def refuse_many_numbers(numbers: int, what: str, field: str, remedy: str) -> None:
    """Refuse arrays of more numbers than half of this machine's memory holds.

    Parameters
    ----------
    what : str
        What the numbers are, in words.
    field : str
        Key of the model that makes them so many.

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
    longest_age : int
        How far back in steps an alignment, or the feedback, looks at the activity.

    Raises
    ------
    ModelError
        With the longest delay that goes.
    """
    longest = int(max(graph.forward_lag.max(), graph.returning.lag.max(initial=1), longest_age))
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
