"""Sweep files: what is refused, and what their folders keep."""

import subprocess
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from neurodiff import ModelError, OutputError, load, load_sweep, run_sweep
from neurodiff.model_file.sweep import load_sweep_file
from neurodiff.plot import draw_sweep
from neurodiff.results.recording import versions
from neurodiff.sweeps import Sweep, load_result, summary
from neurodiff.sweeps.names import result_names
from tests.sweeps.swept import MODEL, SWEEP, Here, axes, written

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
