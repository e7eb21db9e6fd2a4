"""The network as a directed graph: populations, projections and synapses as index arrays.

Units are numbered by population: inputs first, then every population after those that project to
it. Synapses are numbered by projection, in the same order, and within one by presynaptic unit.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.spec import Model
from neurodiff.spec.checks import topological_order
from neurodiff.spec.network import (
    Connectivity,
    Delay,
    NormalDelay,
    PopulationSpec,
    ProjectionSpec,
    UniformDelay,
)

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Population:
    """A range of units with one activation function; `depth` is the longest path from an input."""

    name: str
    role: str
    activation: str
    bias: bool
    depth: int
    start: int
    stop: int

    @property
    def units(self) -> slice:
        """Its units among all units."""
        return slice(self.start, self.stop)

    @property
    def size(self) -> int:
        """Number of units."""
        return self.stop - self.start


@dataclass(frozen=True)
class Projection:
    """A range of synapses from one population to another."""

    name: str
    pre: Population
    post: Population
    start: int
    stop: int

    @property
    def synapses(self) -> slice:
        """Its synapses among all synapses."""
        return slice(self.start, self.stop)


@dataclass(frozen=True)
class Graph:
    """Units, synapses and their delays in time steps.

    Attributes
    ----------
    pre, post : int array (n_synapses,)
        Numbers of the units that each synapse connects.
    forward_lag, backward_lag : int array (n_synapses,)
        Delay in steps from x_pre to the synapse, and from delta_post to the error unit of `pre`.
    plastic : bool array (n_synapses,)
        Whether the synapse learns.
    time_step : float
        Duration of a step in s.
    output_names : tuple of str
        The output populations in the order of the model file, which is that of the targets.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    pre: Ints
    post: Ints
    forward_lag: Ints
    backward_lag: Ints
    plastic: Bools
    time_step: float
    output_names: tuple[str, ...]

    @property
    def n_units(self) -> int:
        """Number of units, inputs included."""
        return self.populations[-1].stop

    @property
    def n_synapses(self) -> int:
        """Number of synapses; biases are not counted."""
        return len(self.pre)

    @cached_property
    def n_inputs(self) -> int:
        """Number of input units; they are the first ones."""
        return sum(part.size for part in self.populations if part.role == "input")

    @cached_property
    def outputs(self) -> Ints:
        """Numbers of the output units (n_outputs,), in the order of the model file."""
        parts = [self.population(name) for name in self.output_names]
        return np.concatenate([np.arange(part.start, part.stop) for part in parts])

    @cached_property
    def has_bias(self) -> Bools:
        """Whether a unit has a bias (n_units,); inputs have none."""
        return self.by_unit(lambda part: part.bias and part.role != "input").astype(bool)

    def by_unit(self, value) -> NDArray:  # type: ignore[no-untyped-def]
        """Array (n_units,) of ``value(population)``."""
        values = [value(part) for part in self.populations]
        return np.repeat(values, [part.size for part in self.populations])

    def population(self, name: str) -> Population:
        """The population of that name."""
        return next(part for part in self.populations if part.name == name)


def random_stream(seed: int, purpose: str) -> np.random.Generator:
    """Generator of its own for each purpose, so that one draw never shifts another."""
    return np.random.default_rng([seed, *purpose.encode()])


def build_graph(model: Model) -> Graph:
    """Draw the network of a model: which units, which synapses, which delays.

    Deterministic: the same model (seed included) gives the same graph.
    """
    specs, connections = model.network.digraph()
    order = topological_order(specs, connections)
    populations = _number_units(specs, connections, order)
    connections = sorted(connections, key=lambda part: order.index(part.post))
    pairs = [_connect(part, populations, model.seed) for part in connections]
    edges = np.cumsum([0] + [len(pre) for pre, _ in pairs])
    if edges[-1] == 0:
        text = "not a single synapse was drawn"
        raise ModelError("network.projections", text, "raise `probability`, or the sizes")
    projections = tuple(
        Projection(str(part.name), populations[part.pre], populations[part.post], int(a), int(b))
        for part, a, b in zip(connections, edges[:-1], edges[1:], strict=True)
    )
    lags = {
        direction: np.concatenate(
            [
                _draw_lags(
                    getattr(part.delay, direction), len(pre), model, f"{direction} {part.name}"
                )
                for part, (pre, _) in zip(connections, pairs, strict=True)
            ]
        )
        for direction in ("forward", "backward")
    }
    return Graph(
        populations=tuple(populations.values()),
        projections=projections,
        pre=np.concatenate([pre for pre, _ in pairs]),
        post=np.concatenate([post for _, post in pairs]),
        forward_lag=lags["forward"],
        backward_lag=lags["backward"],
        plastic=np.repeat([part.plastic for part in connections], np.diff(edges)),
        time_step=model.time_step,
        output_names=tuple(name for name, part in specs.items() if part.role == "output"),
    )


def _number_units(
    specs: dict[str, PopulationSpec], connections: list[ProjectionSpec], order: list[str]
) -> dict[str, Population]:
    """Populations by name, inputs first, each with its range of units and its depth."""
    depth: dict[str, int] = {}
    for name in order:
        depths = [depth[part.pre] for part in connections if part.post == name]
        depth[name] = 1 + max(depths, default=-1)
    names = [name for name in specs if specs[name].role == "input"]
    names += [name for name in order if specs[name].role != "input"]
    populations, start = {}, 0
    for name in names:
        part = specs[name]
        populations[name] = Population(
            name=name,
            role=part.role,
            activation=part.activation or "linear",
            bias=bool(part.bias),
            depth=depth[name],
            start=start,
            stop=start + part.size,
        )
        start += part.size
    return populations


def _connect(
    part: ProjectionSpec, populations: dict[str, Population], seed: int
) -> tuple[Ints, Ints]:
    """Presynaptic and postsynaptic unit of each synapse, sorted by the presynaptic one."""
    pre, post = populations[part.pre], populations[part.post]
    connected = _connected(part.connectivity, (pre.size, post.size), f"synapses {part.name}", seed)
    rows, columns = np.nonzero(connected)
    return rows + pre.start, columns + post.start


def _connected(rule: Connectivity, shape: tuple[int, int], purpose: str, seed: int) -> Bools:
    if rule.one_to_one:
        return np.eye(*shape, dtype=bool)
    if rule.probability is not None:
        return random_stream(seed, purpose).random(shape) < rule.probability
    return np.ones(shape, dtype=bool)


def _draw_lags(delay: Delay | None, n: int, model: Model, purpose: str) -> Ints:
    """Delays (n,) in steps, at least 1; one step where the model says nothing."""
    if delay is None:
        return np.ones(n, dtype=np.int64)
    rng = random_stream(model.seed, purpose)
    if isinstance(delay, UniformDelay):
        shortest, longest = map(model.steps, delay.uniform)
        return rng.integers(shortest, longest, size=n, endpoint=True)
    if isinstance(delay, NormalDelay):
        mean, sd = delay.normal
        drawn = np.rint(rng.normal(mean, sd, size=n) / model.time_step)
        return np.maximum(drawn, 1).astype(np.int64)
    return np.full(n, model.steps(delay), dtype=np.int64)
