"""A few kills of runs and sweeps at random moments; ``python -m tests.kills`` does hundreds."""

import signal
from pathlib import Path

import pytest

from tests.kills import (
    Case,
    end_run,
    finish_sweep,
    full_disk,
    kill_run,
    kill_sweep,
    two_runs,
    warm_up,
)
from tests.resumed_kills import MET, resume_run

pytestmark = pytest.mark.slow


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = Case(tmp_path, seed=3, points=2)
    warm_up(tmp_path)
    return made


def faults(case: Case) -> dict[str, int]:
    met = ("kills that met a complete run", MET)
    return {name: n for name, n in case.faults.items() if n and name not in met}


def test_kills_of_runs_lose_and_delete_nothing(case):
    for force in (False, True, True):
        kill_run(case, force)
    assert faults(case) == {}


def test_kills_of_a_sweep_lose_and_double_nothing(case):
    for _ in range(3):
        kill_sweep(case)
    finish_sweep(case)
    assert faults(case) == {}


def test_runs_that_are_told_to_end_are_kept(case):
    end_run(case, signal.SIGTERM)
    assert faults(case) == {}


def test_two_runs_into_one_folder(case):
    two_runs(case)
    assert faults(case) == {}


def test_a_full_disk_loses_nothing(case):
    try:
        full_disk(case, 20_000)
    except PermissionError as error:
        pytest.skip(str(error))
    assert faults(case) == {}


@pytest.mark.parametrize("by", ["graded", "events"])
def test_runs_that_are_killed_are_resumed_to_the_same_end(case, by: str):
    while case.faults[MET] < 1:
        resume_run(case, by=by)
    assert faults(case) == {}
