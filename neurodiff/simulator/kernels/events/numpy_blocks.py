"""The blocks of a step in NumPy; the same as `synapses.h`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodiff.plan import transmission as planned
from neurodiff.simulator.kernels.bundle import Learning
from neurodiff.simulator.kernels.events.tables import Form, Tables

#: What decay leaves before the sums are renewed, whatever the step; smaller numbers could vanish.
LEAST_LEFT = 1e-100

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Arrays = dict[str, Floats]


@dataclass(frozen=True, eq=False)
class Network:
    """What a step works on.

    Attributes
    ----------
    tables : Tables
        Rows of the weights.
    learning : Learning
        Rule in numbers.
    thresholds : planned.Events
        When a value is sent.
    loss : str
        Loss of the model.
    arrays : dict
        The state by name, which the package explains, and the arrays of both populations.
    """

    tables: Tables
    learning: Learning
    thresholds: planned.Events
    loss: str
    arrays: Arrays


class Ring:
    """The events of the last steps, a row for each step.

    Parameters
    ----------
    counts : array (length,)
        Number of events of each step.
    units, values : arrays (length * n,)
        Who sent, in the order of their numbers, and what.
    """

    def __init__(self, counts: Floats, units: Floats, values: Floats):
        self._counts = counts
        self._units, self._values = (of.reshape(len(counts), -1) for of in (units, values))

    def put(self, step: int, units: Ints, values: Floats) -> None:
        """Note what was sent in a step.

        Parameters
        ----------
        step : int
            Time step.
        units, values : arrays (n_events,)
            Who sent, and what.
        """
        row = step % len(self._counts)
        self._counts[row] = len(units)
        self._units[row, : len(units)] = units
        self._values[row, : len(units)] = values

    def sent(self, step: int, first: int, n: int) -> tuple[Ints, Floats]:
        """What units of a range sent in a step: their numbers in the range, and the values.

        Parameters
        ----------
        step : int
            Time step, not longer ago than the ring is long.
        first, n : int
            Range of the units.
        """
        row = step % len(self._counts)
        units = self._units[row, : int(self._counts[row])].astype(np.int64)
        own = slice(*np.searchsorted(units, (first, first + n)))
        return units[own] - first, self._values[row, own]


class Part(ABC):
    """What a step does in one block.

    Arrays of senders are (n_forward, n_pre), and those of receivers (n_backward, n_post).

    Parameters
    ----------
    network : Network
        What a step works on.
    number : int
        Number of the block.
    """

    def __init__(self, network: Network, number: int):
        self.of, self.rule = network.arrays, network.learning
        self.block = block = network.tables.blocks[number]
        index, of = network.tables.index, network.arrays
        self.forward_lags = index[block.forward_lags :][: block.n_forward]
        self.backward_lags = index[block.backward_lags :][: block.n_backward]
        senders = block.n_forward, block.n_pre
        self.arrived = of["arrived"][block.senders].reshape(senders)
        self.gathered = of["gathered"][block.senders].reshape(senders)
        self.met = of["met"][block.senders].reshape(senders)
        self.returned = of["returned"][block.senders].reshape(senders)
        self.driven = of["driven"][block.targets]
        self.squares = of["squares"][block.targets]
        self.arrived_back = of["arrived_back"][block.receivers].reshape(-1, block.n_post)
        self.learned = of["learned"][block.posts]
        self.sent = of["error_sent"][block.posts]
        # one number, as an array that can be written to
        own = slice(number, number + 1)
        self.square, self.meeting = of["square"][own], of["meeting"][own]
        self.drift, self.back_drift = of["drift"][own], of["back_drift"][own]

    @property
    def rate(self) -> float:
        """Learning rate of the block."""
        return self.rule.rate if self.block.learns else 0.0

    @property
    def left(self) -> float:
        """What decay has left of weights since the copies were made."""
        return float(self.of["left"][0]) if self.block.learns else 1.0

    @property
    def drives(self) -> Floats:
        """The drive of each unit."""
        return self.left * (self.driven - self.drift * self.sent)

    @property
    def returns(self) -> Floats:
        """The feedback of each sender."""
        return self.left * (self.returned - self.back_drift * self.arrived)

    @property
    def learned_now(self) -> Floats:
        """D of each unit."""
        return self.learned + self.of["learning"] * self.sent

    @property
    def gathered_now(self) -> Floats:
        """X of each sender."""
        return self.gathered + self.of["learning"] * self.arrived

    def come_back(self, errors: Ring, now: int) -> None:
        """Take the errors that have come back in a step.

        Parameters
        ----------
        errors : Ring
            What error units have sent.
        now : int
            Time step.
        """
        for number, lag in enumerate(self.backward_lags):
            units, values = errors.sent(now - lag, self.block.first_post, self.block.n_post)
            if len(units):
                change = values - self.arrived_back[number, units]
                self._take_back(number, units, change)
                self.arrived_back[number, units] = values

    def arrive(self, activities: Ring, now: int) -> None:
        """Take the activities that have arrived in a step.

        Parameters
        ----------
        activities : Ring
            What units have sent.
        now : int
            Time step.
        """
        for number, lag in enumerate(self.forward_lags):
            units, values = activities.sent(now - lag, self.block.first_pre, self.block.n_pre)
            if len(units):
                change = values - self.arrived[number, units]
                self._take(number, units, values)
                self.arrived[number, units] = values
                self.gathered[number, units] -= self.of["learning"] * change
                self.returned[number, units] += self.back_drift * change

    def meet(self, units: Ints, change: Floats) -> None:
        """Learn from now on from what error units have just sent.

        Parameters
        ----------
        units : int array (n_events,)
            Error units, of all populations.
        change : array (n_events,)
            By how much they have moved.
        """
        own = slice(*np.searchsorted(units, (self.block.posts.start, self.block.posts.stop)))
        if own.start < own.stop:
            units = units[own] - self.block.first_post
            self.driven[units] += self.drift * change[own]
            self._meet(units, change[own])

    @abstractmethod
    def learn(self) -> None:
        """Move the sums by what is learned in a step."""

    @abstractmethod
    def _take_back(self, number: int, units: Ints, change: Floats) -> None: ...

    @abstractmethod
    def _take(self, number: int, units: Ints, values: Floats) -> None: ...

    @abstractmethod
    def _meet(self, units: Ints, change: Floats) -> None: ...

    @abstractmethod
    def weights(self) -> Floats:
        """Weights as they are now, by sender."""

    @abstractmethod
    def products(self) -> Floats:
        """What they learn from now, by sender."""

    def renew(self) -> None:
        """Let the sums begin anew, and the copies of the weights be the weights."""
        self._renew()
        self.gathered[:] = 0
        self.drift[:] = self.back_drift[:] = 0

    @abstractmethod
    def _renew(self) -> None: ...


class _Dense(Part):
    """All to all, one delay in each direction."""

    def __init__(self, network: Network, number: int):
        super().__init__(network, number)
        block = self.block
        shape, n = (block.n_pre, block.n_post), block.n_pre * block.n_post
        self._by_sender = self.of["by_sender"][block.by_sender :][:n].reshape(shape)
        if block.returns:
            own = self.of["by_receiver"][block.by_receiver :][:n]
            self._by_receiver = own.reshape(shape[::-1])
        #: Whether rows of receivers take notice of an error when it comes back, in the next step.
        self._late = not block.returns or self.backward_lags[0] == 1

    def learn(self) -> None:
        rate = self.rule.rate / self.left
        self.drift += rate * self.square
        self.back_drift += rate * self.meeting

    def _take_back(self, number: int, units: Ints, change: Floats) -> None:
        if self._late and self.block.learns:
            before = self.gathered[0] + self.of["learning_before"] * self.arrived[0]
            self._by_receiver[units] += np.outer(self.rate * change, before)
        moved = change @ self.sent[units]
        self.returned[0] += change @ self._by_receiver[units]
        self.returned[0] -= self.rate * moved * self.gathered_now[0]
        self.meeting += moved

    def _take(self, number: int, units: Ints, values: Floats) -> None:
        arrived = self.arrived[0, units]
        change = values - arrived
        self.driven += change @ self._by_sender[units]
        if self.block.learns:
            self.driven -= self.rate * (change @ arrived) * self.learned_now
            self._by_sender[units] += np.outer(self.rate * change, self.learned_now)
        self.square += (values + arrived) @ change

    def _meet(self, units: Ints, change: Floats) -> None:
        self.meeting += change @ self.arrived_back[0, units]
        if not self._late:
            self._by_receiver[units] += np.outer(self.rate * change, self.gathered_now[0])

    def weights(self) -> Floats:
        moved = self.rate * np.outer(self.arrived[0], self.learned_now)
        return self.left * (self._by_sender - moved)

    def products(self) -> Floats:
        return np.outer(self.arrived[0], self.sent)

    def _renew(self) -> None:
        self._by_sender[:] = self.weights()
        self.driven[:] = self.arrived[0] @ self._by_sender
        self.square[:] = self.arrived[0] @ self.arrived[0]
        if self.block.returns:
            self._by_receiver -= self.rate * np.outer(self.sent, self.gathered_now[0])
            self._by_receiver *= self.left
            self.returned[0] = self.arrived_back[0] @ self._by_receiver
        self.meeting[:] = self.sent @ self.arrived_back[0]


class _Sparse(Part):
    """Rows are lists, and there may be several delays."""

    def __init__(self, network: Network, number: int):
        super().__init__(network, number)
        index, block = network.tables.index, self.block
        self._starts = index[block.sender_starts :][: block.n_senders + 1]
        n = int(self._starts[-1])
        self._units = index[block.sender_units :][:n]
        self._by_sender = self.of["by_sender"][block.by_sender :][:n]
        if block.returns:
            self._back_starts = index[block.receiver_starts :][: block.n_receivers + 1]
            self._senders = index[block.receiver_senders :][:n]
            self._by_receiver = self.of["by_receiver"][block.by_receiver :][:n]

    def learn(self) -> None:
        rate = self.rule.rate / self.left
        self.driven -= rate * self.sent * self.squares
        self.returned -= rate * self.arrived * self.met

    def _take_back(self, number: int, units: Ints, change: Floats) -> None:
        returned, met, gathered = self.returned.ravel(), self.met.ravel(), self.gathered_now.ravel()
        for unit, move in zip(units, change, strict=True):
            row = self._row_back(number, unit)
            senders, sent = self._senders[row], self.sent[unit]
            w = self._by_receiver[row] - self.rate * sent * gathered[senders]
            returned[senders] += w * move
            met[senders] += sent * move

    def _take(self, number: int, units: Ints, values: Floats) -> None:
        learned_now = self.rate * self.learned_now
        for unit, value in zip(units, values, strict=True):
            sender = number * self.block.n_pre + unit
            row = slice(self._starts[sender], self._starts[sender + 1])
            posts, arrived = self._units[row], self.arrived[number, unit]
            change, learned = value - arrived, learned_now[posts]
            self.driven[posts] += (self._by_sender[row] - arrived * learned) * change
            self._by_sender[row] += change * learned
            self.squares[posts] += (value + arrived) * change

    def _meet(self, units: Ints, change: Floats) -> None:
        if not self.block.returns:
            return
        met, gathered = self.met.ravel(), self.gathered_now.ravel()
        for unit, move in zip(units, change, strict=True):
            for number in range(self.block.n_backward):
                row = self._row_back(number, unit)
                senders = self._senders[row]
                self._by_receiver[row] += self.rate * move * gathered[senders]
                met[senders] += move * self.arrived_back[number, unit]

    def _row_back(self, number: int, unit: int) -> slice:
        receiver = number * self.block.n_post + unit
        return slice(self._back_starts[receiver], self._back_starts[receiver + 1])

    def weights(self) -> Floats:
        moved = self._of_senders(self.arrived) * self.learned_now[self._units]
        return self.left * (self._by_sender - self.rate * moved)

    def products(self) -> Floats:
        return self._of_senders(self.arrived) * self.sent[self._units]

    def _of_senders(self, values: Floats) -> Floats:
        return np.repeat(values.ravel(), np.diff(self._starts))

    def _renew(self) -> None:
        self._by_sender[:] = self.weights()
        arrived, n = self._of_senders(self.arrived), self.block.n_post
        self.driven[:] = np.bincount(self._units, self._by_sender * arrived, n)
        self.squares[:] = np.bincount(self._units, arrived**2, n)
        if self.block.returns:
            counts = np.diff(self._back_starts)
            sent = np.repeat(np.tile(self.sent, self.block.n_backward), counts)
            back = np.repeat(self.arrived_back.ravel(), counts)
            moved = sent * self.gathered_now.ravel()[self._senders]
            self._by_receiver[:] = self.left * (self._by_receiver - self.rate * moved)
            returned = np.bincount(self._senders, self._by_receiver * back, self.block.n_senders)
            met = np.bincount(self._senders, sent * back, self.block.n_senders)
            self.returned[:], self.met[:] = (
                of.reshape(self.returned.shape) for of in (returned, met)
            )


def part_of(network: Network, number: int) -> Part:
    """The part of a step that belongs to a block.

    Parameters
    ----------
    network : Network
        What a step works on.
    number : int
        Number of the block.
    """
    forms = {Form.DENSE: _Dense, Form.SPARSE: _Sparse}
    return forms[network.tables.blocks[number].form](network, number)
