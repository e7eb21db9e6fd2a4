"""The signs of weights that keep them: a sign is a unit's, and a weight of 0 has none."""

import numpy as np

from neurodiff.network.graph import Bools, Floats, Graph


def kept_signs(graph: Graph, w: Floats) -> Floats:
    """Sign of each weight that keeps it, by Dale's principle: 1, -1, or 0 where it may change.

    A weight that is not 0 keeps its own sign. One that is 0 (or -0.0) at the start, drawn so or
    left at 0 by a run before, takes the sign of its presynaptic unit: that of the sum of all the
    weights with which the unit reaches others. So it is the common sign where they have one, and
    otherwise the one that prevails. A unit whose weights are all 0 is excitatory.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        At the start.

    Returns
    -------
    array (n_synapses,)
    """
    total = np.bincount(graph.pre, weights=w, minlength=graph.n_units)
    of_unit = np.where(total < 0, -1.0, 1.0)
    signs = np.where(w == 0, of_unit[graph.pre], np.sign(w))
    return np.where(graph.dale, signs, 0.0)


def unsigned_units(graph: Graph, w: Floats) -> Bools:
    """Units (n_units,) with weights that keep a sign, of which all weights are 0 at the start.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    w : array (n_synapses,)
        Weight of each synapse.
    """
    keeps = np.bincount(graph.pre[graph.dale], minlength=graph.n_units) > 0
    reaches = np.bincount(graph.pre[w != 0], minlength=graph.n_units) > 0
    return np.asarray(keeps & ~reaches)
