"""What the learning of backward weights themselves asks of delays, and of the past."""

from typing import Any

import pytest

from neurodiff import audit
from tests.networks import chain

DELAYS = {"forward": "2 ms", "backward": "7 ms"}
MIRROR = {"rule": "weight_mirror", "duration": "20 ms", "weight_decay": "60 Hz"}


def found(feedback: Any, alignment: str = "none", delay: Any = DELAYS) -> Any:
    rule = {"rule": "diffusion", "learning_rate": "5 Hz", "weight_decay": "5 Hz"}
    rule["alignment"] = alignment
    return audit(chain([3, 4, 2], delay=delay, feedback=feedback, plasticity=rule, duration="1 s"))


@pytest.mark.parametrize("weight", [3.0, 0.1, -1.0])
def test_loops_through_backward_weights_of_their_own_have_no_ceiling_of_the_gradient(weight: float):
    # z^2 (z - 1) + eta w b = 0: .618/b per step for b > 0, and none for b < 0
    feedback = {"rule": "random", "weights": {"init": "constant", "value": weight}}
    ceiling = found(feedback)["learning_rate_low_enough"]
    assert ceiling.verdict == "depends" and "weights of their own" in ceiling.why
    assert found("symmetric")["learning_rate_low_enough"].verdict == "met"


def kolen_pollack(traces: str) -> dict[str, Any]:
    return {"rule": "kolen_pollack", "traces": traces}


@pytest.mark.parametrize(
    ("feedback", "delays", "time", "wait"),
    [
        # r + f: the activity that met the error at the forward synapse
        (kolen_pollack("aligned"), "depends", "not met", 9),
        (kolen_pollack("present"), "met", "met", 0),
        # f: the noise to which the other unit responds
        ({**MIRROR, "traces": "aligned"}, "depends", "not met", 2),
        ({**MIRROR, "traces": "present"}, "met", "met", 0),
        ("random", "met", "met", 0),
        ("sign", "met", "met", 0),
        ("symmetric", "met", "met", 0),
    ],
)
def test_aligned_traces_of_backward_weights_must_match_both_delays(feedback, delays, time, wait):
    audited = found(feedback)
    matching = audited["no_delay_matching"]
    assert (matching.verdict, audited["local_in_time"].verdict) == (delays, time)
    assert matching.evidence["longest_wait_of_feedback_ms"] == wait
    says = "the traces of backward weights must match both delays" in matching.why
    assert says == bool(wait)


def test_a_matched_rule_and_its_feedback_are_both_named():
    why = found(kolen_pollack("aligned"), "matched")["no_delay_matching"].why
    assert "waiting times at each synapse" in why and "traces of backward weights" in why


def test_drawn_delays_are_waited_for_one_by_one():
    drawn = {"forward": {"uniform": ["1 ms", "5 ms"]}, "backward": {"uniform": ["1 ms", "9 ms"]}}
    matching = found(kolen_pollack("aligned"), delay=drawn)["no_delay_matching"]
    assert matching.verdict == "depends"
    assert 9 < matching.evidence["longest_wait_of_feedback_ms"] <= 14
