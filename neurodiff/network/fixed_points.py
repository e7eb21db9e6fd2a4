"""Where a network with cycles settles: from rest, with its own delays, and where else it could."""

import numpy as np

from neurodiff.exceptions import FixedPointError
from neurodiff.network.graph import Floats, Graph
from neurodiff.network.static_response import activate, is_stable, settle

#: Steps for which the wave is followed at most: so many synaptic additions, and so many steps.
_WORK, _MOST = 2e8, 20_000

#: The wave has settled when nothing changed by more than this part, and grown beyond this size.
_STILL, _LARGEST = 1e-12, 1e6

#: States that a search for other fixed points begins with, besides rest and where that leads.
_STARTS = 24

#: Largest difference of two fixed points that are taken for one, relative to their size.
_SAME = 1e-6


def state_from_rest(graph: Graph, w: Floats, bias: Floats, u: Floats) -> Floats:
    """Activity (n_units,) to which a silent network comes when the input begins and stays.

    The forward wave is followed with the delays and leaks that there are, until nothing changes;
    where it grows without bound, the state is that of rest, 0.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w, bias : arrays (n_synapses,), (n_units,)
        Weight of each synapse, and bias of each unit.
    u : array (n_inputs,)
        Input that begins at step 0 and stays.
    """
    length, a = int(graph.forward_lag.max()) + 1, np.zeros(graph.n_units)
    past = np.zeros((length, graph.n_units))
    most = min(_MOST, int(_WORK / graph.n_synapses))
    still = 0
    for t in range(most):
        arrived = past[(t - graph.forward_lag) % length, graph.pre]
        drive = np.bincount(graph.post, w * arrived, graph.n_units) + bias
        a = graph.hop.leaked(a, drive)
        before, x = past[(t - 1) % length], activate(graph, a, u)
        change, size = np.abs(x - before).max(), np.abs(x).max()
        if not size < _LARGEST:
            return np.zeros(graph.n_units)
        past[t % length] = x
        still = still + 1 if change <= _STILL * max(size, 1.0) else 0
        if still > length:
            break
    return past[t % length]


def other_fixed_points(graph: Graph, w: Floats, bias: Floats, u: Floats) -> int:
    """How many fixed points were found that the network could settle to, but does not from rest.

    The search is no proof that there are no more: it relaxes from some states in which each unit is
    drawn to be up or down.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    bias : array (n_units,)
        Bias of each unit; not used for inputs.
    u : array (n_inputs,)
        Input that stays.

    Raises
    ------
    FixedPointError
        If the network has no fixed point next to where it comes from rest.
    """
    _, x = settle(graph, w, bias, u, state_from_rest(graph, w, bias, u))
    found, rng = [x], np.random.default_rng(0)
    for start in rng.choice([-1.0, 1.0], size=(_STARTS, graph.n_units)):
        try:
            a, state = settle(graph, w, bias, u, start * np.maximum(1.0, np.abs(x)))
        except FixedPointError:
            continue
        near = [np.abs(state - one).max() <= _SAME * max(1.0, np.abs(one).max()) for one in found]
        if not any(near) and is_stable(graph, w, a):
            found.append(state)
    return len(found) - 1
