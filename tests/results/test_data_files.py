"""A run keeps hashes of all files that it read, and small files themselves."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurodiff import Simulation, SimulationError, load, validate
from neurodiff.results import data_files
from neurodiff.results.recording import load_recording
from neurodiff.run_files.keeping import keep_recording
from neurodiff.run_files.new_folder import new_folder
from neurodiff.validation import report_run

MODEL = """\
neurodiff: 1
name: small
network: {layers: [2, 3, 1], weights: {init: file, path: data/w.npz}}
plasticity: {rule: diffusion, learning_rate: 5 Hz}
input: {kind: array, file: data/u.npy, interval: 1 ms}
target: {kind: array, file: data/y.npy, interval: 1 ms}
run: {duration: 30 ms, target: numpy}
record: {signals: none}
"""


def write_data(folder: Path) -> None:
    rng = np.random.default_rng(1)
    folder.mkdir(exist_ok=True)
    np.save(folder / "u.npy", rng.normal(size=(40, 2)))
    np.save(folder / "y.npy", rng.normal(size=(40, 1)))
    np.savez(folder / "w.npz", layer1=rng.normal(size=(3, 2)), layer2=rng.normal(size=(1, 3)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A project with a run in it, and the cosine that the run was found to have."""
    project = tmp_path_factory.mktemp("project")
    write_data(project / "data")
    (project / "model.yaml").write_text(MODEL)
    simulation = Simulation(load(project / "model.yaml")).run()
    with new_folder(project / "run") as folder:
        keep_recording(simulation, folder, project / "run")
    return project, validate(simulation).total.cosine


@pytest.fixture
def project(made, tmp_path) -> Path:
    """A copy of the project in another place, whose own place has other data."""
    original, _ = made
    shutil.copytree(original, tmp_path / "moved")
    return tmp_path / "moved"


def cosine(run: Path) -> float:
    return validate(load_recording(run / "recording.nc")).total.cosine


def test_the_recording_and_the_report_say_what_was_read(made):
    project, _ = made
    report = json.loads((project / "run/report.json").read_text())
    with xr.open_dataset(project / "run/recording.nc") as recording:
        files = json.loads(recording.attrs["files"])
        assert report["files"] == files
        assert recording.attrs["run_id"] == report["run_id"]
    assert {Path(file["path"]).name for file in files} == {"u.npy", "y.npy", "w.npz"}
    for file in files:
        assert file["sha256"] == data_files.sha256(Path(file["path"]))
        assert file["relative"] == f"../data/{Path(file['path']).name}"
        copy = project / "run" / file["copy"]
        assert copy.read_bytes() == Path(file["path"]).read_bytes()
        assert file["size"] == copy.stat().st_size


def test_a_run_folder_validates_alone_when_the_data_are_gone(made, tmp_path):
    original, expected = made
    shutil.copytree(original / "run", tmp_path / "alone")
    for file in (original / "data").iterdir():
        file.rename(file.with_suffix(".away"))
    try:
        assert cosine(tmp_path / "alone") == expected
        again = Simulation(load(tmp_path / "alone/model.yaml")).run()
        assert validate(again).total.cosine == expected
    finally:
        write_data(original / "data")


def test_a_moved_folder_with_its_data_validates_without_copies(made, project, monkeypatch):
    _, expected = made
    shutil.rmtree(project / "run/data")
    monkeypatch.setattr(Path, "is_file", only_below(project, Path.is_file))
    assert cosine(project / "run") == expected


def only_below(folder: Path, is_file):
    """As if nothing were outside of `folder`."""
    return lambda path: folder in path.resolve().parents and is_file(path)


def test_a_changed_file_is_refused_by_name_and_hash(made, project, monkeypatch):
    shutil.rmtree(project / "run/data")
    monkeypatch.setattr(Path, "is_file", only_below(project, Path.is_file))
    changed = project / "data/u.npy"
    was = data_files.sha256(changed)[:16]
    np.save(changed, 1 - np.load(changed))
    now = data_files.sha256(changed)[:16]
    with pytest.raises(SimulationError, match="has changed") as caught:
        cosine(project / "run")
    message = str(caught.value)
    assert "data/u.npy" in message and was in message and now in message
    changed.unlink()
    with pytest.raises(
        SimulationError, match=r"data/u\.npy: is gone; the run read it with"
    ) as gone:
        cosine(project / "run")
    assert was in str(gone.value)


def test_data_that_change_while_a_run_goes_are_not_used_and_do_not_cost_the_run(tmp_path):
    write_data(tmp_path / "data")
    (tmp_path / "model.yaml").write_text(MODEL)
    simulation = Simulation(load(tmp_path / "model.yaml")).run()
    np.save(tmp_path / "data/u.npy", np.zeros((40, 2)))
    # a recording is compared with the data that it names, a simulation with those that it ran with
    with pytest.raises(SimulationError, match=r"u\.npy: has changed"):
        validate(simulation.recording)
    assert validate(simulation).moments.n > 0
    assert report_run(simulation).to_dict()["complete"]
    with (
        pytest.warns(UserWarning, match=r"u\.npy: changed since the run read it"),
        new_folder(tmp_path / "run") as folder,
    ):
        keep_recording(simulation, folder, tmp_path / "run")
    names = {path.name[17:] for path in (tmp_path / "run/data").iterdir()}
    assert names == {"y.npy", "w.npz"}


def test_large_files_are_named_and_not_copied(tmp_path, monkeypatch):
    write_data(tmp_path / "data")
    (tmp_path / "model.yaml").write_text(MODEL)
    simulation = Simulation(load(tmp_path / "model.yaml")).run()
    monkeypatch.setattr(data_files, "COPIED", (tmp_path / "data/y.npy").stat().st_size)
    with new_folder(tmp_path / "run") as folder:
        keep_recording(simulation, folder, tmp_path / "run")
    copies = [path.name[17:] for path in (tmp_path / "run/data").iterdir()]
    assert copies == ["y.npy"]
    assert cosine(tmp_path / "run") == validate(simulation).total.cosine


def test_paths_are_relative_to_where_the_folder_really_is(made, tmp_path, monkeypatch):
    project, _ = made
    simulation = Simulation(load(project / "model.yaml")).run()
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "link").symlink_to("deep/er")
    monkeypatch.chdir(tmp_path)
    with new_folder(Path("link/run")) as folder:
        keep_recording(simulation, folder, Path("link/run"))
    run = tmp_path / "deep/er/run"
    for file in json.loads((run / "report.json").read_text())["files"]:
        assert (run / file["relative"]).resolve() == Path(file["path"]).resolve()


def test_a_recording_of_old_keeps_no_hashes_and_that_is_said(made):
    project, expected = made
    recording = load_recording(project / "run/recording.nc")
    del recording.attrs["files"]
    with pytest.warns(UserWarning, match="keeps no hash of .*w.npz, which is used as it is now"):
        assert validate(recording).total.cosine == expected


@pytest.mark.parametrize("files", ["{", "[1]", "null", "[[]]", '[{"path": "/x"}]', "1"])
def test_a_damaged_list_of_files_is_refused(made, files):
    project, _ = made
    recording = load_recording(project / "run/recording.nc").assign_attrs(files=files)
    with pytest.raises(SimulationError, match="list of files is damaged"):
        validate(recording)


def test_names_that_no_file_can_have_are_files_that_are_gone(made):
    project, _ = made
    recording = load_recording(project / "run/recording.nc")
    for path in ("a\0b", "x" * 5000):
        files = json.dumps([{"path": path, "sha256": "0", "copy": path}])
        with pytest.raises(SimulationError, match="is gone"):
            validate(recording.assign_attrs(files=files))
