"""Processes of a sweep: one that dies, a script without a guard, and no process at all."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from neurodiff import cli, load_sweep, run_sweep
from neurodiff.sweeps.processes import ProcessDied, Processes
from tests.sweeps.test_sweep import MODEL, ended, identical, written

SCRIPT = """\
import sys
import neurodiff
{guard}    print(neurodiff.run_sweep(neurodiff.load_sweep("sweep.yaml"), "out", workers={workers}))
"""
GUARD = 'if __name__ == "__main__":\n'
SMALL = """\
neurodiff_sweep: 1
name: small
model: model.yaml
axes: {network.activation: [tanh, linear]}
"""


def script(folder: Path, guard: str, workers: int) -> subprocess.CompletedProcess[str]:
    written(folder, SMALL)
    path = folder / "script.py"
    path.write_text(SCRIPT.format(guard=guard, workers=workers))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, str(path)], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_so_and_nothing_is_kept(tmp_path):
    done = script(tmp_path, "if True:\n", workers=2)
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and lines.count("Traceback (most recent call last):") == 1
    assert 'put the call under `if __name__ == "__main__":`, or give workers=1' in lines[-1]
    assert "memory" not in done.stderr and not ended(tmp_path / "out" / "runs")


@pytest.mark.slow
@pytest.mark.parametrize(("guard", "workers"), [(GUARD, 2), ("if True:\n", 1)])
def test_what_it_is_told_to_do_helps(tmp_path, guard, workers):
    done = script(tmp_path, guard, workers)
    assert done.returncode == 0 and "(activation: 2" in done.stdout, done.stderr
    assert len(ended(tmp_path / "out" / "runs")) == 2


@pytest.mark.slow
def test_one_worker_is_this_process_and_gives_the_same(tmp_path, monkeypatch):
    processes: list[int] = []
    monkeypatch.setattr(Processes, "__init__", lambda *arguments: processes.append(1))
    sweep = load_sweep(written(tmp_path, SMALL))
    here = run_sweep(sweep, tmp_path / "here", workers=1)
    assert processes == [] and (here["error"] == "").all()
    monkeypatch.undo()
    assert identical(run_sweep(sweep, tmp_path / "two", workers=2), here)


@pytest.mark.slow
def test_a_process_that_dies_is_replaced_and_what_ended_it_is_said():
    executor = Processes(1)
    try:
        with pytest.raises(ProcessDied, match="its process was ended by SIGKILL, 2 times"):
            executor.submit(signal.raise_signal, signal.SIGKILL).result()
        with pytest.raises(ProcessDied, match="its process ended with exit code 3, 2 times"):
            executor.submit(os._exit, 3).result()
        with pytest.raises(ValueError, match="invalid literal"):
            executor.submit(int, "none").result()
        assert executor.submit(os.getpid).result() != os.getpid()
    finally:
        executor.shutdown()
    assert not [part for part in threading.enumerate() if part.name.startswith("sweep")]


def test_a_sweep_with_failed_runs_exits_with_1_and_says_how_to_do_them_again(
    tmp_path, capfd, monkeypatch
):
    model = MODEL.replace("run:", "plasticity: {rule: diffusion, learning_rate: 1 Hz}\nrun:")
    model = model.replace("activation: tanh", "activation: linear")
    axes = "axes: {plasticity.learning_rate: [1 Hz, 100 kHz]}\n"
    written(tmp_path, SMALL[: SMALL.index("axes:")] + axes, model)
    monkeypatch.chdir(tmp_path)
    command = ["neurodiff", "sweep", "sweep.yaml", "--output", "out", "--workers", "1"]
    for attempt in range(2):
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capfd.readouterr()
        assert stopped.value.code == 1 and "2 runs, 1 of them failed" in out
        again = "neurodiff sweep sweep.yaml --output out --retry-failed"
        assert err.splitlines()[-1] == f"1 runs failed; do them again with: {again}"
        assert ("2/2" in err) == (attempt == 0)
    assert len(ended(tmp_path / "out" / "runs")) == 2
