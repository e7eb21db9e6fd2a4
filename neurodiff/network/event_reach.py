"""How many synapses an event reaches."""

import numpy as np

from neurodiff.network.graph import Graph, Ints


def operations_per_event(graph: Graph, *, learns: bool, spikes: bool = False) -> tuple[Ints, Ints]:
    """How many synapses an event of each unit, and of each unit's error, reaches (n_units,).

    An activity reaches all synapses of the unit, an error all synapses onto it: when it has arrived
    at their other end, and if they learn and that takes more than a step, at once as well. Where no
    error unit is at the other end of any, it reaches none: they learn from it without being told.
    With spikes all synapses that learn are reached at once; the spikes of one step are one event.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    learns : bool
        Whether synapses learn.
    spikes : bool, optional
        Whether transmission is by spikes.

    Returns
    -------
    forward, backward : arrays of int (n_units,)
        Number of synapses that an event of the unit, and of its error, reaches.
    """
    forward = np.bincount(graph.pre, minlength=graph.n_units)
    onto = np.bincount(graph.post, minlength=graph.n_units)
    returning = graph.pre >= graph.n_inputs
    feeds_back = np.bincount(graph.post[returning], minlength=graph.n_units) > 0
    if spikes:
        return forward, np.where(feeds_back, onto, 0) + int(learns) * onto
    later = bool((graph.backward_lag[returning] > 1).any())
    return forward, np.where(feeds_back, onto, 0) * (2 if learns and later else 1)
