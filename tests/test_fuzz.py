"""A few hundred damaged files of every kind; ``python -m tests.fuzz`` does ten thousand."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from neurodiff import ModelError, Simulation, load
from tests.fuzz import arrays, child, good, text, watch
from tests.fuzz.cases import KINDS


@pytest.mark.slow
def test_whatever_is_damaged_ends_in_a_result_or_a_message():
    wrong, kinds = [], set()
    for ended in watch.fuzz(range(140), seed=1):
        kinds.add(ended.kind)
        if ended.how not in watch.GOOD:
            wrong.append(ended)
    assert not wrong
    assert kinds == KINDS.keys()


@pytest.mark.parametrize("model", good.MODELS, ids=lambda model: model["name"])
def test_what_is_damaged_was_good_before(tmp_path: Path, model):
    good.write_arrays(tmp_path)
    (tmp_path / "model.yaml").write_text(text.in_lines(model))
    Simulation(load(tmp_path / "model.yaml"))


def ends(monkeypatch: pytest.MonkeyPatch, broken) -> str:
    """How a case ends that does `broken`."""
    here = os.getcwd()
    monkeypatch.setattr(child, "kind_of", lambda number: "broken")
    monkeypatch.setitem(KINDS, "broken", broken)
    try:
        return child.one(0, 0)[0]
    finally:
        os.chdir(here)


def test_the_fuzz_finds_what_is_wrong(monkeypatch):
    def throws(folder: Path, rng) -> str:
        raise KeyError("x")

    def refuses(folder: Path, rng) -> str:
        raise ModelError("seed", "-1 is too small", "write 0 or more")

    def babbles(folder: Path, rng) -> str:
        raise ModelError("seed", "Input should be a valid integer", "")

    def executes(folder: Path, rng) -> str:
        (folder / "executed").touch()
        return ""

    def takes(folder: Path, rng) -> str:
        return "an unknown key was taken"

    assert ends(monkeypatch, throws) == "traceback"
    assert ends(monkeypatch, refuses) == "refused"
    assert ends(monkeypatch, babbles) == "jargon"
    assert ends(monkeypatch, executes) == "executed"
    assert ends(monkeypatch, takes) == "an unknown key was taken"
    assert ends(monkeypatch, lambda folder, rng: "") == "taken"


def _serve(pipe, seed: int, folder: Path) -> None:
    """A child that hangs at case 1 and dies at case 2."""
    pipe.send(("ready", "", 0.0))
    while (number := pipe.recv()) is not None:
        if number == 1:
            time.sleep(60)
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        pipe.send(("taken", "", 0.0))


@pytest.mark.slow
def test_a_child_that_hangs_or_dies_is_told_and_followed_by_another(monkeypatch):
    monkeypatch.setattr(watch, "serve", _serve)
    monkeypatch.setattr(watch, "PATIENCE", 3.0)
    assert [ended.how for ended in watch.fuzz(range(4))] == ["taken", "hang", "death", "taken"]


def test_damage_is_of_every_kind_and_the_same_each_time(tmp_path: Path):
    for number in range(60):
        made = []
        for _ in range(2):
            rng = np.random.default_rng([0, number])
            made.append(text.in_lines(text.changed(rng, good.CHAIN)))
            made[-1] += str(text.torn(rng, b"network: {layers: [2, 3]}"))
        assert made[0] == made[1]
    good.write_arrays(tmp_path)
    before = (tmp_path / "data.npz").read_bytes()
    arrays.damage(np.random.default_rng(0), tmp_path / "data.npz")
    assert (tmp_path / "data.npz").read_bytes() != before
