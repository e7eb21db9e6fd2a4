"""Synapses that are touched by events only, and whose weights are known all the same.

Their weights follow from what they were when they were last touched, by a closed form.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.graph import Graph
from neurodiff.simulator.order import OBSERVE, Step
from neurodiff.simulator.sampling import Sampling

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Ends(NamedTuple):
    """The graph's numbers of the synapses as they are sorted here, and what they connect."""

    order: Ints
    pre: Ints
    post: Ints  # error units


def sorted_ends(graph: Graph) -> Ends:
    """Synapses sorted by error unit: what comes back is most of the work, and walks along them."""
    order = np.lexsort((graph.pre, graph.post))
    return Ends(order, graph.pre[order], graph.post[order] - graph.n_inputs)


def common_delays(delays: Mapping[str, b2.Quantity]) -> dict[str, b2.Quantity]:
    """Those pathways' delays that are the same for all synapses, which so take no memory.

    Parameters
    ----------
    delays : mapping
        Delays (n_synapses,) by pathway.
    """
    return {name: part[0] for name, part in delays.items() if np.ptp(part) == 0}


def schedule(
    synapses: b2.Synapses, delays: Mapping[str, b2.Quantity], moments: Mapping[str, Step]
) -> None:
    """Give connected synapses the delays that are not common, and each pathway its moment."""
    for name in delays.keys() - common_delays(delays).keys():
        getattr(synapses, name).delay = delays[name]
    for name, moment in moments.items():
        pathway = getattr(synapses, name)
        pathway.when, pathway.order = moment


class Form(Protocol):
    """Weights and local products of whole arrays of synapses, by closed form.

    Both functions are given a callable that returns a variable (n_samples, n_synapses) by name, or
    the steps of the samples (n_samples, 1) as `now`.
    """

    @property
    def variables(self) -> list[str]:
        """Names that `weights` and `products` ask for, but for `now`."""
        ...

    def weights(self, value: Callable[[str], Floats]) -> Floats:
        """Weights."""
        ...

    def products(self, value: Callable[[str], Floats]) -> Floats:
        """Local products."""
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
        ends: Ends,
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

    @property
    def objects(self) -> list[b2.core.base.BrianObject]:
        """What has to be in the Brian2 network."""
        monitors = [part for parts in self._monitors.values() for part in parts.values()]
        fired = [*self.firing.values(), *self.spike_monitors.values()]
        return [self._synapses, *self._others, *fired, *monitors]

    def weights(self) -> Floats:
        """Weights (n_synapses,) at the end of the run, in the order of the graph."""

        def value(variable: str) -> Floats:
            if variable == "now":
                return np.array(self._synapses.clock.variables["timestep"].get_value())[None]
            group, own = self._owner(variable)
            return self._at_synapses(variable, np.array(getattr(group, own)[:])[None])

        return self._as_in_graph(self._form.weights(value))[0]

    def recorded(self, sampling: str, variable: str) -> Floats:
        """Samples (n_samples, n_synapses) of `w` or `product`, in the order of the graph."""
        part = self._sampling[sampling]

        def value(variable: str) -> Floats:
            own = self._owner(variable)[1] if variable != "now" else "t"
            monitor = self._monitors[sampling]["anchor" if variable == "now" else variable]
            values = np.array(getattr(monitor, own)[:]).T
            # the clock goes on to the end of the run, and perhaps the sampling does not
            wanted = part.steps(len(values) * part.every)
            if variable == "now":
                return wanted[:, None].astype(float)
            return self._at_synapses(variable, values[: len(wanted)])

        form = self._form.weights if variable == "w" else self._form.products
        return self._as_in_graph(form(value))

    def _at_synapses(self, variable: str, values: Floats) -> Floats:
        """Values (n_samples, n_synapses) of a variable of a synapse or of one of its ends."""
        if variable.endswith("_pre"):
            return values[:, self._ends.pre]
        return values[:, self._ends.post] if variable.endswith("_post") else values

    def _as_in_graph(self, values: Floats) -> Floats:
        result = np.empty_like(values)
        result[:, self._ends.order] = values
        return result

    def event_counts(self) -> tuple[Ints, Ints]:
        """How often each unit and each error unit has sent."""
        units, errors = self._synapses.source, self._synapses.target
        return np.array(units.times_sent[:]), np.array(errors.times_sent[:])
