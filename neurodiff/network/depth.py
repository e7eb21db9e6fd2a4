"""How deep in the network each population is."""

import numpy as np

from neurodiff.model_file.network import ProjectionSpec


def depths(components: list[tuple[str, ...]], connections: list[ProjectionSpec]) -> dict[str, int]:
    """Depth of each population, in the order of their numbers but for the inputs.

    That of a component is where it is entered, 1 + the depth of the deepest that projects to the
    entrance; from there it grows along the shortest way inside.

    Parameters
    ----------
    components : list of tuple of str
        Strongly connected components, each after all that project to it.
    connections : list of ProjectionSpec
        Projections of the network.
    """
    depth: dict[str, int] = {}
    for component in components:
        own = {name: _entered(name, component, depth, connections) for name in component}
        inside = [part for part in connections if {part.pre, part.post} <= own.keys()]
        for _ in component:
            for part in inside:
                own[part.post] = min(own[part.post], own[part.pre] + 1)
        depth.update((name, int(own[name])) for name in sorted(own, key=lambda name: own[name]))
    return depth


def _entered(
    name: str, component: tuple[str, ...], depth: dict[str, int], connections: list[ProjectionSpec]
) -> float:
    """Depth at which a population is entered from outside its component, else infinite."""
    sources = [part.pre for part in connections if part.post == name and part.pre not in component]
    if len(component) == 1 or sources:
        return 1 + max((depth[source] for source in sources), default=-1)
    return np.inf
