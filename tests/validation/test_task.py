"""What is said of an accuracy: its interval, and how it differs from that of backprop."""

import numpy as np
import pytest

from neurodiff.validation import compare_task
from neurodiff.validation.case import case_of
from neurodiff.validation.proportions import mcnemar, wilson
from neurodiff.validation.task import _backprop, _choosing, _order, _score
from tests.simulated import learned


def test_intervals_of_shares_are_those_of_wilson():
    # 81 of 263: Newcombe (1998), method 3, .2553 to .3662; 0 of 20: 0 to .1611
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    assert wilson(20, 20) == pytest.approx((1 - 0.1611, 1), abs=5e-5)


def test_the_paired_test_counts_the_frames_that_only_one_names():
    assert mcnemar(0, 0) == mcnemar(3, 3) == mcnemar(2, 3) == 1
    # 2 (1 + 6)/64
    assert mcnemar(1, 5) == mcnemar(5, 1) == 14 / 64
    assert mcnemar(0, 10) == 2 / 1024


def test_an_accuracy_has_an_interval_and_its_difference_a_test(tmp_path):
    task = compare_task(learned(tmp_path))
    right = round(task.test_accuracy * 30)
    assert task.tested == 30 and task.test_accuracy_interval == wilson(right, 30)
    gained = task.only_network_right - task.only_backprop_right
    assert gained == pytest.approx(30 * (task.test_accuracy - task.backprop_test_accuracy))
    assert task.p_value == mcnemar(task.only_network_right, task.only_backprop_right)
    text = task.summary()
    assert f"({right} of 30, 95 % interval" in text and "exact McNemar test" in text


def test_test_frames_have_no_part_in_the_choice_of_a_learning_rate(tmp_path):
    simulation = learned(tmp_path)
    case = case_of(simulation)
    kept, order, what = _choosing(case)
    frames = case.stimuli.presentations.frames
    assert set(kept) <= set(frames.training) and len(kept) == 18 and "18 of the 90" in what
    assert not set(kept) & set(order) and set(order) | set(kept) == set(frames.training)
    assert "18 of the 90 training frames" in compare_task(simulation).summary()
    # whatever the labels of the test frames are, the same rate is chosen
    rate = compare_task(simulation).backprop_learning_rate
    labels = case.stimuli.presentations.frames.labels
    labels[frames.test] = (labels[frames.test] + 1) % 3

    assert _backprop(case).rate == rate


def test_without_test_frames_all_training_frames_decide(tmp_path):
    case = case_of(learned(tmp_path, fraction=0))
    kept, order, what = _choosing(case)
    assert len(kept) == 120 and order.tolist() == _order(case).tolist()
    assert what == "the training frames"


def test_of_rates_that_name_as_many_frames_the_one_with_the_lower_loss_is_chosen(tmp_path):
    case = case_of(learned(tmp_path))
    kept = _choosing(case)[0]
    large = 50 * case.plan.w, case.plan.bias
    for weights in (1.0, 2.0):
        some = weights * case.plan.w, case.plan.bias
        share, loss = _score(case, some, kept)
        assert 0 <= share <= 1 and loss < 0
    # outputs that are sure of themselves where they are wrong lose more, named or not
    assert _score(case, large, kept)[1] < _score(case, (case.plan.w, case.plan.bias), kept)[1]
    assert _score(case, (np.nan * case.plan.w, case.plan.bias), kept)[1] == -np.inf
