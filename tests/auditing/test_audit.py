"""Which conditions on learning rules a model meets: verdicts, and where they come from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
import pytest
from typer.testing import CliRunner

import neurodiff
from neurodiff import ModelError, Simulation, audit, load, load_sweep
from neurodiff.auditing.finding import _RENAMED
from neurodiff.auditing.wiring import _precision, _sign
from neurodiff.cli import app
from neurodiff.exceptions import UnknownKindError
from neurodiff.forecast import learning_rate_ceilings
from neurodiff.network.static_response import respond
from neurodiff.reference.backprop import backprop, products
from neurodiff.simulator.order import LEARN
from neurodiff.simulator.plasticity import Diffusion
from neurodiff.simulator.transmission import graded
from neurodiff.simulator.transmission.arrival import Ring
from tests.networks import chain, digraph, random_digraph, random_weights

MODELS = Path(__file__).parents[2] / "models"
LEARNS = {"plasticity": {"rule": "diffusion", "learning_rate": "1 Hz"}}
EVENTS = {"kind": "events", "threshold": 0.01, "error_threshold": {"absolute": 0.01}}
SPIKES = {
    "kind": "spikes",
    "neuron": "integrate_and_fire",
    "maximum_rate": "200 Hz",
    "synaptic_time_constant": "20 ms",
}
#: Inputs that spikes can stand for.
INPUTS = {"kind": "constant", "values": [0.2, 0.8]}


def small(layers=(2, 3, 3, 1), **keys: Any) -> neurodiff.Model:
    return chain(layers, **(LEARNS | keys))


def places(found: neurodiff.Audit) -> dict[str, str]:
    return {read["variable"]: read["place"] for read in found["local_in_space"].evidence["reads"]}


def verdicts(found: neurodiff.Audit) -> dict[str, str]:
    return {finding.name: finding.verdict for finding in found.findings}


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


@pytest.mark.slow
def test_the_band_of_each_layer():
    # one unit a layer, so that all loops have one phase; so small that tanh is linear
    tone = {"kind": "sinusoid", "frequency": "5 Hz", "amplitude": 1e-4}
    deep = {"time_step": "10 ms", "duration": "400 ms", "delay": "10 ms"}
    deep |= {"weights": {"init": "constant", "value": 0.9}}
    found = audit(small((1, 1, 1, 1, 1, 1), input=tone, **deep))["input_slow_enough"]
    assert found.verdict == "not met"
    # f_c = 1/(8 (L - l) dt)
    cutoffs = [1 / (8 * (5 - layer) * 0.01) for layer in range(1, 5)]
    assert list(found.evidence["cutoff_hz"].values())[:4] == pytest.approx(cutoffs)
    assert found.evidence["cutoff_hz"]["layer5"] is None
    assert found.evidence["beyond"] == ["layer1", "layer2"]
    slow = {**tone, "frequency": "3 Hz"}
    slower = audit(small((1, 1, 1, 1, 1, 1), input=slow, **deep))
    assert slower["input_slow_enough"].verdict == "met"
    assert audit(small())["input_slow_enough"].verdict == "met"
    noise = {"kind": "noise", "time_constant": "10 ms"}
    assert audit(small(input=noise))["input_slow_enough"].verdict == "depends"
    short = load(MODELS / "digits.yaml", ["input.hold=4 ms"])
    assert audit(short)["input_slow_enough"].evidence["beyond"] == ["layer1"]


def test_the_ceilings_of_a_chain_by_hand():
    chained = {"bias": False, "activation": "linear", "weights": {"init": "constant", "value": 3}}
    one = {"input": {"kind": "constant", "values": [2.0]}}
    found = audit(chain((1, 1, 1), **LEARNS, **chained, **one))["learning_rate_low_enough"]
    # hidden: J = 3, x = 2, T = 2; output: J = 1, x = 6, T = 0; both per step of 1 ms
    expected = {"layer1": 1000 * 2 * np.sin(np.pi / 10) / 36, "output": 1000 * 2 / 36}
    assert list(found.evidence["ceiling_hz"].values()) == pytest.approx(list(expected.values()))
    # together: z - 1 + 36 eta (1 + z^-2) is 0 at z = -1
    assert found.evidence["ceiling_of_all_hz"] == pytest.approx(1000 / 36)
    assert found.evidence["swing_steps"] == pytest.approx(2)
    assert found.verdict == "met"

    def at(rate: str) -> neurodiff.Finding:
        fast = {"plasticity": {"rule": "diffusion", "learning_rate": rate}}
        return audit(chain((1, 1, 1), **fast, **chained, **one))["learning_rate_low_enough"]

    # the fast loop of the output damps the slow one of the hidden unit
    assert found.evidence["damped"] == ["hidden1"]
    assert "is above that of hidden1 alone, because" in found.details[-1]
    assert (at("18 Hz").verdict, at("18 Hz").evidence["above"]) == ("met", ["hidden1"])
    assert at("28 Hz").verdict == "not met"


def test_the_ceilings_are_those_that_learning_has():
    """Of the study in which each layer learns just below its own, and not just above."""
    sweep = load_sweep(MODELS / "studies" / "learning_rate_profile.yaml")
    rates = [1000 * 2 * np.sin(np.pi / (2 * (4 * (5 - layer) + 1))) for layer in range(1, 6)]
    for run in sweep.runs():
        rate, layer, _ = run.index
        if rate == 0:
            found = audit(run.model)["learning_rate_low_enough"]
            (ceiling,) = found.evidence["ceiling_hz"].values()
            assert ceiling == pytest.approx(rates[layer])


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
def test_curvature_is_that_of_the_gradient_at_its_minimum(loss):
    """Where no error is left, the Gauss-Newton matrix is the Hessian: finite differences."""
    rng = np.random.default_rng(4)
    outputs = {"output_activation": "sigmoid"} if loss == "cross_entropy" else {}
    inputs = {"kind": "constant", "values": rng.normal(size=3).tolist()}
    drawn = Simulation(chain((3, 4, 2), loss=loss, bias=False, input=inputs, **outputs))
    graph = drawn.graph
    w, bias = random_weights(graph, rng)
    plan = drawn.plan.replace(w=w, bias=bias)
    u = np.array([inputs["values"]])
    y = respond(graph, w, bias, u)[1][:, graph.outputs]

    def gradient(w):
        found = backprop(graph, w, bias, u, y, loss)
        return products(graph, found.x, found.delta)[0]

    found = learning_rate_ceilings(plan)
    curvatures = {part.population.name: part.curvature for part in found.alone}
    for part in graph.projections:
        own, step = np.arange(part.start, part.stop), 1e-5
        moved = [step * (np.arange(len(w)) == synapse) for synapse in own]
        hessian = [(gradient(w + d) - gradient(w - d))[own] / (2 * step) for d in moved]
        largest = np.linalg.eigvalsh(np.array(hessian))[-1]
        assert curvatures[part.post.name] == pytest.approx(largest, rel=1e-6)


def test_cycles_that_do_not_settle_have_no_band_and_no_ceiling():
    populations = {
        "in": {"size": 1, "role": "input"},
        "a": {"size": 2},
        "out": {"size": 1, "role": "output"},
    }
    tone = {"kind": "sinusoid", "frequency": "5 Hz"}
    for gain, ceiling, band in ((-3.0, "depends", "depends"), (0.3, "met", "met")):
        loop = {"pre": "a", "post": "a", "weights": {"init": "constant", "value": gain}}
        still = audit(digraph(populations, ["in a", loop, "a out"], **LEARNS))["input_slow_enough"]
        assert still.verdict == band
        found = audit(digraph(populations, ["in a", loop, "a out"], input=tone, **LEARNS))
        assert found["learning_rate_low_enough"].verdict == ceiling
        assert found["input_slow_enough"].verdict == band
        assert found["local_in_space"].verdict == "met"


def test_a_frozen_rule_is_audited_as_it_would_learn():
    frozen = {"rule": "diffusion", "learning_rate": "0 Hz"}
    found = audit(small(plasticity=frozen))
    assert "errors.delta" in places(found)
    assert found["learning_rate_low_enough"].evidence["learning_rate_hz"] == 0


def test_a_model_without_a_rule_is_refused():
    with pytest.raises(ModelError, match="plasticity: there is no learning rule to audit"):
        audit(small(plasticity="none"))


def test_the_command_prints_text_or_json_and_claims_nothing():
    text = CliRunner().invoke(app, ["audit", str(MODELS / "two_layer_xor.yaml")])
    assert text.exit_code == 0
    assert "no weight transport: not met" in text.output
    assert "plausib" not in text.output.lower()
    assert max(map(len, text.output.splitlines())) <= 100
    printed = CliRunner().invoke(app, ["audit", str(MODELS / "two_layer_xor.yaml"), "--json"])
    found = json.loads(printed.output)
    assert found == audit(load(MODELS / "two_layer_xor.yaml")).to_dict()
    assert set(found["findings"]) == {finding.name for finding in audit(small()).findings}
    with pytest.raises(KeyError, match="write one of: local_in_space"):
        audit(small())["magic"]


def test_a_renamed_condition_is_refused_with_its_new_name():
    found = audit(small())
    assert set(_RENAMED.values()) <= set(verdicts(found))
    assert not set(_RENAMED) & set(verdicts(found))
    for old, new in _RENAMED.items():
        with pytest.raises(KeyError, match=f"'{old}' is now called '{new}'"):
            found[old]


def test_nothing_is_damped_where_all_weights_together_have_the_lowest_ceiling():
    found = audit(load(MODELS / "digits.yaml"))["learning_rate_low_enough"]
    assert found.evidence["ceiling_of_all_hz"] < min(found.evidence["ceiling_hz"].values())
    assert found.evidence["damped"] == [] and "damp" not in found.summary()


def test_a_choice_that_the_audit_does_not_know_is_named():
    for judge, arguments in (
        (_sign, ()),
        (_precision, (None,)),
    ):
        with pytest.raises(UnknownKindError, match=f"{judge.__name__} knows no object"):
            judge(object(), *arguments)
