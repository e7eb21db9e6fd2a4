"""How a run begins that does not begin anew: with what another has left, or it itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurodiff.exceptions import SimulationError
from neurodiff.network.graph import Graph
from neurodiff.plan import Plan
from neurodiff.results.parts import ENDED, Part
from neurodiff.results.timing import Timing
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.simulator.state import State, refuse_misfit

Weights = Mapping[str, NDArray[Any]]


class Checkpoints(Protocol):
    """Where complete states of a run are kept while it runs.

    Attributes
    ----------
    seconds : float
        Wall time between two states.
    """

    seconds: float

    def keep(self, parts: Sequence[Part], state: State, simulation: Any) -> None:
        """Keep what was recorded, and the state.

        Parameters
        ----------
        parts : sequence of Part
            All that was recorded, from the beginning of the run.
        state : State
            State of the network.
        simulation : Simulation
            What runs.
        """
        ...


class Before(NamedTuple):
    """What was done of a run before.

    Attributes
    ----------
    parts : list of Part
        What was recorded.
    state : State or None
        State after the last step, if it was kept.
    timing : Timing or None
        How long it took.
    begun : dict
        Attributes of the recording that say from what it began.
    """

    parts: list[Part]
    state: State | None
    timing: Timing | None = None
    begun: dict[str, str] = {}


def no_state(plan: Plan) -> str | None:
    """Why a run has no state that it, or another, could begin from; None where it has.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    """
    transmission = plan.transmission
    if transmission.resumable:
        return None
    text = f"transmission by {transmission.kind}: {transmission.hidden}"
    kernels = transmission.fused("float64", 1).resumable
    return f"{text} (kernels have states)" if kernels else text


def learned_weights(recording: xr.Dataset, graph: Graph) -> dict[str, NDArray[Any]]:
    """The weights `w`, `bias` and, where there are any, `b` with which a run has ended.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of the run.
    graph : Graph
        Network that is to take them.

    Raises
    ------
    SimulationError
        If its network is another one; the message names populations and projections.
    """
    found = [*_populations(recording, graph), *_projections(recording, graph)]
    if found:
        more = f" and {len(found) - 5} more" if found[5:] else ""
        text = f"the network of the other run differs in {', '.join(found[:5])}{more}"
        raise SimulationError(f"{text}; begin from a run of the same populations and projections")
    weights = {name: recording[name].values[-1] for name in ENDED if name in recording}
    return {**weights, "bias": np.nan_to_num(weights["bias"])}


def _populations(recording: xr.Dataset, graph: Graph) -> list[str]:
    names, sizes = np.unique(recording["population"].values, return_counts=True)
    other = {str(name): int(size) for name, size in zip(names, sizes, strict=True)}
    own = {part.name: part.size for part in graph.populations}
    return [
        f"population `{name}` ({other.get(name, 0)} units, and here {own.get(name, 0)})"
        for name in sorted(other.keys() | own.keys())
        if other.get(name) != own.get(name)
    ]


def _projections(recording: xr.Dataset, graph: Graph) -> list[str]:
    of_each = recording["projection"].values
    ends = np.stack([recording["pre"].values, recording["post"].values])
    other = {str(name): ends[:, of_each == name] for name in np.unique(of_each)}
    own = {
        part.name: np.stack([graph.pre[part.synapses], graph.post[part.synapses]])
        for part in graph.projections
    }
    none = np.zeros((2, 0))
    pairs = {
        name: (other.get(name, none), own.get(name, none)) for name in other.keys() | own.keys()
    }
    return [
        f"projection `{name}` ({one.shape[1]} synapses, and here {two.shape[1]})"
        for name, (one, two) in sorted(pairs.items())
        if not np.array_equal(one, two)
    ]


def with_weights(plan: Plan, weights: Weights) -> Plan:
    """A plan that begins with other weights and biases.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    weights : mapping
        `w`, `bias` and, where there are any, backward weights `b`.

    Raises
    ------
    SimulationError
        If there are other backward connections.
    """
    b = weights.get("b", plan.feedback.b)
    if not plan.feedback.symmetric and len(b) != len(plan.feedback.b):
        text = f"the other run has {len(b)} backward connections, and this one"
        remedy = "begin from a run with the same feedback"
        raise SimulationError(f"{text} {len(plan.feedback.b)}; {remedy}")
    feedback = plan.feedback if plan.feedback.symmetric else replace(plan.feedback, b=b)
    bias = np.nan_to_num(weights["bias"])
    return plan.replace(w=np.asarray(weights["w"]), bias=bias, feedback=feedback)


def started(state: State, built: BuiltNetwork, weights: Weights) -> State:
    """The state of another run as that in which a network begins.

    Parameters
    ----------
    state : State
        State at the end of the other run.
    built : BuiltNetwork
        Network that is to begin.
    weights : mapping
        What the other run had learned.

    Raises
    ------
    SimulationError
        If the state is not one of this network; the message names the variables.
    """
    refuse_misfit(state.values, built.network)
    return State(0, built.synapses.begun(state.values, state.step, weights))
