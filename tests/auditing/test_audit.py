"""Which conditions on learning rules a model meets: verdicts, and where they come from."""

from collections.abc import Callable
from typing import Any

import brian2 as b2
import numpy as np
import pytest

import neurodiff
from neurodiff import audit, load
from neurodiff.simulator.order import LEARN
from neurodiff.simulator.plasticity import Diffusion
from neurodiff.simulator.transmission import graded
from neurodiff.simulator.transmission.arrival import Ring
from tests.auditing.audited import LEARNS, MODELS, small, verdicts
from tests.networks import random_digraph

EVENTS = {"kind": "events", "threshold": 0.01, "error_threshold": {"absolute": 0.01}}

SPIKES = {
    "kind": "spikes",
    "neuron": "integrate_and_fire",
    "maximum_rate": "200 Hz",
    "synaptic_time_constant": "20 ms",
}

#: Inputs that spikes can stand for.
INPUTS = {"kind": "constant", "values": [0.2, 0.8]}


def test_symmetric_and_random_feedback_differ_in_weight_transport_only():
    symmetric = audit(load(MODELS / "digits.yaml"))
    random = audit(load(MODELS / "digits.yaml", ["feedback=random"]))
    differ = {
        name for name, verdict in verdicts(symmetric).items() if verdicts(random)[name] != verdict
    }
    assert differ == {"no_weight_transport"}
    assert symmetric["no_weight_transport"].verdict == "not met"
    assert symmetric["no_weight_transport"].evidence["forward_weights_read"] == ["store.w"]
    assert random["no_weight_transport"].verdict == "met"
    assert random["no_weight_transport"].evidence["with_weights_of_their_own"] == 11000


def test_an_update_reads_its_weight_its_error_and_what_has_arrived():
    found = audit(small(delay={"forward": "3 ms", "backward": "1 ms"}))["local_in_space"]
    assert found.verdict == "met"
    assert [
        (read["variable"], read["place"], read["synapses"], read["steps_ago"])
        for read in found.evidence["reads"]
    ] == [
        ("store.w", "the synapse", 18, [0, 0]),
        ("errors.delta", "the error unit of the postsynaptic unit", 18, [0, 0]),
        ("store.plastic", "the synapse", 18, [0, 0]),
        ("store.x_arrived", "the synapse", 18, [0, 0]),
        ("units.x", "the presynaptic unit", 18, [3, 3]),
    ]


@pytest.fixture
def audit_with(monkeypatch):
    """Audit a small model whose synapses do something besides, and may need more equations."""

    def found(change: Callable[[Any, Any], None], equations: str = "") -> neurodiff.Finding:
        apply = Diffusion.apply

        def changed(rule: Diffusion, store: Any, errors: Any, presynaptic: str) -> None:
            apply(rule, store, errors, presynaptic)
            change(store, errors)

        monkeypatch.setattr(Diffusion, "apply", changed)
        monkeypatch.setattr(graded, "_STORE", f"{graded._STORE}\n{equations}")
        return audit(small())["local_in_space"]

    return found


def far(found: neurodiff.Finding) -> list[tuple[str, str, int]]:
    """Variable, place and number of synapses of all that is not local."""
    return [
        (read["variable"], read["place"], read["synapses"])
        for read in found.evidence["reads"]
        if not read["local"]
    ]


def test_a_rule_that_reads_the_sum_of_all_errors_is_not_local(audit_with):
    """Every weight learns from what a pool of all error units knows."""

    def pooled(store: Any, errors: Any) -> None:
        pool = b2.NeuronGroup(1, "total : 1", name="pool", clock=store.clock)
        sums = b2.Synapses(errors, pool, "total_post = delta_pre : 1 (summed)", clock=store.clock)
        sums.connect()
        store.pool_total = b2.linked_var(pool, "total", index="pool")
        store.run_regularly("w -= learning_rate*pool_total", name="learn_of_all", **LEARN.when)
        store.contained_objects.extend([pool, sums])

    found = audit_with(pooled, "pool : integer (constant)\npool_total : 1 (linked)")
    assert found.verdict == "not met"
    assert far(found) == [("errors.delta", "several places", 18)]
    assert "errors.delta" in found.why


def test_a_variable_that_all_synapses_share_is_not_local(audit_with):
    def shared(store: Any, errors: Any) -> None:
        store.run_regularly("w -= learning_rate*common", name="learn_of_all", **LEARN.when)

    found = audit_with(shared, "common : 1 (shared)")
    assert (found.verdict, far(found)) == (
        "not met",
        [("store.common", "several places", 18)],
    )


def test_a_signal_from_outside_is_not_local(audit_with):
    def rewarded(store: Any, errors: Any) -> None:
        store.namespace["reward"] = b2.TimedArray(np.ones(9), dt=store.clock.dt)
        store.run_regularly("w -= learning_rate*reward(t)", name="reward_all", **LEARN.when)

    found = audit_with(rewarded)
    assert (found.verdict, far(found)) == ("not met", [("outside.reward", "no place", 18)])


def test_a_weight_of_another_synapse_is_not_local(audit_with):
    """Weights that share what there is: each goes by its neighbour's, too."""

    def sharing(store: Any, errors: Any) -> None:
        store.other = np.roll(np.arange(len(store)), 1)
        store.w_other = b2.linked_var(store, "w", index="other")
        store.run_regularly("w -= learning_rate*w_other", name="share", **LEARN.when)

    found = audit_with(sharing, "other : integer (constant)\nw_other : 1 (linked)")
    assert (found.verdict, far(found)) == ("not met", [("store.w", "another synapse", 18)])


def test_an_error_of_another_unit_is_not_local(audit_with):
    """Only the numbers of a link are wrong; the code is that of the rule."""

    def shuffled(store: Any, errors: Any) -> None:
        error = np.array(store.error[:])
        error[[0, -1]] = error[[-1, 0]]
        store.error = error

    found = audit_with(shuffled)
    assert found.verdict == "not met"
    assert far(found) == [("errors.delta", "the error unit of another unit", 2)]


@pytest.mark.parametrize("transmission", [EVENTS, SPIKES], ids=["events", "spikes"])
def test_what_arrives_from_another_unit_is_not_local(monkeypatch, transmission):
    delays = {"uniform": ["1 ms", "4 ms"]}
    model = small(delay=delays, transmission=transmission, activation="sigmoid", input=INPUTS)
    assert audit(model)["local_in_space"].verdict == "met"
    connect = Ring.connect

    def moved(ring: Ring, senders: Any, synapses: Any, clock: Any) -> Any:
        made = connect(ring, senders, synapses, clock)
        if ring._name == "x":
            synapses.x_place = np.roll(synapses.x_place[:], 1)
        return made

    monkeypatch.setattr(Ring, "connect", moved)
    found = audit(model)
    assert found["local_in_space"].verdict == "not met"
    assert "another unit" in found["local_in_space"].why


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "transmission", ["graded", EVENTS, SPIKES], ids=["graded", "events", "spikes"]
)
def test_the_rule_is_local_in_any_network(seed, transmission):
    model = random_digraph(
        np.random.default_rng(seed),
        ["sigmoid"],
        input={"kind": "constant", "values": [0.2, 0.5, 0.8]},
        transmission=transmission,
        **LEARNS,
    )
    found = audit(model)
    assert found["local_in_space"].verdict == "met"
    assert found["local_in_time"].verdict == "met"
    assert found["no_weight_transport"].verdict == "not met"


def test_what_waits_for_its_error_is_not_local_in_time():
    aligned = {**LEARNS["plasticity"], "alignment": "matched"}
    found = audit(small((2, 3, 3, 1), plasticity=aligned))
    time = found["local_in_time"]
    assert time.verdict == "not met"
    assert time.evidence["longest_wait_ms"] == 4  # M_1 = 2 (L - 1) steps
    assert found["no_delay_matching"].verdict == "depends"
    assert found["input_slow_enough"].verdict == "met"


def test_traces_that_fit_the_delays_depend_on_them():
    traced = {**LEARNS["plasticity"], "alignment": "trace"}
    time = audit(small((2, 3, 3, 1), plasticity=traced))["local_in_time"]
    assert time.verdict == "depends"
    assert time.evidence["longest_wait_ms"] == 0
    assert time.evidence["longest_trace_ms"] == 4
    assert "traces.value_stage0" in time.evidence["made_from_their_own_past"]


def test_a_postsynaptic_potential_is_there_anyhow():
    leaky = audit(small(neuron={"kind": "leaky", "time_constant": "10 ms"}))["local_in_time"]
    assert (leaky.verdict, leaky.evidence["made_from_their_own_past"]) == ("met", ["store.psp"])
    spikes = audit(small(input=INPUTS, activation="sigmoid", transmission=SPIKES))
    assert spikes["local_in_time"].evidence["made_from_their_own_past"] == ["synapses.trace"]


KOLEN_POLLACK = {"plasticity": {**LEARNS["plasticity"], "weight_decay": "0.1 Hz"}}

MIRROR = {"rule": "weight_mirror", "duration": "10 ms", "weight_decay": "60 Hz"}


@pytest.mark.parametrize(
    ("keys", "verdict", "own"),
    [
        ({}, "not met", 0),
        ({"feedback": "sign"}, "depends", 0),
        ({"feedback": "random"}, "met", 12),
        ({"feedback": "direct"}, "met", 6),
        ({"feedback": "kolen_pollack", **KOLEN_POLLACK}, "met", 12),
        ({"feedback": MIRROR}, "met", 12),
        ({"transmission": EVENTS}, "not met", 0),
        ({"transmission": SPIKES, "activation": "sigmoid"}, "not met", 0),
    ],
)
def test_which_feedback_reads_the_forward_weights(keys, verdict, own):
    found = audit(small((2, 3, 3, 1), **({"input": INPUTS} | keys)))["no_weight_transport"]
    assert found.verdict == verdict
    assert found.evidence["with_weights_of_their_own"] == own


def test_a_network_without_hidden_units_sends_no_error_back():
    found = audit(small((2, 1)))
    assert found["no_weight_transport"].verdict == "met"
    assert found["no_extra_connections"].verdict == "met"


def test_a_mirror_has_a_phase_of_its_own():
    found = audit(small(feedback=MIRROR))["one_phase"]
    assert found.verdict == "not met"
    # 10 ms of noise, and 2 L - 1 = 5 steps until it has left; of 40 ms
    assert found.evidence["share_of_the_time_apart"] == pytest.approx(15 / 40)
    assert audit(small())["one_phase"].verdict == "met"


def test_signs_of_errors_and_of_weights():
    chained = audit(small(weights={"init": "constant", "value": 0.5}))
    assert chained["nonnegative_error_signals"].verdict == "not met"
    assert chained["dales_principle"].verdict == "depends"
    weights = {"init": "constant", "value": 0.5}
    kept = {"transmission": SPIKES, "activation": "sigmoid", "dale": True, "input": INPUTS}
    spikes = audit(small(weights=weights, **kept))
    assert spikes["nonnegative_error_signals"].verdict == spikes["dales_principle"].verdict == "met"
    assert spikes["low_precision_errors"].verdict == "met"
    assert audit(small(**kept))["dales_principle"].verdict == "depends"
    assert audit(small((2, 9, 9, 1)))["dales_principle"].verdict == "not met"


def test_precision_of_errors():
    assert audit(small())["low_precision_errors"].verdict == "not met"
    assert audit(small(transmission=EVENTS))["low_precision_errors"].verdict == "met"
    relative = {**EVENTS, "error_threshold": 0.02}
    assert audit(small(transmission=relative))["low_precision_errors"].verdict == "depends"


def test_connections_are_counted():
    found = audit(small((2, 3, 3, 1), delay={"forward": "4 ms", "backward": "1 ms"}))
    extra = found["no_extra_connections"].evidence
    assert (extra["backward_connections"], extra["forward_synapses"]) == (12, 18)
    assert extra["error_units"] == 7
    assert found["no_delay_matching"].evidence["largest_difference_ms"] == 3
