"""The backward connections of a network: which error comes back to which unit, and when."""

from dataclasses import dataclass
from functools import singledispatch
from typing import NamedTuple

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

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BackwardConnections:
    """Backward connections, each from the error unit of one unit to that of another.

    Attributes
    ----------
    source, sink : int arrays (n,)
        Units whose error is sent, and to which it comes.
    lag : int array (n,)
        Delay in steps.
    synapse : int array (n,) or None
        The forward synapse, from `sink` to `source`, that each leads back along; None for
        connections that are not those of any synapse (direct feedback).
    """

    source: Ints
    sink: Ints
    lag: Ints
    synapse: Ints | None

    @property
    def along_synapses(self) -> bool:
        """Whether errors go back along the synapses, the other way round."""
        return self.synapse is not None

    def __len__(self) -> int:
        """Number of connections."""
        return len(self.lag)

    def into(self, units: slice) -> Ints:
        """Those that lead to any of a range of units.

        Parameters
        ----------
        units : slice
            Range of unit numbers.
        """
        return np.flatnonzero((self.sink >= units.start) & (self.sink < units.stop))

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


class Context(NamedTuple):
    """What the backward connections are made from.

    Attributes
    ----------
    model : Model
    populations : tuple of Population
    pre, post, backward_lag : int arrays (n_synapses,)
        Units that each synapse connects, and its delay back in steps.
    """

    model: Model
    populations: tuple[Population, ...]
    pre: Ints
    post: Ints
    backward_lag: Ints


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
    """The synapses, but for those from inputs, to which no error comes back."""
    n_inputs = sum(part.size for part in context.populations if part.role == "input")
    own = np.flatnonzero(context.pre >= n_inputs)
    return BackwardConnections(context.post[own], context.pre[own], context.backward_lag[own], own)


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
    return BackwardConnections(source, sink, np.concatenate(lags), synapse=None)
