"""Groups that keep the past of units, or traces of it, for synapses to read."""

import brian2 as b2
import numpy as np

from neurodiff.network.graph import Graph, Ints
from neurodiff.plan.alignment import smoothing
from neurodiff.simulator.history import READER, Past
from neurodiff.simulator.kernels.interface import Met, Signals
from neurodiff.simulator.kernels.reading import element, listed
from neurodiff.simulator.order import ARRIVE

#: Equation of the PSP at a leaky neuron.
POTENTIAL = "psp : 1\n"

#: Equations of synapses that read a trace each.
OF_STORE = """
x_aligned : 1 (linked)
trace : integer (constant)
"""


def build_traces(
    name: str,
    graph: Graph,
    units: Ints,
    ages: Ints,
    history: Past,
    clock: b2.Clock,
    stages: int = 0,
) -> b2.NeuronGroup:
    """Group of which `value` is x(t - age) of one unit each, or its trace in so many stages.

    Parameters
    ----------
    name : str
        Name of the group.
    graph : Graph
        Network of units, synapses and delays.
    units : array of int (n,)
        Unit of each trace.
    ages : array of int (n,)
        How many steps ago the activity was sent.
    history : Past
        Past values of the units.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.
    stages : int, optional
        Number of low-pass stages of a trace.
    """
    equations = READER + "value : 1\n" + stages_of("value", stages)
    traces = b2.NeuronGroup(
        len(units),
        equations + (POTENTIAL if graph.hop.leaks else ""),
        name=name,
        clock=clock,
        namespace=graph.hop.constants,
    )
    history.connect(traces, units, ages)
    potential = graph.hop.leaked_text("psp", "arrived")
    code = f"psp = {potential}\nvalue = psp\n" + smooth("value", "value", stages)
    traces.run_regularly(code, name=f"{name}_align", **ARRIVE.when)
    return traces


def distinct_traces(
    signals: Signals,
    ages: Ints,
    units: Ints,
    lags: np.ndarray | None = None,
    stages: int = 0,
) -> Met:
    """One trace for all connections that would have the same, for a kernel to read.

    Parameters
    ----------
    signals : Signals
        What there is to read.
    ages, units : arrays of int (n,)
        How many steps ago, and by which unit, the activity of each connection was sent.
    lags : array (n,), optional
        Mean lag of each trace in steps.
    stages : int, optional
        Number of low-pass stages of a trace.
    """
    lags = np.zeros(len(ages)) if lags is None else lags
    # those of one projection follow each other by unit
    keys = np.stack([lags, ages, units])
    (lag, age, unit), own = np.unique(keys, axis=1, return_inverse=True)
    where = unit.astype(np.int64), age.astype(np.int64)
    graph = signals.plan.graph
    traces = build_traces("traces", graph, *where, signals.activity, signals.clock, stages)
    if stages:
        set_gains(traces, "value", lag, stages)
    return Met(element(traces.variables["value"], listed(own.ravel())), [traces])


def link_traces(store: b2.NeuronGroup, traces: b2.NeuronGroup, own: Ints) -> None:
    """Let each synapse (n_synapses,) of the store read its own trace.

    Parameters
    ----------
    store : brian2.NeuronGroup
        Group with one element for each synapse, which holds its weight.
    traces : brian2.NeuronGroup
        Group that holds the traces.
    own : array of int (n_synapses,)
        Number of the trace that each synapse reads.
    """
    store.trace = own
    store.x_aligned = b2.linked_var(traces, "value", index="trace")


def stages_of(name: str, stages: int) -> str:
    """Equations of a trace in so many stages.

    Parameters
    ----------
    name : str
        Name of the trace, a prefix of the names of its stages.
    stages : int
        Number of low-pass stages of a trace.
    """
    if not stages:
        return ""
    constants = f"{name}_gain : 1 (constant)\n{name}_at_once : 1 (constant)\n"
    return constants + "".join(f"{name}_stage{k} : 1\n" for k in range(stages))


def set_gains(group: b2.NeuronGroup, name: str, lag: np.ndarray, stages: int) -> None:
    """Give traces of mean lags (n,) the gains of their stages.

    Parameters
    ----------
    group : brian2.NeuronGroup
        Group that holds the traces.
    name : str
        Name of the trace, a prefix of the names of its stages.
    lag : array (n,)
        Mean lag of each trace in steps.
    stages : int
        Number of low-pass stages of a trace.
    """
    stage = smoothing(lag, stages)
    setattr(group, f"{name}_gain", stage.gain)
    setattr(group, f"{name}_at_once", stage.at_once)


def smooth(signal: str, name: str, stages: int) -> str:
    """One step of a trace, as Brian2 code: what is in `signal` goes through all stages.

    Parameters
    ----------
    signal : str
        Name of the variable that goes through the stages.
    name : str
        Name of the trace, a prefix of the names of its stages.
    stages : int
        Number of low-pass stages of a trace.
    """
    # z += k (x - z), read before its update, or after it
    return "\n".join(
        f"change{k} = {name}_gain*({signal} - {name}_stage{k})\n"
        f"{signal} = {name}_stage{k} + {name}_at_once*change{k}\n"
        f"{name}_stage{k} += change{k}"
        for k in range(stages)
    )
