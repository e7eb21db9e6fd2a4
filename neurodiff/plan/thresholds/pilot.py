"""A short run by events, population by population, beside the same with graded transmission."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.event_reach import operations_per_event
from neurodiff.network.graph import Bools, Floats, Graph, Ints, Projection
from neurodiff.network.latency import Latencies
from neurodiff.network.loss import Loss
from neurodiff.network.populations import Population
from neurodiff.network.static_response import dense
from neurodiff.plan.plasticity import Plasticity
from neurodiff.plan.thresholds.coding import Activities, Errors
from neurodiff.plan.thresholds.window import Window, window
from neurodiff.stimuli import Stimuli

Singles = NDArray[np.float32]
Group = tuple[float, Bools | None]

#: Groups of delays of a projection at most.
_LAGS = 8

#: Synapses of a projection from which on single precision is worth its while.
_LARGE = 10_000

#: How far learning may go while weights are taken to stay, of all that it has to.
_LEARNED = 0.02


class Setting(NamedTuple):
    """The network of a pilot.

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
    rule : Plasticity
        Learning rule, by the plain product of error and activity.
    average : int
        Steps over which the size of errors is taken.
    """

    graph: Graph
    latencies: Latencies
    w: Floats
    bias: Floats
    stimuli: Stimuli
    loss: Loss
    rule: Plasticity
    average: int

    @property
    def learning(self) -> float:
        """About how much of what there is to learn is learned in a step.

        Weights onto a unit turn by the learning rate times |x|^2, of activities of up to 1.
        """
        largest = max(part.size for part in self.graph.populations)
        return self.rule.learning_rate * largest / 2 + self.rule.weight_decay


class Outcome(NamedTuple):
    """What a pilot says of a pair of thresholds.

    Attributes
    ----------
    wrong : array (n_projections,)
        1 - cosine between the local products by events and those of graded transmission, over all
        moments and synapses of each projection that learns, or of all where none does; 1 where
        signals diverge.
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


class Pilot:
    """Both waves of a network without cycles at some moments of a run, with any thresholds.

    A population is taken for many moments at once, as matrix products, and its events then moment
    by moment. So what is sent is exact but for three things: delays are rounded where the moments
    are some steps apart, and taken in groups where a projection has many; and weights move after
    some moments each.

    Parameters
    ----------
    setting : Setting
        Network, stimuli and learning rule.
    """

    def __init__(self, setting: Setting):
        self._of = setting
        settled, n_units = _settled(setting.latencies), setting.graph.n_units
        self._at = window(setting.stimuli, n_units, settled, setting.learning)
        self._delays = _Delays(setting.graph)
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
            Threshold of activities, and of errors relative to the size of those of a population; 0
            for those that travel as they are.
        """
        graph, waves = self._of.graph, self._waves(forward, error)
        of_unit, of_error = operations_per_event(graph, learns=not self._of.rule.frozen)
        learning = [part for part in graph.projections if graph.plastic[part.synapses].any()]
        parts = learning or list(graph.projections)
        with np.errstate(over="ignore", invalid="ignore"):
            wrong = np.array([self._wrong(part, waves) for part in parts])
        return Outcome(
            np.nan_to_num(wrong, nan=1.0),
            float(of_unit @ waves.times_sent) / self.steps,
            float(of_error @ waves.errors_sent) / self.steps,
        )

    def _waves(self, forward: float, error: float) -> "_Waves":
        return _Waves(self._of, self._at, self._delays, forward, error)

    def _wrong(self, part: Projection, waves: "_Waves") -> float:
        """1 - cosine between the products delta_post x_pre of a projection, over all moments."""
        graph, graded = self._of.graph, self._graded
        x, exact_x = (of.met(part, slice(None)) for of in (waves, graded))
        delta, exact_delta = (of.delta[:, part.post.units] for of in (waves, graded))
        mask = None if part.is_matrix else dense(graph, part, np.ones(graph.n_synapses))

        def inner(posts: Floats | Singles, pres: Floats) -> float:
            if mask is None:
                products = posts.sum(axis=1, dtype=float) * pres.sum(axis=1, dtype=float)
            else:
                products = np.sum((posts @ mask) * pres, axis=1)
            return float(products @ self._at.lasting)

        both = inner(delta * exact_delta, x * exact_x)
        sizes = inner(delta**2, x**2), inner(exact_delta**2, exact_x**2)
        return 1 - both / float(np.sqrt(np.prod(sizes))) if min(sizes) > 0 else 0.0


class _Delays:
    """Delays of the synapses by the name of their projection, in steps.

    Attributes
    ----------
    forward, backward : dict of list
        Groups of synapses with about the same delay: this, and which they are; None for all.
    mean : dict of float
        Mean delay forward.
    """

    def __init__(self, graph: Graph):
        forward = {part.name: graph.forward_lag[part.synapses] for part in graph.projections}
        backward = {part.name: graph.backward_lag[part.synapses] for part in graph.projections}
        self.forward = {name: _grouped(lags) for name, lags in forward.items()}
        self.backward = {name: _grouped(lags) for name, lags in backward.items()}
        self.mean = {name: float(lags.mean()) for name, lags in forward.items()}


def _grouped(lags: Ints) -> list[Group]:
    if lags.min() == lags.max():
        return [(float(lags[0]), None)]
    edges = np.unique(np.quantile(lags, np.linspace(0, 1, _LAGS + 1)).round())
    numbers = np.searchsorted(edges, lags)
    groups = [numbers == number for number in np.unique(numbers)]
    return [(float(lags[own].mean()), own) for own in groups]


class _Waves:
    """Both waves as they are sent, with a pair of thresholds.

    Attributes
    ----------
    x, delta : arrays (n_moments, n_units)
        What was sent last, of activities and errors.
    times_sent, errors_sent : arrays (n_units,)
        How often; 0 for what travels as it is.
    """

    def __init__(self, setting: Setting, at: Window, delays: _Delays, forward: float, error: float):
        self._of, self._at, self._delays, graph = setting, at, delays, setting.graph
        # number of each output among the targets
        self._targets = np.full(graph.n_units, -1)
        self._targets[graph.outputs] = np.arange(len(graph.outputs))
        self._w, self._bias = setting.w.copy(), setting.bias.copy()
        shape = len(at.steps), graph.n_units
        # half the memory of float64, and far more digits than thresholds have
        self.x, self.delta = (np.zeros(shape, dtype=np.float32) for _ in range(2))
        self.times_sent, self.errors_sent = np.zeros(graph.n_units), np.zeros(graph.n_units)
        hidden = [part for part in graph.populations if part.role != "input"]
        self._units = (
            {part.name: Activities(part.size, forward) for part in graph.populations}
            if forward
            else {}
        )
        self._errors = (
            {part.name: Errors(part.size, error, setting.average) for part in hidden}
            if error
            else {}
        )
        # what diverges is told by its cosine
        with np.errstate(over="ignore", invalid="ignore"):
            for rows in self._blocks():
                self._pass(rows)
                if not setting.rule.frozen:
                    self._learn(rows)
        for part in graph.populations:
            if part.name in self._units:
                self.times_sent[part.units] = self._units[part.name].times
            if part.name in self._errors:
                self.errors_sent[part.units] = self._errors[part.name].times

    def met(self, part: Projection, rows: slice) -> Floats:
        """The activities (n_rows, n_pre) that arrive at a projection, with its mean delay.

        Parameters
        ----------
        part : Projection
            Projection of the graph.
        rows : slice
            Moments.
        """
        return self._late(self.x[:, part.pre.units], self._delays.mean[part.name], rows)

    def _blocks(self) -> Iterator[slice]:
        """Moments in a row, in which little is learned."""
        n = len(self._at.steps)
        learned = np.cumsum(self._at.lasting) * self._of.learning
        numbers = np.floor(learned / _LEARNED).astype(np.int64)
        edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1), n]
        for first, last in zip(edges, edges[1:], strict=False):
            yield slice(int(first), int(last))

    def _pass(self, rows: slice) -> None:
        """Both waves at some moments, with the weights as they are."""
        of, steps, lasting = self._of, self._at.steps[rows], self._at.lasting[rows]
        graph = of.graph
        slopes: dict[str, Floats] = {}
        wrong = np.empty((len(steps), len(graph.outputs)))
        u, y = of.stimuli.input.at(steps), of.stimuli.target_at(steps)
        for part in graph.populations:
            values = u
            if part.role != "input":
                a = self._drive(part, rows)
                values, slopes[part.name] = part.sigma.function(a), part.sigma.slope(a)
            if part.role == "output":
                own = self._targets[part.units]
                wrong[:, own] = values - y[:, own]
            coder = self._units.get(part.name)
            self.x[rows, part.units] = coder.send(values, lasting) if coder else values
        for part in reversed(graph.populations):
            if part.role == "input":
                continue
            values = slopes[part.name] * self._feedback(part, rows)
            if part.role == "output":
                own = wrong[:, self._targets[part.units]]
                # delta_L = sigma'_L (x - y), or x - y for the cross-entropy
                values += own if of.loss == "cross_entropy" else slopes[part.name] * own
            sender = self._errors.get(part.name)
            sent = sender.send(values, lasting) if sender else values
            self.delta[rows, part.units] = sent

    def _drive(self, part: Population, rows: slice) -> Floats:
        """Of a population sum of W x_pre, plus b, (n_rows, n)."""
        a = np.tile(self._bias[part.units], (len(self._at.steps[rows]), 1))
        for projection in self._of.graph.projections:
            if projection.post is part:
                pres = self.x[:, projection.pre.units]
                for lag, weights in self._weights(projection, self._delays.forward):
                    a += self._late(pres, lag, rows) @ weights.T
        return a

    def _feedback(self, part: Population, rows: slice) -> Floats:
        """What comes back to a population by the weights of its synapses, (n_rows, n)."""
        came = np.zeros((len(self._at.steps[rows]), part.size))
        for projection in self._of.graph.projections:
            if projection.pre is part:
                posts = self.delta[:, projection.post.units]
                for lag, weights in self._weights(projection, self._delays.backward):
                    came += self._late(posts, lag, rows) @ weights
        return came

    def _weights(
        self, part: Projection, delays: dict[str, list[Group]]
    ) -> Iterator[tuple[float, Floats | Singles]]:
        """Lags, and the weights (n_post, n_pre) of a projection with about each."""
        for lag, own in delays[part.name]:
            w = self._w
            if own is not None:
                w = np.zeros_like(self._w)
                w[part.synapses] = np.where(own, self._w[part.synapses], 0.0)
            yield lag, self._matrix(part, w)

    def _matrix(self, part: Projection, w: Floats) -> Floats | Singles:
        """Weights (n_post, n_pre) of a projection; of a large one in single precision."""
        matrix = dense(self._of.graph, part, w)
        return matrix.astype(np.float32) if matrix.size > _LARGE else matrix

    def _late(self, values: Singles, lag: float, rows: slice) -> Floats:
        """Values (n_moments, n) as they were some steps before some moments; 0 before the first."""
        at = self._at.earlier(lag, rows)
        return np.where(at[:, None] < 0, 0.0, values[at])

    def _learn(self, rows: slice) -> None:
        """Weights and biases move by what was learned at some moments."""
        rule, graph, steps = self._of.rule, self._of.graph, self._at.steps[rows]
        lasting = self._at.lasting[rows] * rule.learns_at(steps)
        left = (1 - rule.weight_decay) ** float(lasting.sum())
        for part in graph.projections:
            delta = self.delta[rows, part.post.units] * lasting[:, None]
            products = self.met(part, rows).T @ delta
            if part.is_matrix:
                moved = products.ravel()
            else:
                pre, post = graph.pre[part.synapses], graph.post[part.synapses]
                moved = products[pre - part.pre.start, post - part.post.start]
            plastic = graph.plastic[part.synapses]
            own = self._w[part.synapses]
            own += plastic * (own * (left - 1) - rule.learning_rate * moved)
        learns = graph.has_bias
        biases = self._bias * (left - 1) - rule.learning_rate * (lasting @ self.delta[rows])
        self._bias += learns * biases


def _settled(latencies: Latencies) -> int:
    """Steps after which both waves have followed a change."""
    ages = np.concatenate([latencies.longest_forward, latencies.longest_age])
    return int(np.max(ages[np.isfinite(ages)], initial=1.0))
