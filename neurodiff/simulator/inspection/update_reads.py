"""What the update of each synapse reads, and what its errors come back by.

Both are found in the equations of the built network, by going back from a weight to what its code
reads, and from that to what it was made from, until a unit, an error unit or the synapse itself has
it. What a unit makes of what reaches it is its own affair.
"""

from dataclasses import dataclass
from typing import NamedTuple

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.simulator.inspection.statements import NONE, OUTSIDE, Element, Equations, Ints
from neurodiff.simulator.network import BuiltNetwork

#: Where a variable may be that an update reads and that is local.
SYNAPSE, PRE, POST = "the synapse", "the presynaptic unit", "the postsynaptic unit"
PRE_ERROR = "the error unit of the presynaptic unit"
POST_ERROR = "the error unit of the postsynaptic unit"
_LOCAL = (SYNAPSE, PRE, POST, PRE_ERROR, POST_ERROR)


@dataclass(frozen=True, eq=False)
class Read:
    """A variable that the updates of synapses read.

    Attributes
    ----------
    variable : str
        Group and name in the Brian2 network, such as ``errors.delta``.
    place : str
        Where it is, seen from the synapse.
    local : bool
        Whether that is at the synapse, or at one of its ends.
    synapses : int array (n,)
        Those that read it there; in the order of the graph where transmission is graded.
    age : int array (n,) or None
        How many steps ago it had the value that is read; None where that hangs on events.
    """

    variable: str
    place: str
    local: bool
    synapses: Ints
    age: Ints | None


class Reads(NamedTuple):
    """What the learning of a network reads.

    Attributes
    ----------
    update : list of Read
        What the updates of the weights read.
    memory : list of str
        What on the way to a synapse is made from its own past: a trace, or anything else that
        remembers; the weights themselves are left out.
    transported : list of str
        What of the weights of the forward synapses the errors that come back are made from.
    """

    update: list[Read]
    memory: list[str]
    transported: list[str]


class _SynapseUnits(NamedTuple):
    """The weights of a network: the group that has them, and what each connects."""

    group: b2.Group
    pre: Ints
    post: Ints


def find_reads(built: BuiltNetwork) -> Reads:
    """Everything that updates read, synapse by synapse, and weights that errors come back by.

    Parameters
    ----------
    built : BuiltNetwork
        It need not have run. What never learns reads nothing but its weight.
    """
    equations = Equations(built.network)
    ends, unit = _ends(equations), np.array(equations.groups["errors"].unit[:])
    own = np.arange(len(ends.pre))
    weights = equations.resolve(ends.group, "w", own, np.zeros_like(own))
    walk = _Walk(equations, ends.group.name)
    for element in weights:
        walk.back_from(element)
    reads = [part for element in walk.ended for part in _placed(element, ends, unit)]
    names = {element.name for element in weights if element.group == ends.group.name}
    transported = sorted(names & _feedback(equations))
    return Reads(_merge(reads), sorted(walk.memory - names), transported)


def _feedback(equations: Equations) -> set[str]:
    """Names of all that errors which come back are made from, weights and their makings too."""
    walk = _Walk(equations)
    for element in equations.resolve(equations.groups["errors"], "feedback", None, None):
        walk.back_through(element)
    return {element.name for element in walk.passed}


def _ends(equations: Equations) -> _SynapseUnits:
    """Graded weights are in a store, to which the synapses link; others are in the synapses."""
    groups = equations.groups
    unit = np.array(groups["errors"].unit[:])
    if "store" not in groups:
        synapses = groups["synapses"]
        return _SynapseUnits(synapses, np.array(synapses.i[:]), unit[synapses.j[:]])
    forward = groups["forward"]
    order = np.argsort(forward.synapse[:])
    return _SynapseUnits(groups["store"], forward.i[:][order], forward.j[:][order])


class _Walk:
    """A way back through the equations, from what is read to what that was made from.

    It ends at units and error units, and where another synapse of the `home` group is read.

    Attributes
    ----------
    passed : list of Element
        All that was come by.
    ended : list of Element
        What belongs to units, error units or the home group, or is made from nothing known.
    memory : set of str
        Names of what is made from its own past.
    """

    def __init__(self, equations: Equations, home: str = ""):
        self._equations, self._home = equations, home
        self.passed: list[Element] = []
        self.ended: list[Element] = []
        self.memory: set[str] = set()
        self._seen: set[tuple[str, bytes, bytes]] = set()

    def back_from(self, element: Element) -> None:
        """Go back from an element, which may be an end already."""
        key = (element.name, _bytes(element.at), _bytes(element.age))
        if key in self._seen:
            return
        self._seen.add(key)
        self.passed.append(element)
        away = element.group == self._home and not _is_own(element.at)
        ends = away or element.group in ("units", "errors")
        if ends or element.group == self._home:
            self.ended.append(element)
        if not ends:
            self.back_through(element)

    def back_through(self, element: Element) -> None:
        """Go back to all that an element is made from."""
        self.passed.append(element)
        group = self._equations.groups.get(element.group)
        read = list(self._equations.sources(element))
        others = [part for part in read if not _is_same(part, element)]
        if len(others) < len(read):
            self.memory.add(element.name)
        constant = group is not None and group.variables[element.variable].constant
        if not others and not constant and element.group != self._home:
            self.ended.append(element)
        for part in others:
            self.back_from(part)


def _is_own(at: Ints | None) -> bool:
    """Whether each synapse reads its own element, or none."""
    return at is not None and bool(((at == np.arange(len(at))) | (at == NONE)).all())


def _is_same(one: Element, other: Element) -> bool:
    return one.name == other.name and _bytes(one.at) == _bytes(other.at)


def _bytes(values: Ints | None) -> bytes:
    return b"" if values is None else values.tobytes()


def _placed(element: Element, ends: _SynapseUnits, unit: Ints) -> list[Read]:
    """Where an element is, seen from each synapse that reads it."""
    if element.at is None:
        every = np.arange(len(ends.pre))
        place = "no place" if element.group == OUTSIDE else "several places"
        return [Read(element.name, place, False, every, element.age)]
    return [
        Read(
            element.name,
            place,
            place in _LOCAL,
            np.flatnonzero(there),
            None if element.age is None else element.age[there],
        )
        for place, there in _seen_from_synapses(element, element.at, ends, unit).items()
        if there.any()
    ]


def _seen_from_synapses(
    element: Element, at: Ints, ends: _SynapseUnits, unit: Ints
) -> dict[str, NDArray[np.bool_]]:
    """For each place whether a synapse reads the element there (n_synapses,)."""
    if element.group == ends.group.name:
        known, elsewhere = {SYNAPSE: at == np.arange(len(at))}, "another synapse"
    elif element.group == "units":
        known, elsewhere = {PRE: at == ends.pre, POST: at == ends.post}, "another unit"
    elif element.group == "errors":
        known = {POST_ERROR: unit[at] == ends.post, PRE_ERROR: unit[at] == ends.pre}
        elsewhere = "the error unit of another unit"
    else:
        known, elsewhere = {}, "neither the synapse nor its units"
    left, places = at != NONE, {}
    for place, there in known.items():
        places[place] = left & there
        left = left & ~there
    return {**places, elsewhere: left}


def _merge(parts: list[Read]) -> list[Read]:
    """One read for each variable and place."""
    merged: dict[tuple[str, str, bool], list[Read]] = {}
    for part in parts:
        merged.setdefault((part.variable, part.place, part.local), []).append(part)
    return [
        Read(*key, np.concatenate([part.synapses for part in found]), _ages(found))
        for key, found in merged.items()
    ]


def _ages(found: list[Read]) -> Ints | None:
    ages = [part.age for part in found if part.age is not None]
    return np.concatenate(ages) if len(ages) == len(found) else None
