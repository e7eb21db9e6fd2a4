"""The numbers of an audit: bands, ceilings and curvatures."""

import json

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
from tests.auditing.audited import LEARNS, MODELS, small, verdicts
from tests.networks import chain, digraph, random_weights


def places(found: neurodiff.Audit) -> dict[str, str]:
    return {read["variable"]: read["place"] for read in found["local_in_space"].evidence["reads"]}


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
