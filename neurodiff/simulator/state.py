"""The state of a network between two steps: all that the steps to come depend on.

With graded transmission this is in plain arrays of Brian2: activities, errors, traces, weights, and
the past of both waves. Events and spikes have more, which Brian2 does not give away: what travels
through native synapses is in queues of its own.

A state holds what has not been learned yet, as it is: fused kernels add the update of a step when
they read a weight in the next one. So a run that goes on from a state computes the very numbers
that it would have computed anyway.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import SimulationError
from neurodiff.files.mapped import apart
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.network import BuiltNetwork

Values = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class State:
    """All that the steps from `step` on depend on, besides the model.

    Attributes
    ----------
    step : int
        Number of steps that were done, and so the next one.
    values : mapping
        Arrays by ``group.variable``.
    """

    step: int
    values: Values


def variables(network: b2.Network) -> dict[str, ArrayVariable]:
    """The arrays of a network that change and are read again in a later step, by name.

    Integers are places in the past, which are taken anew at each step; and what begins with an
    underscore is Brian2's own, or scratch.

    Parameters
    ----------
    network : brian2.Network
        Network, built.
    """
    groups = [part for part in network.objects if isinstance(part, b2.NeuronGroup | b2.Synapses)]
    return {
        f"{group.name}.{name}": variable
        for group in sorted(groups, key=lambda group: group.name)
        for name, variable in sorted(group.variables.items())
        if isinstance(variable, ArrayVariable) and _changes(group, name, variable)
    }


def _changes(group: b2.Group, name: str, variable: ArrayVariable) -> bool:
    own = getattr(variable.owner, "name", None) == group.name
    # arrays of synapses, which can grow, are those of events and spikes
    fixed = variable.constant or variable.read_only or variable.dynamic or name.startswith("_")
    return own and not fixed and np.dtype(variable.dtype).kind == "f"


def read_state(built: BuiltNetwork, step: int) -> State:
    """A copy of the state of a network that has run.

    Parameters
    ----------
    built : BuiltNetwork
        Network that has run.
    step : int
        Number of steps that were done since step 0.
    """
    found = variables(built.network)
    values = {name: part.get_value() for name, part in found.items()}
    # what nobody can write to needs no copy
    owned = {name: apart(of) if of.flags.writeable else of for name, of in values.items()}
    return State(step, owned)


def refuse_misfit(values: Values, network: b2.Network) -> None:
    """Refuse a state that lacks what a network needs, or has it in another size.

    Parameters
    ----------
    values : mapping
        Arrays of the state.
    network : brian2.Network
        Network that is to take it.

    Raises
    ------
    SimulationError
        The message names the variables.
    """
    found = []
    for name, variable in variables(network).items():
        if name not in values:
            found.append(f"`{name}` is missing")
        elif len(values[name]) != variable.size:
            found.append(f"`{name}` has {len(values[name])} values, and here {variable.size}")
    if found:
        more = f" and {len(found) - 5} more" if found[5:] else ""
        text = f"the state is not one of this network: {', '.join(found[:5])}{more}"
        remedy = "begin with the same delays, neurons, alignment, feedback and engine"
        raise SimulationError(f"{text}; {remedy}, or with the weights only")
