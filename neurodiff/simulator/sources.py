"""Stimuli as Brian2 plays them: one unit for each column of a signal."""

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.simulator.order import PLAY
from neurodiff.stimuli import Signal, Sinusoids, Table


def build_player(
    signal: Signal, name: str, lag: NDArray[np.int64], clock: b2.Clock
) -> b2.NeuronGroup:
    """Group whose `value` is the signal of this step, or of some steps ago; 0 before step 0.

    Parameters
    ----------
    signal : Signal
    name : str
        Name of the group.
    lag : int array (n_columns,)
        How many steps late each column is played.
    """
    text, parameters = _text(signal, "(timestep(t, dt) - lag)")
    equations = [f"{part} : 1 (constant)" for part in parameters]
    player = b2.NeuronGroup(
        len(lag),
        "\n".join(["value : 1", "lag : integer (constant)", *equations]),
        name=name,
        clock=clock,
        namespace=_tables(signal, name, clock),
    )
    player.lag = lag
    for part, values in parameters.items():
        setattr(player, part, values)
    played = f"value = int(timestep(t, dt) >= lag)*({text})"
    player.run_regularly(played, name=f"play_{name}", **PLAY.when)
    return player


def _text(signal: Signal, step: str) -> tuple[str, dict[str, NDArray[np.float64]]]:
    """The signal at `step`, as Brian2 text, and the parameters of each unit that it names."""
    if isinstance(signal, Sinusoids):
        names = ("amplitude", "frequency", "phase")
        text = f"amplitude*sin(frequency*{step} + phase)"
        return text, {part: getattr(signal, part) for part in names}
    row = f"table({step}*dt, i)"
    if not signal.blend:
        return row, {}
    last = f"clip({step}//hold, 0, last_row)"
    weight = f"clip(({step} - hold*{last})/blend, 0, 1)"
    return f"(before({step}*dt, i) + ({row} - before({step}*dt, i))*{weight})", {}


def _tables(signal: Signal, name: str, clock: b2.Clock) -> dict[str, float | b2.TimedArray]:
    """The tables and numbers that the text of a signal names."""
    if not isinstance(signal, Table):
        return {}
    hold = signal.hold * clock.dt
    table = b2.TimedArray(signal.rows, dt=hold, name=f"{name}_table")
    if not signal.blend:
        return {"table": table}
    before = np.concatenate([signal.before[None], signal.rows[:-1]])
    return {
        "table": table,
        "before": b2.TimedArray(before, dt=hold, name=f"{name}_before"),
        "hold": signal.hold,
        "last_row": len(signal.rows) - 1,
        "blend": float(signal.blend),
    }
