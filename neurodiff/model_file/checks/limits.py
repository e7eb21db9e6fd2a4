"""The largest numbers that a model may have, held where they become steps, units or synapses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from neurodiff.model_file.base import Problem
from neurodiff.model_file.network import PopulationSpec, ProjectionSpec
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity, rounded_down

if TYPE_CHECKING:
    from neurodiff.model_file.model import Model

#: Brian2 counts steps, and numbers units, synapses and places in a delay line, in 32 bits.
MOST_STEPS = MOST_ELEMENTS = 2**31 - 1


def too_long(times: Iterable[tuple[str, float]], time_step: float) -> Iterator[Problem]:
    """Times (key, s) of more steps than a run can have.

    Parameters
    ----------
    times : iterable of tuple
        Key of the model file, and time in seconds, of each time.
    time_step : float
        Time step in seconds.
    """
    for field, time in times:
        if time / time_step > MOST_STEPS:
            step = format_quantity(time_step, TIME_UNITS)
            text = (
                f"{format_quantity(time, TIME_UNITS)} is more than {MOST_STEPS:,} time steps of "
                f"{step}"
            )
            longest = format_quantity(rounded_down(MOST_STEPS * time_step), TIME_UNITS)
            yield Problem(field, text, f"write {longest} or less, or a larger `time_step`")


def too_large(model: Model) -> Iterator[Problem]:
    """Networks of more units or synapses than can be numbered.

    Parameters
    ----------
    model : Model
        Model, checked.
    """
    populations, projections = model.network.digraph()
    sizes = {name: part.size * _neurons(model, part) for name, part in populations.items()}
    name = max(sizes, key=lambda name: sizes[name])
    if sum(sizes.values()) > MOST_ELEMENTS:
        text = f"{sum(sizes.values()):,} units, of which `{name}` has {sizes[name]:,}"
        if _neurons(model, populations[name]) > 1:
            text = text.replace("units", "neurons", 1)
        yield Problem(size_field(model, name), text, f"write {MOST_ELEMENTS:,} or less in all")
        return
    all_pairs = sum(pairs(part, populations) for part in projections)
    if all_pairs > MOST_ELEMENTS:
        part = largest_projection(projections, populations)
        text = (
            f"{all_pairs:,} pairs of units to connect, of which projection `{part.name}` has "
            f"{pairs(part, populations):,}"
        )
        larger = max(part.pre, part.post, key=lambda name: populations[name].size)
        remedy = f"write sizes that make {MOST_ELEMENTS:,} or less in all"
        yield Problem(size_field(model, larger), text, remedy)


def _neurons(model: Model, part: PopulationSpec) -> int:
    return int(getattr(model.transmission, "neurons_per_unit", 1))


def largest_projection(
    projections: list[ProjectionSpec], populations: dict[str, PopulationSpec]
) -> ProjectionSpec:
    """The projection that may connect most pairs of units.

    Parameters
    ----------
    projections : list of ProjectionSpec
        Projections of the network.
    populations : dict
        Populations of the network by name.
    """
    return max(projections, key=lambda part: pairs(part, populations))


def pairs(part: ProjectionSpec, populations: dict[str, PopulationSpec]) -> int:
    """How many pairs of units a projection may connect.

    Parameters
    ----------
    part : ProjectionSpec
        Projection of the model file.
    populations : dict
        Populations of the network by name.
    """
    sizes = [populations[end].size for end in (part.pre, part.post) if end in populations]
    if len(sizes) < 2:
        return 0
    return sizes[0] if part.connectivity.one_to_one else sizes[0] * sizes[1]


def size_field(model: Model, name: str) -> str:
    """Where the size of a population is written.

    Parameters
    ----------
    model : Model
        Model, checked.
    name : str
        Name of the population.
    """
    if model.network.layers is None:
        return f"network.populations.{name}.size"
    populations, _ = model.network.digraph()
    return f"network.layers.{list(populations).index(name)}"
