"""Neurons that fire: those of the units, and the ON and OFF cells of the error units.

A unit has one neuron or several, all with the same drive, and an error unit has as many ON cells
and as many OFF cells. What a unit sends is the number of its spikes in a step.
"""

from dataclasses import replace
from typing import NamedTuple

import brian2 as b2
import numpy as np

from neurodiff.network.graph import Graph, Ints, random_stream
from neurodiff.plan.sampling import Sampling
from neurodiff.plan.transmission import Spikes
from neurodiff.simulator.order import COMPARE, FIRE, GATHER
from neurodiff.simulator.sampling import condition, constants, monitor

#: Integrate-and-fire: regular spikes at the given rate. A neuron that is to fire more often than
#: once a step owes one spike at most.
_REGULAR = "phase = clip(phase + spikes_per_step, 0, 2)", "phase >= 1", "phase -= 1"
#: Escape noise: a spike in a step is as probable as the rate says, whatever was before.
_POISSON = "phase = int(rand() < spikes_per_step)", "phase >= 1", "phase = 0"
#: Leaky integrate-and-fire, solved exactly within the step for a current that stays what it is in
#: it; so the interval between two spikes is exact, although each is seen at the end of its step.
#: Inputs, which have no current, are regular.
_LIF = (
    """
    phase = clip(phase + is_input*spikes_per_step, 0, 2)
    current = background + a
    v = (1 - is_input)*(current + (v - current)*exp(-leak*clip(1 - waiting, 0, 1)))
    waiting = clip(waiting - 1, 0, refractory)
    """,
    "phase >= 1 or v >= 1",
    # the time since the threshold was crossed is part of the refractory time
    """
    phase -= is_input
    crossed = clip((background + a - 1)/(background + a - v), 1, exp(leak))
    waiting = refractory - log(crossed)/leak
    v = reset_voltage
    """,
)
_LIF_EQUATIONS = """
a : 1 (linked)
v : 1
waiting : 1
is_input : 1 (constant)
"""

#: Any group of neurons. `fired` counts spikes, `too_fast` steps in which more than one was wanted.
_EQUATIONS = """
unit : integer (constant)
rate : 1 (linked)
phase : 1
fired : integer
too_fast : integer
"""
_COUNT_TOO_FAST = "too_fast += int(spikes_per_step > 1 + 1e-9)"


class Firing(NamedTuple):
    """All that fires in a network.

    Attributes
    ----------
    groups : dict of NeuronGroup
        Neurons and cells, by name.
    gather : list of Synapses
        What counts their spikes.
    monitors : dict of EventMonitor
        What records spikes, by the same names; empty where none are recorded.
    """

    groups: dict[str, b2.NeuronGroup]
    gather: list[b2.Synapses]
    monitors: dict[str, b2.EventMonitor]


def build_firing(
    graph: Graph,
    units: b2.NeuronGroup,
    errors: b2.NeuronGroup,
    spiking: Spikes,
    kept: Sampling | None,
    clock: b2.Clock,
) -> Firing:
    """Neurons, cells, and what counts and records their spikes.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    units, errors : NeuronGroup
        See `build_neurons` and `build_cells`.
    spiking : Spikes
        Numbers of the transmission by spikes.
    kept : Sampling or None
        Sampling of the spikes; None where none are recorded.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.
    """
    neurons, of_neurons = build_neurons(graph, units, spiking, kept, clock)
    cells, of_cells = build_cells(graph, units, errors, spiking, kept, clock)
    groups = {part.name: part for part in (neurons, cells)}
    monitors = {}
    if kept is not None:
        monitors = {name: monitor(part, "kept", [], COMPARE) for name, part in groups.items()}
    return Firing(groups, [of_neurons, of_cells], monitors)


def build_neurons(
    graph: Graph, units: b2.NeuronGroup, spiking: Spikes, kept: Sampling | None, clock: b2.Clock
) -> tuple[b2.NeuronGroup, b2.Synapses]:
    """The neurons of the units, group `neurons`, and what counts their spikes.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    units : NeuronGroup
        With `rate`, the activity to be sent, `a`, and `spikes`.
    spiking : Spikes
        Numbers of the transmission by spikes.
    kept : Sampling or None
        When event `kept`, a spike that is recorded, can happen.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.

    Returns
    -------
    neurons : brian2.NeuronGroup
        Neurons of the units.
    counts : brian2.Synapses
        Synapses by which units count their spikes.
    """
    unit, membrane = np.repeat(np.arange(graph.n_units), spiking.neurons_per_unit), spiking.membrane
    equations = "spikes_per_step = maximum_rate*rate : 1\n"
    if membrane is not None:
        equations += _LIF_EQUATIONS
    code = _code(spiking) if membrane is None else _LIF
    neurons = _group("neurons", unit, equations, code, spiking, kept, clock)
    neurons.namespace["maximum_rate"] = spiking.maximum_rate
    neurons.rate = b2.linked_var(units, "rate", index="unit")
    if membrane is not None:
        neurons.a = b2.linked_var(units, "a", index="unit")
        neurons.is_input = (unit < graph.n_inputs).astype(float)
        neurons.v = membrane.reset + (1 - membrane.reset) * neurons.phase[:]
        neurons.namespace.update(
            background=membrane.background,
            leak=1 / membrane.time_constant,
            refractory=membrane.refractory,
            reset_voltage=membrane.reset,
        )
    return neurons, _gather(neurons, units, unit, "spikes_post += 1", clock)


def build_cells(
    graph: Graph,
    units: b2.NeuronGroup,
    errors: b2.NeuronGroup,
    spiking: Spikes,
    kept: Sampling | None,
    clock: b2.Clock,
) -> tuple[b2.NeuronGroup, b2.Synapses]:
    """The ON and OFF cells of the error units, group `cells`, and what counts their spikes.

    Cells of polarity 1 are ON, of polarity -1 OFF. An error is the difference of their rates, which
    are never negative. With mutual inhibition one of the two is silent.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    units : NeuronGroup
        With the sums of what comes back, where ON and OFF are summed by themselves.
    errors : NeuronGroup
        With `rate`, the error to be sent, and what counts spikes.
    spiking : Spikes
        Numbers of the transmission by spikes.
    kept : Sampling or None
        When event `kept`, a spike that is recorded, can happen.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.

    Returns
    -------
    cells : brian2.NeuronGroup
        ON and OFF cells.
    counts : brian2.Synapses
        Synapses by which error units count their spikes.
    """
    error = np.tile(np.repeat(np.arange(len(errors)), spiking.neurons_per_unit), 2)
    equations = """
    error : integer (constant)
    polarity : integer (constant)
    gain : 1 (constant)
    """
    strength = "clip(polarity*rate, 0, 1e300)"
    count = "spikes_post += polarity_pre"
    if not spiking.mutual_inhibition:
        equations += "slope : 1 (linked)\non : 1 (linked)\noff : 1 (linked)\n"
        own = "(int(polarity > 0)*on + int(polarity < 0)*off)"
        strength = f"(slope*{own} + clip(polarity*(rate - slope*(on - off)), 0, 1e300))"
        count = "on_spikes_post += int(polarity_pre > 0)\noff_spikes_post += int(polarity_pre < 0)"
    equations += f"spikes_per_step = gain*{strength} : 1\n"
    unit = error + graph.n_inputs
    cells = _group("cells", unit, equations, _code(spiking), spiking, kept, clock)
    cells.error, cells.gain = error, spiking.gain[unit]
    cells.polarity = np.repeat([1, -1], len(unit) // 2)
    cells.rate = b2.linked_var(errors, "rate", index="error")
    if not spiking.mutual_inhibition:
        cells.slope = b2.linked_var(errors, "slope", index="error")
        cells.on = b2.linked_var(units, "feedback_on", index="unit")
        cells.off = b2.linked_var(units, "feedback_off", index="unit")
    return cells, _gather(cells, errors, error, count, clock)


def _code(spiking: Spikes) -> tuple[str, str, str]:
    """Step, condition of a spike, and reset of a neuron that is told its rate."""
    return _POISSON if spiking.neuron == "poisson" else _REGULAR


def _group(
    name: str,
    unit: Ints,
    equations: str,
    code: tuple[str, str, str],
    spiking: Spikes,
    kept: Sampling | None,
    clock: b2.Clock,
) -> b2.NeuronGroup:
    step, fires, reset = code
    events = {"fire": fires}
    if kept is not None:
        events["kept"] = condition(replace(kept, only=f"({fires})"), "kept")
    group = b2.NeuronGroup(len(unit), _EQUATIONS + equations, events=events, name=name, clock=clock)
    group.namespace.update(constants(kept, "kept") if kept else {})
    group.unit = unit
    # so that they do not fire together, each begins somewhere between two spikes
    group.phase = random_stream(spiking.seed, f"phases of {name}").random(len(unit))
    group.run_regularly(f"{step}\n{_COUNT_TOO_FAST}", name=f"{name}_step", **FIRE.when)
    group.set_event_schedule("fire", **COMPARE.when)
    group.run_on_event("fire", f"{reset}\nfired += 1", **GATHER.when)
    return group


def _gather(
    group: b2.NeuronGroup, units: b2.NeuronGroup, unit: Ints, count: str, clock: b2.Clock
) -> b2.Synapses:
    gather = b2.Synapses(
        group,
        units,
        on_pre={"count": count},
        on_event={"count": "fire"},
        delay={"count": 0 * b2.second},
        name=f"{group.name}_gather",
        clock=clock,
    )
    gather.connect(i=np.arange(len(group)), j=unit)
    gather.count.when, gather.count.order = GATHER
    return gather
