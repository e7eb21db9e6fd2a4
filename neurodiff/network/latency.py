"""When each wave is where: path latencies, mismatches, and when an update is exact.

Where a layer has one latency the numbers are those of the theory (F_l, R_l, M_l). With random
delays or skip connections there are many paths: a mean weighs all synapses onto a unit alike, and
the longest is what a constant input must wait for. The leak of a neuron, or the trace of spikes, is
in each hop with its mean lag.

With cycles there are paths of any length. Then only the shortest is of use, for the first arrival
of each wave: it also stands for the mean, and the longest is infinite.
"""

from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Bools, Graph, Ints, Projection
from neurodiff.network.hop_filter import Hop, Leak, LowPass
from neurodiff.network.loops import compute_loops
from neurodiff.network.populations import Population

Floats = NDArray[np.float64]

#: Quantile of a normal distribution at which leaks are taken to have settled: 99 %.
_NEARLY_ALL = 2.3263


@dataclass(frozen=True, eq=False)
class Latencies:
    """Latencies in steps, each an array (n_units,); NaN where no path leads.

    Attributes
    ----------
    forward, longest_forward, shortest_forward
        F: from the input to the unit's activity. The longest is from any unit that nothing drives,
        -inf where there is none.
    backward
        R: from the output's error to the unit's error; 0 for outputs. Inputs have no error.
    age, longest_age
        R + F of the output that the error comes from: how old the input is that the arriving error
        is about (the frame of the error). With spikes also `Hop.error_lag`.
    """

    forward: Floats
    longest_forward: Floats
    shortest_forward: Floats
    backward: Floats
    age: Floats
    longest_age: Floats

    def error_age(self, population: Population) -> int:
        """Steps since the input that the error arriving in this population is about.

        Parameters
        ----------
        population : Population
            Population of the graph.
        """
        return _rounded_mean(self.age[population.units])

    def target_lag(self, population: Population) -> int:
        """Steps by which a matched target waits for this output population (F_L).

        Parameters
        ----------
        population : Population
            Population of the graph.
        """
        return _rounded_mean(self.forward[population.units])


@dataclass(frozen=True)
class ProjectionLatency:
    """What `show` says of one projection; times in steps unless named otherwise.

    Attributes
    ----------
    projection : Projection
        Projection that the numbers belong to.
    forward, backward : float
        F and R of the postsynaptic population.
    mismatch : float
        M: how much newer the presynaptic trace is than what the error is about: the length of the
        loop from the postsynaptic units to their own errors, whatever lags lead to them.
    leaks : float
        How many leaks, besides delays, make up M.
    exact_from : int
        First step at which a constant input gives the exact gradient; with leaks, or traces of
        spikes, at which about all of it has come.
    """

    projection: Projection
    forward: float
    backward: float
    mismatch: float
    leaks: float
    exact_from: int


def compute_latencies(graph: Graph, target_delay: int | None = None) -> Latencies:
    """Latencies of every unit over all paths of the `graph`; with cycles, over the shortest.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    target_delay : int or None, optional
        Delay of the target in steps; None where it is matched to the outputs.

    Returns
    -------
    Latencies
        Latencies of every unit in steps.
    """
    if graph.cyclic:
        return _shortest_latencies(graph)
    is_input = np.arange(graph.n_units) < graph.n_inputs
    at_once = np.zeros(graph.n_units)
    forward = _Paths(is_input, at_once)
    # a unit without synapses onto it sends what its bias makes it, from step 0 on
    reached = np.zeros(graph.n_units, dtype=bool)
    for projection in graph.projections:
        reached[projection.pairs.post] = True
    settled = _Paths(~reached, at_once)
    lag = graph.forward_latency
    for projection in graph.projections:
        way = projection.pairs.pre, projection.pairs.post, lag[projection.synapses]
        forward.extend(*way)
        settled.extend(*way)
    is_output = np.isin(np.arange(graph.n_units), graph.outputs)
    backward = _Paths(is_output, at_once)
    known = forward.mean() + graph.hop.error_lag
    age = _Paths(is_output, known)
    # the error of an output lasts once both its activity and its target do
    lags = _target_lags(graph, forward.mean(), target_delay)
    lasts = np.maximum(settled.longest, lags) + graph.hop.error_lag
    longest = _Paths(is_output, lasts)
    _extend_back(graph, backward, age, longest)
    return Latencies(
        forward=forward.mean(),
        longest_forward=settled.longest,
        shortest_forward=forward.shortest,
        backward=backward.mean(),
        age=age.mean(),
        longest_age=longest.longest,
    )


def _shortest_latencies(graph: Graph) -> Latencies:
    """Latencies of a graph with cycles."""
    begin = np.where(np.arange(graph.n_units) < graph.n_inputs, 0.0, np.inf)
    forward = _shortest(graph.pre, graph.post, graph.forward_latency, begin)
    backward, _ = target_arrivals(graph, np.zeros(len(graph.outputs)))
    age, _ = target_arrivals(graph, forward[graph.outputs])
    endless = np.full(graph.n_units, np.inf)
    return Latencies(
        forward=np.where(np.isfinite(forward), forward, np.nan),
        longest_forward=np.where(begin == 0, 0.0, endless),
        shortest_forward=forward,
        backward=np.where(np.isfinite(backward), backward, np.nan),
        age=np.where(np.isfinite(age), age, np.nan),
        longest_age=endless,
    )


def _shortest(source: Ints, sink: Ints, lag: Floats, begin: Floats) -> Floats:
    """Shortest latency (n_units,) over all paths from units that begin at a finite time."""
    shortest, before = begin.copy(), np.full_like(begin, np.nan)
    while not np.array_equal(shortest, before):
        before = shortest.copy()
        np.minimum.at(shortest, sink, shortest[source] + lag)
    return shortest


def _target_lags(graph: Graph, forward: Floats, target_delay: int | None) -> Ints:
    """D_y of each output unit (n_units,); 0 for all others."""
    lags = np.zeros(graph.n_units, dtype=np.int64)
    for part in graph.populations:
        if part.role == "output":
            matched = _rounded_mean(forward[part.units])
            lags[part.units] = matched if target_delay is None else target_delay
    return lags


def outputs_settle(latencies: Latencies, graph: Graph) -> int:
    """Steps until no output changes any more after a change of the input.

    Parameters
    ----------
    latencies : Latencies
        Latencies of both waves in steps.
    graph : Graph
        Network of units, synapses and delays.
    """
    return int(np.ceil(_largest(latencies.longest_forward[graph.outputs])))


def first_answer(latencies: Latencies, graph: Graph, hold: int, crossfade: int) -> int:
    """Steps after the beginning of a frame at which its answer is read.

    It is the first at which the outputs answer, when nothing has been learned from the frame yet.
    Leaks and the traces of spikes take their time, and so do cycles: there it is the last before
    the next frame reaches an output. With spikes the answer is a mean over the steps until then.

    Parameters
    ----------
    latencies : Latencies
        Latencies of both waves in steps.
    graph : Graph
        Network of units, synapses and delays.
    hold : int
        Time for which a frame is shown, in steps.
    crossfade : int
        Time in which one frame passes into the next, in steps.

    Returns
    -------
    int
        Steps from the beginning of the frame.
    """
    if not graph.gradual:
        return outputs_settle(latencies, graph) + crossfade
    return int(_smallest(_first_arrivals(graph))) + hold - 1


def arrival_spread(graph: Graph) -> int:
    """Steps from the first to the last arrival of a change of the input at the outputs.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    """
    longest = compute_latencies(graph.delays_only()).longest_forward[graph.outputs]
    return int(_largest(longest) - _smallest(_first_arrivals(graph)))


def _first_arrivals(graph: Graph) -> Floats:
    """Steps (n_outputs,) after which a change of the input begins to reach each output."""
    return compute_latencies(graph.delays_only()).shortest_forward[graph.outputs]


def target_arrivals(graph: Graph, target_lag: Ints | Floats) -> tuple[Floats, Floats]:
    """Steps after which a change of the target first and last reaches each error unit.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    target_lag : array (n_outputs,)
        D_y of each output.

    Returns
    -------
    shortest, longest : arrays (n_units,)
        D_y + R; infinite where it never arrives, and the longest also where there are cycles.
    """
    begin = np.zeros(graph.n_units)
    begin[graph.outputs] = target_lag
    is_output = np.isin(np.arange(graph.n_units), graph.outputs)
    if graph.cyclic:
        first = np.where(is_output, begin, np.inf)
        returns = graph.backward
        first = _shortest(returns.source, returns.sink, graph.backward_latency, first)
        return first, np.full(graph.n_units, np.inf)
    paths = _Paths(is_output, begin)
    _extend_back(graph, paths)
    return paths.shortest, paths.longest


def projection_latencies(graph: Graph, latencies: Latencies) -> list[ProjectionLatency]:
    """F, R, M and first exact step of every projection (theory 2, 3, 5).

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    latencies : Latencies
        Latencies of both waves in steps.

    Returns
    -------
    list of ProjectionLatency
        One for each projection, in the order of the graph.
    """
    settling, rows = int(np.ceil(graph.hop.settling_lags * graph.filter_lag)), []
    loops = compute_loops(graph)
    for part in graph.projections:
        post = part.pairs.post
        # what has just arrived (p = f) meets an error about what arrived one loop ago
        mismatch = round(_mean(loops.mean[post]), 9) + 0.0
        rows.append(
            ProjectionLatency(
                projection=part,
                forward=_mean(latencies.forward[part.post.units]),
                backward=_mean(latencies.backward[part.post.units]),
                mismatch=mismatch,
                leaks=0.0,
                exact_from=int(np.ceil(_largest(latencies.longest_age[post]))) + settling,
            )
        )
    return _with_leaks(graph.hop, rows, graph)


@singledispatch
def _with_leaks(hop: Hop, rows: list[ProjectionLatency], graph: Graph) -> list[ProjectionLatency]:
    """The same with what is special of leaks: how many there are, and when they have settled."""
    return rows


@_with_leaks.register
def _(leak: Leak, rows: list[ProjectionLatency], graph: Graph) -> list[ProjectionLatency]:
    if leak.lag == 0:
        return rows
    bare = graph.delays_only()
    # the longest way of a change of the input to each error, in hops
    hops = compute_latencies(graph.hops_only(), 0).longest_age
    leaky = []
    for row, delays in zip(rows, projection_latencies(bare, compute_latencies(bare)), strict=True):
        leaks = round((row.mismatch - delays.mismatch) / leak.lag, 9)
        settling = _settling_steps(_largest(hops[row.projection.pairs.post]), leak)
        leaky.append(replace(row, leaks=leaks, exact_from=row.exact_from + settling))
    return leaky


def _settling_steps(hops: float, leak: LowPass) -> int:
    """Steps from the mean arrival of a change after so many hops until all but 1 % has come.

    The age of what comes through N leaks is Erlang distributed, with the quantile
    N (1 - 1/(9N) + z/(3 sqrt N))^3 time constants (theory 5; Wilson and Hilferty 1931).

    Parameters
    ----------
    hops : float
        Number of hops, N.
    leak : LowPass
        Low-pass filter of each hop.

    References
    ----------
    Wilson & Hilferty 1931, The distribution of chi-square.
    """
    if hops == 0:
        return 0
    quantile = hops * (1 - 1 / (9 * hops) + _NEARLY_ALL / (3 * np.sqrt(hops))) ** 3
    return int(np.ceil(leak.spread * (quantile - hops)))


def _extend_back(graph: Graph, *paths: "_Paths") -> None:
    """Carry paths that begin at outputs over all backward connections."""
    lag = graph.backward_latency
    for part in reversed(graph.populations):
        for source, sink, connections in graph.backward.ways_into(part.units):
            for each in paths:
                each.extend(source, sink, lag[connections])


class _Paths:
    """Mean, shortest and longest latency of the paths that end in each unit."""

    def __init__(self, begins: Bools, begin: Floats):
        self._arrivals = begins.astype(float)
        self._total = np.where(begins, begin, 0.0)
        self.shortest = np.where(begins, begin, np.inf)
        self.longest = np.where(begins, begin, -np.inf)

    def extend(self, source: Ints, sink: Ints, lag: Floats) -> None:
        """Carry the paths over some connections; all paths to their sources must be there."""
        reached = np.isfinite(self.mean()[source])
        source, sink, lag = source[reached], sink[reached], lag[reached]
        np.add.at(self._arrivals, sink, 1.0)
        np.add.at(self._total, sink, self.mean()[source] + lag)
        np.minimum.at(self.shortest, sink, self.shortest[source] + lag)
        np.maximum.at(self.longest, sink, self.longest[source] + lag)

    def mean(self) -> Floats:
        """Mean latency of each unit, NaN where no path leads."""
        reached = self._arrivals > 0
        unreached = np.full_like(self._total, np.nan)
        return np.divide(self._total, self._arrivals, out=unreached, where=reached)


def _mean(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else 0.0


def _largest(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size else 0.0


def _smallest(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.min()) if finite.size else 0.0


def _rounded_mean(values: Floats) -> int:
    return int(np.rint(_mean(values)))
