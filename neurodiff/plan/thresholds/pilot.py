"""A short run by events, population by population, beside the same with graded transmission."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from neurodiff.network.event_reach import operations_per_event
from neurodiff.network.graph import Floats, Graph, Ints, Projection
from neurodiff.network.latency import Latencies
from neurodiff.network.loss import Loss
from neurodiff.network.populations import Population
from neurodiff.network.static_response import dense
from neurodiff.plan.thresholds.coding import Sent, send_activities, send_errors
from neurodiff.plan.thresholds.window import window
from neurodiff.stimuli import Stimuli

#: Groups of delays of a projection at most.
_LAGS = 8


class Setting(NamedTuple):
    """The network of a pilot, which does not learn in it.

    Attributes
    ----------
    graph : Graph
        Network without cycles.
    latencies : Latencies
    w, bias : arrays (n_synapses,), (n_units,)
        Weights and biases of the start; errors come back by the same weights.
    stimuli : Stimuli
    loss : str
        Name of the loss.
    learns : bool
        Whether the run learns, which makes events cost more.
    average : int
        Steps over which the size of errors is taken.
    """

    graph: Graph
    latencies: Latencies
    w: Floats
    bias: Floats
    stimuli: Stimuli
    loss: Loss
    learns: bool
    average: int


class Outcome(NamedTuple):
    """What a pilot says of a pair of thresholds.

    Attributes
    ----------
    wrong : array (n_projections,)
        1 - cosine between the local products by events and those of graded transmission, over all
        moments and synapses of each projection.
    forward, backward : float
        Synaptic operations in a step due to activities, and to errors.
    """

    wrong: Floats
    forward: float
    backward: float

    @property
    def cosine(self) -> float:
        """That of the projection where it is smallest."""
        return float(1 - self.wrong.max())


class _Waves(NamedTuple):
    """What was sent (n_moments, n_units) of activities and errors, and how often (n_units,)."""

    x: Floats
    delta: Floats
    x_times: Floats
    delta_times: Floats


class Pilot:
    """Both waves of a network without cycles at some moments of a run, with any thresholds.

    A population is taken for all moments at once, as matrix products, and its events then moment by
    moment.  So what is sent is exact but for delays, which are rounded where the moments are some
    steps apart, and taken in groups where a projection has many.

    Parameters
    ----------
    setting : Setting
        Network and stimuli.
    """

    def __init__(self, setting: Setting):
        self._of, graph = setting, setting.graph
        self._at = window(setting.stimuli, graph.n_units, _settled(setting.latencies))
        self._u = setting.stimuli.input.at(self._at.steps)
        self._y = setting.stimuli.target_at(self._at.steps)
        self._graded = self._waves(0.0, 0.0)

    @property
    def steps(self) -> int:
        """Steps of the run for which it stands."""
        return int(self._at.lasting.sum())

    def run(self, forward: float, error: float) -> Outcome:
        """How near events come to graded transmission, and what they cost.

        Parameters
        ----------
        forward, error : float
            Threshold of activities, and of errors relative to the size of those of a population.
        """
        waves, graph = self._waves(forward, error), self._of.graph
        of_unit, of_error = operations_per_event(graph, learns=self._of.learns)
        learning = [part for part in graph.projections if graph.plastic[part.synapses].any()]
        parts = learning or list(graph.projections)
        return Outcome(
            np.array([self._wrong(part, waves) for part in parts]),
            float(of_unit @ waves.x_times) / self.steps,
            float(of_error @ waves.delta_times) / self.steps,
        )

    def _waves(self, forward: float, error: float) -> _Waves:
        graph = self._of.graph
        shape = len(self._at.steps), graph.n_units
        # half the memory of float64, and far more digits than thresholds have
        x, slope, delta = (np.zeros(shape, dtype=np.float32) for _ in range(3))
        times = np.zeros((2, graph.n_units))
        error_sizes = x[:, graph.outputs].copy()
        outputs = np.full(graph.n_units, -1)
        outputs[graph.outputs] = np.arange(len(graph.outputs))
        for part in graph.populations:
            values = self._u if part.role == "input" else self._activity(part, x, slope)
            if part.role == "output":
                error_sizes[:, outputs[part.units]] = values - self._y[:, outputs[part.units]]
            sent = send_activities(values, forward) if forward else _all(values)
            x[:, part.units], times[0, part.units] = sent
        for part in reversed(graph.populations):
            if part.role == "input":
                continue
            values = slope[:, part.units] * self._feedback(part, delta)
            if part.role == "output":
                wrong = error_sizes[:, outputs[part.units]]
                cross = self._of.loss == "cross_entropy"
                values += wrong if cross else slope[:, part.units] * wrong
            sent = _all(values)
            if error:
                sent = send_errors(values, error, self._of.average, self._at.lasting)
            delta[:, part.units], times[1, part.units] = sent
        return _Waves(x, delta, *times)

    def _activity(self, part: Population, x: Floats, slope: Floats) -> Floats:
        """Of a population sigma(sum of W x_pre + b), (n_moments, n)."""
        of = self._of
        a = np.tile(of.bias[part.units], (len(x), 1))
        for projection in of.graph.projections:
            if projection.post is part:
                pres = x[:, projection.pre.units]
                for lag, weights in self._weights(projection, of.graph.forward_lag):
                    a += self._late(pres, lag) @ weights.T
        slope[:, part.units] = part.sigma.slope(a)
        return part.sigma.function(a)

    def _feedback(self, part: Population, delta: Floats) -> Floats:
        """What comes back to a population by the weights of its synapses, (n_moments, n)."""
        came = np.zeros((len(delta), part.size))
        for projection in self._of.graph.projections:
            if projection.pre is part:
                posts = delta[:, projection.post.units]
                for lag, weights in self._weights(projection, self._of.graph.backward_lag):
                    came += self._late(posts, lag) @ weights
        return came

    def _weights(self, part: Projection, lags: Ints) -> Iterator[tuple[float, Floats]]:
        """Lags, and the weights (n_post, n_pre) of a projection with about each."""
        own = lags[part.synapses]
        if own.min() == own.max():
            yield float(own[0]), dense(self._of.graph, part, self._of.w)
            return
        edges = np.unique(np.quantile(own, np.linspace(0, 1, _LAGS + 1)).round())
        groups = np.searchsorted(edges, own)
        for group in np.unique(groups):
            w = np.zeros_like(self._of.w)
            w[part.synapses] = np.where(groups == group, self._of.w[part.synapses], 0.0)
            yield float(own[groups == group].mean()), dense(self._of.graph, part, w)

    def _late(self, values: Floats, lag: float) -> Floats:
        """Values (n_moments, n) as they were some steps before each moment; first 0."""
        at = self._at.earlier(lag)
        return np.where(at[:, None] < 0, 0.0, values[at])

    def _wrong(self, part: Projection, waves: _Waves) -> float:
        """1 - cosine between the products delta_post x_pre of a projection, over all moments."""
        graph, graded = self._of.graph, self._graded
        lag = graph.forward_lag[part.synapses].mean()
        x, exact_x = (self._late(of.x[:, part.pre.units], lag) for of in (waves, graded))
        delta, exact_delta = (of.delta[:, part.post.units] for of in (waves, graded))
        mask = None if part.is_matrix else dense(graph, part, np.ones(graph.n_synapses))

        def inner(posts: Floats, pres: Floats) -> float:
            if mask is None:
                products = posts.sum(axis=1) * pres.sum(axis=1)
            else:
                products = np.sum((posts @ mask) * pres, axis=1)
            return float(products @ self._at.lasting)

        both = inner(delta * exact_delta, x * exact_x)
        sizes = inner(delta**2, x**2), inner(exact_delta**2, exact_x**2)
        return 1 - both / float(np.sqrt(np.prod(sizes))) if min(sizes) > 0 else 0.0


def _settled(latencies: Latencies) -> int:
    """Steps after which both waves have followed a change."""
    ages = np.concatenate([latencies.longest_forward, latencies.longest_age])
    return int(np.max(ages[np.isfinite(ages)], initial=1.0))


def _all(values: Floats) -> Sent:
    """Every value is sent; how often is not counted."""
    return Sent(values, np.zeros(values.shape[1], dtype=np.int64))
