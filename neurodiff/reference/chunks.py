"""The waves of a whole run, some steps at a time, with all that gradients of these steps need.

What is asked of a chunk is the same however its network is computed: its local products, and the
exact gradient for any input with the weights of any of its steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import FixedPointError
from neurodiff.network.graph import Graph, Ints, Projection
from neurodiff.network.loss import Loss
from neurodiff.network.static_response import slopes
from neurodiff.plan import Plan
from neurodiff.reference.backprop import injection
from neurodiff.reference.fixed_point import recurrent_backprop
from neurodiff.reference.outer import Listed, Products
from neurodiff.reference.stimuli import Rows
from neurodiff.reference.waves import delayed_waves

Floats = NDArray[np.float64]

#: About how many weights the chunks of a network hold at once, all of their steps together.
_WEIGHTS = 4e6


class Gradients(NamedTuple):
    """Activity and errors of backpropagation, both (rows, n_units).

    Attributes
    ----------
    x, delta : arrays (rows, n_units)
        Activity, and error dE/da.
    """

    x: Floats
    delta: Floats


class Chunk(Protocol):
    """Some steps in a row."""

    @property
    def steps(self) -> Ints:
        """Which (n,)."""
        ...

    @property
    def x(self) -> Floats:
        """Activity (n, n_units)."""
        ...

    @property
    def delta(self) -> Floats:
        """Errors (n, n_units)."""
        ...

    def products(self) -> list[Products]:
        """The local products of each projection at all steps."""
        ...

    def moment(self, k: int) -> tuple[Floats, Floats]:
        """Local products and weights, both (n_synapses,), of the k-th step.

        Parameters
        ----------
        k : int
            Number of the step in the chunk.

        Returns
        -------
        product, w : arrays (n_synapses,)
            Local products and weights.
        """
        ...

    def backprop(self, at: Ints, u: Floats, y: Floats) -> Gradients:
        """Exact gradients for inputs u (rows, n_inputs) and targets y (rows, n_outputs).

        Parameters
        ----------
        at : int array (rows,)
            The number, in the chunk, of the step whose weights each row is taken with.
        u : array (batch, n_inputs)
            Inputs.
        y : array (batch, n_outputs)
            Targets of the outputs, in the order of ``graph.outputs``.
        """
        ...

    def fixed_points(self, at: Ints, u: Floats, y: Floats) -> Gradients:
        """Recurrent backpropagation, from the activity of the step of each row; see `backprop`.

        Parameters
        ----------
        at : array of int (rows,)
            Number in the chunk of the step of each row.
        u : array (batch, n_inputs)
            Inputs.
        y : array (batch, n_outputs)
            Targets of the outputs, in the order of ``graph.outputs``.

        Raises
        ------
        FixedPointError
            If no fixed point is found.
        """
        ...

    def outer(self, part: Projection, x: Floats, delta: Floats) -> Products:
        """Products delta_post x_pre of a projection, of activity and errors (rows, n_units).

        Parameters
        ----------
        part : Projection
            Projection of the graph.
        x : array (rows, n_units)
            Activity.
        delta : array (rows, n_units)
            Errors.
        """
        ...


@dataclass(frozen=True, eq=False)
class ListedChunk:
    """Steps with the weights of every synapse at each of them: any network at all.

    Attributes
    ----------
    w, product : arrays (n, n_synapses)
    bias : array (n, n_units)
    """

    graph: Graph
    loss: Loss
    steps: Ints
    x: Floats
    delta: Floats
    product: Floats
    w: Floats
    bias: Floats

    def products(self) -> list[Products]:
        """The local products of each projection at all steps."""
        return [Listed(self.product[:, part.synapses]) for part in self.graph.projections]

    def moment(self, k: int) -> tuple[Floats, Floats]:
        """Local products and weights, both (n_synapses,), of the k-th step.

        Parameters
        ----------
        k : int
            Number of the step in the chunk.
        """
        return self.product[k], self.w[k]

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
        own = part.synapses
        return Listed(delta[:, self.graph.post[own]] * x[:, self.graph.pre[own]])

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
        graph, matrices = self.graph, [self._matrices(part) for part in self.graph.projections]
        a = np.zeros((len(u), graph.n_units))
        x, delta = np.zeros_like(a), np.zeros_like(a)
        x[:, : graph.n_inputs] = u
        for population in graph.populations:
            if population.role == "input":
                continue
            units = population.units
            a[:, units] = self.bias[at][:, units]
            for part, matrix in zip(graph.projections, matrices, strict=True):
                if part.post is population:
                    # a_l = sum W x_{l-1} + b
                    a[:, units] += np.einsum("roi,ri->ro", matrix[at], x[:, part.pre.units])
            x[:, units] = population.sigma.function(a[:, units])
        slope, out = slopes(graph, a), graph.outputs
        delta[:, out] = injection(self.loss, slope[:, out], x[:, out], y)
        for part, matrix in zip(graph.projections[::-1], matrices[::-1], strict=True):
            # delta_l = sigma'_l (W_{l+1}^T delta_{l+1})
            back = np.einsum("roi,ro->ri", matrix[at], delta[:, part.post.units])
            delta[:, part.pre.units] += slope[:, part.pre.units] * back
        return Gradients(x, delta)

    def _matrices(self, part: Projection) -> Floats:
        """Weights (n, post units, pre units) of a projection, 0 without a synapse."""
        matrix = np.zeros((len(self.steps), part.post.size, part.pre.size))
        rows = self.graph.post[part.synapses] - part.post.start
        columns = self.graph.pre[part.synapses] - part.pre.start
        matrix[:, rows, columns] = self.w[:, part.synapses]
        return matrix

    def fixed_points(self, at: Ints, u: Floats, y: Floats) -> Gradients:
        """Recurrent backpropagation, from the activity of each step.

        Parameters
        ----------
        at : array of int (rows,)
            Number in the chunk of the step of each row.
        u : array (batch, n_inputs)
            Inputs.
        y : array (batch, n_outputs)
            Targets of the outputs, in the order of ``graph.outputs``.

        Raises
        ------
        FixedPointError
            If no fixed point is found, or the errors have none.
        """
        x, delta = np.zeros((2, len(u), self.graph.n_units))
        for row, k in enumerate(at):
            one = slice(row, row + 1)
            try:
                found = recurrent_backprop(
                    self.graph,
                    self.w[k],
                    self.bias[k],
                    u[one],
                    y[one],
                    self.loss,
                    self.x[k : k + 1],
                )
            except FixedPointError as error:
                step = self.steps[k]
                raise FixedPointError(f"validation.reference: at step {step} {error}") from None
            x[row], delta[row] = found.x[0], found.delta[0]
        return Gradients(x, delta)


def listed_chunks(plan: Plan, u: Rows, y: Rows) -> Iterator[ListedChunk]:
    """The waves of any network, step by step, in chunks; see `delayed_waves`.

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
    ListedChunk
        Consecutive steps, in the order of time.

    References
    ----------
    Betti & Gori, arXiv:1912.04635.
    """
    graph = plan.graph
    cells = sum(part.post.size * part.pre.size for part in graph.projections)
    size, first = int(np.clip(_WEIGHTS / (cells + graph.n_synapses), 1, 512)), 0
    waves = delayed_waves(plan, u, y)
    while steps := list(islice(waves, size)):
        x, delta, product, w, bias = (np.array(part) for part in [*zip(*steps, strict=True)][:5])
        numbers = first + np.arange(len(steps))
        yield ListedChunk(graph, plan.model.loss, numbers, x, delta, product, w, bias)
        first += len(steps)
