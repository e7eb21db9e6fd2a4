"""What the error of a synapse is multiplied by: one small class for each alignment of the waves.

Aligned activity lives in a group of its own, `traces`, with one element for each distinct trace of
a unit: usually one for each presynaptic unit of a projection. Aligned slopes live in the error
units. The past of the units is read in the one buffer that delays their activity.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import brian2 as b2
import numpy as np
from brian2.utils.stringtools import word_substitute
from numpy.typing import NDArray

from neurodiff.network.graph import Graph
from neurodiff.plan.alignment import Alignment, Matched, Traced, smoothing
from neurodiff.simulator.history import READER, History
from neurodiff.simulator.order import ARRIVE
from neurodiff.simulator.units import activation_text, leak_constants, leaked_text

Objects = list[b2.core.base.BrianObject]
Ints = NDArray[np.int64]


class Meeting(Protocol):
    """How the two waves meet at a synapse.

    Attributes
    ----------
    presynaptic : str
        The variable of the store that the error is multiplied by.
    of_store, of_errors : str
        Equations that it adds to the store and to the error units.
    longest_age : int
        How far back it looks into the history of the units, in steps.
    """

    @property
    def presynaptic(self) -> str: ...  # noqa: D102

    @property
    def of_store(self) -> str: ...  # noqa: D102

    @property
    def of_errors(self) -> str: ...  # noqa: D102

    @property
    def longest_age(self) -> int: ...  # noqa: D102

    @property
    def slope(self) -> str:
        """Brian2 code that makes `aligned_slope`, from `slope` among others; empty to use that."""
        ...

    def connect(
        self, store: b2.NeuronGroup, errors: b2.NeuronGroup, history: History, clock: b2.Clock
    ) -> Objects:
        """Give store and error units what they need, and return the objects that are new.

        Parameters
        ----------
        history : History
            That of the activity of the units.
        """
        ...


#: Equation of the PSP at a leaky neuron.
_POTENTIAL = "psp : 1\n"


@dataclass(frozen=True)
class AtOnce:
    """What is there now: the activity that has just arrived, and the slope of this step."""

    presynaptic: ClassVar[str] = "x_arrived"
    of_store: ClassVar[str] = ""
    of_errors: ClassVar[str] = ""
    longest_age: ClassVar[int] = 1
    slope: ClassVar[str] = ""

    def connect(
        self, store: b2.NeuronGroup, errors: b2.NeuronGroup, history: History, clock: b2.Clock
    ) -> Objects:
        """Nothing is needed."""
        return []


@dataclass(frozen=True)
class AsPotential:
    """Leaky neurons: the PSP, what has arrived at the synapse low-passed as by the neuron.

    So it is just as late as what the neuron makes of it (theory 5). The slope is that of this step.
    """

    graph: Graph
    presynaptic: ClassVar[str] = "psp"
    of_store: ClassVar[str] = _POTENTIAL
    of_errors: ClassVar[str] = ""
    longest_age: ClassVar[int] = 1
    slope: ClassVar[str] = ""

    def connect(
        self, store: b2.NeuronGroup, errors: b2.NeuronGroup, history: History, clock: b2.Clock
    ) -> Objects:
        """Let the potential of each synapse follow what arrives."""
        store.namespace.update(leak_constants(self.graph))
        code = f"psp = {leaked_text(self.graph, 'psp', 'arrived')}"
        store.run_regularly(code, name="low_pass", **ARRIVE.when)
        return []


_OF_STORE = """
x_aligned : 1 (linked)
trace : integer (constant)
"""

_OF_ERRORS = """
slope_age : integer (constant)
past_x : 1 (linked)
aligned_slope : 1
"""


@dataclass(frozen=True)
class AtAge:
    """Activity and slopes of a given age, read from the history of the units' activity.

    The slope is a function of the activity, so that one buffer serves both. Before step 0 it is 0,
    as all signals are.
    """

    graph: Graph
    ages: Matched
    presynaptic: ClassVar[str] = "x_aligned"
    of_store: ClassVar[str] = _OF_STORE
    of_errors: ClassVar[str] = _OF_ERRORS

    @property
    def longest_age(self) -> int:
        """The largest s or p."""
        return self.ages.longest_age

    @property
    def slope(self) -> str:
        """Code for sigma'(a(t - s)); an age of 0 is not in the history."""
        slope = activation_text(self.graph, "slope_text")
        past = word_substitute(slope, {"x": "past_x"})
        known = "int(timestep(t, dt) >= slope_age)"
        return f"aligned_slope = {known}*(int(slope_age == 0)*slope + int(slope_age > 0)*({past}))"

    def connect(
        self, store: b2.NeuronGroup, errors: b2.NeuronGroup, history: History, clock: b2.Clock
    ) -> Objects:
        """Readers of x(t - p), and of x(t - s)."""
        keys = np.stack([self.graph.pre, self.ages.activity_age])
        (units, ages), own = np.unique(keys, axis=1, return_inverse=True)
        traces = build_traces("traces", self.graph, units, ages, history, clock)
        _link(store, traces, own.ravel())
        unit = np.arange(self.graph.n_inputs, self.graph.n_units)
        errors.slope_age = self.ages.slope_age[unit]
        past = np.maximum(self.ages.slope_age[unit], 1)
        of_slopes = build_traces("of_slopes", self.graph, unit, past, history, clock)
        errors.past_x = b2.linked_var(of_slopes, "value")
        return [traces, of_slopes]


@dataclass(frozen=True)
class ByTraces:
    """Exponential traces, in one or more stages, of what has arrived and of the slope.

    With leaky neurons those of activity are traces of the PSP.
    """

    graph: Graph
    traces: Traced
    presynaptic: ClassVar[str] = "x_aligned"
    of_store: ClassVar[str] = _OF_STORE
    longest_age: ClassVar[int] = 1

    @property
    def of_errors(self) -> str:
        """The stages of the slope."""
        return _stages_of("slope", self.traces.stages) + "aligned_slope : 1\n"

    @property
    def slope(self) -> str:
        """Code for one step of the traces of the slope."""
        return "aligned_slope = slope\n" + _smooth("aligned_slope", "slope", self.traces.stages)

    def connect(
        self, store: b2.NeuronGroup, errors: b2.NeuronGroup, history: History, clock: b2.Clock
    ) -> Objects:
        """A trace for each distinct unit, delay and lag, and the gains of those of the slopes."""
        stages = self.traces.stages
        (units, ages, lags), own = self.traces.distinct(self.graph)
        where = units.astype(np.int64), ages.astype(np.int64)
        traces = build_traces("traces", self.graph, *where, history, clock, stages)
        _set_gains(traces, "value", lags, stages)
        _link(store, traces, own)
        _set_gains(errors, "slope", self.traces.slope_lag[self.graph.n_inputs :], stages)
        return [traces]


def meeting(graph: Graph, alignment: Alignment | None) -> Meeting:
    """The class of an alignment; None is that of no alignment."""
    if alignment is None:
        return AsPotential(graph) if graph.leak else AtOnce()
    return AtAge(graph, alignment) if isinstance(alignment, Matched) else ByTraces(graph, alignment)


def build_traces(
    name: str,
    graph: Graph,
    units: Ints,
    ages: Ints,
    history: History,
    clock: b2.Clock,
    stages: int = 0,
) -> b2.NeuronGroup:
    """Group of which `value` is x(t - age) of one unit each, or its trace in so many stages."""
    equations = READER + "value : 1\n" + _stages_of("value", stages)
    traces = b2.NeuronGroup(
        len(units),
        equations + (_POTENTIAL if graph.leak else ""),
        name=name,
        clock=clock,
        namespace=leak_constants(graph),
    )
    history.connect(traces, units, ages)
    potential = leaked_text(graph, "psp", "arrived")
    code = f"psp = {potential}\nvalue = psp\n" + _smooth("value", "value", stages)
    traces.run_regularly(code, name=f"{name}_align", **ARRIVE.when)
    return traces


def _link(store: b2.NeuronGroup, traces: b2.NeuronGroup, own: Ints) -> None:
    """Let each synapse (n_synapses,) of the store read its own trace."""
    store.trace = own
    store.x_aligned = b2.linked_var(traces, "value", index="trace")


def _stages_of(name: str, stages: int) -> str:
    """Equations of a trace in so many stages."""
    if not stages:
        return ""
    constants = f"{name}_gain : 1 (constant)\n{name}_at_once : 1 (constant)\n"
    return constants + "".join(f"{name}_stage{k} : 1\n" for k in range(stages))


def _set_gains(group: b2.NeuronGroup, name: str, lag: np.ndarray, stages: int) -> None:
    stage = smoothing(lag, stages)
    setattr(group, f"{name}_gain", stage.gain)
    setattr(group, f"{name}_at_once", stage.at_once)


def _smooth(signal: str, name: str, stages: int) -> str:
    """One step of a trace, as Brian2 code: what is in `signal` goes through all stages."""
    # z += k (x - z), read before its update, or after it
    return "\n".join(
        f"change{k} = {name}_gain*({signal} - {name}_stage{k})\n"
        f"{signal} = {name}_stage{k} + {name}_at_once*change{k}\n"
        f"{name}_stage{k} += change{k}"
        for k in range(stages)
    )
