"""The pass over all weights in NumPy; the same as `waves.h`, with BLAS and SciPy's sparse sums."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs

from neurodiff.files.mapped import apart, forget
from neurodiff.simulator.history import Past
from neurodiff.simulator.kernels.blocks import Form, Place, Tables
from neurodiff.simulator.kernels.bundle import Follows
from neurodiff.simulator.kernels.reading import Moves

Floats = NDArray[Any]

#: Weights that are taken at once, so that they stay in the cache for all three uses.
_AT_ONCE = 32_768


@dataclass(frozen=True, eq=False)
class Network:
    """What a pass works on.

    Attributes
    ----------
    tables : Tables
        Blocks and their numbers.
    arrays : list of array
        Arrays that blocks read, in the order of the tables.
    activity, error : Past
        Past of the activities and of the errors.
    sources : tuple of arrays
        Activities and errors as they are.
    weights : list of array
        Weights by bundle.
    drive, feedback : arrays (n_units,), (n_errors,)
        The sums.
    n_inputs : int
        Number of input units, which have no error unit.
    follows : Follows or None
        Backward weights that follow the signs of forward ones.
    """

    tables: Tables
    arrays: list[Floats]
    activity: Past
    error: Past
    sources: tuple[Floats, Floats]
    weights: list[Floats]
    drive: Floats
    feedback: Floats
    n_inputs: int
    follows: Follows | None = None

    def row(self, array: int, step: int) -> int:
        """Where the row of a step begins in the past of activities (0) or errors (1).

        Parameters
        ----------
        array : int
            0 or 1.
        step : int
            Time step.
        """
        history = (self.activity, self.error)[array]
        return len(self.sources[array]) * (step % history.length)

    def remember(self, step: int) -> None:
        """Write activities and errors of a step into their past.

        Parameters
        ----------
        step : int
            Time step.
        """
        for array, values in enumerate(self.sources):
            past = self.arrays[array]
            start, away = self.row(array, step), len(past) // 2
            past[start : start + len(values)] = values
            past[start + away : start + away + len(values)] = values


class NumpyPass:
    """One pass over all weights; see `waves.h`.

    Parameters
    ----------
    network : Network
        What it works on.
    """

    def __init__(self, network: Network):
        self._net = network
        self._passes = [_of_block(network, k) for k in range(len(network.tables.blocks))]

    def __call__(self, step: Any) -> Any:
        """Do what belongs to a step, and return it.

        Parameters
        ----------
        step : int or array (1,)
            Time step.
        """
        net, now = self._net, int(np.asarray(step).flat[0])
        if now > 0:
            net.remember(now - 1)
        net.drive[:] = 0
        net.feedback[:] = 0
        for bundle in range(len(net.weights)):
            if bundle and net.follows is not None and self._learned(now):
                self._follow(net.follows)
            for part in self._passes:
                if part.block.bundle == bundle:
                    part.run(now, sums=True)
        return step

    def finish(self, step: int) -> list[Floats]:
        """Weights by bundle after a step, of which what was learned in it is not yet a part.

        Parameters
        ----------
        step : int
            The last step that was run.
        """
        ended = [apart(weights) for weights in self._net.weights]
        NumpyPass(replace(self._net, weights=ended))._learn(step + 1)
        return ended

    def _learn(self, now: int) -> None:
        for part in self._passes:
            part.run(now, sums=False)
            forget(self._net.weights[part.block.bundle])
        if self._net.follows is not None and self._learned(now):
            self._follow(self._net.follows)

    def products(self, step: int) -> Floats:
        """The two factors of every synapse multiplied (n_synapses,), as they meet in a step.

        Parameters
        ----------
        step : int
            Time step that is being run.
        """
        product = np.zeros_like(self._net.weights[0])
        for part in self._passes:
            if part.block.bundle == 0:
                part.multiply(step, product)
        return product

    def factors(self, step: int, outputs: slice) -> Floats:
        """The factors of products of a step; see `append_factors` of `waves.h`.

        All blocks have to be dense.

        Parameters
        ----------
        step : int
            Time step that is being run.
        outputs : slice
            Range of the outputs.
        """
        met = [part.met(step) for part in self._passes if part.block.bundle == 0]
        x, delta = self._net.sources
        return np.concatenate([*met, delta, x[outputs]])

    def _learned(self, now: int) -> bool:
        return any(part.learned(now) for part in self._passes if part.block.bundle == 0)

    def _follow(self, follows: Follows) -> None:
        forward, backward = self._net.weights
        backward[:] = follows.scale * np.sign(forward[follows.synapse])


def _of_block(net: Network, number: int) -> "_Pass":
    forms: dict[Form, Callable[[Network, int], _Pass]] = {
        Form.DENSE: _Dense,
        Form.SPARSE: _Sparse,
        Form.DRAWN: _Sparse,
    }
    return forms[net.tables.blocks[number].form](net, number)


class _Pass(ABC):
    """The pass over one block."""

    def __init__(self, net: Network, number: int):
        self.net, self.block = net, net.tables.blocks[number]
        self.rate, self.decay = net.tables.rules[number]
        self.drive = net.drive[self.block.first_column :][: self.block.columns]
        first = self.block.first_row - net.n_inputs
        # inputs have no errors
        of_rows = slice(first, first + self.block.rows) if self.block.returns else slice(0)
        self.feedback = net.feedback[of_rows]

    def learned(self, now: int) -> bool:
        """Whether the step before `now` learned, wherever connections learn at one time."""
        block, before = self.block, now - 1
        return (
            block.learns
            and before >= 0
            and (block.start + block.late <= before < block.stop + block.late)
        )

    def read(self, place: Place, unit: Any, step: int) -> Floats:
        """The values of a place for units, or for a slice of them."""
        if place.moves is Moves.FIXED:
            return self.net.arrays[place.array][unit]
        row = self.net.row(place.array, step - (place.moves is Moves.BEFORE))
        return self.net.arrays[place.array][row:][unit]

    @abstractmethod
    def run(self, now: int, sums: bool) -> None:
        """Add what was learned in the step before, and take the sums."""

    @abstractmethod
    def multiply(self, step: int, product: Floats) -> None:
        """Put the products of a step into `product`, by synapse."""

    def met(self, step: int) -> Floats:
        """The activity (rows,) that meets the error in a step; of dense blocks."""
        block = self.block
        first = block.first_row + block.row_met.shift
        return self.read(block.row_met, slice(first, first + block.rows), step + 1)


class _Dense(_Pass):
    """All pairs of rows and columns: a matrix (rows, columns)."""

    def __init__(self, net: Network, number: int):
        super().__init__(net, number)
        block = self.block
        end = block.first_edge + block.rows * block.columns
        weights = net.weights[block.bundle][block.first_edge : end]
        self.weights = weights.reshape(block.rows, block.columns)
        (self.ger,) = get_blas_funcs(("ger",), (self.weights,))

    def vector(self, place: Place, of_rows: bool, step: int) -> Floats:
        block = self.block
        first = (block.first_row if of_rows else block.first_column) + place.shift
        units = slice(first, first + (block.rows if of_rows else block.columns))
        return np.asarray(self.read(place, units, step), dtype=self.weights.dtype)

    def run(self, now: int, sums: bool) -> None:
        block, learned = self.block, self.learned(now)
        if learned:
            row_met = self.vector(block.row_met, True, now)
            column_met = self.vector(block.column_met, False, now)
        drives, returns = sums and block.drives, sums and block.returns
        if drives:
            row_now = self.vector(block.row_now, True, now)
        if returns:
            column_now = self.vector(block.column_now, False, now)
        for start in range(0, block.rows, step := max(1, _AT_ONCE // block.columns)):
            rows = slice(start, start + step)
            weights = self.weights[rows]
            if learned:
                # w -= rate row_met column_met + decay w
                if self.decay:
                    weights *= 1 - self.decay
                # BLAS counts by columns, so it is given the transpose
                self.ger(-self.rate, column_met, row_met[rows], a=weights.T, overwrite_a=True)
            if drives:
                self.drive += row_now[rows] @ weights
            if returns:
                self.feedback[rows] += weights @ column_now

    def multiply(self, step: int, product: Floats) -> None:
        block = self.block
        row = self.vector(block.row_met, True, step + 1)
        column = self.vector(block.column_met, False, step + 1)
        first = block.first_edge
        product[first : first + self.weights.size] = np.outer(row, column).ravel()


class _Sparse(_Pass):
    """Some pairs, by row; what they read is a vector, or has an index for each."""

    def __init__(self, net: Network, number: int):
        super().__init__(net, number)
        block, index = self.block, net.tables.index
        starts = index[block.row_starts :][: block.rows + 1]
        edges = int(starts[-1])
        self.row = np.repeat(np.arange(block.rows), np.diff(starts))
        self.column = index[block.edge_columns :][:edges].astype(np.int64)
        self.edges = slice(block.first_edge, block.first_edge + edges)
        self.weights = net.weights[block.bundle][self.edges]
        self._places: dict[tuple[Place, bool], Any] = {}
        self.late = index[block.late_index :][:edges] if block.late_index >= 0 else None

    def vector(self, place: Place, of_rows: bool, step: int) -> Floats:
        """The value of each connection."""
        key = place, of_rows
        if key not in self._places:
            self._places[key] = self.places(place, of_rows)
        return np.asarray(self.read(place, self._places[key], step), dtype=self.weights.dtype)

    def places(self, place: Place, of_rows: bool) -> Any:
        """Index of each connection into the array of a place."""
        if self.block.form is Form.DRAWN:
            return self.net.tables.index[place.shift :][: len(self.row)]
        if of_rows:
            return self.block.first_row + place.shift + self.row
        return self.block.first_column + place.shift + self.column

    def run(self, now: int, sums: bool) -> None:
        block = self.block
        learned = self.learning(now)
        if np.any(learned):
            met = self.vector(block.row_met, True, now) * self.vector(block.column_met, False, now)
            self.weights -= learned * (self.rate * met + self.decay * self.weights)
        if sums and block.drives:
            parts = self.weights * self.vector(block.row_now, True, now)
            self.drive += np.bincount(self.column, parts, block.columns)
        if sums and block.returns:
            parts = self.weights * self.vector(block.column_now, False, now)
            self.feedback += np.bincount(self.row, parts, block.rows)

    def learning(self, now: int) -> Any:
        """Whether the step before learned, for all connections or for each."""
        block = self.block
        if self.late is None:
            return self.learned(now)
        before = now - 1 - self.late
        within = (before >= block.start) & (before < block.stop)
        return block.learns & within & (now > 0)

    def multiply(self, step: int, product: Floats) -> None:
        block = self.block
        row = self.vector(block.row_met, True, step + 1)
        product[self.edges] = row * self.vector(block.column_met, False, step + 1)
