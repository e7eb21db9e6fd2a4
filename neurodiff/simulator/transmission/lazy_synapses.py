"""Synapses that are touched by events only, and whose weights are known all the same.

Their weights follow from what they were when they were last touched, by a closed form.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Bools, Graph, Ints
from neurodiff.plan.sampling import Sampling
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.order import OBSERVE, Step
from neurodiff.simulator.sampling import Monitors, Sampled

Floats = NDArray[np.float64]
Value = Callable[[str], Floats]


class SynapseEnds(NamedTuple):
    """The graph's numbers of the synapses as they are sorted here, and what they connect.

    `returns` (n_synapses,) says whether errors go back through the synapse, and `feeds_back`
    (n_errors,) whether those of an error unit go back through any.

    Attributes
    ----------
    order : array of int (n_synapses,)
        Number in the graph of each synapse.
    pre, post : array of int (n_synapses,)
        Unit, and error unit, that each synapse connects.
    returns : array of bool (n_synapses,)
        Whether errors go back through the synapse.
    feeds_back : array of bool (n_errors,)
        Whether errors of the error unit go back through any synapse.
    """

    order: Ints
    pre: Ints
    post: Ints  # error units
    returns: Bools
    feeds_back: Bools


def sorted_ends(graph: Graph) -> SynapseEnds:
    """Synapses sorted by error unit: what comes back is most of the work, and walks along them.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    """
    order = np.lexsort((graph.pre, graph.post))
    pre, post = graph.pre[order], graph.post[order] - graph.n_inputs
    returns = pre >= graph.n_inputs
    error_units = np.arange(graph.n_units - graph.n_inputs)
    return SynapseEnds(order, pre, post, returns, np.isin(error_units, post[returns]))


class Pathway(NamedTuple):
    """What happens at all synapses of a unit when the unit has an event.

    Attributes
    ----------
    name : str
    end : str
        The end of the synapses at which that unit is, `pre` or `post`.
    event : str
    code : str
    lags : int array (n_synapses,) or None
        Delays in steps from the event, which happens at the end of a step; None for at once.
    moment : Step
    """

    name: str
    end: Literal["pre", "post"]
    event: str
    code: str
    lags: Ints | None
    moment: Step

    def delay(self, clock: b2.Clock) -> b2.Quantity:
        """Delay of each synapse (n_synapses,), or the one that all of them have.

        One delay for all takes no memory. What was sent in a step is looked for at the beginning of
        the next.

        Parameters
        ----------
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        if self.lags is None:
            return 0 * clock.dt
        steps = self.lags - 1
        return (steps[0] if np.ptp(steps) == 0 else steps) * clock.dt


def build_synapses(
    units: b2.NeuronGroup,
    errors: b2.NeuronGroup,
    equations: str,
    pathways: Sequence[Pathway],
    ends: SynapseEnds,
    namespace: Mapping[str, float],
    clock: b2.Clock,
) -> b2.Synapses:
    """Connected synapses from units to error units, for events of both.

    Parameters
    ----------
    units : brian2.NeuronGroup
        Group of the units of the network.
    errors : brian2.NeuronGroup
        Group of the error units, one for each unit that is no input.
    equations : str
        Brian2 equations of the synapses.
    pathways : sequence of Pathway
        What happens at the events of both ends.
    ends : SynapseEnds
        Units and error units of the synapses, in their order.
    namespace : mapping
        Numbers that the equations name.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.
    """
    delays = {part.name: part.delay(clock) for part in pathways}
    common = {name: delay for name, delay in delays.items() if not np.shape(delay)}
    code: dict[str, dict[str, str]] = {"pre": {}, "post": {}}
    for part in pathways:
        code[part.end][part.name] = part.code
    synapses = b2.Synapses(
        units,
        errors,
        equations,
        on_pre=code["pre"],
        on_post=code["post"],
        on_event={part.name: part.event for part in pathways},
        delay=common,
        namespace=dict(namespace),
        name="synapses",
        clock=clock,
    )
    synapses.connect(i=ends.pre, j=ends.post)
    for part in pathways:
        pathway = getattr(synapses, part.name)
        pathway.when, pathway.order = part.moment
        if part.name not in common:
            pathway.delay = delays[part.name]
    return synapses


class Form(Protocol):
    """Weights and local products of whole arrays of synapses, by closed form.

    Both functions are given a callable that returns a variable (n_samples, n_synapses) by its name
    in the text for Brian2, and the steps of the samples, array (n_samples, 1).
    """

    @property
    def variables(self) -> list[str]:
        """Names that `weights` and `products` ask for."""
        ...

    def weights(self, value: Value, now: Floats) -> Floats:
        """Weights.

        Parameters
        ----------
        value : callable
            Function that returns a variable (n_samples, n_synapses) by its name.
        now : array (n_samples, 1)
            Steps of the samples.
        """
        ...

    def products(self, value: Value, now: Floats) -> Floats:
        """Local products.

        Parameters
        ----------
        value : callable
            Function that returns a variable (n_samples, n_synapses) by its name.
        now : array (n_samples, 1)
            Steps of the samples.
        """
        ...


class LazySynapses:
    """Synapses with a closed form; see `Connections`.

    Attributes
    ----------
    spike_monitors : dict
        Monitors of all spikes by group; empty where none are recorded.
    firing : dict
        Groups of neurons by name; empty where nothing fires.
    """

    def __init__(
        self,
        synapses: b2.Synapses,
        others: list[b2.core.base.BrianObject],
        ends: SynapseEnds,
        form: Form,
        sampling: dict[str, Sampling],
        firing: tuple[b2.NeuronGroup, ...] = (),
        spike_monitors: Mapping[str, b2.EventMonitor] | None = None,
    ):
        self.firing = {group.name: group for group in firing}
        self.spike_monitors = dict(spike_monitors or {})
        self._synapses, self._others, self._ends, self._form = synapses, others, ends, form
        self._sampling = sampling
        self._monitors = {name: self._monitor(name, part) for name, part in sampling.items()}

    def _monitor(self, name: str, sampling: Sampling) -> dict[str, b2.StateMonitor]:
        """Monitors by variable, on a clock of their own.

        Other samples are events of a group. Events of synapses would have to be looked for at every
        synapse and step.
        """
        clock = b2.Clock(sampling.every * self._synapses.clock.dt, name=f"{name}_clock")
        monitors = {}
        for variable in self._form.variables:
            group, own = self._owner(variable)
            n = len(self._ends.order) if group is self._synapses else len(group)
            monitors[variable] = b2.StateMonitor(
                group,
                own,
                record=np.arange(n),
                clock=clock,
                name=f"{group.name}_{own}_{name}_monitor",
                **OBSERVE.when,
            )
        return monitors

    def _owner(self, variable: str) -> tuple[b2.Group, str]:
        """The group that has a variable of the synapses' code, and its name there."""
        for end, group in (("_pre", self._synapses.source), ("_post", self._synapses.target)):
            if variable.endswith(end):
                return group, variable.removesuffix(end)
        return self._synapses, variable

    def keep_in(self, folder: Path) -> None:
        """Nothing is kept in files.

        Parameters
        ----------
        folder : Path
            Folder for samples.
        """

    @property
    def initial(self) -> dict[ArrayVariable, np.ndarray]:
        """Nothing: Brian2 fills all arrays itself."""
        return {}

    @property
    def objects(self) -> list[b2.core.base.BrianObject]:
        """What has to be in the Brian2 network."""
        monitors = [part for parts in self._monitors.values() for part in parts.values()]
        fired = [*self.firing.values(), *self.spike_monitors.values()]
        return [self._synapses, *self._others, *fired, *monitors]

    def weights(self) -> Floats:
        """Weights (n_synapses,) at the end of the run, in the order of the graph."""

        def value(variable: str) -> Floats:
            group, own = self._owner(variable)
            return self._at_synapses(variable, np.array(getattr(group, own)[:])[None])

        now = np.array(self._synapses.clock.variables["timestep"].get_value(), dtype=float)
        return self._as_in_graph(self._form.weights(value, now.reshape(1, 1)))[0]

    def recorded(self, sampling: str, variable: str) -> Floats:
        """Samples (n_samples, n_synapses) of `w` or `product`, in the order of the graph.

        Parameters
        ----------
        sampling : str
            What is sampled: `weights` or `products`.
        variable : str
            Name of the variable: `w` or `product`.
        """
        part, monitors = self._sampling[sampling], self._monitors[sampling]
        # the clock of the monitors goes on to the end of the run, and perhaps the sampling does not
        ticks = len(monitors["anchor"].t)
        now = part.steps(ticks * part.every)[:, None].astype(float)

        def value(variable: str) -> Floats:
            values = np.array(getattr(monitors[variable], self._owner(variable)[1])[:]).T
            return self._at_synapses(variable, values[: len(now)])

        form = self._form.weights if variable == "w" else self._form.products
        return self._as_in_graph(form(value, now))

    def _at_synapses(self, variable: str, values: Floats) -> Floats:
        """Values (n_samples, n_synapses) of a variable of a synapse or of one of its ends."""
        if variable.endswith("_pre"):
            return values[:, self._ends.pre]
        return values[:, self._ends.post] if variable.endswith("_post") else values

    def _as_in_graph(self, values: Floats) -> Floats:
        result = np.empty_like(values)
        result[:, self._ends.order] = values
        return result

    def backward_weights(self) -> None:
        """Errors come back through the weights of the synapses."""

    def sampled_of(self, monitors: Monitors) -> Sampled:
        """Monitors record the populations.

        Parameters
        ----------
        monitors : Monitors
            Monitors of the populations.
        """
        return monitors

    def begun(
        self, values: Mapping[str, NDArray[Any]], step: int, weights: Mapping[str, NDArray[Any]]
    ) -> Mapping[str, NDArray[Any]]:
        """The state of another run after some steps as that in which this network begins.

        Parameters
        ----------
        values : mapping
            State of the other run, by ``group.variable``.
        step : int
            Number of its steps.
        weights : mapping
            What it had learned: `w` and, where there are any, backward weights `b`.
        """
        raise AssertionError("what travels is in queues inside Brian2, so there is no state")

    def event_counts(self) -> tuple[Ints, Ints]:
        """How often each unit and each error unit has sent."""
        units, errors = self._synapses.source, self._synapses.target
        return np.array(units.times_sent[:]), np.array(errors.times_sent[:])
