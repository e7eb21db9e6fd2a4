"""How fast a network may learn, and how fast its input may be (theory 2.4, 3 and 4)."""

import numpy as np
import pytest

from neurodiff import Model
from tests.networks import Floats, digraph
from tests.simulated import simulate

KEPT = {"record": {"signals": "none", "weights": "1 ms"}, "validation": {"every": "800 ms"}}


def first_layer_learns(depth: int, rate: float, steps: int, phases: Floats, **tone: str) -> Model:
    """A chain of linear layers, of one unit but for the inputs, which learns to answer 0.

    Only the weights of the first layer learn, `rate` a step; all others are 1.
    """
    names = ["in", *(f"h{k}" for k in range(1, depth)), "out"]
    populations = {name: {"size": 1, "activation": "linear", "bias": False} for name in names}
    populations["in"] = {"size": len(phases), "role": "input"}
    populations["out"] |= {"role": "output"}
    one = {"plastic": False, "weights": {"init": "constant", "value": 1.0}}
    return digraph(
        populations,
        [
            {"pre": pre, "post": post, **(one if pre != "in" else {})}
            for pre, post in zip(names[:-1], names[1:], strict=True)
        ],
        weights={"init": "normal", "sd": 1.0},
        input={"kind": "sinusoid", **tone, "phase": phases.tolist()},
        target={"kind": "constant", "values": [0.0]},
        plasticity={"rule": "diffusion", "learning_rate": f"{1000 * rate} Hz"},
        run={"duration": f"{steps} ms"},
        **KEPT,
    )


def first_weights(model: Model, n: int) -> Floats:
    """Weights (steps + 1, n) of the first layer, at every step."""
    return np.asarray(simulate(model).recording["w"].values[:, :n])


@pytest.mark.parametrize(
    ("loop", "limit"), [(0, 2.0), (2, 0.618), (4, 0.347), (10, 0.149)], ids=lambda value: str(value)
)
def test_the_delay_of_the_loop_limits_the_learning_rate(loop: int, limit: float):
    """Theory W2: eta lambda < 2 sin(pi / (2 (2T + 1))), T = 2(L - l); here the curvature is 1."""
    exact = 2 * np.sin(np.pi / (2 * (2 * loop + 1)))
    assert exact == pytest.approx(limit, abs=1e-3)
    below, above = (deviations_of_the_weight(loop, share * exact) for share in (0.97, 1.03))
    for w, grows in ((below, False), (above, True)):
        early, late = np.abs(w[300:400]).max(), np.abs(w[-100:]).max()
        assert (late > 1.05 * early) == grows and (late < early / 1.05) == (not grows)
    turns = np.flatnonzero(np.diff(np.sign(above[300:])))
    period = 2 * (turns[-1] - turns[0]) / (len(turns) - 1)
    assert period == pytest.approx(4 * loop + 2, rel=0.03)


def deviations_of_the_weight(loop: int, rate: float) -> Floats:
    """What the weight is away from its optimum, 0, at every step, for an input that stays 1."""
    constant = {"frequency": "0 Hz"}
    model = first_layer_learns(loop // 2 + 1, rate, 900, np.array([np.pi / 2]), **constant)
    return first_weights(model, 1)[:, 0]


@pytest.mark.parametrize("mismatch", [0.6, 1.2, 1.8, 2.6, 3.14, 5.5])
def test_a_tone_beyond_a_quarter_period_unlearns(mismatch: float):
    """Theory W3: the loss of a linear chain decays at the rate (eta n/2) cos(omega M).

    The first layer of five learns to answer 0, and M is 8 steps. What the inputs span, a plane, is
    where the weights matter.
    """
    n, rate, omega = 8, 5e-4, mismatch / 8
    phases = 2 * np.pi * np.arange(n) / n
    tone = {"frequency": f"{1000 * omega / (2 * np.pi)} Hz"}
    w = first_weights(first_layer_learns(5, rate, 1000, phases, **tone), n)
    # the part of the weights that the tone sees, at two steps that are whole periods apart
    seen = w @ np.stack([np.cos(phases), np.sin(phases)], axis=1)
    period = 2 * np.pi / omega
    last = 100 + round(np.floor(850 / period) * period)
    change = np.log((seen[last] ** 2).sum() / (seen[100] ** 2).sum()) / (last - 100)
    assert -change / (rate * n / 2) == pytest.approx(np.cos(mismatch), abs=0.05)
