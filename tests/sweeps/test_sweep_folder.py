"""The folder of a sweep: one process at a time, full disks, and what killed processes left."""

import errno
import os
import signal
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from neurodiff import OutputError, load_sweep, run_sweep
from neurodiff.files import placing
from neurodiff.results.recording import versions
from neurodiff.sweeps import folder as folder_module
from neurodiff.sweeps import processes, save_sweep_figures
from neurodiff.validation import run_report

MODEL = """\
neurodiff: 1
name: small
network: {layers: [2, 1]}
input: {kind: constant, values: [1, 1]}
target: {kind: constant, values: [0.5]}
run: {duration: 20 ms, target: numpy}
"""
SWEEP = """\
neurodiff_sweep: 1
name: s
model: model.yaml
axes: {network.activation: [tanh, sigmoid, linear]}
seeds: 2
"""
CAME_TO = {"error": None, "report": {"passed": True, "total": {"cosine": 0.9}}}


class Done(Executor):
    """Does every run at once, without simulating it; `then` is called before each."""

    def __init__(self, then: Any = None):
        self.calls, self.then = 0, then

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        self.calls += 1
        if self.then:
            self.then()
        future: Future = Future()
        future.set_result({**CAME_TO, "versions": versions()["versions"]})
        return future


@pytest.fixture
def sweep(tmp_path):
    (tmp_path / "model.yaml").write_text(MODEL)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return load_sweep(tmp_path / "sweep.yaml")


def full_after(n: int, monkeypatch) -> None:
    """The disk is full once n files of runs are written; what is written then stays half done."""
    plain, left = folder_module.write_text, [n]

    def write(path: Path, text: str) -> None:
        left[0] -= path.parent.name == "runs"
        if left[0] < 0:
            with placing.written_beside(path) as beside:
                beside.write_text(text[:10])
                raise OSError(errno.ENOSPC, "No space left on device")
        plain(path, text)

    monkeypatch.setattr(folder_module, "write_text", write)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_full_disk_is_said_with_what_is_kept_and_the_sweep_goes_on(sweep, tmp_path, n):
    out = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        full_after(n, patch)
        said = rf"no room on {out} .* free\); {n} of 6 runs are kept; make room and go on with the"
        with pytest.raises(OutputError, match=said):
            run_sweep(sweep, out, executor=Done())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.yaml", "out", "sweep.yaml"]
    assert {path.name for path in out.iterdir()} == {"runs", "sweep.json"}
    assert len(list((out / "runs").iterdir())) == n
    # the message is obeyed
    rest = Done()
    result = run_sweep(sweep, out, executor=rest)
    assert rest.calls == 6 - n and (result["error"] == "").all()


def test_a_disk_that_is_full_when_the_array_is_written_keeps_the_old_one(
    sweep, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    run_sweep(sweep, out, executor=Done())
    before = (out / "result.nc").read_bytes()

    def fails(self: xr.Dataset, path: Path, **options: Any) -> None:
        path.write_text("half")
        raise RuntimeError("NetCDF: HDF error")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", fails)
    with pytest.raises(OutputError, match=r"cannot be written \(NetCDF: HDF error\); 6 of 6 runs"):
        run_sweep(sweep, out, executor=Done())
    monkeypatch.setattr(placing, "free_space", lambda folder: 1000)
    with pytest.raises(OutputError, match="no room on .*; 6 of 6 runs are kept"):
        run_sweep(sweep, out, executor=Done())
    assert (out / "result.nc").read_bytes() == before
    assert {path.name for path in out.iterdir()} == {"runs", "sweep.json", "result.nc"}


def test_two_sweeps_into_one_folder_are_refused(sweep, tmp_path):
    refused = []

    def second() -> None:
        with pytest.raises(OutputError, match=f"in use by process {os.getpid()}") as caught:
            run_sweep(sweep, tmp_path / "out", executor=Done())
        refused.append(caught)

    run_sweep(sweep, tmp_path / "out", executor=Done(then=second))
    assert len(refused) == 6 and not list(tmp_path.glob(".*"))


def test_what_killed_processes_were_writing_is_removed_and_nothing_else(sweep, tmp_path):
    run_sweep(sweep, tmp_path / "out", executor=Done())
    runs = tmp_path / "out/runs"
    key = next(runs.iterdir()).name
    left = [f"runs/.{key}-123-01234567", ".result.nc-123-01234567", ".total_cosine.png-1-abcdef01"]
    mine = ["runs/.mine", "notes.txt", ".result.nc-mine", "runs/.123-01234567"]
    for name in left + mine:
        (tmp_path / "out" / name).write_text("half")
    again = Done()
    run_sweep(sweep, tmp_path / "out", executor=again)
    assert again.calls == 0
    assert not any((tmp_path / "out" / name).exists() for name in left)
    assert all((tmp_path / "out" / name).exists() for name in mine)


def test_others_can_read_a_sweep_as_the_umask_says(sweep, tmp_path):
    before = os.umask(0o022)
    try:
        result = run_sweep(sweep, tmp_path / "out", executor=Done())
        save_sweep_figures(result, tmp_path / "out")
    finally:
        os.umask(before)
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) == 9
    assert {path.stat().st_mode & 0o777 for path in files} == {0o644}


def test_figures_of_a_sweep_replace_links(sweep, tmp_path):
    result = run_sweep(sweep, tmp_path / "out", executor=Done())
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "out/total_cosine.png").symlink_to(tmp_path / "victim")
    save_sweep_figures(result, tmp_path / "out")
    assert (tmp_path / "victim").read_text() == "precious"
    assert not (tmp_path / "out/total_cosine.png").is_symlink()


class Ended:
    """A connection whose other end has gone."""

    def recv(self) -> None:
        raise EOFError


def test_workers_leave_signals_to_their_parent():
    before = {number: signal.getsignal(number) for number in processes.ENDING}
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(processes.threading.Thread, "start", lambda self: None)
            processes._serve(Ended(), Ended())  # type: ignore[arg-type]
        assert {signal.getsignal(number) for number in before} == {signal.SIG_IGN}
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_ctrl_c_while_a_run_of_a_sweep_is_compared_keeps_no_half_of_it(sweep, tmp_path):
    def interrupted(case: Any) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_report, "validate_case", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_sweep(sweep, tmp_path / "out", workers=1)
    assert not list((tmp_path / "out/runs").iterdir())
