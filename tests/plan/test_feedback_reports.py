"""What is reported of feedback, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import load, validate
from neurodiff.reference.backprop import backprop
from tests.networks import chain
from tests.plan.returning import (
    LEARNING,
    RULES,
    built,
    cosine,
    frozen,
)
from tests.refusals import GOOD, changed, refused, write
from tests.simulated import EVERY_STEP, described, simulate


def test_the_report_says_how_well_errors_come_back():
    """With frozen weights and a constant input all cosines can be had in another way."""
    keys = {"plasticity": frozen(), "duration": "60 ms", **EVERY_STEP}
    model = chain([3, 6, 5, 2], feedback="random", **keys | {"validation": {"start": "40 ms"}})
    simulation = simulate(model)
    graph, feedback = simulation.graph, simulation.plan.feedback
    report = validate(simulation)
    u, y = (
        part.at(np.array([0]))
        for part in (simulation.plan.stimuli.input, simulation.plan.stimuli.target)
    )
    true = backprop(graph, simulation.plan.w, simulation.plan.bias, u, y, "squared_error").delta[0]
    delta = simulation.recording["delta"].values[-1]
    for part, layer in zip(graph.projections, report.layers, strict=True):
        found = layer.to_dict()
        units = part.post.units
        assert found["delta_cosine"] == pytest.approx(cosine(delta[units], true[units]), abs=1e-12)
        # rank 1: the presynaptic factor is exact here, so that the product is as good as the error
        assert layer.cosine == pytest.approx(found["delta_cosine"], abs=1e-12)
        if part.pre.role == "input":
            assert found["feedback_cosine"] is None
        else:
            own = graph.backward.along(part.synapses)
            want = cosine(feedback.b[own], simulation.plan.w[part.synapses])
            assert found["feedback_cosine"] == pytest.approx((want, want), abs=1e-12)
    assert report.layers[-1].to_dict()["delta_cosine"] == pytest.approx(1, abs=1e-12)
    assert "cosine of errors" in report.summary() and "of b and w, first" in report.summary()


def test_direct_feedback_has_no_weights_to_compare():
    report = validate(simulate(chain([3, 6, 5, 2], feedback="direct", plasticity=frozen())))
    assert all(layer.to_dict()["feedback_cosine"] is None for layer in report.layers)
    assert all(layer.to_dict()["delta_cosine"] is not None for layer in report.layers)


def test_the_waves_as_reference_follow_any_feedback():
    keys = {"validation": {"reference": "delayed", "minimum_cosine": 1 - 1e-12}}
    report = validate(simulate(chain([2, 4, 4, 1], feedback="random", plasticity=LEARNING, **keys)))
    assert report.passed


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("random", ["feedback random: 18 backward weights of its own, along synapses"]),
        ("sign", ["the sign of its synapse's weight", "layer2"]),
        (
            "direct",
            [
                "feedback direct: 14 backward",
                "every output to every hidden unit",
                "delays in steps of",
            ],
        ),
        ("kolen_pollack", ["what the unit to which it leads sent 7 steps ago"]),
        ("kolen_pollack, present", ["what the unit to which it leads sent now"]),
        ("weight_mirror", ["units send noise for 25 steps", "weights learn, from step 41 on"]),
    ],
)
def test_show_says_what_a_rule_takes(rule: str, said: list[str]):
    feedback = RULES[rule] if rule != "direct" else "direct"
    keys = {"delay": {"forward": "2 ms", "backward": "5 ms"}, "plasticity": LEARNING}
    text = described(built(chain([2, 4, 3, 2], feedback=feedback, duration="60 ms", **keys)))
    for part in [*said, "each has to know: the error that arrives", "steady from step"]:
        assert part in text
    assert ("angles between backward and forward" in text) == (rule != "direct")


def test_show_says_nothing_of_symmetric_feedback():
    assert "feedback" not in described(built(chain([2, 4, 3, 2])))


KOLEN = "plasticity={rule: diffusion, learning_rate: 1 Hz, weight_decay: 1 Hz"

MIRRORED = "feedback={rule: weight_mirror, duration: 5 ms, weight_decay: 10 Hz"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["feedback=radnom"], ("feedback: 'radnom' is not known", "did you mean `random`?")),
        (["feedback={rule: sign, traces: aligned}"], ("feedback.traces: unknown key", "`rule`")),
        (["feedback={rule: random, delay: 2 ms}"], ("feedback.delay: unknown key", "weights")),
        (["feedback={rule: direct, traces: present}"], ("feedback.traces: unknown key",)),
        (["feedback={rule: kolen_pollack, noise: 1}"], ("feedback.noise: unknown key",)),
        (
            ["feedback={rule: kolen_pollack, traces: late}"],
            ("feedback.traces: 'late' is not known", "aligned, present"),
        ),
        (["feedback={rule: direct, delay: 1.5 ms}"], ("feedback.delay: 1.5 ms is no multiple",)),
        (
            ["feedback={rule: direct, delay: {normal: [0.5 ms, 1 ms]}}"],
            ("feedback.delay.normal.0: 0.5 ms is less than a time step",),
        ),
        (["feedback=weight_mirror"], ("feedback.duration: missing", "feedback.weight_decay")),
        ([MIRRORED.replace("5 ms", "5.5 ms") + "}"], ("feedback.duration: 5.5 ms is no multiple",)),
        ([MIRRORED + ", noise: 0}"], ("feedback.noise: 0 is too small", "above 0")),
        (
            [MIRRORED.replace("10 Hz", "2 kHz") + "}"],
            ("feedback.weight_decay: 2 kHz is more than all in a step", "write 1 kHz or less"),
        ),
        (
            [MIRRORED.replace("5 ms", "1e5 s") + "}", "run.duration=2e5 s"],
            ("feedback.duration: 5e+07 numbers of noise are the most", "write 10000 s or less"),
        ),
        (
            [MIRRORED.replace("5 ms", "30 ms") + "}"],
            ("feedback.duration: 30 ms is too long", "the run ends at 20 ms", "run longer"),
        ),
        (
            [MIRRORED.replace("5 ms", "18 ms") + "}", KOLEN + "}"],
            ("feedback.duration: 18 ms is too long", "learning ends at 20 ms", "3 ms to leave"),
        ),
        (["feedback=kolen_pollack"], ("feedback: nothing learns", "`feedback: random`")),
        (
            ["feedback=kolen_pollack", KOLEN.replace("decay: 1", "decay: 0") + "}"],
            ("plasticity.weight_decay: it is 0 Hz", "never approach", "positive"),
        ),
        (
            ["feedback=kolen_pollack", KOLEN.replace("rate: 1", "rate: 0") + "}"],
            ("plasticity.learning_rate: it is 0 Hz", "never approach"),
        ),
        (
            ["feedback=kolen_pollack", KOLEN + ", alignment: trace}"],
            ("plasticity.alignment: kolen_pollack looks back", "`matched` or `none`"),
        ),
        (
            ["feedback=random", "network={layers: [2, 1]}"],
            ("feedback: no error goes back in this network", "hidden population"),
        ),
        (
            ["feedback=random", "network.weights={init: file, path: w.npz}"],
            ("feedback: backward weights cannot be drawn like", "{init: glorot_uniform}"),
        ),
        (
            ["feedback={rule: direct, weights: {init: file, path: w.npz}}"],
            ("feedback.weights.init: a file holds weights by projection", "glorot_uniform"),
        ),
        (
            ["feedback={rule: random, weights: {init: file, path: w.npz}}"],
            ("feedback.weights.path:", "w.npz does not exist", "check the path"),
        ),
        (
            ["feedback=random", "transmission={kind: events, threshold: 0, error_threshold: 0}"],
            ("feedback: random needs graded transmission, and transmission is by events",),
        ),
    ],
)
def test_feedback_that_cannot_be_is_refused(tmp_path: Path, changes: list[str], said: Any):
    message = refused(write(tmp_path, GOOD), *changes)
    for part in said:
        assert part in message, message


def test_a_mirror_goes_with_no_cycle(tmp_path: Path):
    populations = "{i: {size: 2, role: input}, h: {size: 2}, o: {size: 1, role: output}}"
    projections = "[{pre: i, post: h}, {pre: h, post: h}, {pre: h, post: o}]"
    network = f"network={{populations: {populations}, projections: {projections}}}"
    message = refused(write(tmp_path, changed(network)), MIRRORED + "}")
    assert "feedback: noise never leaves a cycle (h -> h)" in message


def test_kolen_pollack_needs_a_projection_that_learns(tmp_path: Path):
    populations = "{i: {size: 2, role: input}, h: {size: 2}, o: {size: 1, role: output}}"
    projections = "[{pre: i, post: h}, {pre: h, post: o, plastic: false}]"
    network = f"network={{populations: {populations}, projections: {projections}}}"
    path = write(tmp_path, changed(network))
    message = refused(path, "feedback=kolen_pollack", KOLEN + "}")
    assert "feedback: no projection that errors go back along is plastic" in message


def test_a_word_is_short_for_a_mapping(tmp_path: Path):
    path = write(tmp_path, changed("feedback=random"))
    assert load(path).feedback == load(path, ["feedback={rule: random}"]).feedback
    assert load(path).feedback.rule == "random"
