"""How weights moved in a run of which the factors of all local products are known.

Where every unit of a population sends to every one of the other, the weights of a projection move
by outer products of an error and an activity. So a run that has recorded these two at each step has
recorded all of its weights.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dgemm

from neurodiff.network.graph import Graph
from neurodiff.plan import Plan
from neurodiff.reference.dense import DenseChunk, Moved, decay_of

Floats = NDArray[np.float64]

#: Steps that are taken at once.
_AT_ONCE = 64


class Blocks(Protocol):
    """Numbers of each step, of which some steps in a row are asked for."""

    def __getitem__(self, steps: slice, /) -> Floats:
        """The numbers (n_steps, n) of some steps."""
        ...


class Replay:
    """Weights and biases of a run, step by step.

    Parameters
    ----------
    plan : Plan
        Plan of the run, with weights at the start.
    factors : Blocks, such as an array (steps, n)
        Of each step, from step 0 on: the activities that met errors, of the presynaptic units of
        each projection in turn; errors of all units that are no inputs; and the activity from the
        first output to the last.

    Attributes
    ----------
    w, bias : arrays (n_synapses,), (n_units,)
        Those of the step that comes next.
    step : int
        Its number.
    """

    def __init__(self, plan: Plan, factors: Blocks):
        self._plan, self._factors = plan, factors
        self.w, self.bias, self.step = np.array(plan.w, dtype=np.float64), plan.bias.copy(), 0

    def go_to(self, step: int) -> None:
        """Let weights move until a step.

        Parameters
        ----------
        step : int
            Time step, not before the one that comes next.
        """
        while self.step < step:
            self._move(self._chunk(min(_AT_ONCE, step - self.step)))

    def chunks(self, steps: int) -> Iterator[DenseChunk]:
        """All steps until one, in chunks, from the one on that comes next.

        Parameters
        ----------
        steps : int
            First step that is left out.
        """
        while self.step < steps:
            chunk = self._chunk(min(_AT_ONCE, steps - self.step))
            yield chunk
            self._move(chunk)

    def _chunk(self, n: int) -> DenseChunk:
        graph, rule = self._plan.graph, self._plan.plasticity
        numbers = self.step + np.arange(n)
        learns, rows = rule.learns_at(numbers), self._factors[self.step : self.step + n]
        kept, since = decay_of(learns, rule.weight_decay)
        x, delta = np.zeros((n, graph.n_units)), errors_in(graph, rows)
        place, own = _places(graph)
        x[:, graph.output_range] = rows[:, place + own :]
        step = (rule.learning_rate * learns)[:, None] * delta
        bias = kept[:, None] * self.bias - graph.has_bias * (since @ step)
        moved, loss = self._moved(rows, delta, step), self._plan.model.loss
        return DenseChunk(graph, loss, numbers, x, delta, bias, kept, since, moved)

    def _moved(self, rows: Floats, delta: Floats, step: Floats) -> list[Moved]:
        graph, moved, first = self._plan.graph, [], 0
        frozen = self._plan.plasticity.frozen
        for part in graph.projections:
            x = np.ascontiguousarray(rows[:, first : first + part.pre.size])
            first += part.pre.size
            own = part.post.units
            still = frozen or not graph.plastic[part.start]
            matrix = self.w[part.synapses].reshape(part.pre.size, part.post.size).T
            moved.append(Moved(matrix, delta[:, own], x, step[:, own], still))
        return moved

    def _move(self, chunk: DenseChunk) -> None:
        rule, n = self._plan.plasticity, len(chunk.steps)
        self.step += n
        if rule.frozen:
            return
        # what decay has left at the end of all, and of what was learned in each step
        learns = rule.learns_at(chunk.steps)
        after = np.cumprod(1 - rule.weight_decay * learns)
        left = (after[-1] / after)[:, None]
        for moved in chunk.moved:
            if not moved.frozen:
                # w <- kept w - sum eta delta x; BLAS counts by columns, and takes the transpose
                _descend(moved.w, left * moved.step, moved.x, after[-1])
        step = (rule.learning_rate * learns)[:, None] * chunk.delta
        graph = self._plan.graph
        self.bias = np.where(
            graph.has_bias, after[-1] * self.bias - (left * step).sum(axis=0), self.bias
        )


def errors_in(graph: Graph, factors: Floats) -> Floats:
    """Errors (steps, n_units) among the factors of some steps; 0 for inputs.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    factors : array (steps, n)
        See `Replay`.
    """
    place, own = _places(graph)
    delta = np.zeros((len(factors), graph.n_units))
    delta[:, graph.n_inputs :] = factors[:, place : place + own]
    return delta


def _places(graph: Graph) -> tuple[int, int]:
    """Where errors begin among the factors, and how many there are."""
    return sum(part.pre.size for part in graph.projections), graph.n_units - graph.n_inputs


def _descend(matrix: Floats, step: Floats, x: Floats, kept: float) -> None:
    """Move the weights (post units, pre units), a transposed view, in place."""
    dgemm(-1.0, step.T, x.T, beta=kept, c=matrix, trans_b=True, overwrite_c=True)
