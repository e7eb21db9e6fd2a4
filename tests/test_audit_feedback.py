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
    ceiling = found(feedback)["learning_rate_ceiling"]
    assert ceiling.verdict == "depends" and "weights of their own" in ceiling.why
    assert found("symmetric")["learning_rate_ceiling"].verdict == "holds"


def kolen_pollack(traces: str) -> dict[str, Any]:
    return {"rule": "kolen_pollack", "traces": traces}


@pytest.mark.parametrize(
    ("feedback", "delays", "time", "wait"),
    [
        # r + f: the activity that met the error at the forward synapse
        (kolen_pollack("aligned"), "depends", "does not hold", 9),
        (kolen_pollack("present"), "holds", "holds", 0),
        # f: the noise to which the other unit responds
        ({**MIRROR, "traces": "aligned"}, "depends", "does not hold", 2),
        ({**MIRROR, "traces": "present"}, "holds", "holds", 0),
        ("random", "holds", "holds", 0),
        ("sign", "holds", "holds", 0),
        ("symmetric", "holds", "holds", 0),
    ],
)
def test_aligned_traces_of_backward_weights_have_to_fit_both_delays(feedback, delays, time, wait):
    audited = found(feedback)
    symmetric = audited["symmetric_delays"]
    assert (symmetric.verdict, audited["locality_in_time"].verdict) == (delays, time)
    assert symmetric.evidence["longest_wait_of_feedback_ms"] == wait
    says = "the traces of backward weights have to fit both delays" in symmetric.why
    assert says == bool(wait)


def test_a_matched_rule_and_its_feedback_are_both_named():
    why = found(kolen_pollack("aligned"), "matched")["symmetric_delays"].why
    assert "waiting times at each synapse" in why and "traces of backward weights" in why


def test_drawn_delays_are_waited_for_one_by_one():
    drawn = {"forward": {"uniform": ["1 ms", "5 ms"]}, "backward": {"uniform": ["1 ms", "9 ms"]}}
    symmetric = found(kolen_pollack("aligned"), delay=drawn)["symmetric_delays"]
    assert symmetric.verdict == "depends"
    assert 9 < symmetric.evidence["longest_wait_of_feedback_ms"] <= 14
