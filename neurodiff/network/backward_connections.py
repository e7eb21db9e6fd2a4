"""The backward connections of a network: which error comes back to which unit, and when."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import UnknownKindError
from neurodiff.model_file import Model
from neurodiff.model_file.feedback import (
    DirectFeedback,
    KolenPollackFeedback,
    RandomFeedback,
    SignFeedback,
    SymmetricFeedback,
    WeightMirrorFeedback,
)
from neurodiff.network.draws import draw_lags
from neurodiff.network.populations import Population, units_of
from neurodiff.network.synapses import Synapses

Ints = NDArray[np.int64]


class Way(NamedTuple):
    """Some backward connections.

    Attributes
    ----------
    source, sink : int arrays (n,)
        Units whose error is sent, and those to which it comes.
    connections : slice or int array (n,)
        Their numbers.
    """

    source: Ints
    sink: Ints
    connections: slice | Ints


class BackwardConnections(ABC):
    """Backward connections, each from the error unit of one unit to that of another."""

    @property
    @abstractmethod
    def source(self) -> Ints:
        """Units whose error is sent (n,)."""

    @property
    @abstractmethod
    def sink(self) -> Ints:
        """Units to which it comes (n,)."""

    @property
    @abstractmethod
    def lag(self) -> Ints:
        """Delays (n,) in steps."""

    @property
    @abstractmethod
    def synapse(self) -> Ints | None:
        """The forward synapse (n,), from `sink` to `source`, that each leads back along.

        None for connections that are not those of any synapse (direct feedback).
        """

    @abstractmethod
    def of_synapses(self, values: NDArray[Any]) -> NDArray[Any]:
        """Those of values (n_synapses,) of the synapses along which errors go back (n,).

        Parameters
        ----------
        values : array (n_synapses,)
            One value for each synapse.
        """

    @abstractmethod
    def in_one_step(self, synapses: Synapses) -> "BackwardConnections":
        """The same connections with delays of one step.

        Parameters
        ----------
        synapses : Synapses
            The same synapses with delays of one step.
        """

    @abstractmethod
    def __len__(self) -> int:
        """Number of connections."""

    @property
    def along_synapses(self) -> bool:
        """Whether errors go back along the synapses, the other way round."""
        return self.synapse is not None

    def into(self, units: slice) -> Ints:
        """Those that lead to any of a range of units.

        Parameters
        ----------
        units : slice
            Range of unit numbers.
        """
        return np.flatnonzero((self.sink >= units.start) & (self.sink < units.stop))

    def ways_into(self, units: slice) -> Iterator[Way]:
        """The same in parts of which each is small, in the order of their numbers.

        Parameters
        ----------
        units : slice
            Range of unit numbers.
        """
        own = self.into(units)
        yield Way(self.source[own], self.sink[own], own)

    def out_of(self, units: slice) -> Ints:
        """Those that come from any of a range of units.

        Parameters
        ----------
        units : slice
            Range of unit numbers.
        """
        return np.flatnonzero((self.source >= units.start) & (self.source < units.stop))

    def along(self, synapses: slice) -> Ints:
        """Those that lead back along any of a range of synapses; none with direct feedback.

        Parameters
        ----------
        synapses : slice
            Range of synapse numbers.
        """
        if self.synapse is None:
            return np.arange(0)
        return np.flatnonzero((self.synapse >= synapses.start) & (self.synapse < synapses.stop))


@dataclass(frozen=True, eq=False)
class AlongSynapses(BackwardConnections):
    """The synapses the other way round, but for those from inputs, to which no error comes back.

    Attributes
    ----------
    synapses : Synapses
        All synapses.
    ranges : tuple of (int, int)
        Ranges of the synapses along which errors come back; no two of them touch.
    """

    synapses: Synapses
    ranges: tuple[tuple[int, int], ...]

    @property
    def source(self) -> Ints:
        """Units whose error is sent (n,)."""
        return self.of_synapses(self.synapses.post)

    @property
    def sink(self) -> Ints:
        """Units to which it comes (n,)."""
        return self.of_synapses(self.synapses.pre)

    @property
    def lag(self) -> Ints:
        """Delays (n,) in steps."""
        return self.of_synapses(self.synapses.backward_lag)

    @property
    def synapse(self) -> Ints:
        """The forward synapse (n,), from `sink` to `source`, that each leads back along."""
        return self.synapses.shared(
            "returning", lambda: self.of_synapses(np.arange(len(self.synapses), dtype=np.int64))
        )

    def of_synapses(self, values: NDArray[Any]) -> NDArray[Any]:
        """Those of values (n_synapses,) of the synapses along which errors go back (n,).

        Parameters
        ----------
        values : array (n_synapses,)
            One value for each synapse.
        """
        parts = [values[first:last] for first, last in self.ranges]
        return parts[0] if len(parts) == 1 else np.concatenate([values[:0], *parts])

    def ways_into(self, units: slice) -> Iterator[Way]:
        """Connections that lead to any of a range of units, by projection.

        Parameters
        ----------
        units : slice
            Range of unit numbers.
        """
        first, number = 0, 0
        for part in self.synapses.pairs:
            if any(start <= first < last for start, last in self.ranges):
                # all of a projection come from one population
                if units.start <= part.first_pre < units.stop:
                    yield Way(part.post, part.pre, slice(number, number + part.size))
                number += part.size
            first += part.size

    def __len__(self) -> int:
        """Number of connections."""
        return sum(last - first for first, last in self.ranges)

    def in_one_step(self, synapses: Synapses) -> "AlongSynapses":
        """The same connections with delays of one step.

        Parameters
        ----------
        synapses : Synapses
            The same synapses with delays of one step.
        """
        return AlongSynapses(synapses, self.ranges)


@dataclass(frozen=True, eq=False)
class BetweenUnits(BackwardConnections):
    """Connections that are not those of any synapse.

    Attributes
    ----------
    ends : (int array (n,), int array (n,))
        Units whose error is sent, and those to which it comes.
    lags : int array (n,)
        Delays in steps.
    """

    ends: tuple[Ints, Ints]
    lags: Ints

    @property
    def source(self) -> Ints:
        """Units whose error is sent (n,)."""
        return self.ends[0]

    @property
    def sink(self) -> Ints:
        """Units to which it comes (n,)."""
        return self.ends[1]

    @property
    def lag(self) -> Ints:
        """Delays (n,) in steps."""
        return self.lags

    @property
    def synapse(self) -> None:
        """They lead back along no synapse."""
        return None

    def __len__(self) -> int:
        """Number of connections."""
        return len(self.lag)

    def of_synapses(self, values: NDArray[Any]) -> NDArray[Any]:
        """None: they go back along no synapse.

        Parameters
        ----------
        values : array (n_synapses,)
            One value for each synapse.
        """
        raise ValueError("these backward connections are not those of any synapses")

    def in_one_step(self, synapses: Synapses) -> "BetweenUnits":
        """The same connections with delays of one step.

        Parameters
        ----------
        synapses : Synapses
            The same synapses with delays of one step; not needed.
        """
        return replace(self, lags=np.ones_like(self.lags))


class Context(NamedTuple):
    """What the backward connections are made from.

    Attributes
    ----------
    model : Model
    populations : tuple of Population
    synapses : Synapses
        Units that each synapse connects, and its delays.
    """

    model: Model
    populations: tuple[Population, ...]
    synapses: Synapses


@singledispatch
def backward_connections_of(feedback: object, context: Context) -> BackwardConnections:
    """The backward connections that the `feedback` part of a model asks for.

    Parameters
    ----------
    feedback : object
        The `feedback` part of the model.
    context : Context
        Model, units and synapses that the connections belong to.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `feedback`.
    """
    raise UnknownKindError(
        "neurodiff.network.backward_connections.backward_connections_of", feedback
    )


@backward_connections_of.register
def _(
    feedback: SymmetricFeedback
    | RandomFeedback
    | SignFeedback
    | KolenPollackFeedback
    | WeightMirrorFeedback,
    context: Context,
) -> BackwardConnections:
    """The synapses, but for those from inputs."""
    n_inputs = sum(part.size for part in context.populations if part.role == "input")
    ranges: list[tuple[int, int]] = []
    first = 0
    for part in context.synapses.pairs:
        last = first + part.size
        if part.first_pre >= n_inputs and ranges and ranges[-1][1] == first:
            ranges[-1] = ranges[-1][0], last
        elif part.first_pre >= n_inputs:
            ranges.append((first, last))
        first = last
    return AlongSynapses(context.synapses, tuple(ranges))


@backward_connections_of.register
def _(feedback: DirectFeedback, context: Context) -> BackwardConnections:
    """Connections from every output to every hidden unit, by hidden unit.

    The delays of those to one population are a draw of their own.
    """
    delay = feedback.delay or context.model.network.delay.backward
    outputs = units_of(part for part in context.populations if part.role == "output")
    hidden = [part for part in context.populations if part.role == "hidden"]
    lags = [
        draw_lags(delay, part.size * len(outputs), context.model, f"direct {part.name}")
        for part in hidden
    ]
    units = units_of(hidden)
    source, sink = np.tile(outputs, len(units)), np.repeat(units, len(outputs))
    return BetweenUnits((source, sink), np.concatenate(lags))
