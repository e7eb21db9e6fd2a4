"""Where a value that was sent is kept when it has arrived: at each synapse, or at its sender.

Where the synapses of a sender have delays of their own, each keeps what has arrived there. Where
they all have one delay, a value arrives at all of them at once, and one copy of it is enough: the
sender keeps it for them, which takes a third of the memory and much less time.
"""

from typing import Protocol

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.simulator.history import READER, WRITER, History
from neurodiff.simulator.order import ADVANCE, Step
from neurodiff.simulator.transmission.send_on_change import SENDER

Ints = NDArray[np.int64]


class Arrival(Protocol):
    """One direction of travel, in the words of the synapses' code.

    Attributes
    ----------
    sender_equations, synapse_equations : str
        What the sending group and the synapses need.
    keep : str
        Line of code of a sender that sends.
    arriving, arrived : str
        The value that an event brings, and the one that was there before, as Brian2 text.
    moment : Step
        When it arrives.
    accept : list of str
        Lines of code that end the arrival of an event at a synapse.
    next_step : bool
        Whether everything arrives in the step after it was sent.
    lags : int array (n_synapses,)
        Delays in steps.
    """

    sender_equations: str
    synapse_equations: str
    keep: str
    arriving: str
    arrived: str
    moment: Step
    accept: list[str]
    next_step: bool
    lags: Ints

    def connect(
        self, senders: b2.NeuronGroup, synapses: b2.Synapses, clock: b2.Clock
    ) -> list[b2.core.base.BrianObject]:
        """Set up both ends, and return what else has to be in the Brian2 network.

        Parameters
        ----------
        senders : brian2.NeuronGroup
            Group of the units that send.
        synapses : brian2.Synapses
            Synapses that what is sent reaches.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.

        Returns
        -------
        list of BrianObject
            Objects that have to be in the Brian2 network.
        """
        ...


def arrival(
    name: str,
    end: str,
    moment: Step,
    n_senders: int,
    sender: Ints,
    lags: Ints,
    counts: NDArray[np.bool_],
) -> Arrival:
    """The simplest arrival that suits these delays.

    Parameters
    ----------
    name : str
        Prefix of the names of what it adds to the synapses.
    end : str
        The end of the synapses that sends: `pre` or `post`.
    moment : Step
        When it arrives.
    n_senders : int
        Size of the sending group.
    sender, lags : int arrays (n_synapses,)
        Which unit of the group sends, and after how many steps it arrives.
    counts : bool array (n_synapses,)
        Synapses at which the arrival matters.
    """
    longest = np.ones(n_senders, dtype=np.int64)
    np.maximum.at(longest, sender[counts], lags[counts])
    if (lags == longest[sender])[counts].all():
        return AtSender(end, moment, sender, longest)
    return AtSynapse(name, moment, sender, np.where(counts, lags, 1))


class AtSender:
    """All synapses of a sender have the same delay; see `Arrival`.

    `lag_of_sender` (n_senders,) is that delay in steps.
    """

    synapse_equations = ""
    keep = ""

    def __init__(self, end: str, moment: Step, sender: Ints, lag_of_sender: Ints):
        self.moment, self._lag_of_sender = moment, lag_of_sender
        self.next_step = bool((lag_of_sender == 1).all())
        # after one step nothing else can have been sent yet
        self._source = "sent" if self.next_step else "arriving"
        later = "" if self.next_step else "arriving : 1\n" + WRITER + READER
        self.sender_equations = SENDER + "taken : 1\n" + later
        self.arriving, self.arrived = f"{self._source}_{end}", f"taken_{end}"
        self.accept: list[str] = []
        self.lags = lag_of_sender[sender]

    def connect(
        self, senders: b2.NeuronGroup, synapses: b2.Synapses, clock: b2.Clock
    ) -> list[b2.core.base.BrianObject]:
        """Let the senders note what has arrived, each after its delay.

        Parameters
        ----------
        senders : brian2.NeuronGroup
            Group of the units that send.
        synapses : brian2.Synapses
            Synapses that what is sent reaches.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        noted = self.moment.after()
        senders.run_regularly(f"taken = {self._source}", name=f"{senders.name}_take", **noted.when)
        if self.next_step:
            return []
        history = History(senders, "sent", int(self._lag_of_sender.max()), clock)
        history.connect(senders, np.arange(len(senders)), self._lag_of_sender)
        senders.run_regularly(
            "arriving = arrived", name=f"{senders.name}_receive", **ADVANCE.after().when
        )
        return [history.buffer]


class AtSynapse:
    """Each synapse has its own delay; see `Arrival`. What was sent waits in a `Ring`."""

    next_step = False

    def __init__(self, name: str, moment: Step, sender: Ints, lags: Ints):
        self._ring = Ring(name, ["sent"], sender, lags)
        self.moment, self.lags = moment, lags
        self.sender_equations = SENDER + self._ring.sender_equations
        self.synapse_equations = f"{name}_arrived : 1\n" + self._ring.synapse_equations
        self.keep = self._ring.keep
        self.arriving, self.arrived = self._ring.arriving["sent"], f"{name}_arrived"
        self.accept = [f"{self.arrived} = {self.arriving}", self._ring.move_on]

    def connect(
        self, senders: b2.NeuronGroup, synapses: b2.Synapses, clock: b2.Clock
    ) -> list[b2.core.base.BrianObject]:
        """Give the senders their ring, and the synapses their places in it.

        Parameters
        ----------
        senders : brian2.NeuronGroup
            Group of the units that send.
        synapses : brian2.Synapses
            Synapses that what is sent reaches.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        return [self._ring.connect(senders, synapses, clock)]


class Ring:
    """The last values that each sender has sent, until the slowest synapse has taken them.

    Each synapse keeps its own place in the ring and moves it on as it takes what was sent, so that
    nothing has to be done while nothing is sent.

    Parameters
    ----------
    name : str
        Prefix of the names of what it adds.
    values : list of str
        Variables of the senders that are sent together.
    sender, lags : int arrays (n_synapses,)
        Which unit of the group sends, and after how many steps it arrives.

    Attributes
    ----------
    sender_equations, synapse_equations : str
        What the senders, which count `times_sent`, and the synapses need.
    keep : str
        Code of a sender that sends.
    arriving : dict
        What an event brings, as Brian2 text, by variable.
    move_on : str
        Code of a synapse that has taken it.
    lags : int array (n_synapses,)
    """

    def __init__(self, name: str, values: list[str], sender: Ints, lags: Ints):
        self._name, self._values, self._sender, self.lags = name, values, sender, lags
        self._length = int(lags.max()) + 1  # a unit sends at most once per step
        self.sender_equations = "".join(
            [f"{name}_sending : integer\n", *(f"{name}_kept_{v} : 1 (linked)\n" for v in values)]
        )
        self.synapse_equations = "".join(
            [f"{name}_place : integer\n", *(f"{name}_next_{v} : 1 (linked)\n" for v in values)]
        )
        self.keep = "\n".join(f"{name}_kept_{v} = {v}" for v in values)
        self.arriving = {v: f"{name}_next_{v}" for v in values}
        place, length = f"{name}_place", f"{name}_length"
        self.move_on = f"{place} = {place} + 1 - {length}*int({place} % {length} == {length} - 1)"

    def connect(
        self, senders: b2.NeuronGroup, synapses: b2.Synapses, clock: b2.Clock
    ) -> b2.NeuronGroup:
        """Give the senders the ring, which is returned, and the synapses their places in it.

        Parameters
        ----------
        senders : brian2.NeuronGroup
            Group of the units that send.
        synapses : brian2.Synapses
            Synapses that what is sent reaches.
        clock : brian2.Clock
            Clock of the run, which ticks once a time step.
        """
        name, length = self._name, self._length
        equations = "\n".join(f"{v} : 1" for v in self._values)
        ring = b2.NeuronGroup(length * len(senders), equations, name=f"{name}_ring", clock=clock)
        for group in (senders, synapses):
            group.namespace[f"{name}_length"] = length
        setattr(synapses, f"{name}_place", self._sender * length)
        for v in self._values:
            setattr(senders, f"{name}_kept_{v}", b2.linked_var(ring, v, index=f"{name}_sending"))
            setattr(synapses, f"{name}_next_{v}", b2.linked_var(ring, v, index=f"{name}_place"))
        # in a block of its own: a code block must not write through a link that it moves
        senders.run_regularly(
            f"{name}_sending = {name}_length*i + times_sent % {name}_length",
            name=f"{senders.name}_sending",
            **ADVANCE.when,
        )
        return ring
