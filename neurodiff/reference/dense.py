"""The waves of networks whose populations are connected all to all, fast.

Such a projection is a matrix, and its local products at a step are an outer product delta x^T. So
the weights of the k-th step of a chunk are

    W_k = kept_k W_0 - eta sum_{j < k} (kept_k / kept_{j+1}) delta_j x_j^T

with kept_k what decay has left of the weights since the first step. Whatever is to be multiplied by
the weights of all steps of a chunk is multiplied by W_0, x and delta only, and the weights of each
step are never made (`_Link.times` and `_Link.times_transposed`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dger

from neurodiff.network.activations import Activation
from neurodiff.network.graph import Graph, Ints, Projection
from neurodiff.network.loss import Loss
from neurodiff.network.populations import Population
from neurodiff.network.static_response import dense, slopes
from neurodiff.network.synapses import is_uniform
from neurodiff.plan import Plan
from neurodiff.plan.alignment import Ages
from neurodiff.reference.backprop import injection
from neurodiff.reference.chunks import Gradients
from neurodiff.reference.outer import Outer, Products
from neurodiff.reference.stimuli import Rows

Floats = NDArray[np.float64]

#: Steps of a chunk while weights move, and while they do not.
_MOVING, _FROZEN = 64, 512


def is_dense(plan: Plan) -> bool:
    """Whether `dense_chunks` can do a network.

    Its projections are all to all, with one delay in each direction, plastic or not as a whole; its
    feedback is symmetric; its updates are plain products; and alignment, if any, waits for one time
    in each projection.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    """
    graph, ages = plan.graph, plan.alignment.ages(plan.graph)
    if not plan.feedback.symmetric or graph.cyclic or graph.dale.any() or ages is None:
        return False
    if not plan.plasticity.product_of_ends:
        return False
    of_synapses = [graph.forward_lag, graph.backward_lag, graph.plastic, ages.activity]
    return all(is_uniform(ages.slope[part.units]) for part in graph.populations) and all(
        part.is_matrix and all(is_uniform(values[part.synapses]) for values in of_synapses)
        for part in graph.projections
    )


@dataclass(eq=False)
class _Link:
    """A projection as a matrix `w` (post units, pre units), which moves as the waves go on.

    `forward`, `backward` and `age` are steps; `psp` (pre units,) is that of the last step.
    """

    pre: slice
    post: slice
    w: Floats
    plastic: bool
    forward: int
    backward: int
    age: int
    psp: Floats


class _Stage(NamedTuple):
    """A population with the links that end in it and those that begin there."""

    units: slice
    sigma: Activation
    incoming: list[_Link]
    outgoing: list[_Link]
    slope_age: int


class Moved(NamedTuple):
    """How the weights of one projection moved within a chunk; see the module's text.

    Attributes
    ----------
    w : array (post units, pre units)
        At its first step.
    delta, x : arrays (n, post units), (n, pre units)
        What its local products are made of.
    step : array (n, post units)
        eta delta, 0 where nothing learns.
    frozen : bool
        Whether the weights stay as they are.
    """

    w: Floats
    delta: Floats
    x: Floats
    step: Floats
    frozen: bool


@dataclass(frozen=True, eq=False)
class DenseChunk:
    """Some steps of a network whose populations are connected all to all.

    Attributes
    ----------
    bias : array (n, n_units)
    kept : array (n,)
        What decay has left of the weights since the first step.
    since : array (n, n)
        kept_k / kept_{j+1} for j < k, else 0.
    """

    graph: Graph
    loss: Loss
    steps: Ints
    x: Floats
    delta: Floats
    bias: Floats
    kept: Floats
    since: Floats
    moved: list[Moved]

    def products(self) -> list[Products]:
        """The local products of each projection at all steps."""
        return [Outer(part.delta, part.x) for part in self.moved]

    def moment(self, k: int) -> tuple[Floats, Floats]:
        """Local products and weights, both (n_synapses,), of the k-th step.

        Parameters
        ----------
        k : int
            Number of the step in the chunk.
        """
        product, w = np.empty((2, self.graph.n_synapses))
        for part, own in zip(self.graph.projections, self.moved, strict=True):
            product[part.synapses] = np.outer(own.x[k], own.delta[k]).ravel()
            matrix = own.w
            if not own.frozen:
                matrix = self.kept[k] * own.w - (own.step * self.since[k][:, None]).T @ own.x
            w[part.synapses] = matrix.T.ravel()
        return product, w

    def outer(self, part: Projection, x: Floats, delta: Floats) -> Products:
        """Products delta_post x_pre of a projection.

        Parameters
        ----------
        part : Projection
            Projection of the graph.
        x : array (rows, n_units)
            Activity.
        delta : array (rows, n_units)
            Errors.
        """
        return Outer(delta[:, part.post.units], x[:, part.pre.units])

    def backprop(self, at: Ints, u: Floats, y: Floats) -> Gradients:
        """Exact gradients, each with the weights of its own step.

        Parameters
        ----------
        at : array of int (rows,)
            Number in the chunk of the step of each row.
        u : array (batch, n_inputs)
            Inputs.
        y : array (batch, n_outputs)
            Targets of the outputs, in the order of ``graph.outputs``.
        """
        graph, since = self.graph, self.since[at]
        a, x, delta = np.zeros((3, len(u), graph.n_units))
        x[:, : graph.n_inputs] = u
        links = list(zip(graph.projections, self.moved, strict=True))
        for population in graph.populations:
            if population.role == "input":
                continue
            units = population.units
            a[:, units] = self.bias[at, units]
            for part, moved in links:
                if part.post is population:
                    # a_l = sum W x_{l-1} + b
                    a[:, units] += self._times(moved, x[:, part.pre.units], at, since)
            x[:, units] = population.sigma.function(a[:, units])
        slope, out = slopes(graph, a), graph.outputs
        delta[:, out] = injection(self.loss, slope[:, out], x[:, out], y)
        for part, moved in links[::-1]:
            if part.pre.role != "input":
                # delta_l = sigma'_l (W_{l+1}^T delta_{l+1})
                back = self._times_transposed(moved, delta[:, part.post.units], at, since)
                delta[:, part.pre.units] += slope[:, part.pre.units] * back
        return Gradients(x, delta)

    def _times(self, moved: Moved, x: Floats, at: Ints, since: Floats) -> Floats:
        """W_k x (rows, post units) of rows x (rows, pre units), k of each row its own."""
        first = x @ moved.w.T
        if moved.frozen:
            return first
        return self.kept[at, None] * first - ((x @ moved.x.T) * since) @ moved.step

    def _times_transposed(self, moved: Moved, delta: Floats, at: Ints, since: Floats) -> Floats:
        """W_k^T delta (rows, pre units) of rows delta (rows, post units)."""
        first = delta @ moved.w
        if moved.frozen:
            return first
        return self.kept[at, None] * first - ((delta @ moved.step.T) * since) @ moved.x

    def fixed_points(self, at: Ints, u: Floats, y: Floats) -> Gradients:
        """Those of a network without cycles are its answers: backpropagation of each step.

        Parameters
        ----------
        at : array of int (rows,)
            Number in the chunk of the step of each row.
        u : array (batch, n_inputs)
            Inputs.
        y : array (batch, n_outputs)
            Targets of the outputs, in the order of ``graph.outputs``.
        """
        return self.backprop(at, u, y)


def dense_chunks(plan: Plan, u: Rows, y: Rows) -> Iterator[DenseChunk]:
    """The waves of a network for which `is_dense`, in chunks; they are those of `delayed_waves`.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    u : Rows, such as an array (steps, n_inputs)
        Input of each step.
    y : Rows, such as an array (steps, n_outputs)
        Target of each step as it meets the outputs, in the order of ``graph.outputs``.

    Yields
    ------
    DenseChunk
        Consecutive steps, in the order of time.

    References
    ----------
    Betti & Gori, arXiv:1912.04635.
    """
    rule, first = plan.plasticity, 0
    waves, moves = _Waves(plan, u, y), rule.learning_rate != 0 or rule.weight_decay != 0
    steps = len(u)
    while first < steps:
        n = min(_MOVING if moves else _FROZEN, steps - first)
        yield waves.chunk(first, n, frozen=not moves)
        first += n


class _Waves:
    """The state of the waves between chunks, and how they go on."""

    def __init__(self, plan: Plan, u: Rows, y: Rows):
        self.plan, self.u, self.y, graph = plan, u, y, plan.graph
        ages = plan.alignment.ages(graph)
        assert ages is not None  # see `is_dense`
        self.links = [_link(plan, part, ages) for part in graph.projections]
        parts = list(zip(graph.projections, self.links, strict=True))
        own = [part for part in graph.populations if part.role != "input"]
        self.stages = [_stage(part, parts, ages) for part in own]
        self.longest = max(
            *(max(link.forward, link.backward, link.age) for link in self.links),
            *(stage.slope_age for stage in self.stages),
        )
        self.bias = plan.bias.copy()
        self.a, self.came = np.zeros((2, graph.n_units))
        self.x, self.delta, self.slope = np.zeros((3, self.longest, graph.n_units))

    def chunk(self, first: int, n: int, *, frozen: bool) -> DenseChunk:
        """The next n steps."""
        graph, rule = self.plan.graph, self.plan.plasticity
        before = [link.w.copy() for link in self.links]
        # the last steps of the chunk before come first
        rows = [np.concatenate([old, np.zeros((n, graph.n_units))]) for old in self._past]
        acts = [np.zeros((n, link.w.shape[1])) for link in self.links]
        biases, learns = np.empty((n, graph.n_units)), rule.learns_at(first + np.arange(n))
        for k in range(n):
            biases[k] = self.bias
            self._step(self.longest + k, self.u[first + k], self.y[first + k], rows, acts, k)
            if learns[k] and not frozen:
                self._learn(rows[1][self.longest + k], acts, k)
        self.x, self.delta, self.slope = (part[n:].copy() for part in rows)
        x, delta = (part[self.longest :] for part in rows[:2])
        kept, since = decay_of(learns, rule.weight_decay)
        moved = []
        for w, link, act in zip(before, self.links, acts, strict=True):
            own = delta[:, link.post]
            step = (rule.learning_rate * learns)[:, None] * own
            moved.append(Moved(w, own, act, step, frozen or not link.plastic))
        steps = first + np.arange(n)
        return DenseChunk(graph, self.plan.model.loss, steps, x, delta, biases, kept, since, moved)

    @property
    def _past(self) -> tuple[Floats, Floats, Floats]:
        return self.x, self.delta, self.slope

    def _step(
        self, row: int, u: Floats, y: Floats, rows: list[Floats], acts: list[Floats], k: int
    ) -> None:
        """One step of both waves, into `row` of the rows; see `delayed_waves`."""
        (x, delta, slope), hop = rows, self.plan.graph.hop
        x[row, : len(u)] = u
        for units, sigma, incoming, outgoing, age in self.stages:
            # a_i(t) = sum w x_pre(t - f) + b_i; leaky: k a_i(t-1) + (1 - k) (...)
            a = self.bias[units]
            for link in incoming:
                a = a + link.w @ x[row - link.forward, link.pre]
            if hop.leaks:
                a = self.a[units] = hop.leaked(self.a[units], a)
            x[row, units], slope[row, units] = sigma.function(a), sigma.slope(a)
            # delta_j(t) = sigma'(a_j(t - s)) sum w delta_i(t - r)
            back = delta[row, units]
            for link in outgoing:
                back += delta[row - link.backward, link.post] @ link.w
            back *= slope[row - age, units]
            if hop.leaks:
                back[:] = self.came[units] = hop.leaked(self.came[units], back)
        out = self.plan.graph.outputs
        delta[row, out] += injection(self.plan.model.loss, slope[row, out], x[row, out], y)
        for act, link in zip(acts, self.links, strict=True):
            act[k] = x[row - link.age, link.pre]
            if hop.leaks:
                act[k] = link.psp = hop.leaked(link.psp, act[k])

    def _learn(self, delta: Floats, acts: list[Floats], k: int) -> None:
        """Move weights and biases by one step; see `delayed_waves`."""
        rule, graph = self.plan.plasticity, self.plan.graph
        rate, decay = rule.learning_rate, rule.weight_decay
        for act, link in zip(acts, self.links, strict=True):
            if link.plastic:
                # w(t+1) = w(t) - eta delta x - decay w(t)
                if decay:
                    link.w *= 1 - decay
                link.w = dger(-rate, act[k], delta[link.post], a=link.w.T, overwrite_a=1).T
        self.bias -= graph.has_bias * (rate * delta + decay * self.bias)


def _link(plan: Plan, part: Projection, ages: Ages) -> _Link:
    graph, first = plan.graph, part.start
    return _Link(
        part.pre.units,
        part.post.units,
        np.array(dense(graph, part, plan.w), order="C"),
        bool(graph.plastic[first]),
        int(graph.forward_lag[first]),
        int(graph.backward_lag[first]),
        int(ages.activity[first]),
        np.zeros(part.pre.size),
    )


def _stage(population: Population, parts: list[tuple[Projection, _Link]], ages: Ages) -> _Stage:
    return _Stage(
        population.units,
        population.sigma,
        [link for part, link in parts if part.post is population],
        [link for part, link in parts if part.pre is population],
        int(ages.slope[population.start]),
    )


def decay_of(learns: NDArray[np.bool_], decay: float) -> tuple[Floats, Floats]:
    """The `kept` (n,) and `since` (n, n) of a `DenseChunk`.

    Parameters
    ----------
    learns : bool array (n,)
        Whether its steps learn.
    decay : float
        Share of a weight that decays in a step that learns.
    """
    n = len(learns)
    after = np.cumprod(1 - decay * learns)
    kept = np.concatenate([[1.0], after[:-1]])
    return kept, np.tril(kept[:, None] / after, -1) if n else np.zeros((0, 0))
