"""What the report of a run says as text: in which order, and in which words."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, Simulation, validate
from neurodiff.validation import report_run
from neurodiff.validation.report import LayerReport
from neurodiff.validation.verdict import Verdict, judge
from tests.networks import chain
from tests.simulated import learned, simulate

TONE = {"kind": "sinusoid", "frequency": "10 Hz"}


def starts(text: str, *beginnings: str) -> list[int]:
    """Of each beginning, the number of the one line that begins with it."""
    lines = text.splitlines()
    found = [[k for k, line in enumerate(lines) if line.startswith(part)] for part in beginnings]
    assert [len(part) for part in found] == [1] * len(beginnings), text
    return [part[0] for part in found]


def test_frames_say_the_task_first_then_the_verdict_then_what_was_compared(tmp_path: Path):
    report = report_run(learned(tmp_path, validation={"minimum_cosine": 0.1}))
    text = report.summary()
    order = starts(
        text,
        "test accuracy ",
        "online backprop of the same network ",
        "difference ",
        "while learning, in the last epoch: ",
        "passed: every layer's cosine >= 0.1, as validation.minimum_cosine asks (least 0.",
        "compared: the local product g of each synapse at a step with its reference g*",
        "moments: every step from ",
        "layer ",
        "layer1 ",
        "total ",
        "  cosine: ",
        "  rel. error: ",
        "  norm ratio: ",
        "  sign agreement: ",
        "  cosine of sum: ",
        "why the sum may differ much from the moments: ",
    )
    assert order == sorted(order) and order[0] == 0
    # a chain of two projections: F_2 + R_1 = 2 + 1; 2 epochs of 90 frames for 6 steps each
    assert "moments: every step from 3 (3 ms) to 1079 (1.079 s), 1077 in all" in text
    # M_1 = R_1 + F_2 - F_1 = 2, M_2 = 0
    assert "so many of the 6 steps of a frame: 2 (33%) in layer1, 0 in layer2\n" in text
    assert "(error_frame), the gradient by backpropagation for the input that the arriving" in text


def test_only_for_so_many_steps_do_two_frames_meet(tmp_path: Path):
    """With little learning, the product is the gradient in the other steps of a frame."""
    slow = {"rule": "diffusion", "learning_rate": "0.000001 Hz"}
    every = {"every": "1 ms", "minimum_cosine": -1}
    simulation = learned(tmp_path, plasticity=slow, validation=every)
    report = validate(simulation)
    assert report.setting.mixed == (("layer1", 2.0), ("layer2", 0.0))
    steps = np.rint(report.over_time["product_time"].values / 1e-3).astype(int)
    exact = report.over_time["relative_error"].values < 1e-6
    # the new frame reaches the first synapses after a step
    mixed = np.isin(steps % 6, [1, 2])[steps > 6]
    first, second = exact[steps > 6].T
    np.testing.assert_array_equal(first, ~mixed)
    assert second.all()


def test_without_a_mix_and_without_learning_the_sum_needs_no_word(tmp_path: Path):
    still = {"rule": "diffusion", "learning_rate": "0 Hz"}
    frozen = validate(learned(tmp_path, plasticity=still)).setting.of_the_sum()
    assert frozen is not None and "(1) after each change" in frozen and "(2)" not in frozen
    matched = {"rule": "diffusion", "learning_rate": "10 Hz", "alignment": "matched"}
    aligned = validate(learned(tmp_path, plasticity=matched)).setting.of_the_sum()
    assert aligned is not None and "(1) an error that arrives was made with" in aligned
    neither = learned(tmp_path, plasticity=still | {"alignment": "matched"})
    assert validate(neither).setting.of_the_sum() is None
    assert validate(simulate(chain([2, 2, 1], input=TONE))).setting.of_the_sum() is None


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("error_frame", "for the input that the arriving error is about"),
        ("instantaneous", "for the input and the target of that step"),
        ("delayed", "that the delayed waves must give at that step"),
    ],
)
def test_the_reference_and_the_sample_are_said_in_words(reference: str, words: str):
    model = chain([2, 2, 1], input=TONE, validation={"reference": reference, "start": "10 ms"})
    simulation = simulate(model)
    assert f"({reference}), " in validate(simulation).summary()
    assert words in validate(simulation).summary()
    sample = simulation.recording.isel(product_time=slice(None, None, 2))
    text = validate(sample, "sampled").summary()
    assert "moments: a sample, 15 of the 30 steps from 10 (10 ms) to 39 (39 ms) (as was" in text


def bounds(**keys: Any) -> Model:
    return chain([2, 1], validation=keys)


ONE = LayerReport("one", cosine=0.95, relative_error=0.1, norm_ratio=1.0)
SAMPLE = replace(ONE, name="two", cosine=0.9, intervals={"cosine": (0.85, 0.95)})


@pytest.mark.parametrize(
    ("layers", "asked", "verdict"),
    [
        (
            [ONE],
            {"minimum_cosine": 0.9},
            "passed: every layer's cosine >= 0.9, as validation.minimum_cosine asks "
            "(least 0.95, in one)",
        ),
        (
            [ONE],
            {},
            "failed: not every layer's cosine >= 0.99, as validation.minimum_cosine asks by "
            "default (least 0.95, in one)",
        ),
        (
            [ONE, SAMPLE],
            {"minimum_cosine": 0.9, "maximum_relative_error": 0.2},
            "undecided: the figures are not exact enough to say whether every layer's cosine >= "
            "0.9, as validation.minimum_cosine asks (least 0.90+-0.05, in two); met: every layer's "
            "relative error <= 0.2, as validation.maximum_relative_error asks (most 0.1, in one)",
        ),
        (
            [ONE],
            {"minimum_cosine": -1},
            "no bound: validation.minimum_cosine is -1, which any cosine meets (least 0.95, in "
            "one)",
        ),
        (
            [ONE],
            {"minimum_cosine": -1, "maximum_relative_error": 0.05},
            "failed: not every layer's relative error <= 0.05, as "
            "validation.maximum_relative_error asks (most 0.1, in one)",
        ),
        (
            [replace(ONE, cosine=None)],
            {"minimum_cosine": 0.9},
            "failed: not every layer's cosine >= 0.9, as validation.minimum_cosine asks (there is "
            "no update in one)",
        ),
        (
            [ONE, LayerReport("three", still=True, why="...")],
            {"minimum_cosine": -1},
            "passed: the update is 0 where the gradient is 0 (in three); no bound was set: "
            "validation.minimum_cosine is -1, which any cosine meets (least 0.95, in one)",
        ),
    ],
)
def test_the_verdict_says_what_was_asked_and_what_came_out(layers, asked, verdict):
    found = judge(layers, bounds(**asked))
    assert isinstance(found, Verdict) and f"{found.word}: {found.asked}" == verdict


def test_a_report_without_a_bound_says_that_none_was_set():
    report = validate(simulate(chain([2, 1], validation={"minimum_cosine": -1})))
    assert report.summary().startswith("no bound was set: validation.minimum_cosine is -1, which")
    assert report.passed and report.to_dict()["verdict"] == "no bound"


def test_a_run_that_ended_early_does_not_pass_unnoticed():
    simulation = Simulation(chain([2, 1]), backend="numpy").run("20 ms")
    simulation.recording.attrs["complete"] = False
    report = report_run(simulation)
    assert not report.passed and report.gradient is not None and report.gradient.passed
    assert "note: the run ended early, after 20 steps: the verdict is about these" in (
        report.summary()
    )
