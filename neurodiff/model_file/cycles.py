"""Cycles of the digraph: in what order its populations come, and what a cycle does not go with.

Populations that reach each other form a component; a component with a projection inside is on a
cycle. In the order of the components every projection between two of them leads forward.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from neurodiff.model_file.base import Problem
from neurodiff.model_file.network import PopulationSpec, ProjectionSpec

if TYPE_CHECKING:
    from neurodiff.model_file.model import Model

Populations = dict[str, PopulationSpec]


def ordered_components(
    populations: Populations, projections: list[ProjectionSpec]
) -> list[tuple[str, ...]]:
    """Strongly connected components, each after all that project to it.

    Inside a component populations are in the order of the model file. Without cycles each
    component is one population.

    Parameters
    ----------
    populations : mapping
        Populations of the network by name.
    projections : list of ProjectionSpec
        Projections of the network.
    """
    members: dict[str, tuple[str, ...]] = {name: (name,) for name in populations}
    if find_cycle(populations, projections):
        members = _components(populations, projections)
    sorter: TopologicalSorter[tuple[str, ...]] = TopologicalSorter(
        {component: () for component in members.values()}
    )
    for part in projections:
        if members[part.pre] != members[part.post]:
            sorter.add(members[part.post], members[part.pre])
    return list(sorter.static_order())


def _components(
    populations: Populations, projections: list[ProjectionSpec]
) -> dict[str, tuple[str, ...]]:
    """The component of each population."""
    ahead = {name: reached([name], projections) for name in populations}
    return {
        name: tuple(other for other in populations if other in ahead[name] and name in ahead[other])
        for name in populations
    }


def reached(
    start: Iterable[str], projections: list[ProjectionSpec], *, backwards: bool = False
) -> set[str]:
    """Names of the populations that paths from `start` lead to, `start` included.

    Parameters
    ----------
    start : iterable of str
        Names of the populations from which paths begin.
    projections : list of ProjectionSpec
        Projections of the network.
    backwards : bool, optional
        Whether paths go against the projections.
    """
    steps: dict[str, list[str]] = {}
    for part in projections:
        pre, post = (part.post, part.pre) if backwards else (part.pre, part.post)
        steps.setdefault(pre, []).append(post)
    found = set(start)
    waiting = list(found)
    while waiting:
        new = set(steps.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found


def find_cycle(populations: Populations, projections: list[ProjectionSpec]) -> list[str]:
    """Names of the populations along a cycle, the first of them again at its end.

    Empty where there is no cycle.

    Parameters
    ----------
    populations : mapping
        Populations of the network by name.
    projections : list of ProjectionSpec
        Projections of the network.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter({name: () for name in populations})
    for part in projections:
        sorter.add(part.post, part.pre)
    try:
        sorter.prepare()
    except CycleError as error:
        return list(error.args[1])  # each projects to the next
    return []


def cycle_misfits(model: Model) -> Iterator[Problem]:
    """What does not go with a cycle, and what a fixed point does not go with.

    Parameters
    ----------
    model : Model
        Model, checked.
    """
    cycle = find_cycle(*model.network.digraph())
    kind, reference = model.transmission.kind, model.validation.reference
    if cycle:
        yield from _asks_for_no_cycle(model, " -> ".join(cycle))
    elif reference == "fixed_point" and kind != "graded":
        text = f"fixed_point is for graded transmission, and this is {kind}"
        yield Problem("validation.reference", text, "write instantaneous")


def _asks_for_no_cycle(model: Model, cycle: str) -> Iterator[Problem]:
    kind, reference = model.transmission.kind, model.validation.reference
    if kind != "graded":
        text = f"{kind} go round no cycle yet ({cycle})"
        yield Problem("transmission", text, "write `transmission: graded`, or remove the cycle")
    if reference in ("error_frame", "instantaneous"):
        text = f"{reference} goes layer by layer, and there is a cycle ({cycle})"
        yield Problem("validation.reference", text, "write fixed_point or delayed")
    if model.target.kind == "teacher":
        text = f"a teacher answers at once, and a network with a cycle does not ({cycle})"
        remedy = "use another target, such as an array of what the teacher settles to"
        yield Problem("target.kind", text, remedy)
