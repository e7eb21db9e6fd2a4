"""Bundles of connections cut into blocks, as the tables of numbers that a kernel works through.

A block has the connections of one projection. It is dense where it has all of them, and sparse
where it has some; in both, all connections share their delays, so that what they read are vectors.
Where delays are drawn for each synapse, the block is `drawn`, and every connection has an index of
its own. The structs of `waves.h` have the same fields in the same order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.kernels.bundle import Bundle
from neurodiff.simulator.kernels.reading import Ints, Moves, Reading


class Form(IntEnum):
    """How the connections of a block are stored."""

    DENSE = 0
    SPARSE = 1
    DRAWN = 2


class Place(NamedTuple):
    """Where a block reads one of its vectors.

    Attributes
    ----------
    array : int
        Number of the array.
    shift : int
        What is added to the number of the unit; in a drawn block, where the indices of its
        connections begin in the table of indices.
    moves : Moves
        Whether it moves with the rows of a history.
    """

    array: int = 0
    shift: int = 0
    moves: Moves = Moves.FIXED


class Block(NamedTuple):
    """One block; see `struct Block` of `waves.h`.

    Attributes
    ----------
    form : Form
        How its connections are stored.
    first_row, rows, first_column, columns : int
        Ranges of its units.
    first_edge : int
        Number of its first weight in its bundle.
    bundle : int
        0 for the synapses, 1 for backward connections with weights of their own.
    drives, returns, learns : bool
        What it does.
    start, stop : int
        Steps that learn.
    late, late_index : int
        By how many steps all its connections learn later; or where the index of each begins, else
        -1.
    row_now, column_now, row_met, column_met : Place
        What it reads.
    row_starts, edge_columns : int
        Where, in the table of indices, the beginnings of its rows and the columns of its
        connections begin; sparse and drawn blocks only.
    """

    form: Form
    first_row: int
    rows: int
    first_column: int
    columns: int
    first_edge: int
    bundle: int
    drives: bool
    returns: bool
    learns: bool
    start: int
    stop: int
    late: int
    late_index: int
    row_now: Place
    column_now: Place
    row_met: Place
    column_met: Place
    row_starts: int = -1
    edge_columns: int = -1

    def numbers(self) -> list[int]:
        """The same as a line of the table."""
        flat: list[int] = []
        for value in self:
            flat.extend(value if isinstance(value, Place) else [value])
        return [int(value) for value in flat]


@dataclass(frozen=True, eq=False)
class Tables:
    """All that a kernel works through.

    Attributes
    ----------
    blocks : list of Block
        Blocks of all bundles.
    rules : array (n_blocks, 2)
        Rate and decay of each block, per step.
    index : int32 array
        Table of indices.
    arrays : list of ArrayVariable
        Arrays that blocks read.
    """

    blocks: list[Block]
    rules: NDArray[np.float64]
    index: NDArray[np.int32]
    arrays: list[ArrayVariable]

    @property
    def longest(self) -> int:
        """The largest number of rows or columns of a block."""
        return max((max(block.rows, block.columns) for block in self.blocks), default=1)

    @property
    def dense(self) -> bool:
        """Whether all blocks of the synapses are dense."""
        return all(block.form is Form.DENSE for block in self.blocks if block.bundle == 0)

    def lines(self) -> NDArray[np.int64]:
        """The blocks as one array (n_blocks*28,)."""
        return np.array([block.numbers() for block in self.blocks], dtype=np.int64).ravel()


def cut(graph: Graph, bundles: Sequence[Bundle], arrays: Sequence[ArrayVariable]) -> Tables:
    """Cut bundles into blocks.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    bundles : sequence of Bundle
        The synapses, and the backward connections where they have weights of their own.
    arrays : sequence of ArrayVariable
        The first arrays that blocks may read: the past of the activities and of the errors.
    """
    cutter = _Cutter(graph, list(arrays))
    blocks = [
        cutter.block(number, bundle, segment)
        for number, bundle in enumerate(bundles)
        for segment in bundle.segments
        if segment.start < segment.stop
    ]
    rules = [
        (bundles[part.bundle].learning.rate, bundles[part.bundle].learning.decay) for part in blocks
    ]
    index = np.concatenate([np.zeros(1, dtype=np.int32), *cutter.index])
    return Tables(blocks, np.array(rules).reshape(-1, 2), index, cutter.arrays)


class _Cutter:
    """Makes blocks, and collects the indices and arrays that they refer to."""

    def __init__(self, graph: Graph, arrays: list[ArrayVariable]):
        self.graph, self.arrays = graph, arrays
        self.index: list[NDArray[np.int32]] = []
        # an empty table has no place in compiled code
        self._length = 1

    def block(self, number: int, bundle: Bundle, segment: slice) -> Block:
        row, column = bundle.ends(segment)
        first, rows = self._population(row[0])
        left, columns = int(column.min()), int(np.ptp(column)) + 1
        # nothing comes back to inputs
        returns = bundle.returns and first >= self.graph.n_inputs
        readings = _readings(bundle, returns)
        shifts = _shifts(readings, segment, row, column)
        late = np.zeros(1, dtype=np.int64) if bundle.late is None else bundle.late[segment]
        drawn = None in shifts.values() or not _equal(late)
        form = Form.DRAWN if drawn else Form.SPARSE
        if not drawn and _is_full(row - first, column - left, rows, columns):
            form = Form.DENSE
        places: dict[str, Any] = {
            name: self._place(reading, shifts[name], drawn, segment)
            for name, reading in readings.items()
        }
        layout: dict[str, Any] = self._layout(form, row - first, column - left, rows)
        learning = bundle.learning
        return Block(
            form=form,
            first_row=first,
            rows=rows,
            first_column=left,
            columns=columns,
            first_edge=segment.start,
            bundle=number,
            drives=bundle.drives,
            returns=returns,
            learns=not learning.frozen and bool(bundle.plastic[segment.start]),
            start=learning.start,
            stop=learning.stop,
            late=int(late[0]) if _equal(late) else 0,
            late_index=-1 if _equal(late) else self._keep(late),
            **places,
            **layout,
        )

    def _population(self, unit: int) -> tuple[int, int]:
        part = next(part for part in self.graph.populations if part.start <= unit < part.stop)
        return part.start, part.size

    def _place(
        self, reading: Reading | None, shift: int | None, drawn: bool, segment: slice
    ) -> Place:
        if reading is None:
            return Place()
        if reading.variable not in self.arrays:
            self.arrays.append(reading.variable)
        number = self.arrays.index(reading.variable)
        if drawn or shift is None:
            shift = self._keep(reading.place(segment))
        return Place(number, shift, reading.moves)

    def _layout(self, form: Form, row: Ints, column: Ints, rows: int) -> dict[str, int]:
        if form is Form.DENSE:
            return {}
        starts = np.searchsorted(row, np.arange(rows + 1))
        return {"row_starts": self._keep(starts), "edge_columns": self._keep(column)}

    def _keep(self, numbers: Ints) -> int:
        """Append to the table of indices, and say where."""
        new = numbers.astype(np.int32)
        # the same place is read for the sum of this step and for the learning of the last
        for start, kept in zip(self._starts(), self.index, strict=True):
            if np.array_equal(kept, new):
                return start
        self.index.append(new)
        self._length += len(new)
        return self._length - len(new)

    def _starts(self) -> Iterator[int]:
        start = 1
        for kept in self.index:
            yield start
            start += len(kept)


def _readings(bundle: Bundle, returns: bool) -> dict[str, Reading | None]:
    return {
        "row_now": bundle.row_now,
        "column_now": bundle.column_now if returns else None,
        "row_met": bundle.row_met,
        "column_met": bundle.column_met,
    }


def _shifts(
    readings: Mapping[str, Reading | None], segment: slice, row: Ints, column: Ints
) -> dict[str, int | None]:
    """How far each reading is from its unit; None where that differs between connections."""
    shifts: dict[str, int | None] = {}
    for name, reading in readings.items():
        unit = row if name.startswith("row") else column
        away = np.zeros(1) if reading is None else reading.place(segment) - unit
        shifts[name] = int(away[0]) if _equal(away) else None
    return shifts


def _equal(values: NDArray[Any]) -> bool:
    return bool((values == values[0]).all())


def _is_full(row: Ints, column: Ints, rows: int, columns: int) -> bool:
    """Whether the connections are all pairs of rows and columns, in the order of a matrix."""
    if len(row) != rows * columns:
        return False
    across = (column.reshape(rows, columns) == np.arange(columns)).all()
    return bool(across and (row.reshape(rows, columns) == np.arange(rows)[:, None]).all())
