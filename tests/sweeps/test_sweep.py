"""Sweeps: every combination once, in whatever process, and nothing that has ended is lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurodiff import ModelError, OutputError, Simulation, load, load_sweep, run_sweep
from neurodiff.model_file.sweep import load_sweep_file
from neurodiff.plot import draw_sweep
from neurodiff.results.recording import versions
from neurodiff.sweeps import Sweep, load_result, summary
from neurodiff.sweeps.names import result_names
from neurodiff.validation import report_run

MODEL = """\
neurodiff: 1
name: small
seed: 7
network: {layers: [2, 3, 3, 1], activation: tanh}
input: {kind: sinusoid, frequency: 1 Hz, phase: random}
target: {kind: teacher, seed: 3}
run: {duration: 100 ms, target: numpy}
"""
SWEEP = """\
neurodiff_sweep: 1
name: speeds
model: model.yaml
axes:
  input.frequency: {log: [1 Hz, 100 Hz, 3]}
  network.activation: [tanh, sigmoid]
seeds: 2
"""


class Here(ThreadPoolExecutor):
    """Runs in this process, one at a time, counted.

    A run with the frequency `failing` comes to nothing, and one with `dying` is not done.
    """

    def __init__(
        self,
        stop_after: int | None = None,
        failing: str | None = None,
        dying: str | None = None,
    ):
        super().__init__(1)
        self.calls, self.stop_after, self.failing, self.dying = 0, stop_after, failing, dying

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        return super().submit(self._counted, fn, *args)

    def _counted(self, fn: Any, model: dict[str, Any]) -> Any:
        if self.stop_after == self.calls:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        self.calls += 1
        frequency = model["input"].get("frequency", "none")
        if frequency == self.dying:
            raise BrokenProcessPool("a process died")
        with pytest.MonkeyPatch.context() as patch:
            if frequency == self.failing:
                patch.setattr(Simulation, "run", too_large)
            return fn(model)


def too_large(simulation: Simulation) -> None:
    raise MemoryError("too large")


def written(folder: Path, text: str = SWEEP, model: str = MODEL) -> Path:
    (folder / "model.yaml").write_text(model)
    (folder / "sweep.yaml").write_text(text)
    return folder / "sweep.yaml"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """The result of an undisturbed sweep on processes of this machine."""
    folder = tmp_path_factory.mktemp("sweep")
    return run_sweep(load_sweep(written(folder)), folder / "out", workers=2)


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


REFUSED = {
    "unknown axis": ("network.activaton: [tanh]", ("unknown key `activaton`", "activation")),
    "unknown part": ("inputs.frequency: [1 Hz]", ("unknown key `inputs`", "`input`")),
    "below a text": ("name.first: [a, b]", ("name is 'small', not a mapping",)),
    "no unit": ("input.frequency: [1, 2]", ("at input.frequency=1", "has no unit")),
    "empty axis": ("input.frequency: []", ("axes.input.frequency", "too few entries")),
    "no form": ("input.frequency: {}", ("axes.input.frequency", "it is empty", "linear")),
    "two forms": (
        "input.frequency: {values: [1 Hz], log: [1 Hz, 2 Hz, 2]}",
        ("values and log are given", "write one of"),
    ),
    "log of zero": ("input.frequency: {log: [0 Hz, 1 Hz, 3]}", ("0 has no logarithm",)),
    "mixed units": ("input.frequency: {log: [1 Hz, 1 s, 3]}", ("different units",)),
    "one point": ("input.frequency: {linear: [1 Hz, 2 Hz, 1]}", ("n is 1", "2 or more")),
    "texts": ("input.frequency: {linear: [a, b, 3]}", ("are no numbers",)),
    "twice": ("input.frequency: [1 Hz, 1000 mHz]", ("is there twice", "keep one")),
    "seed": ("seed: [1, 2]", ("dimensions of every sweep", "seeds: 5")),
    "overlap": (
        "input.frequency: [1 Hz]\n  input: [{kind: constant, values: [1, 1]}]",
        ("`input` and `input.frequency` are set independently",),
    ),
}


@pytest.mark.parametrize("axis, words", REFUSED.values(), ids=REFUSED.keys())
def test_bad_axes_are_refused(axis: str, words: tuple[str, ...], tmp_path: Path):
    text = SWEEP[: SWEEP.index("axes:")] + f"axes:\n  {axis}\n"
    with pytest.raises(ModelError) as caught:
        load_sweep(written(tmp_path, text))
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_sweep_without_axes_is_refused(tmp_path):
    text = SWEEP[: SWEEP.index("axes:")] + "axes: {}\n"
    with pytest.raises(ModelError, match="axes"):
        load_sweep(written(tmp_path, text))


def test_a_combination_that_cannot_be_built_is_named_before_the_first_run(tmp_path):
    text = SWEEP[: SWEEP.index("axes:")] + (
        "axes:\n  network.delay: [1 ms, 1.5 ms]\n  network.activation: [tanh]\n"
    )
    executor = Here()
    with pytest.raises(ModelError) as caught:
        run_sweep(load_sweep(written(tmp_path, text)), tmp_path / "out", executor=executor)
    assert "network.delay=1.5 ms, network.activation=tanh" in str(caught.value)
    assert executor.calls == 0


@pytest.mark.slow
def test_the_folder_of_another_sweep_is_left_alone(tmp_path):
    sweep = load_sweep(written(tmp_path))
    run_sweep(sweep, tmp_path / "out", executor=Here())
    before = (tmp_path / "out" / "result.nc").read_bytes()
    other = load_sweep(written(tmp_path, SWEEP.replace("name: speeds", "name: others")))
    with pytest.raises(OutputError, match="holds another sweep, whose name is speeds, not others"):
        run_sweep(other, tmp_path / "out", executor=Here())
    axes = SWEEP.replace("  network.activation: [tanh, sigmoid]\n", "")
    with pytest.raises(OutputError, match="holds another sweep, whose axes"):
        run_sweep(load_sweep(written(tmp_path, axes)), tmp_path / "out", executor=Here())
    assert (tmp_path / "out" / "result.nc").read_bytes() == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="is no folder of a sweep"):
        run_sweep(sweep, tmp_path / "full", executor=Here())


def test_files_that_hold_no_sweep_are_refused(tmp_path):
    written(tmp_path)
    with pytest.raises(ModelError, match="is no sweep file; begin it with `neurodiff_sweep: 1`"):
        load_sweep(tmp_path / "model.yaml")
    with pytest.raises(ModelError, match="this is a sweep file, no model"):
        load(tmp_path / "sweep.yaml")
    (tmp_path / "model.yaml").unlink()
    with pytest.raises(ModelError, match="model.yaml: no such file"):
        load_sweep(tmp_path / "sweep.yaml")
    with pytest.raises(OutputError, match="no such file"):
        load_result(tmp_path / "nothing.nc")


def test_axes_have_names_that_can_be_attributes(tmp_path):
    axes = """\
axes:
  input.frequency: [1 Hz, 2 Hz]
  network.delay: [1 ms]
  run.duration: {values: [50 ms]}
"""
    both = "  input.kind: [sinusoid]\n  target.kind: [teacher]\n  plasticity.error: [1]\n"
    names = load_sweep(written(tmp_path, SWEEP[: SWEEP.index("axes:")] + axes)).dimensions
    assert list(names.values()) == ["frequency", "delay", "duration"]
    alike = SWEEP[: SWEEP.index("axes:")] + "axes:\n" + both
    file = load_sweep_file(written(tmp_path, alike))
    names = Sweep(file, {}, tmp_path).dimensions
    assert list(names.values()) == ["input_kind", "target_kind", "plasticity_error"]


def test_tables_show_medians_as_the_figures_do(done):
    text = summary(done)
    at = done["total_cosine"].sel(activation="tanh")
    middle, least, greatest = float(at.median()), float(at.min()), float(at.max())
    assert "median of all runs at a place of an axis, and from the least to the greatest" in text
    assert f"{middle:.4g} ({least:.4g} to {greatest:.4g})" in text
    assert f"{float(at.mean()):.4g}" not in text
    lines = draw_sweep(done, "total_cosine").axes[1]
    assert lines.get_ylabel().endswith("median, and from least to greatest")


def test_places_that_are_not_all_quantities_are_named_as_they_are_written(tmp_path):
    text = """\
neurodiff_sweep: 1
name: delays
model: model.yaml
axes:
  delays:
    cases:
      1 ms: {network.delay: 1 ms}
      1 to 5 ms: {network.delay: {uniform: [1 ms, 5 ms]}}
  input.frequency: {values: [500 mHz, 2 Hz]}
"""
    sweep = load_sweep(written(tmp_path, text))
    named = {name: [point.coordinate for point in part] for name, part in sweep.axes.items()}
    assert named == {"delays": ["1 ms", "1 to 5 ms"], "input.frequency": [0.5, 2.0]}
    assert [axis.unit for axis in sweep.file.axes.values()] == ["1", "Hz"]


class Canned(ThreadPoolExecutor):
    """Has a report for every run at once."""

    def __init__(self):
        super().__init__(1)
        self.calls = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        self.calls += 1
        report = {"passed": True, "layers": [{"name": "layer1", "cosine": 0.5}], "complete": True}
        came_to = {"error": None, "report": report, "versions": versions()["versions"]}
        return super().submit(lambda: came_to)


def axes(text: str) -> str:
    return SWEEP[: SWEEP.index("axes:")] + f"axes: {text}\nseeds: 2\n"


DEEP = "[" * 60 + "]" * 60
RATES = "{plasticity.learning_rate: {linear: [1 Hz, 2 Hz, 1000000000000]}}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (axes(f"{{description: {{values: {DEEP}}}}}"), "line 4: is nested too deeply"),
        (SWEEP + f"set: {{description: {DEEP}}}\n", "line 8: is nested too deeply"),
        (axes("{run.duration: [1" + "0" * 400 + "]}"), "line 4: a number of 401 characters is too"),
        (
            SWEEP.replace("seeds: 2", "seeds: 1000000000000"),
            "line 7: seeds: 6,000,000,000,000 runs",
        ),
        (axes(RATES), "n is 1,000,000,000,000; write 100,000 or less"),
        (axes("{a: {linear: [-1.0e308, 1.0e308, 3]}}"), "from and to are too far apart"),
        (axes("{description: [.nan]}"), "axes.description: nan is not finite"),
        (axes("{a/b: {cases: {a: {seed_: 1}}}}"), "axes.a/b: 'a/b' is no name"),
    ],
)
def test_sweep_files_are_bounded_like_model_files(tmp_path: Path, text: str, said: str):
    begun = time.process_time()
    with pytest.raises(ModelError) as caught:
        load_sweep(written(tmp_path, text))
    assert said in str(caught.value)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("seed", ["hello", ".inf", "-1", "true", "[1]"])
def test_the_seed_of_the_model_is_checked_before_others_are_counted_from_it(tmp_path, seed):
    path = written(tmp_path, model=MODEL.replace("seed: 7", f"seed: {seed}"))
    with pytest.raises(ModelError, match=r"model.yaml, line 3: seed: .* is no seed; write a whole"):
        load_sweep(path)


@pytest.mark.parametrize(
    "name", ["error", "cosine", "passed", "loss_ratio", "test_accuracy", "total_cosine", "layer"]
)
def test_an_axis_has_no_name_of_a_result(tmp_path: Path, name: str):
    cases = "{cases: {a: {network.delay: 1 ms}, b: {network.delay: 2 ms}}}"
    with pytest.raises(ModelError, match=f"axes.*{name}|`seed` and `layer`"):
        load_sweep(written(tmp_path, axes(f"{{{name}: {cases}}}")))
    # as the remedy says
    sweep = load_sweep(written(tmp_path, axes(f"{{{name} of mine: {cases}}}")))
    assert run_sweep(sweep, tmp_path / "out", executor=Canned())["cosine"].shape == (2, 2, 1)


def test_every_variable_of_a_result_is_a_name_that_no_axis_may_have(done):
    assert set(map(str, done.data_vars)) <= result_names()


@pytest.mark.parametrize("seed", [2**63 - 1, 2**63, 2**128])
def test_seeds_of_a_sweep_are_kept_exactly(tmp_path: Path, seed: int):
    path = written(tmp_path, model=MODEL.replace("seed: 7", f"seed: {seed}"))
    run_sweep(load_sweep(path), tmp_path / "out", executor=Canned())
    kept = load_result(tmp_path / "out")["seed"].values
    assert [int(value) for value in kept] == [seed, seed + 1]
    assert summary(load_result(tmp_path / "out")).startswith("12 runs, 0 of them failed")


@pytest.mark.parametrize(
    "damage",
    [b"[]", b"{", b"\xff", b"", b"{}", b'{"error": 3}', b'{"error": null}', b"[" * 100_000]
    + [b'{"error": null, "report": {"passed": 1}}', b'{"error": null, "report": {"layers": [{}]}}'],
)
def test_a_damaged_run_is_done_again_and_a_damaged_sweep_is_named(tmp_path: Path, damage: bytes):
    sweep, first, again = load_sweep(written(tmp_path)), Canned(), Canned()
    expected = run_sweep(sweep, tmp_path / "out", executor=first)
    kept = sorted((tmp_path / "out" / "runs").iterdir())
    kept[0].write_bytes(damage)
    assert run_sweep(sweep, tmp_path / "out", executor=again).identical(
        expected.assign_attrs(created=again_created(tmp_path))
    )
    assert again.calls == 1
    definition = tmp_path / "out" / "sweep.json"
    definition.write_bytes(damage)
    with pytest.raises(OutputError, match="sweep.json: is damaged; remove it|holds another sweep"):
        run_sweep(sweep, tmp_path / "out", executor=Canned())


def again_created(folder: Path) -> str:
    """When the result was made, the only thing that differs."""
    return str(load_result(folder / "out").attrs["created"])


def test_the_repository_of_a_stranger_runs_nothing(tmp_path: Path):
    path = written(tmp_path)
    for name in ("objects", "refs"):
        (tmp_path / ".git" / name).mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("a" * 40 + "\n")
    program = f"\tfsmonitor = touch {tmp_path}/executed; false\n"
    (tmp_path / ".git" / "config").write_text("[core]\n\trepositoryformatversion = 0\n" + program)
    # git itself runs it
    git = ["git", "-c", "safe.directory=*", "-C", str(tmp_path), "status"]
    subprocess.run(git, capture_output=True, check=False)
    assert (tmp_path / "executed").exists()
    (tmp_path / "executed").unlink()
    result = run_sweep(load_sweep(path), tmp_path / "out", executor=Canned())
    assert result.attrs["commit"] == "a" * 40
    assert not (tmp_path / "executed").exists()
