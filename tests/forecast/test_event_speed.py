"""Estimated times of a step by events, and by a dense kernel."""

import pytest

from neurodiff import Plan
from neurodiff.forecast.event_activity import Activity
from neurodiff.forecast.event_speed import event_speed
from neurodiff.plan.speeds import Speed
from tests.networks import chain

#: 2 -> 3 -> 1: six units and nine synapses.
SENT = {"kind": "events", "threshold": 0.01, "error_threshold": 0.01}
KNOWN = {
    "fused": {"numpy": Speed(1.0, 100e-6, 10e-6, 1e-6)},
    "fused_events": {"numpy": Speed(1.0, 20e-6, 5e-6, 2e-6)},
}


@pytest.fixture(autouse=True)
def known_speeds(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("forecast.event_speed", "plan.speeds"):
        monkeypatch.setattr(f"neurodiff.{module}.speeds", lambda: KNOWN)


def test_times_by_hand():
    """9 synapses, three operations each: a third of them are 9 operations, or 18 us.

    At rest events take 20 + 6*5 = 50 us, and the dense kernel 100 + 6*10 + 9*1 = 169 us.
    """
    plan = Plan.of(chain([2, 3, 1], transmission=SENT))
    speed = event_speed(plan, "numpy", Activity(forward=0.1, backward=0.2, ratio=1 / 3))
    assert speed.events == pytest.approx(68e-6)
    assert speed.dense == pytest.approx(169e-6)
    assert speed.until == pytest.approx((169 - 50) / 18)
    # .1 of six units and .2 of four error units in each of 1,000 steps a second
    assert speed.per_second == pytest.approx(1000 * (0.6 + 0.8))


def test_where_nothing_is_sent_events_are_always_faster():
    plan = Plan.of(chain([2, 3, 1], transmission=SENT))
    assert event_speed(plan, "numpy", Activity(0.0, 0.0, 0.0)).until == float("inf")


@pytest.mark.parametrize(("frequency", "warned"), [("0.001 Hz", False), ("400 Hz", True)])
def test_a_run_for_which_a_dense_kernel_is_faster_is_warned_of(
    frequency: str, warned: bool, monkeypatch: pytest.MonkeyPatch
):
    from neurodiff import Simulation
    from neurodiff.command_line.announcement import announce

    # 1,000 steps; at most all 27 synaptic operations are left, of 1 ms each
    monkeypatch.setitem(KNOWN["fused_events"], "numpy", Speed(1.0, 20e-6, 5e-6, 1e-3))
    sinusoid = {"kind": "sinusoid", "frequency": frequency}
    model = chain([2, 3, 1], transmission=SENT, run={"duration": "1 s"}, input=sinusoid)
    simulation = Simulation(model, backend="numpy")
    if warned:
        with pytest.warns(UserWarning, match="input is fast.*`transmission: graded`"):
            announce(simulation)
    else:
        announce(simulation)
