"""What alignment costs and how far it goes, as text: what each neuron keeps, and for how long."""

from functools import singledispatch

import numpy as np

from neurodiff.forecast import hold_shares
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.graph import Floats, Graph
from neurodiff.plan import Plan
from neurodiff.plan.alignment import Alignment, Matched, Traced, Unaligned

_SEVERAL = "loops of several lengths lead from a unit back to its own error"


def describe_alignment(plan: Plan) -> list[str]:
    """Memory, and accuracy or time constants, of the model's alignment; nothing without one.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    """
    lines = _lines(plan.alignment, plan)
    return ["\n".join(lines)] if lines else []


@singledispatch
def _lines(alignment: Alignment, plan: Plan) -> list[str]:
    """What is said of an alignment; of one that is not known, what it keeps."""
    about = f"alignment {alignment.kind}: {alignment.keeps} are kept for errors to come"
    return [about, *_memory(alignment, plan.graph)]


@_lines.register
def _(alignment: Unaligned, plan: Plan) -> list[str]:
    return []


@_lines.register
def _(alignment: Matched, plan: Plan) -> list[str]:
    about = "alignment matched: errors meet activity and slopes (sigma') that are M steps older"
    return [about, *_memory(alignment, plan.graph), *_accuracy(alignment, plan)]


@_lines.register
def _(alignment: Traced, plan: Plan) -> list[str]:
    about = (
        "alignment by traces: errors meet activity and slopes (sigma') that lag by M, in "
        f"{alignment.stages} stage(s)"
    )
    graph = plan.graph
    return [about, *_memory(alignment, graph), *_time_constants(alignment, graph)]


def _memory(alignment: Alignment, graph: Graph) -> list[str]:
    """How many values of its past, or of its traces, each neuron keeps (theory 4, A6c)."""
    kept = alignment.remembered(graph)
    each = ", ".join(f"{part.name} {_span(kept[part.units])}" for part in graph.populations)
    what = {"values": "steps of its past"}.get(alignment.keeps, "stages of traces")
    return [f"{what} that each neuron keeps, {kept.sum()} values in all:", each]


def _accuracy(ages: Matched, plan: Plan) -> list[str]:
    """Whether the ages are exact, and if not, what is left of white noise, the fastest input."""
    if ages.one_length:
        return ["exact at any speed, while weights do not move and the target waits for its input"]
    shares = hold_shares(plan, 1)
    left = ", ".join(
        f"{part.name} {share:.2g}"
        for part, share in zip(plan.graph.projections, shares, strict=True)
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
