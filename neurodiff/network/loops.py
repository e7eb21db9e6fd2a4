"""How long a unit's activity is under way before it comes back as the unit's own error.

A path from a unit to an output, and the way of the error back along the same synapses, make a loop.
What the error that arrives at a unit says is about the activity that the unit had one loop ago: the
lags by which signals come *to* the unit do not matter (theory 16).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from neurodiff.network.graph import Floats, Graph
from neurodiff.network.populations import Population
from neurodiff.network.synapses import plus


class Loops(NamedTuple):
    """Steps of the loops through each unit, each an array (n_units,); NaN where no error comes.

    Attributes
    ----------
    mean, shortest, longest
        Over all loops, each connection onwards counted alike. An output has one of length 0 (with
        spikes `Graph.error_lag`). With cycles the mean is the shortest, and the longest infinite.
    returned
        The mean of those alone that come back from other units; an output's own error is left out.
        A leaky error unit meets its slope before it low-passes, so its own lag is not counted.
    """

    mean: Floats
    shortest: Floats
    longest: Floats
    returned: Floats

    @property
    def one_length(self) -> np.ndarray:
        """Whether all loops through a unit have one length (n_units,); true where there is none."""
        spread = self.longest - self.shortest
        return ~(np.nan_to_num(np.round(spread, 9), nan=0.0, posinf=1.0) > 0)


def compute_loops(graph: Graph) -> Loops:
    """The loops through every unit, over the graph's own delays, leaks and traces.

    Parameters
    ----------
    graph : Graph
        With direct feedback an error takes the way of its own output straight back.
    """
    if graph.cyclic:
        return _shortest_loops(graph)
    if not graph.backward.along_synapses:
        return _direct_loops(graph)
    begin = np.full(graph.n_units, np.nan)
    begin[graph.outputs] = graph.hop.error_lag
    # no error comes back to inputs
    senders = [part for part in graph.populations if part.role != "input"]
    return _over_paths(graph, senders, _there_and_back, begin)


def _there(graph: Graph, own: slice) -> Floats:
    """Mean steps (n,) from a unit to the synapses that it sends to."""
    return plus(graph.forward_lag[own], graph.filter_lag)


def _there_and_back(graph: Graph, own: slice) -> Floats:
    """A synapse leads on to its `post`, whose error comes back along it."""
    return _there(graph, own) + graph.backward_lag[own] + graph.filter_lag


def _over_paths(
    graph: Graph,
    senders: Sequence[Population],
    lags: Callable[[Graph, slice], Floats],
    begin: Floats,
) -> Loops:
    """Loops that go on by the synapses of some populations, with these lags, from the outputs back.

    `begin` (n_units,) ends them.
    """
    arrivals = np.isfinite(begin).astype(float)
    total, (shortest, longest) = np.nan_to_num(begin), (begin.copy(), begin.copy())
    returned = np.full(graph.n_units, np.nan)
    for population in reversed(senders):
        n, sums = np.zeros((2, graph.n_units))
        for part in graph.projections:
            if part.pre.start != population.start:
                continue
            reached = arrivals[part.pairs.post] > 0
            pre, post = part.pairs.pre[reached], part.pairs.post[reached]
            lag = lags(graph, part.synapses)[reached]
            came = total[post] / arrivals[post] + lag
            n += np.bincount(pre, minlength=graph.n_units)
            sums += np.bincount(pre, weights=came, minlength=graph.n_units)
            np.fmin.at(shortest, pre, shortest[post] + lag)
            np.fmax.at(longest, pre, longest[post] + lag)
        found = n > 0
        returned[found] = sums[found] / n[found] - graph.filter_lag
        total += sums
        arrivals += n
    mean = np.divide(total, arrivals, out=np.full_like(total, np.nan), where=arrivals > 0)
    return Loops(mean, shortest, longest, returned)


def _direct_loops(graph: Graph) -> Loops:
    """Loops of direct feedback: forward to each output by all paths, and straight back from it."""
    returns, parts = graph.backward, []
    for output in graph.outputs:
        begin = np.full(graph.n_units, np.nan)
        begin[output] = graph.hop.error_lag
        ways = _over_paths(graph, graph.populations, _there, begin)
        back = np.full(graph.n_units, np.nan)
        own = returns.source == output
        back[returns.sink[own]] = returns.lag[own] + graph.filter_lag
        back[output] = 0.0
        parts.append([values + back for values in (ways.mean, ways.shortest, ways.longest)])
    mean, shortest, longest = np.array(parts).transpose(1, 0, 2)
    known = np.isfinite(mean)
    n, total = known.sum(axis=0), np.where(known, mean, 0.0).sum(axis=0)
    means = np.divide(total, n, out=np.full(graph.n_units, np.nan), where=n > 0)
    returned = np.where(np.isin(np.arange(graph.n_units), returns.sink), means, np.nan)
    return Loops(
        means,
        np.fmin.reduce(shortest),
        np.fmax.reduce(longest),
        returned - graph.filter_lag,
    )


def _shortest_loops(graph: Graph) -> Loops:
    """Loops of a network with cycles."""
    if not graph.backward.along_synapses:
        bare = _to_each_output(graph)
        return Loops(bare, bare, np.where(np.isfinite(bare), np.inf, np.nan), bare)
    synapse = graph.backward.synapse
    assert synapse is not None
    shortest = np.full(graph.n_units, np.inf)
    shortest[graph.outputs] = graph.hop.error_lag
    onward = _there_and_back(graph, slice(None))
    returned, before = np.full(graph.n_units, np.inf), np.full(graph.n_units, np.nan)
    pre, post, lag = graph.pre[synapse], graph.post[synapse], onward[synapse]
    while not np.array_equal(shortest, before):
        before = shortest.copy()
        np.minimum.at(returned, pre, shortest[post] + lag)
        shortest = np.minimum(shortest, returned)
    shortest, returned = (np.where(np.isfinite(v), v, np.nan) for v in (shortest, returned))
    endless = np.where(np.isfinite(shortest), np.inf, np.nan)
    return Loops(shortest, shortest, endless, returned - graph.filter_lag)


def _to_each_output(graph: Graph) -> Floats:
    """Shortest loop (n_units,) with direct feedback and cycles."""
    returns, found = graph.backward, np.full(graph.n_units, np.nan)
    pre, post, onward = graph.pre, graph.post, graph.forward_latency
    for output in graph.outputs:
        ahead = np.full(graph.n_units, np.inf)
        ahead[output], before = graph.hop.error_lag, np.full(graph.n_units, np.nan)
        while not np.array_equal(ahead, before):
            before = ahead.copy()
            np.minimum.at(ahead, pre, ahead[post] + onward)
        own = returns.source == output
        sink = returns.sink[own]
        loops = ahead[sink] + returns.lag[own] + graph.filter_lag
        found[sink] = np.fmin(found[sink], np.where(np.isfinite(loops), loops, np.nan))
        found[output] = np.fmin(found[output], graph.hop.error_lag)
    return found
