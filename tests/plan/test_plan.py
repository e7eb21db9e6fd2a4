"""The plan: made once, unchanged, in NumPy alone, and asked by everybody."""

import sys
from collections import Counter
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from neurodiff import ModelError, Plan, Simulation, audit, validate
from neurodiff.forecast.description.model import describe
from neurodiff.plan.sampling import Schedule
from neurodiff.plot import save_figures
from neurodiff.results import checks
from neurodiff.simulator.network import build_network
from tests.networks import chain

#: What makes each part of a plan, by the module that names it.
BUILDERS = {
    "neurodiff.plan.plan": (
        "data_files",
        "build_graph",
        "compute_latencies",
        "initial_weights",
        "build_stimuli",
        "plan_schedule",
    ),
    "neurodiff.plan.alignment": ("prepare",),
    "neurodiff.plan.feedback": ("prepare",),
    "neurodiff.plan.plasticity": ("prepare",),
    "neurodiff.plan.transmission": ("prepare",),
    "neurodiff.stimuli.build": ("input_signal", "target_signal"),
}
MODEL = {
    "plasticity": {"rule": "diffusion", "learning_rate": "2 Hz"},
    "validation": {"start": "0 ms", "every": "1 ms"},
}


@pytest.fixture
def calls(monkeypatch) -> Counter[str]:
    """How often each builder was called."""
    counted: Counter[str] = Counter()

    def counting(name: str, plain: Any) -> Any:
        def call(*arguments: Any, **keys: Any) -> Any:
            counted[name] += 1
            return plain(*arguments, **keys)

        return call

    for module, names in BUILDERS.items():
        for name in names:
            own = f"{module}.{name}"
            monkeypatch.setattr(own, counting(own, getattr(sys.modules[module], name)))
    return counted


def once() -> dict[str, int]:
    return {f"{module}.{name}": 1 for module, names in BUILDERS.items() for name in names}


def test_each_builder_is_visited_once(calls):
    Plan.of(chain([3, 4, 2], **MODEL))
    assert calls == once()


def test_nobody_plans_again(calls):
    plan = Plan.of(chain([3, 4, 2], **MODEL))
    assert Plan.of(plan) is plan
    simulation = Simulation(plan, backend="numpy").run()
    validate(simulation)
    audit(plan)
    describe(plan, "numpy")
    assert calls == once()
    # a recording by itself is planned again, from the model that it carries
    validate(simulation.recording)
    assert calls == {name: 2 for name in once()}


def test_a_plan_stays_as_it_is():
    plan = Plan.of(chain([3, 4, 2], **MODEL))
    with pytest.raises(FrozenInstanceError):
        plan.w = np.zeros(20)  # type: ignore[misc]
    w = plan.w.copy()
    simulation = Simulation(plan, backend="numpy").run()
    assert not np.array_equal(simulation.recording.w.values[-1], w)
    assert np.array_equal(plan.w, w)


def test_a_variation_leaves_the_plan_alone():
    plan = Plan.of(chain([3, 4, 2], **MODEL))
    silent = plan.replace(schedule=Schedule())
    assert "x" in Simulation(plan, backend="numpy").run().recording
    assert "x" not in Simulation(silent, backend="numpy").run().recording
    frozen = plan.replace(w=np.zeros_like(plan.w))
    assert build_network(frozen).initial[0].any() is np.False_ and plan.w.all()
    with pytest.raises(TypeError, match="unexpected keyword argument 'weights'"):
        plan.replace(weights=plan.w)


def test_a_plan_refuses_what_does_not_fit():
    with pytest.raises(ModelError, match=r"validation\.start: 1 s is not before the end"):
        Plan.of(chain([2, 1], validation={"start": "1 s"}))
    with pytest.raises(ModelError, match="model"):
        Plan.of({"network": {"layers": [2, 1]}})  # type: ignore[arg-type]


def test_one_that_has_run_with_another_length_has_another_plan():
    simulation = Simulation(chain([2, 1]), backend="numpy")
    before = simulation.plan
    simulation.run("7 ms")
    assert (before.stimuli.steps, simulation.plan.stimuli.steps) == (40, 7)


def test_the_figures_of_a_run_parse_its_model_once(monkeypatch, tmp_path):
    parsed: list[str] = []
    plain = checks.from_mapping
    monkeypatch.setattr(checks, "from_mapping", lambda *a, **k: parsed.append("") or plain(*a, **k))
    keys = {"description": "a text that no other test has", **MODEL}
    recording = Simulation(chain([3, 4, 2], **keys), backend="numpy").run().recording
    save_figures(recording, tmp_path)
    assert len(list(tmp_path.glob("*.png"))) >= 3
    assert len(parsed) == 1


@pytest.mark.parametrize("rule", ["symmetric", "sign", "random"])
def test_backward_weights_follow_forward_weights_that_are_replaced(rule):
    plan = Plan.of(chain([3, 4, 2], feedback=rule, **MODEL))
    turned = plan.replace(w=-plan.w)
    sign = {"symmetric": -1, "sign": -1, "random": 1}[rule]
    assert np.array_equal(turned.backward_weights, sign * plan.backward_weights)
    assert plan.backward_weights.any()
