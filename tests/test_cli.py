"""The command line as a user meets it: exit codes, messages, what is left on disk."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurodiff import load, validation
from neurodiff.results.recording import save_recording
from neurodiff.run_files import keeping
from neurodiff.run_files.names import run_id
from neurodiff.run_files.new_folder import new_folder
from neurodiff.run_folder import folder as run_folder_module


def test_run_leaves_a_folder_with_everything(here, command):
    code, out, err = command("run", "small.yaml")
    assert code == 0
    assert "cosine" in out and "run folder: runs/small" in out
    assert "small: 60 steps of 1 ms on numpy" in err and "60.0/60.0" in err
    folder = here / "runs" / "small"
    names = {"model.yaml", "recording.nc", "report.json", "state.npz"}
    figures = {"waves.png", "learning.png", "cosine.png", "weights.png"}
    assert {path.name for path in folder.iterdir()} == names | figures
    assert list(here.glob("runs/.*")) == []
    with xr.open_dataset(folder / "recording.nc") as recording:
        assert recording.sizes["time"] == 60
        assert recording["x"].attrs["units"] == "1" and recording["time"].attrs["units"] == "s"
        for name, part in recording.variables.items():
            assert part.attrs["long_name"], name
            assert part.dtype.kind not in "if" or part.attrs["units"], name
        assert {"cosine", "layer_name", "population", "backward_lag"} <= set(recording.variables)
        assert (recording.attrs["complete"], recording.attrs["seed"]) == (1, 1)
    report = json.loads((folder / "report.json").read_text())
    assert report["passed"] and report["timing"]["steps"] == 60
    assert report["timing"]["target"] == "numpy"
    assert [layer["name"] for layer in report["layers"]] == ["layer1", "layer2"]


def test_the_model_of_a_run_folder_runs_again_and_gives_the_same(here, command):
    command("run", "small.yaml", "--seed", "7", "--set", "network.weights={init: normal, sd: 0.3}")
    model = load(here / "runs" / "small" / "model.yaml")
    assert (model.seed, model.network.weights.sd) == (7, 0.3)
    code, _, _ = command("run", "runs/small/model.yaml", "--output", "again")
    assert code == 0
    with (
        xr.open_dataset("runs/small/recording.nc") as first,
        xr.open_dataset("again/recording.nc") as second,
    ):
        assert first.equals(second)


def test_an_existing_folder_is_kept_unless_forced(here, command):
    assert command("run", "small.yaml")[0] == 0
    before = (here / "runs/small/report.json").stat().st_mtime_ns
    code, _, err = command("run", "small.yaml")
    assert code == 2
    assert "runs/small: exists already" in err and "--force" in err and "Traceback" not in err
    assert (here / "runs/small/report.json").stat().st_mtime_ns == before
    assert command("run", "small.yaml", "--force")[0] == 0
    assert (here / "runs/small/report.json").stat().st_mtime_ns > before
    assert [path.name for path in (here / "runs").iterdir()] == ["small"]


def test_force_does_not_replace_a_folder_that_is_no_run(here, command):
    (here / "data").mkdir()
    (here / "data" / "precious.txt").write_text("keep me")
    code, _, err = command("run", "small.yaml", "--output", "data", "--force")
    assert code == 2 and "is no run folder" in err
    assert (here / "data" / "precious.txt").read_text() == "keep me"


def test_a_place_that_cannot_be_written_is_refused_before_the_run(here, command):
    (here / "file").write_text("")
    code, out, err = command("run", "small.yaml", "--output", "file/run")
    assert code == 2 and out == ""
    assert "file/run: cannot be written" in err and "choose another --output" in err
    assert "steps of" not in err


def test_a_full_disk_leaves_nothing_half_written(here, command, monkeypatch):
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    command("run", "small.yaml")
    monkeypatch.setattr(keeping, "save_recording", full)
    monkeypatch.setattr(keeping, "PATIENCE", 0)
    code, _, err = command("run", "small.yaml", "--output", "other")
    assert code == 2 and "No space left on device" in err and "Traceback" not in err
    assert "the run is lost" in err
    assert not (here / "other").exists() and list(here.glob(".other*")) == []
    code, _, _ = command("run", "small.yaml", "--force")
    assert code == 2 and (here / "runs/small/recording.nc").is_file()


def test_a_run_that_has_ended_on_a_full_disk_is_kept_where_there_is_room(
    here, command, monkeypatch
):
    def full(recording: xr.Dataset, path: Path) -> None:
        if ".r-" in str(path):
            raise OSError(28, "No space left on device")
        save_recording(recording, path)

    (here / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(here / "temp"))
    monkeypatch.setattr(keeping, "save_recording", full)
    code, out, err = command("run", "small.yaml", "--output", "r")
    assert code == 2 and "r: no room" in err and "the run is kept in" in err and out == ""
    (kept,) = (here / "temp").glob("neurodiff-r-*")
    assert str(kept) in err and run_id(kept) and (kept / "waves.png").is_file()
    assert json.loads((kept / "report.json").read_text())["passed"]
    assert {path.name for path in here.iterdir()} == {"small.yaml", "temp"}
    # the message is obeyed
    kept.rename(here / "r")
    assert command("plot", "r")[0] == 0


def test_a_finished_run_waits_for_room(here, command, monkeypatch):
    calls = []

    def full(recording: xr.Dataset, path: Path) -> None:
        calls.append(path)
        if len(calls) <= 5:
            raise OSError(28, "No space left on device")
        save_recording(recording, path)

    monkeypatch.setattr(keeping, "save_recording", full)
    monkeypatch.setattr(keeping.time, "sleep", lambda seconds: None)
    code, _, err = command("run", "small.yaml", "--output", "r")
    assert code == 0 and "no room for the finished run" in err and "make room within 300 s" in err
    assert run_id(here / "r")


def test_a_comparison_that_fails_does_not_cost_the_run(here, command, monkeypatch):
    def greedy(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(validation, "report_run", greedy)
    assert command("run", "small.yaml", "--output", "r")[0] == 2
    assert run_id(here / "r")
    report = json.loads((here / "r/report.json").read_text())
    assert (report["passed"], report["complete"]) == (False, True)
    assert "was not compared" in report["why"]


DIVERGING = (
    "network.activation=linear",
    "plasticity.learning_rate=3 kHz",
    "run.duration=1 s",
    "target.values=[1e3]",
)


@pytest.mark.parametrize("record", ["{}", "none"])
def test_what_a_diverging_run_had_until_then_is_kept(here, command, record):
    sets = [part for change in (*DIVERGING, f"record={record}") for part in ("--set", change)]
    code, out, err = command("run", "small.yaml", *sets)
    assert code == 2 and "Traceback" not in err and "Warning" not in err
    assert "\nerror: run: " in err and "grew beyond 1e+100 by step" in err
    assert "lower `plasticity.learning_rate`" in err and "until then is kept" in err
    assert "run folder: runs/small" in out
    with xr.open_dataset(here / "runs/small/recording.nc") as recording:
        assert recording.attrs["complete"] == 0 and "grew beyond" in recording.attrs["diverged"]
        step = recording.attrs["steps"]
        assert 0 < step < 1000 and recording["product_time"].values[-1] < step * 1e-3
        own = recording.isel(unit=slice(2, None))
        # before it meets its target, an output has no loss
        own = own.isel(time=slice(2, None)) if "time" in own.dims else own
        for name in {"x", "delta", "loss", "w", "bias", "product"} & {*own}:
            # there is no loss before the target has arrived, after two steps
            values = own[name][2:] if name == "loss" else own[name]
            assert np.isfinite(values).all() and values.size, name
    report = json.loads((here / "runs/small/report.json").read_text())
    assert (report["complete"], report["passed"]) == (False, False)
    assert report["diverged"] in err
    code, out, err = command("validate", "small.yaml", "--json", *sets)
    assert code == 2 and json.loads(out)["diverged"] in err
    assert command("plot", "runs/small")[0] == 0


@pytest.mark.filterwarnings("default:figures are missing")
def test_figures_that_cannot_be_written_do_not_cost_the_run(here, command, monkeypatch):
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_folder_module, "save_figures", full)
    code, _, err = command("run", "small.yaml")
    said = [line for line in err.splitlines() if line.startswith("warning: ")]
    assert code == 0 and said == [
        "warning: figures are missing (No space left on device); the run is kept"
    ]
    names = {path.name for path in (here / "runs/small").iterdir()}
    assert names == {"model.yaml", "recording.nc", "report.json", "state.npz"}


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("dangling", "is a link to nothing"),
        ("new/..", "names no new folder"),
        ("file", "exists and is no folder"),
        ("x" * 300, "cannot be written"),
        ("new/" + "x" * 250, "cannot be written"),
        ("~nobody-of-that-name/run", "cannot be written"),
    ],
)
def test_a_bad_place_is_refused_before_the_run(here, command, output, said):
    (here / "dangling").symlink_to(here / "nowhere")
    (here / "file").write_text("")
    before = set(here.iterdir())
    code, _, err = command("run", "small.yaml", "--output", output)
    assert code == 2 and said in err and "choose another --output" in err
    assert "steps of" not in err and "Traceback" not in err
    assert set(here.iterdir()) == before


def test_home_is_expanded_and_a_changed_folder_does_not_matter(here, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(here))
    with new_folder(Path("~/a/b")), new_folder(Path("c")):
        (here / "elsewhere").mkdir()
        monkeypatch.chdir(here / "elsewhere")
    assert (here / "a/b").is_dir() and (here / "c").is_dir()


def test_a_run_that_failed_leaves_no_parents(here):
    (here / "old").mkdir()
    with pytest.raises(ZeroDivisionError), new_folder(Path("old/new/run")):
        raise ZeroDivisionError
    assert list((here / "old").iterdir()) == []


def test_memory_that_runs_out_is_said(here, command, monkeypatch):
    def greedy(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr("neurodiff.model_file.load", greedy)
    code, _, err = command("run", "small.yaml")
    assert code == 2 and err.startswith("error: the model needs more memory than there is; record")
