"""When a unit sends, by hand, and what thresholds cost."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.networks import chain, digraph
from tests.simulated import simulate
from tests.simulator.sending import SOME_WEIGHTS, Floats, Observed, assert_still, observe
from tests.twins.event_twin import Train, last_sent


def listed(events: Train) -> list[tuple[int, int, float]]:
    """Step, unit and value of each event."""
    return list(zip(*(part.tolist() for part in events), strict=True))


def by_hand(path: Path, u: list[float]) -> dict[str, Any]:
    """Linear units, input u(t), and what the two examples have in common."""
    np.save(path / "u.npy", np.array(u)[:, None])
    return {
        "activation": "linear",
        "bias": False,
        "plasticity": {"rule": "diffusion", "learning_rate": "125 Hz"},
        "input": {"kind": "array", "file": str(path / "u.npy"), "interval": "1 ms"},
        "run": {"duration": f"{len(u)} ms"},
        "record": {"signals": "none", "weights": "1 ms"},
    }


def test_two_units_by_hand(tmp_path: Path):
    """u -> o with a delay of 2, target 1/4, eta 1/8; x is sent beyond 1/2, delta beyond 0.2.

    At t = 3 u moves on by less than twice the threshold and is sent a quarter of it ahead, as 2.

    ====  ======  ============  =====  =====  =====  =====================
       t       u  u at synapse      w      o  delta  delta sent
    ====  ======  ============  =====  =====  =====  =====================
       0       0             0    1/2      0   -1/4  -1/4
       1   1 (s)             0    1/2      0   -1/4
       2     3/2             0    1/2      0   -1/4  (u moved by 1/2 only)
       3  15/8 (s)           1    1/2    1/2    1/4  1/4
       4    15/8             1  15/32  15/32   7/32  (moved by 1/32)
       5    15/8             2  14/32    7/8    5/8  5/8
       6    15/8             2   9/32   9/16   5/16  5/16
       7    15/8             2  13/64  13/32   5/32  (moved by 5/32)
       8    15/8             2    1/8    1/4      0  0
       9    15/8             2    1/8    1/4      0
    ====  ======  ============  =====  =====  =====  =====================

    dw = -(delta sent) (u at the synapse)/8, e.g. at t = 3: -(1/4) 1/8 = -1/32.
    """
    seen = observe(
        chain(
            [1, 1],
            transmission={
                "kind": "events",
                "threshold": 0.5,
                "error_threshold": {"absolute": 0.2},
            },
            weights={"init": "constant", "value": 0.5},
            delay={"forward": "2 ms", "backward": "3 ms"},
            target={"kind": "constant", "values": [0.25], "delay": "none"},
            **by_hand(tmp_path, [0, 1, 1.5, 1.875, 1.875, 1.875, 1.875, 1.875, 1.875, 1.875]),
        )
    )
    u, o = 0, 1
    # the output is sent to nobody: at t = 5 it has moved from 0 to 7/8, at t = 8 to 1/4
    assert listed(seen.sent_x) == [(1, u, 1), (3, u, 2), (5, o, 7 / 8), (8, o, 1 / 4)]
    sent = [(0, o, -1 / 4), (3, o, 1 / 4), (5, o, 5 / 8), (6, o, 5 / 16), (8, o, 0)]
    assert listed(seen.sent_delta) == sent
    w = [1 / 2] * 4 + [15 / 32, 14 / 32, 9 / 32, 13 / 64, 1 / 8, 1 / 8, 1 / 8]
    assert seen.w[:, 0].tolist() == w
    drive = [0, 0, 0, 1 / 2, 15 / 32, 7 / 8, 9 / 16, 13 / 32, 1 / 4, 1 / 4]
    assert seen.drive[:, 0].tolist() == drive


def test_three_units_by_hand(tmp_path: Path):
    """u -> h -> o, delays 2 forward and 3 back, u = 2, target 1/2, eta 1/8.

    x is sent beyond 1/4, delta beyond 0.3. Only u -> h learns, with its weight w; that of h -> o
    is 1. Nothing moves on by less than twice the threshold, so all is sent as it is.

    ====  =====  ====  =========  ====  ========  ============  =============
       t      w     h  h arrived     o   delta_o  delta_o back  delta_h, sent
    ====  =====  ====  =========  ====  ========  ============  =============
       0    1/2     0          0     0  -1/2 (s)             0      0
       1    1/2     0          0     0  -1/2                 0      0
       2    1/2  1 (s)         0     0  -1/2                 0      0
       3    1/2     1          0     0  -1/2              -1/2   -1/2 (s)
       4    5/8   5/4          1     1   1/2 (s)          -1/2   -1/2
       5    3/4  3/2 (s)       1     1   1/2              -1/2   -1/2
       6    7/8   7/4          1     1   1/2              -1/2   -1/2
       7      1  2 (s)       3/2   3/2     1 (s)           1/2    1/2 (s)
       8    7/8   7/4        3/2   3/2     1               1/2    1/2
       9    3/4  3/2 (s)       2     2   3/2 (s)           1/2    1/2
    ====  =====  ====  =========  ====  ========  ============  =============

    Whatever is marked (s) is sent. u is sent once, at t = 0, and arrives at t = 2.
    """
    keys = by_hand(tmp_path, [2.0] * 10)
    seen = observe(
        digraph(
            {
                "u": {"size": 1, "role": "input"},
                "h": {"size": 1},
                "o": {"size": 1, "role": "output"},
            },
            [
                {"pre": "u", "post": "h", "weights": {"init": "constant", "value": 0.5}},
                {"pre": "h", "post": "o", "weights": {"init": "constant", "value": 1.0}}
                | {"plastic": False},
            ],
            transmission={
                "kind": "events",
                "threshold": 0.25,
                "error_threshold": {"absolute": 0.3},
            },
            delay={"forward": "2 ms", "backward": "3 ms"},
            target={"kind": "constant", "values": [0.5], "delay": "none"},
            **keys,
        )
    )
    u, h, o = 0, 1, 2
    sent_x = [(0, u, 2), (2, h, 1), (4, o, 1), (5, h, 1.5), (7, h, 2), (7, o, 1.5)]
    assert listed(seen.sent_x) == [*sent_x, (9, h, 1.5), (9, o, 2)]
    sent_delta = [(0, o, -0.5), (3, h, -0.5), (4, o, 0.5), (7, h, 0.5), (7, o, 1), (9, o, 1.5)]
    assert listed(seen.sent_delta) == sent_delta
    into_h, into_o = seen.w.T.tolist()
    assert into_h == [0.5, 0.5, 0.5, 0.5, 0.625, 0.75, 0.875, 1, 0.875, 0.75, 0.625]
    assert into_o == [1] * 11
    assert seen.drive[:, 1].tolist() == [0, 0, 0, 0, 1, 1, 1, 1.5, 1.5, 2]
    assert seen.feedback[:, 0].tolist() == [0, 0, 0, -0.5, -0.5, -0.5, -0.5, 0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    "error_threshold",
    [
        {"absolute": 0.01},
        {"relative": 0.2, "average": "50 ms"},
        0.2,  # the mean over 1,000 steps, more than there are
    ],
    ids=str,
)
def test_units_send_when_they_have_moved_beyond_the_threshold(
    error_threshold: float | Mapping[str, Any],
):
    seen = observe(
        chain(
            [3, 6, 5, 2],
            transmission={
                "kind": "events",
                "threshold": 0.1,
                "error_threshold": error_threshold,
            },
            plasticity={"rule": "diffusion", "learning_rate": "2 Hz"},
            input={"kind": "noise", "time_constant": "20 ms", "sd": 1.0},
            run={"duration": "400 ms"},
            **SOME_WEIGHTS,
        )
    )
    threshold = np.full_like(seen.x, 0.1)
    check_sending(seen.sent_x, seen.x, threshold, ahead=0.25)
    if isinstance(error_threshold, dict) and "absolute" in error_threshold:
        threshold = np.full_like(seen.delta, 0.01)
    else:
        average = 50 if isinstance(error_threshold, dict) else 1000
        sizes = [part.size for part in seen.simulation.graph.populations[1:]]
        threshold = 0.2 * running_size(seen.delta, sizes, average)
    of_errors = seen.sent_delta._replace(unit=seen.sent_delta.unit - seen.n_inputs)
    check_sending(of_errors, seen.delta, threshold, ahead=0)


def check_sending(events: Train, signal: Floats, threshold: Floats, ahead: float) -> None:
    """These are the events of units that send on change; `signal`, `threshold` (steps, n).

    A unit that moves on, by less than two thresholds, is `ahead` thresholds ahead of itself.
    """
    known = last_sent(events, *signal.shape)
    assert (np.abs(signal - known) <= threshold).all()
    expected, exact = [], 0
    sent, last_move = np.zeros((2, signal.shape[1]))
    for t, unit in np.ndindex(signal.shape):
        x, limit = signal[t, unit], threshold[t, unit]
        move = x - sent[unit]
        if abs(move) > limit:
            moves_on = move * last_move[unit] > 0 and abs(move) < 2 * limit
            sent[unit] = x + moves_on * ahead * limit * np.sign(move)
            last_move[unit] = move
            exact += sent[unit] == x
            expected.append((t, unit, sent[unit]))
    assert listed(events) == expected
    assert 0.05 * signal.size <= len(expected) <= 0.95 * signal.size
    assert exact >= 0.2 * len(expected) and (exact == len(expected)) == (ahead == 0)


def running_size(delta: Floats, sizes: list[int], average: int) -> Floats:
    """Running root mean square of each layer's errors, for each of its units (steps, n)."""
    layers = np.split(delta**2, np.cumsum(sizes)[:-1], axis=1)
    squares = np.array([layer.mean(axis=1) for layer in layers]).T
    means = np.empty_like(squares)
    for t in range(len(squares)):
        if t < average:
            means[t] = squares[: t + 1].mean(axis=0)
        else:
            means[t] = means[t - 1] + (squares[t] - means[t - 1]) / average
    return np.repeat(np.sqrt(means), sizes, axis=1)


def constant(layers: list[int], duration: str) -> Observed:
    """A constant input that a linear output learns to answer to; all weights are recorded."""
    return observe(
        chain(
            layers,
            output_activation="linear",
            transmission={
                "kind": "events",
                "threshold": 0.01,
                "error_threshold": {"relative": 0.05, "average": "20 ms"},
            },
            plasticity={"rule": "diffusion", "learning_rate": "40 Hz"},
            run={"duration": duration},
            record={"signals": "none", "weights": "1 ms"},
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize("layers", [[3, 2], [2, 3, 3, 2]], ids=str)
def test_a_constant_input_that_is_learned_falls_silent(layers: list[int]):
    seen = constant(layers, "4 s")
    assert (np.abs(seen.delta).max(axis=0) > 0.01).all()
    assert max(seen.sent_x.step.max(), seen.sent_delta.step.max()) < 1500
    assert np.abs(seen.delta[1500:]).max() < 1e-6
    assert_still(seen.w[2000:])


@pytest.mark.slow
def test_the_error_of_the_gradient_is_proportional_to_the_threshold():
    """Theory 9.2, G5: frozen weights, four layers; the inputs move little in one step."""
    graded = products("graded")
    thresholds = [0.0025, 0.01, 0.04]
    errors = []
    for threshold in thresholds:
        sent = {"kind": "events", "threshold": threshold, "error_threshold": threshold}
        errors.append(np.linalg.norm(products(sent) - graded) / np.linalg.norm(graded))
    slope = np.polyfit(np.log(thresholds), np.log(errors), 1)[0]
    assert 0.9 <= slope <= 1.1, errors


def products(transmission: Any) -> Floats:
    """Local products at every tenth step of a network in which all waves have passed."""
    model = chain(
        [20] * 5,
        transmission=transmission,
        weights={"init": "glorot_uniform", "gain": 1.5},
        input={"kind": "sinusoid", "frequency": "0.2 Hz"},
        target={"kind": "teacher", "seed": 2},
        run={"duration": "1 s"},
        record="none",
        validation={"start": "0 ms", "every": "10 ms"},
    )
    return simulate(model).recording["product"].values[20:]
