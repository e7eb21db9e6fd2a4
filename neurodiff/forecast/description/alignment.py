"""What alignment costs and how far it goes, as text: what each neuron keeps, and for how long."""

import numpy as np

from neurodiff.forecast import hold_shares
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.graph import Floats, Graph
from neurodiff.plan.alignment import Alignment, Matched, Traced
from neurodiff.simulation import Simulation

_SEVERAL = "loops of several lengths lead from a unit back to its own error"


def describe_alignment(simulation: Simulation) -> list[str]:
    """Memory, and accuracy or time constants, of the model's alignment; nothing without one."""
    graph, alignment = simulation.graph, simulation.alignment
    if alignment is None:
        return []
    if isinstance(alignment, Matched):
        about = "alignment matched: errors meet activity and slopes (sigma') that are M steps older"
        rest = _accuracy(alignment, simulation)
    else:
        about = (
            "alignment by traces: errors meet activity and slopes (sigma') that lag by M, in "
            f"{alignment.stages} stage(s)"
        )
        rest = _time_constants(alignment, graph)
    return ["\n".join([about, *_memory(alignment, graph), *rest])]


def _memory(alignment: Alignment, graph: Graph) -> list[str]:
    """How many values of its past, or of its traces, each neuron keeps (theory 4, A6c)."""
    kept = alignment.remembered(graph)
    each = ", ".join(f"{part.name} {_span(kept[part.units])}" for part in graph.populations)
    what = "steps of its past" if isinstance(alignment, Matched) else "stages of traces"
    return [f"{what} that each neuron keeps, {kept.sum()} values in all:", each]


def _accuracy(ages: Matched, simulation: Simulation) -> list[str]:
    """Whether the ages are exact, and if not, what is left of white noise, the fastest input."""
    if ages.one_length:
        return ["exact at any speed, while weights do not move and the target waits for its input"]
    shares = hold_shares(simulation, 1)
    left = ", ".join(
        f"{part.name} {share:.2g}"
        for part, share in zip(simulation.graph.projections, shares, strict=True)
        if not np.isnan(share)
    )
    return [
        f"approximate: {_SEVERAL}, and the ages are rounded means over them",
        f"strength of learning from white noise, 1 where ages are exact: {left or '-'}",
    ]


def _time_constants(traces: Traced, graph: Graph) -> list[str]:
    """Time constants of the traces by projection, and of those of slopes by population."""
    step = graph.time_step / traces.stages
    activity = {part.name: traces.activity_lag[part.synapses] for part in graph.projections}
    slopes = {part.name: traces.slope_lag[part.units] for part in graph.populations}
    lines = [
        f"time constants of a stage, activity: {_times(activity, step)}",
        f"time constants of a stage, slopes: {_times(slopes, step)}",
    ]
    return lines if traces.one_length else [*lines, f"{_SEVERAL}: lags are means over them"]


def _times(lags: dict[str, Floats], step: float) -> str:
    """Time constants by name, where there are any; means where there are several."""
    means = {name: float(np.mean(lag)) * step for name, lag in lags.items() if lag.any()}
    times = [
        f"{name} {format_quantity(float(f'{time:.4g}'), TIME_UNITS)}"
        for name, time in means.items()
    ]
    return ", ".join(times) or "none"


def _span(kept: np.ndarray) -> str:
    first, last = kept.min(), kept.max()
    return str(first) if first == last else f"{first} to {last}"
