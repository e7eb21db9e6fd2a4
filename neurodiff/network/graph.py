"""The network as a directed graph: populations, projections, synapses and their delays.

Units are numbered by population: inputs first, then every population after those that project to
it; those that are on a cycle together follow each other, nearest to the input first. Synapses are
numbered by projection, in the same order, and within one by presynaptic unit.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurodiff.model_file import Model
from neurodiff.model_file.cycles import ordered_components
from neurodiff.model_file.network import PopulationSpec, ProjectionSpec
from neurodiff.network.activations import ACTIVATIONS, Activation, membrane_of
from neurodiff.network.backward_connections import (
    BackwardConnections,
    Context,
    backward_connections_of,
)
from neurodiff.network.connectivity import connect
from neurodiff.network.depth import depths
from neurodiff.network.draws import draw_lags
from neurodiff.network.draws import random_stream as random_stream
from neurodiff.network.hop_filter import Hop, Instant, hop_of
from neurodiff.network.limits import refuse_large_network
from neurodiff.network.populations import Population, units_of
from neurodiff.network.synapses import Pairs, Synapses, compact, joined, plus

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Projection:
    """A range of synapses from one population to another.

    Attributes
    ----------
    name : str
        Name of the projection.
    pre, post : Population
        Presynaptic and postsynaptic population.
    start, stop : int
        Range of the numbers of its synapses; `stop` is not included.
    pairs : Pairs
        The units that each synapse connects.
    """

    name: str
    pre: Population
    post: Population
    start: int
    stop: int
    pairs: Pairs = field(compare=False, repr=False)

    @property
    def is_matrix(self) -> bool:
        """Whether every unit projects to every one of the other population.

        Its synapses are then, in their order, the entries of a matrix (presynaptic units,
        postsynaptic units), row by row.
        """
        return self.pairs.listed is None

    @property
    def synapses(self) -> slice:
        """Its synapses among all synapses."""
        return slice(self.start, self.stop)


@dataclass(frozen=True, eq=False)
class Graph:
    """Units, synapses and their delays in time steps.

    Attributes
    ----------
    populations : tuple of Population
        Populations in the order of their units.
    projections : tuple of Projection
        Projections in the order of their synapses.
    synapses : Synapses
        Which units each synapse connects, and its delays.
    plastic : bool array (n_synapses,)
        Whether the synapse learns.
    dale : bool array (n_synapses,)
        Whether the weight keeps its sign.
    time_step : float
        Duration of a step in s.
    hop : Hop
        What each hop goes through besides its delay: the leak of neurons or the trace of spikes.
    output_names : tuple of str
        The output populations in the order of the model file, which is that of the targets.
    backward : BackwardConnections
        The backward connections, by which errors come back.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    synapses: Synapses
    plastic: Bools
    dale: Bools
    time_step: float
    hop: Hop
    output_names: tuple[str, ...]
    backward: BackwardConnections

    @property
    def n_units(self) -> int:
        """Number of units, inputs included."""
        return self.populations[-1].stop

    @property
    def n_synapses(self) -> int:
        """Number of synapses; biases are not counted."""
        return len(self.synapses)

    @property
    def pre(self) -> Ints:
        """Numbers of the presynaptic units (n_synapses,)."""
        return self.synapses.pre

    @property
    def post(self) -> Ints:
        """Numbers of the postsynaptic units (n_synapses,)."""
        return self.synapses.post

    @property
    def forward_lag(self) -> Ints:
        """Delay in steps (n_synapses,) from x_pre to the synapse."""
        return self.synapses.forward_lag

    @property
    def backward_lag(self) -> Ints:
        """Delay in steps (n_synapses,) from delta_post to the error unit of `pre`."""
        return self.synapses.backward_lag

    @property
    def filter_lag(self) -> float:
        """Mean steps that the leak or the trace adds to the delay of each hop; 0 without any."""
        return self.hop.lag

    @property
    def forward_latency(self) -> Floats:
        """Mean steps (n_synapses,) until what a unit does is known at the synapse."""
        return plus(self.forward_lag, self.filter_lag)

    @property
    def backward_latency(self) -> Floats:
        """Mean steps (n_backward,) until what an error unit does is known where it comes back."""
        return plus(self.backward.lag, self.filter_lag)

    def delays_only(self) -> "Graph":
        """The same graph without what leaks or the traces of spikes add to the delays."""
        return replace(self, hop=Instant())

    def hops_only(self) -> "Graph":
        """The same graph with delays of one step only, so that its latencies count hops."""
        one = tuple(compact(np.ones_like(part)) for part in self.synapses.forward_lags)
        synapses = replace(self.synapses, forward_lags=one, backward_lags=one)
        backward = self.backward.in_one_step(synapses)
        return replace(self.delays_only(), synapses=synapses, backward=backward)

    @cached_property
    def n_inputs(self) -> int:
        """Number of input units; they are the first ones."""
        return sum(part.size for part in self.populations if part.role == "input")

    @cached_property
    def cyclic(self) -> bool:
        """Whether there are cycles; then some projection leads back to where it comes from."""
        return any(part.post.start <= part.pre.start for part in self.projections)

    @cached_property
    def gradual(self) -> bool:
        """Whether a change arrives little by little: through leaks or traces, or round cycles."""
        return self.filter_lag > 0 or self.cyclic

    @cached_property
    def outputs(self) -> Ints:
        """Numbers of the output units (n_outputs,), in the order of the model file."""
        return units_of(self.population(name) for name in self.output_names)

    @cached_property
    def output_range(self) -> slice:
        """The units from the first output to the last."""
        return slice(int(self.outputs.min()), int(self.outputs.max()) + 1)

    @cached_property
    def has_bias(self) -> Bools:
        """Whether a unit has a bias (n_units,); inputs have none."""
        return self.by_unit(lambda part: part.bias and part.role != "input").astype(bool)

    def by_unit(self, value) -> NDArray:  # type: ignore[no-untyped-def]
        """Array (n_units,) of ``value(population)``.

        Parameters
        ----------
        value : callable
            Function that returns the value of a population for all of its units.
        """
        values = [value(part) for part in self.populations]
        return np.repeat(values, [part.size for part in self.populations])

    def population(self, name: str) -> Population:
        """The population of that name.

        Parameters
        ----------
        name : str
            Name of the population.
        """
        return next(part for part in self.populations if part.name == name)


def build_graph(model: Model) -> Graph:
    """Draw the network of a model: which units, which synapses, which delays.

    Deterministic: the same model (seed included) gives the same graph.

    Parameters
    ----------
    model : Model
        Model, checked.
    """
    refuse_large_network(model)
    specs, connections = model.network.digraph()
    depth = depths(ordered_components(specs, connections), connections)
    order = list(depth)
    lif = membrane_of(model.transmission, model.time_step)
    curves = {} if lif is None else {"lif": lif.activation}
    populations = _number_units(specs, depth, ACTIVATIONS | curves)
    connections = sorted(connections, key=lambda part: order.index(part.post))
    pairs = tuple(_connect(part, populations, model) for part in connections)
    edges = np.cumsum([0] + [part.size for part in pairs])
    projections = tuple(
        Projection(
            name=str(part.name),
            pre=populations[part.pre],
            post=populations[part.post],
            start=int(start),
            stop=int(start) + own.size,
            pairs=own,
        )
        for part, own, start in zip(connections, pairs, edges[:-1], strict=True)
    )
    synapses = Synapses(
        pairs,
        *(
            tuple(
                draw_lags(getattr(part.delay, way), own.size, model, f"{way} {part.name}")
                for part, own in zip(connections, pairs, strict=True)
            )
            for way in ("forward", "backward")
        ),
    )
    known = Context(model, tuple(populations.values()), synapses)
    return Graph(
        populations=tuple(populations.values()),
        projections=projections,
        synapses=synapses,
        plastic=_of_synapses([part.plastic for part in connections], projections),
        dale=_of_synapses([bool(part.dale) for part in connections], projections),
        time_step=model.time_step,
        hop=hop_of(model.transmission, model.neuron, model.time_step),
        output_names=tuple(name for name, part in specs.items() if part.role == "output"),
        backward=backward_connections_of(model.feedback, known),
    )


def _of_synapses(values: list[bool], projections: tuple[Projection, ...]) -> Bools:
    """A value of each projection, for each of its synapses (n_synapses,)."""
    pairs = zip(values, projections, strict=True)
    return joined([np.broadcast_to(value, (own.stop - own.start,)) for value, own in pairs])


def _number_units(
    specs: dict[str, PopulationSpec],
    depth: dict[str, int],
    activations: dict[str, Activation],
) -> dict[str, Population]:
    """Populations by name, inputs first, each with its range of units and its depth."""
    names = [name for name in specs if specs[name].role == "input"]
    names += [name for name in depth if specs[name].role != "input"]
    populations, start = {}, 0
    for name in names:
        part = specs[name]
        populations[name] = Population(
            name=name,
            role=part.role,
            activation=part.activation or "linear",
            sigma=activations[part.activation or "linear"],
            bias=bool(part.bias),
            depth=depth[name],
            start=start,
            stop=start + part.size,
        )
        start += part.size
    return populations


def _connect(part: ProjectionSpec, populations: dict[str, Population], model: Model) -> Pairs:
    """Presynaptic and postsynaptic unit of each synapse, sorted by the presynaptic one."""
    pre, post = populations[part.pre], populations[part.post]
    shape = pre.size, post.size
    return connect(part, (pre.start, post.start), shape, model)
