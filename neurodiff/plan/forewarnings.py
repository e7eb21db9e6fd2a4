"""What should be said of a run before it is made."""

from collections.abc import Iterator

from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.graph import Graph, Ints

#: Seconds from which a run takes so long that it is worth a warning: a week.
_LONG = 7 * 86400.0
#: Units of time in which a user waits.
_UNITS = {"years": 365.25 * 86400, "days": 86400.0, "h": 3600.0, "min": 60.0}


def forewarnings(graph: Graph, steps: int, seconds: float) -> Iterator[str]:
    """Texts on delays that outlast the run, and on a run that takes very long.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    steps : int
        Of the run.
    seconds : float
        Estimated wall-clock time.
    """
    yield from _outlasting(graph, steps)
    if seconds > _LONG:
        yield (
            f"the run is estimated to take {in_words(seconds)}; shorten `run`, take a larger "
            "`time_step`, or make the network smaller"
        )


def _outlasting(graph: Graph, steps: int) -> Iterator[str]:
    run = format_quantity(steps * graph.time_step, TIME_UNITS)
    directions: dict[str, Ints] = {"forward": graph.forward_lag, "backward": graph.backward.lag}
    for direction, lags in directions.items():
        longest = int(lags.max(initial=0))
        if longest >= steps:
            delay, late = format_quantity(longest * graph.time_step, TIME_UNITS), lags >= steps
            yield (
                f"{int(late.sum())} of {len(lags)} {direction} delays, up to {delay}, outlast the "
                f"run of {run}: nothing that is sent with them arrives; run longer, or shorten "
                "`network.delay`"
            )


def in_words(seconds: float) -> str:
    """A wall-clock time as one says it: 3 s, 5 min, 2 days.

    Parameters
    ----------
    seconds : float
        Time in seconds.
    """
    for unit, size in _UNITS.items():
        number = seconds / size
        if number >= 1:
            return f"{number:.2g} {unit}" if number < 99 else f"{number:.0f} {unit}"
    return f"{seconds:.0f} s"
