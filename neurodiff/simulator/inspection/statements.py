"""The code of a built network as statements: which variable of which element is made from which.

Links are followed to the variable that they stand for, with the very numbers of their index arrays.
Those of the rings and of the histories move as time goes on: they are moved here by the network's
own code, as if every unit sent in every step.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import brian2 as b2
import numpy as np
from brian2.core.variables import Subexpression
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import Resetter
from brian2.parsing.statements import parse_statement
from brian2.synapses.synapses import SummedVariableUpdater
from brian2.utils.stringtools import get_identifiers, word_substitute
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: In an array of elements: none of them.
NONE = -1

#: The group of what comes from outside the network.
OUTSIDE = "outside"

#: What indices of elements may call.
_FUNCTIONS = {"int": lambda value: np.asarray(value).astype(np.int64)}


class Statement(NamedTuple):
    """One line of code of a group; names that are local to its block are written out.

    Attributes
    ----------
    group : str
        Name of the group.
    target : str
        Name of the variable that is written.
    expression : str
        Text of the value.
    """

    group: str
    target: str
    expression: str


class Element(NamedTuple):
    """A variable of some elements of a group, one for each reader.

    Attributes
    ----------
    group, variable : str
    at : int array (n_readers,) or None
        Which element each reads, `NONE` where it reads none; None where each reads several.
    age : int array (n_readers,) or None
        How many steps ago it had the value that is read; None where that hangs on events.
    """

    group: str
    variable: str
    at: Ints | None
    age: Ints | None

    @property
    def name(self) -> str:
        """Group and variable."""
        return f"{self.group}.{self.variable}"


class Equations:
    """All code of a built network.

    Attributes
    ----------
    groups : dict
        Populations and synapses by name.
    statements : list of Statement
        In the order of a time step.
    """

    def __init__(self, network: b2.Network):
        objects = network.sorted_objects
        kinds = (b2.NeuronGroup, b2.Synapses)
        self.groups = {part.name: part for part in objects if isinstance(part, kinds)}
        self.statements = [line for part in objects for line in _statements(part)]
        self._moving = {(line.group, line.target) for line in self.statements}
        self._ticks = self._filling_time()
        self._places = self._move()

    def resolve(
        self, group: b2.Group, name: str, at: Ints | None, age: Ints | None
    ) -> list[Element]:
        """What the elements `at` of a group mean by a name; nothing where it is a constant of all.

        A variable that all elements share is one of several.

        Parameters
        ----------
        group : brian2.Group
            Group of the readers.
        name : str
            Name that the group uses.
        at, age : int arrays (n_readers,) or None
            As in `Element`: where the readers are, and how long ago.

        Returns
        -------
        list of Element
            Elements whose values the name reads.
        """
        end = _end(group, name)
        if end is not None:
            other, own = end
            index = group.variables[f"_synaptic_{name.rsplit('_', 1)[1]}"].get_value()
            return self.resolve(other, own, None if at is None else _through(index, at), age)
        variable = group.variables.get(name)
        if isinstance(variable, Subexpression):
            names = sorted(get_identifiers(variable.expr))
            return [part for own in names for part in self.resolve(group, own, at, age)]
        if isinstance(group.namespace.get(name), b2.TimedArray):
            return [Element(OUTSIDE, name, None, age)]
        if variable is None or name == "i":
            return []
        if variable.scalar:
            owner = getattr(variable.owner, "name", None)
            changes = owner in self.groups and not variable.constant
            return [Element(group.name, name, None, age)] if changes else []
        index = group.variables.indices[name]
        if index == "_idx":
            return [Element(group.name, name, at, age)]
        return [self._linked(group, variable, index, at, age)]

    def _linked(
        self, group: b2.Group, variable: Any, index: str, at: Ints | None, age: Ints | None
    ) -> Element:
        """The variable of another group that a linked variable stands for."""
        places = self._places.get((group.name, index))
        elements = group.variables[index].get_value() if places is None else places[-1]
        of = None if at is None else _through(elements, at)
        return Element(variable.owner.name, variable.name, of, age)

    def sources(self, element: Element) -> Iterator[Element]:
        """All that is read by the statements that write some elements.

        Parameters
        ----------
        element : Element
            Elements that are written.
        """
        for line in self.statements:
            written = self._written(line, element)
            if written is not None:
                group = self.groups[line.group]
                for name in sorted(get_identifiers(line.expression)):
                    yield from self.resolve(group, name, *written)

    def _written(self, line: Statement, element: Element) -> tuple[Ints | None, Ints | None] | None:
        """Which elements of its own group a statement goes through when it writes these, and when.

        None where it does not write them at all.
        """
        group = self.groups[line.group]
        target = self.resolve(group, line.target, np.arange(len(group)), None)
        if not target or target[0].name != element.name:
            return None
        if line.group == element.group or element.at is None:
            return element.at, element.age
        index = group.variables.indices[line.target]
        moving = self._places.get((line.group, index))
        assert target[0].at is not None
        places = target[0].at[None] if moving is None else moving[:-1]
        writer, last = _last_writers(places, len(self.groups[element.group]))
        if writer is None:
            return None, element.age
        age = element.age
        if moving is not None and age is not None:
            waited = len(places) - _through(last, element.at)
            age = age + waited if self._is_clocked(line.group, index) else None
        return _through(writer, element.at), age

    def _is_clocked(self, group: str, index: str) -> bool:
        """Whether an index moves with the time, not with events."""
        return any(
            "timestep" in get_identifiers(line.expression)
            for line in self.statements
            if (line.group, line.target) == (group, index)
        )

    def _links(self) -> Iterator[tuple[b2.Group, str, int]]:
        """Each link with a moving index: its group, the index, and the length of what it is to."""
        for group in self.groups.values():
            for name, variable in group.variables.items():
                index = group.variables.indices[name]
                owner = getattr(variable.owner, "name", None)
                if (group.name, index) in self._moving and owner in self.groups:
                    yield group, index, len(self.groups[owner])

    def _filling_time(self) -> int:
        """Steps after which all rings and histories are full."""
        return max((length // len(group) for group, _, length in self._links()), default=0)

    def _move(self) -> dict[tuple[str, str], Ints]:
        """The moving indices by group and name, each an array (steps + 1, n_elements).

        Of those that nothing is written through, the last is enough.
        """
        wanted = {(group.name, index) for group, index, _ in self._links()}
        written = {
            (line.group, self.groups[line.group].variables.indices[line.target])
            for line in self.statements
        }
        movement = _Movement(self.statements, self.groups, wanted)
        kept: dict[tuple[str, str], list[Ints]] = {key: [] for key in wanted}
        for step in range(self._ticks + 1):
            movement.step(step)
            for key in wanted:
                if key in written or step == self._ticks:
                    kept[key].append(np.array(movement.values[key]))
        return {key: np.stack(places) for key, places in kept.items()}


class _Movement:
    """The moving indices, and what moves them, step by step as if every unit sent in each."""

    def __init__(
        self,
        statements: list[Statement],
        groups: dict[str, b2.Group],
        wanted: set[tuple[str, str]],
    ):
        self._groups = groups
        self.values = {
            key: np.array(groups[key[0]].variables[key[1]].get_value()) for key in sorted(wanted)
        }
        self._lines = self._movers(statements)

    def _movers(self, statements: list[Statement]) -> list[Statement]:
        """Those statements that move an index, or something that an index is made from."""
        written = {(line.group, line.target) for line in statements}
        while True:
            lines = [line for line in statements if (line.group, line.target) in self.values]
            read = {(line.group, name) for line in lines for name in get_identifiers(line[2])}
            new = read & written - self.values.keys()
            if not new:
                return lines
            for group, name in new:
                self.values[group, name] = np.array(self._groups[group].variables[name].get_value())

    def step(self, step: int) -> None:
        """Run their code once."""
        for line in self._lines:
            names = get_identifiers(line.expression)
            known = {name: self._value(line.group, name) for name in names}
            known |= _FUNCTIONS | {"timestep": lambda t, dt: step}
            value = eval(line.expression, {"__builtins__": {}}, known)
            n = len(self._groups[line.group])
            self.values[line.group, line.target] = np.broadcast_to(value, n)

    def _value(self, name_of_group: str, name: str) -> Any:
        group = self._groups[name_of_group]
        if (name_of_group, name) in self.values:
            return self.values[name_of_group, name]
        if name == "i":
            return np.arange(len(group))
        if name in group.namespace:
            return group.namespace[name]
        return group.variables[name].get_value() if name in group.variables else None


def _statements(part: b2.core.base.BrianObject) -> Iterator[Statement]:
    """The code of one object of a network, where it has any."""
    if isinstance(part, SummedVariableUpdater):
        yield Statement(part.group.name, part.target_varname, part.expression.code)
    elif isinstance(part, Resetter):
        yield from _lines(part.group, part.group.event_codes[part.event])
    elif isinstance(part, b2.core.base.BrianObject) and isinstance(part, CodeRunner):
        group = getattr(part, "synapses", part.group)
        if isinstance(group, b2.NeuronGroup | b2.Synapses):
            yield from _lines(group, part.abstract_code)


def _lines(group: b2.Group, block: str) -> Iterator[Statement]:
    """The statements of a block of code; ``a += b`` reads a as well."""
    local: dict[str, str] = {}
    for text in filter(None, map(str.strip, block.splitlines())):
        target, operation, expression, _ = parse_statement(text)
        expression = f"({word_substitute(expression, local)})"
        if operation != "=":
            expression = f"({local.get(target, target)} {operation[:-1]} {expression})"
        if target in group.variables or _end(group, target) is not None:
            yield Statement(group.name, target, expression)
        else:
            local[target] = expression


def _end(group: b2.Group, name: str) -> tuple[b2.Group, str] | None:
    """The population at one end of synapses, and its variable, that a name stands for."""
    if not isinstance(group, b2.Synapses):
        return None
    for suffix, other in (("_pre", group.source), ("_post", group.target)):
        own = name.removesuffix(suffix)
        if own != name and own in other.variables:
            return other, own
    return None


def _through(index: Ints, at: Ints) -> Ints:
    """What an index says at some elements."""
    return np.where(at == NONE, NONE, index[at])


def _last_writers(places: Ints, n: int) -> tuple[Ints | None, Ints]:
    """Who wrote to each of n elements last, and in which step.

    Parameters
    ----------
    places : int array (steps, n_writers)
        Where each wrote in each step.
    n : int
        Number of elements.

    Returns
    -------
    writer : int array (n,) or None
        None where several write to one element in one step.
    step : int array (n,)
    """
    writer, last = np.full(n, NONE), np.full(n, NONE)
    for step, place in enumerate(places):
        if len(np.unique(place)) < len(place):
            return None, last
        writer[place], last[place] = np.arange(len(place)), step
    return writer, last
