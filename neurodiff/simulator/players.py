"""Stimuli as Brian2 plays them: one unit for each column of a signal."""

from functools import singledispatch
from typing import Any, NamedTuple

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import UnknownKindError
from neurodiff.simulator.kernels.vector_math import VECTOR
from neurodiff.simulator.order import PLAY
from neurodiff.stimuli.signals import Signal, Sinusoids, Table

#: The least number of presentations for which a list of them has room; longer lists have twice,
#: four times, ... as much.
_SHORTEST = 4096
#: Seconds that a row lasts for Brian2, whose tables go by time, where rows are counted; less than
#: any time step, and so exact.
_ROW = 1e-9


def build_player(
    signal: Signal, name: str, lag: NDArray[np.int64], clock: b2.Clock
) -> b2.NeuronGroup:
    """Group whose `value` is the signal of this step, or of some steps ago; 0 before step 0.

    Parameters
    ----------
    signal : Signal
        Signal to be played.
    name : str
        Name of the group.
    lag : int array (n_columns,)
        How many steps late each column is played.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.
    """
    text, parameters, namespace = statement(signal, "(timestep(t, dt) - lag)", name, clock)
    equations = [f"{parameter} : 1 (constant)" for parameter in parameters]
    player = b2.NeuronGroup(
        len(lag),
        "\n".join(["value : 1", "lag : integer (constant)", *equations]),
        name=name,
        clock=clock,
        namespace=namespace,
    )
    player.lag = lag
    for parameter, values in parameters.items():
        setattr(player, parameter, values)
    played = f"value = int(timestep(t, dt) >= lag)*({text})"
    player.run_regularly(played, name=f"play_{name}", **PLAY.when)
    return player


class Statement(NamedTuple):
    """A signal as Brian2 code.

    Attributes
    ----------
    text : str
        Its value at a step.
    parameters : dict
        Values (n_columns,) of the constants of each unit that the text names.
    namespace : dict
        Tables and numbers that it names.
    """

    text: str
    parameters: dict[str, NDArray[np.float64]]
    namespace: dict[str, Any]


@singledispatch
def statement(signal: Signal, step: str, name: str, clock: b2.Clock) -> Statement:
    """A signal as Brian2 code.

    Parameters
    ----------
    signal : Signal
        Signal to be played.
    step : str
        Brian2 text of the step, 0 or later, for which the value is asked.
    name : str
        Prefix for the names of tables, which must differ between groups.
    clock : Clock
        Clock of the run, which ticks once a time step.

    Returns
    -------
    Statement
        Text of the signal, with the constants and tables that it names.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of the signal.
    """
    raise UnknownKindError("neurodiff.simulator.players.statement", signal)


@statement.register
def _(signal: Sinusoids, step: str, name: str, clock: b2.Clock) -> Statement:
    names = ("amplitude", "frequency", "phase")
    text = f"amplitude*vector_sin(frequency*{step} + phase)"
    parameters = {parameter: getattr(signal, parameter) for parameter in names}
    return Statement(text, parameters, {"vector_sin": VECTOR["sin"]})


@statement.register
def _(signal: Table, step: str, name: str, clock: b2.Clock) -> Statement:
    return Statement(_text(signal, step), {}, _tables(signal, name, clock))


def _text(signal: Table, step: str) -> str:
    """The row at `step`, as Brian2 text."""
    frames = _Frames.of(signal)
    row = frames.text("order", step) if frames else f"table({step}*dt, i)"
    if not signal.blend:
        return row
    before = frames.text("order_before", step) if frames else f"before({step}*dt, i)"
    last = f"clip({step}//hold, 0, last_row)"
    weight = f"clip(({step} - hold*{last})/blend, 0, 1)"
    return f"({before} + ({row} - {before})*{weight})"


class _Frames:
    """The different rows of a table, and which of them is shown when.

    More presentations of the same frames make a longer list of numbers, which is padded, and no
    longer table: a compiled program serves them, too.

    Attributes
    ----------
    rows : array (n_frames, n_columns)
    shown : int array (1 + n_rows,)
        Which is shown before the first row, and in each.
    """

    def __init__(self, rows: NDArray[np.float64], shown: NDArray[np.int64]):
        self.rows, self.shown = rows, shown

    @classmethod
    def of(cls, table: Table) -> "_Frames | None":
        """Those of a table; None where no row is shown twice."""
        rows, shown = np.unique(
            np.concatenate([table.before[None], table.rows]), axis=0, return_inverse=True
        )
        return cls(rows, shown.ravel()) if len(rows) < len(table.rows) else None

    @staticmethod
    def text(order: str, step: str) -> str:
        """The row of a step, as Brian2 text."""
        return f"table({order}(({step}//hold)*row_time)*row_time, i)"

    def tables(self, name: str, blend: bool) -> dict[str, b2.TimedArray | b2.Quantity]:
        """The tables that the text names."""
        lists = {"table": self.rows, "order": _padded(self.shown[1:])}
        if blend:
            lists["order_before"] = _padded(self.shown[:-1])
        row_time = _ROW * b2.second
        tables = {
            part: b2.TimedArray(values, dt=row_time, name=f"{name}_{part}")
            for part, values in lists.items()
        }
        return {**tables, "row_time": row_time}


def _padded(shown: NDArray[np.int64]) -> NDArray[np.float64]:
    """A list that goes on with its last number, to one of few lengths."""
    length = max(_SHORTEST, 1 << (len(shown) - 1).bit_length())
    return np.pad(shown.astype(float), (0, length - len(shown)), mode="edge")


def _tables(signal: Table, name: str, clock: b2.Clock) -> dict[str, float | b2.TimedArray]:
    """The tables and numbers that the text of a signal names."""
    hold, frames = signal.hold * clock.dt, _Frames.of(signal)
    numbers: dict[str, float | b2.TimedArray] = {}
    if signal.blend:
        numbers = {"last_row": len(signal.rows) - 1, "blend": float(signal.blend)}
    if signal.blend or frames:
        numbers["hold"] = signal.hold
    if frames:
        return {**numbers, **frames.tables(name, signal.blend > 0)}
    numbers["table"] = b2.TimedArray(signal.rows, dt=hold, name=f"{name}_table")
    if signal.blend:
        before = np.concatenate([signal.before[None], signal.rows[:-1]])
        numbers["before"] = b2.TimedArray(before, dt=hold, name=f"{name}_before")
    return numbers
