"""How long a unit's activity is under way before it comes back as the unit's own error.

A path from a unit to an output, and the way of the error back along the same synapses, make a loop.
What the error that arrives at a unit says is about the activity that the unit had one loop ago: the
lags by which signals come *to* the unit do not matter (theory 16).
"""

from typing import NamedTuple

import numpy as np

from neurodiff.network.graph import Floats, Graph, Ints


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
    # a synapse leads on to its `post`, whose error comes back along it
    onward = graph.forward_latency + _along(graph)
    begin = np.full(graph.n_units, np.nan)
    begin[graph.outputs] = graph.hop.error_lag
    return _over_paths(graph, graph.backward.synapse, onward, begin)


def _along(graph: Graph) -> Floats:
    """Backward lag (n_synapses,) of each synapse, with the leak or trace of the error unit."""
    return np.asarray(graph.backward_lag + graph.filter_lag, dtype=np.float64)


def _over_paths(graph: Graph, synapses: Ints | None, onward: Floats, begin: Floats) -> Loops:
    """Loops that go on by the `synapses`, from the outputs back; `begin` (n_units,) ends them."""
    arrivals = np.isfinite(begin).astype(float)
    total, (shortest, longest) = np.nan_to_num(begin), (begin.copy(), begin.copy())
    returned = np.full(graph.n_units, np.nan)
    chosen = np.zeros(graph.n_synapses, dtype=bool)
    chosen[slice(None) if synapses is None else synapses] = True
    all_pre, all_post = graph.pre, graph.post
    for part in reversed(graph.populations):
        ranges = [own.synapses for own in graph.projections if own.pre.start == part.start]
        sent = np.concatenate([np.arange(own.start, own.stop) for own in ranges] or [np.arange(0)])
        own = sent[chosen[sent] & (arrivals[all_post[sent]] > 0)]
        pre, post, lag = all_pre[own], all_post[own], onward[own]
        came = total[post] / arrivals[post] + lag
        n = np.bincount(pre, minlength=graph.n_units)
        sums = np.bincount(pre, weights=came - graph.filter_lag, minlength=graph.n_units)
        returned[n > 0] = sums[n > 0] / n[n > 0]
        np.add.at(total, pre, came)
        np.add.at(arrivals, pre, 1.0)
        np.fmin.at(shortest, pre, shortest[post] + lag)
        np.fmax.at(longest, pre, longest[post] + lag)
    mean = np.divide(total, arrivals, out=np.full_like(total, np.nan), where=arrivals > 0)
    return Loops(mean, shortest, longest, returned)


def _direct_loops(graph: Graph) -> Loops:
    """Loops of direct feedback: forward to each output by all paths, and straight back from it."""
    returns, parts = graph.backward, []
    for output in graph.outputs:
        begin = np.full(graph.n_units, np.nan)
        begin[output] = graph.hop.error_lag
        ways = _over_paths(graph, None, graph.forward_latency, begin)
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
    onward = graph.forward_latency + _along(graph)
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
