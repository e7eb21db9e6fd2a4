"""Sweeps: every combination once, in whatever process, and nothing that has ended is lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurodiff import Simulation, load, load_sweep, run_sweep
from neurodiff.plot import draw_sweep
from neurodiff.results.recording import versions
from neurodiff.sweeps import load_result
from neurodiff.validation import report_run
from tests.sweeps.swept import MODEL, SWEEP, Here, written


def test_figures_show_medians_over_seeds(done):
    figure = draw_sweep(done, "total_cosine")
    heat, lines, _ = figure.axes
    middle = done["total_cosine"].median("seed")
    np.testing.assert_allclose(heat.images[0].get_array(), middle.transpose())
    assert [text.get_text() for text in heat.get_yticklabels()] == ["tanh", "sigmoid"]
    for line, activation in zip(lines.lines, ("tanh", "sigmoid"), strict=True):
        np.testing.assert_allclose(line.get_xdata(), [1, 10, 100])
        np.testing.assert_allclose(line.get_ydata(), middle.sel(activation=activation))
    assert (lines.get_xscale(), lines.get_xlabel()) == ("log", "input.frequency (Hz)")
    first = draw_sweep(done, "cosine").axes
    assert first[0].get_title("left") == "speeds: layer1"
    alone = draw_sweep(done.isel(activation=0, drop=True), "cosine").axes
    assert [line.get_label() for line in alone[0].lines] == ["layer1", "layer2", "layer3"]


def identical(one: xr.Dataset, other: xr.Dataset) -> bool:
    return one.drop_attrs(deep=False).identical(other.drop_attrs(deep=False))


def test_every_combination_is_the_run_of_its_model(done, tmp_path):
    assert dict(done["cosine"].sizes) == {
        "frequency": 3,
        "activation": 2,
        "seed": 2,
        "layer": 3,
    }
    np.testing.assert_allclose(done["frequency"], [1, 10, 100], rtol=1e-14)
    assert done["frequency"].attrs["units"] == "Hz"
    assert done.frequency.attrs["key"] == "input.frequency"
    assert list(done["activation"].values) == ["tanh", "sigmoid"]
    assert list(done["seed"].values) == [7, 8]
    changes = ["input.frequency=10 Hz", "network.activation=sigmoid"]
    written(tmp_path)
    alone = report_run(Simulation(load(tmp_path / "model.yaml", changes, 8)).run())
    at = done.isel({"frequency": 1, "activation": 1, "seed": 1})
    layers = alone.to_dict()["layers"]
    assert list(at["layer"].values) == [layer["name"] for layer in layers]
    assert list(at["cosine"].values) == [layer["cosine"] for layer in layers]
    assert at["total_cosine"] == alone.gradient.total.cosine
    assert (done["error"] == "").all()


def test_a_sweep_says_where_it_comes_from(done):
    assert json.loads(done.attrs["sweep"])["name"] == "speeds"
    assert json.loads(done.attrs["model"])["name"] == "small"
    assert {"brian2", "numpy", "neurodiff"} <= json.loads(done.attrs["versions"]).keys()
    assert done.attrs["commit"]


@pytest.mark.slow
def test_what_has_ended_is_not_done_again(done, tmp_path):
    sweep, first, second, third = load_sweep(written(tmp_path)), Here(5), Here(), Here()
    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep, tmp_path / "out", executor=first)
    first.shutdown(wait=False, cancel_futures=True)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "runs").iterdir()}
    assert 4 <= len(kept) <= 5  # the last may not have been heard of
    result = run_sweep(sweep, tmp_path / "out", executor=second)
    assert second.calls == 12 - len(kept)
    assert all(path.stat().st_mtime_ns == then for path, then in kept.items())
    assert identical(result, done)
    assert identical(run_sweep(sweep, tmp_path / "out", executor=third), done)
    assert third.calls == 0


@pytest.mark.slow
def test_more_points_on_an_axis_cost_only_what_is_new(tmp_path):
    few, more = Here(), Here()
    run_sweep(load_sweep(written(tmp_path)), tmp_path / "out", executor=few)
    longer = SWEEP.replace("[tanh, sigmoid]", "[sigmoid, linear, tanh]")
    result = run_sweep(load_sweep(written(tmp_path, longer)), tmp_path / "out", executor=more)
    assert (few.calls, more.calls) == (12, 6)
    assert list(result["activation"].values) == ["sigmoid", "linear", "tanh"]
    assert result["cosine"].notnull().all()


@pytest.mark.slow
def test_a_changed_file_of_the_model_is_another_model(tmp_path):
    model = MODEL.replace(
        "input: {kind: sinusoid, frequency: 1 Hz, phase: random}",
        "input: {kind: array, file: u.npy, interval: 1 ms}",
    )
    axes = SWEEP.replace("  input.frequency: {log: [1 Hz, 100 Hz, 3]}\n", "")
    sweep_file = written(tmp_path, axes, model)
    for scale, calls in ((1.0, 4), (2.0, 4), (1.0, 0)):
        np.save(tmp_path / "u.npy", scale * np.ones((200, 2)))
        executor = Here()
        run_sweep(load_sweep(sweep_file), tmp_path / "out", executor=executor)
        assert executor.calls == calls


@pytest.mark.slow
def test_a_failed_run_is_kept_with_its_error_and_the_rest_goes_on(done, tmp_path):
    sweep = load_sweep(written(tmp_path))
    result = run_sweep(sweep, tmp_path / "out", executor=Here(failing="10 Hz"))
    failed = result.isel(frequency=1)
    assert (failed["error"] == "MemoryError: too large").all()
    assert failed["cosine"].isnull().all()
    rest = [0, 2]
    assert identical(
        result.isel(frequency=rest).drop_vars("error"),
        done.isel(frequency=rest).drop_vars("error"),
    )
    again, retry = Here(), Here()
    run_sweep(sweep, tmp_path / "out", executor=again)
    result = run_sweep(sweep, tmp_path / "out", executor=retry, retry_failed=True)
    assert (again.calls, retry.calls) == (0, 4)
    assert identical(result, done)


@pytest.mark.slow
def test_what_a_process_died_of_is_no_result_and_is_done_at_the_next_start(done, tmp_path):
    sweep = load_sweep(written(tmp_path))
    result = run_sweep(sweep, tmp_path / "out", executor=Here(dying="10 Hz"))
    lost = result.isel(frequency=1)
    assert (lost["error"] == "not done: BrokenProcessPool: a process died").all()
    assert lost["cosine"].isnull().all() and len(ended(tmp_path / "out" / "runs")) == 8
    again = Here()
    assert identical(run_sweep(sweep, tmp_path / "out", executor=again), done)
    assert again.calls == 4


def test_a_process_with_other_versions_does_nothing_that_is_kept(tmp_path, monkeypatch):
    theirs = json.dumps(json.loads(versions()["versions"]) | {"brian2": "1.0"})
    monkeypatch.setattr("neurodiff.results.recording.versions", lambda: {"versions": theirs})
    text = SWEEP.replace("seeds: 2", "seeds: 1").replace("100 Hz, 3]", "100 Hz, 2]")
    result = run_sweep(load_sweep(written(tmp_path, text)), tmp_path / "out", executor=Here())
    mine = json.loads(versions()["versions"])["brian2"]
    assert (
        result["error"] == f"not done: its process has brian2 1.0 where this one has {mine}"
    ).all()
    assert not ended(tmp_path / "out" / "runs")


def test_a_run_that_diverges_is_kept_with_what_was_found(tmp_path):
    model = MODEL.replace("[2, 3, 3, 1], activation: tanh", "[2, 3, 3, 1], activation: linear")
    model = model.replace("run:", "plasticity: {rule: diffusion, learning_rate: 1 Hz}\nrun:")
    text = SWEEP[: SWEEP.index("axes:")] + "axes: {plasticity.learning_rate: [1 Hz, 100 kHz]}\n"
    sweep = load_sweep(written(tmp_path, text, model))
    result = run_sweep(sweep, tmp_path / "out", executor=Here())
    fine, diverged = (str(error) for error in result["error"].values.ravel())
    assert fine == ""
    assert "lower `plasticity.learning_rate`" in diverged


def test_cases_set_several_keys_together(tmp_path):
    cases = """\
axes:
  depth:
    cases:
      shallow: {network.layers: [2, 3, 1], time_step: 2 ms, network.delay: 2 ms}
      deep: {network.layers: [2, 3, 3, 1]}
"""
    text = SWEEP[: SWEEP.index("axes:")] + cases
    result = run_sweep(load_sweep(written(tmp_path, text)), tmp_path / "out", executor=Here())
    assert list(result["depth"].values) == ["shallow", "deep"]
    assert list(result["layer"].values) == ["layer1", "layer2", "layer3"]
    assert result["cosine"].isnull().values.squeeze().tolist() == [
        [False, False, True],
        [False] * 3,
    ]


START = "import sys; from neurodiff.cli import main; main()"


def start(sweep_file: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-c", START, "sweep", str(sweep_file), *options]
    return subprocess.Popen(command, cwd=sweep_file.parent, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_a_sweep_that_was_killed_goes_on_where_it_was(done, tmp_path):
    sweep_file, runs = written(tmp_path), tmp_path / "out" / "runs"
    kept: dict[Path, int] = {}
    for pause in (random.Random(1).uniform(0.1, 0.6) for _ in range(2)):
        process = start(sweep_file, "--output", "out", "--workers", "2")
        while process.poll() is None and len(ended(runs)) <= len(kept):
            time.sleep(0.02)
        time.sleep(pause)
        process.kill()
        process.wait()
        assert all(path.stat().st_mtime_ns == then for path, then in kept.items())
        kept = {path: path.stat().st_mtime_ns for path in ended(runs)}
    executor = Here()
    result = run_sweep(load_sweep(sweep_file), tmp_path / "out", executor=executor)
    assert executor.calls == 12 - len(kept)
    assert identical(result, done)
    assert identical(load_result(tmp_path / "out"), done)


def ended(runs: Path) -> list[Path]:
    return list(runs.glob("[!.]*.json"))


@pytest.mark.slow
# Dask looks on when Python collects garbage, and is lost where it begins to in the middle
@pytest.mark.filterwarnings("ignore:.*GCDiagnosis:pytest.PytestUnraisableExceptionWarning")
def test_a_dask_cluster_gives_the_same_array_even_when_a_worker_is_killed(done, tmp_path):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 3, "threads_per_worker": 1, "dashboard_address": None}
    sweep = load_sweep(written(tmp_path))
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        assert len(client.run(os.getpid)) == 3

        executor = client.get_executor(pure=False)
        victim = next(iter(client.run(os.getpid).values()))
        with ThreadPoolExecutor(1) as killer:
            killed = killer.submit(kill_when, tmp_path / "out" / "runs", victim)
            result = run_sweep(sweep, tmp_path / "out", executor=executor)
            assert killed.result()
    assert identical(result, done)


def kill_when(runs: Path, victim: int) -> bool:
    """Kill a process as soon as the first run has ended."""
    while not ended(runs):
        time.sleep(0.01)
    os.kill(victim, signal.SIGKILL)
    return True
