"""What `show` says of leaky neurons: by how much they delay and weaken what goes through them."""

from functools import singledispatch

import numpy as np

from neurodiff.exceptions import UnknownKindError
from neurodiff.forecast import Band
from neurodiff.model_file.model import LeakyNeuron, StaticNeuron
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.hop_filter import LowPass
from neurodiff.plan import Plan


def describe_leak(plan: Plan, bands: list[Band]) -> list[str]:
    """Time constant, lag of each hop, and gains; nothing where neurons are not leaky.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    bands : list of Band
        What each projection learns from; none with cycles.
    """
    return _lines(plan.model.neuron, plan, bands)


@singledispatch
def _lines(neuron: object, plan: Plan, bands: list[Band]) -> list[str]:
    raise UnknownKindError("neurodiff.forecast.description.leak._lines", neuron)


@_lines.register
def _(neuron: StaticNeuron, plan: Plan, bands: list[Band]) -> list[str]:
    return []


@_lines.register
def _(neuron: LeakyNeuron, plan: Plan, bands: list[Band]) -> list[str]:
    leak = plan.graph.hop
    assert isinstance(leak, LowPass)
    corner = 1 / (2 * np.pi * neuron.time_constant)
    lag = f"{leak.lag:.4g} steps ({1e3 * leak.lag * plan.graph.time_step:.4g} ms)"
    lines = [
        f"leaky neurons, time constant {format_quantity(neuron.time_constant, TIME_UNITS)} "
        f"({neuron.integration} integration)",
        f"besides its delay each hop lags by {lag}, both ways, which the latencies count",
        *_gains(plan, leak, corner, bands),
    ]
    return ["\n".join(lines)]


def _gains(plan: Plan, leak: LowPass, corner: float, bands: list[Band]) -> list[str]:
    """Gains at the lowest frequency in Hz that a layer learns below, and at the `corner`."""
    graph = plan.graph
    cutoffs = sorted(band.cutoff for band in bands if np.isfinite(band.cutoff))
    tones = [*cutoffs[:1], corner]
    # no tone is faster than half the steps
    tones = [tone for tone in tones if tone * graph.time_step <= 0.5]
    gains = leak.amplitude(2 * np.pi * graph.time_step * np.array(tones))
    texts = [f"{gain:.3g} at {tone:.4g} Hz" for gain, tone in zip(gains, tones, strict=True)]
    return [f"each hop leaves of the amplitude of a tone: {', '.join(texts)}"] if texts else []
