"""Runs that were interrupted go on from the last state in their folder."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import neurodiff
from neurodiff import OutputError, Simulation, SimulationError
from neurodiff.run_files.checkpoints import Checkpoints, read_saved
from neurodiff.run_files.names import run_id
from tests.resumed_kills import same_run
from tests.simulator.test_kernels import LEARNS, layers
from tests.simulator.test_states import run_until


@contextmanager
def many_states() -> Iterator[pytest.MonkeyPatch]:
    """Runs look often whether a state is due; each of these costs a beginning of Brian2's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neurodiff.simulator.backends.execution._REPORT_PERIOD", 0.02)
        yield patch


@pytest.fixture
def stopped(here: Path, command) -> Path:
    """A run that Ctrl-C has stopped, after several states."""
    with many_states() as patch:
        patch.setattr("neurodiff.run_files.checkpoints.write_state", after(3, signal.SIGINT))
        code, _, err = command("run", "small.yaml", *options())
    assert code == 130 and "what was recorded until then is kept" in err
    return here / "runs/small"


def options() -> list[str]:
    return ["--set", "run.duration=600 ms", "--set", "run.checkpoint=1 ms"]


def after(n: int, number: int):
    """Writes states, and sends a signal with the n-th."""
    from neurodiff.run_files.checkpoints import write_state

    calls = []

    def write(*arguments) -> None:
        write_state(*arguments)
        calls.append(arguments)
        if len(calls) == n:
            signal.raise_signal(number)

    return write


def test_a_run_that_was_stopped_goes_on_to_the_same_end(stopped: Path, command):
    saved, first = read_saved(stopped), run_id(stopped)
    assert saved.about["parts"] == 3 and 0 < saved.state.step < 600
    code, _, err = command("run", "small.yaml", *options(), "--resume")
    assert code == 0 and f"from step {saved.state.step}" in err
    code, _, _ = command("run", "small.yaml", *options(), "--output", "whole")
    assert same_run(stopped, Path("whole")) and run_id(stopped) != first
    assert {path.name for path in stopped.iterdir()} == {
        path.name for path in Path("whole").iterdir()
    }
    assert not [path for path in Path("runs").iterdir() if path.name.startswith(".")]
    code, _, err = command("run", "small.yaml", *options(), "--resume")
    assert code == 2 and "the run is complete, and there is nothing to resume" in err


def test_what_is_to_be_resumed_must_be_the_same_run(stopped: Path, command):
    before = {path: path.stat().st_mtime_ns for path in stopped.rglob("*")}
    code, _, err = command("run", "small.yaml", *options(), "--resume", "--seed", "7")
    assert code == 2 and "`seed` was 1 and is 7" in err
    code, _, err = command("run", "small.yaml", "--resume")
    assert code == 2 and "`run.duration` was 0.6 s and is 60 ms" in err
    assert "checkpoint" not in err
    code, _, err = command("run", "small.yaml", *options(), "--resume", "--force")
    assert code == 2 and "leave one of them out" in err
    assert before == {path: path.stat().st_mtime_ns for path in stopped.rglob("*")}
    assert [path.name for path in stopped.parent.iterdir()] == ["small"]


def test_where_nothing_was_kept_nothing_is_resumed(here: Path, command):
    code, _, err = command("run", "small.yaml", "--resume")
    assert code == 2 and "no state was kept there" in err and not (here / "runs").exists()
    command("run", "small.yaml", "--set", "run.checkpoint=none")
    assert not (here / "runs/small/state.npz").exists()
    code, _, err = command("run", "small.yaml", "--output", "x", "--from", "runs/small")
    assert code == 2 and "has no state" in err


def test_events_by_the_native_engine_are_not_resumed(here: Path, command):
    sending = "transmission={kind: events, threshold: 0.01, error_threshold: 0.01}"
    changed = ["--set", sending, "--set", "run.engine=native"]
    code, _, _ = command("run", "small.yaml", *changed, "--set", "run.checkpoint=1 ms")
    assert code == 0 and not (here / "runs/small/state.npz").exists()
    code, _, err = command("run", "small.yaml", *changed, "--output", "x", "--resume")
    assert code == 2 and "events: what travels is in queues inside Brian2" in err
    assert "kernels have states" in err


@pytest.mark.slow
def test_events_by_a_kernel_are_resumed_to_the_same_end(here: Path, command):
    sending = "transmission={kind: events, threshold: 0.01, error_threshold: 0.01}"
    changed = [*options(), "--set", sending]
    with many_states() as patch:
        patch.setattr("neurodiff.run_files.checkpoints.write_state", after(2, signal.SIGINT))
        code, _, _ = command("run", "small.yaml", *changed)
    assert code == 130
    code, _, _ = command("run", "small.yaml", *changed, "--resume")
    assert code == 0
    command("run", "small.yaml", *changed, "--output", "whole")
    assert same_run(here / "runs/small", here / "whole")


def test_a_run_begins_where_another_ended(here: Path, command):
    command("run", "small.yaml")
    more = ["--set", "input.frequency=9 Hz", "--output"]
    code, _, _ = command("run", "small.yaml", *more, "state", "--from", "runs/small")
    assert code == 0
    code, _, _ = command(
        "run", "small.yaml", *more, "weights", "--from", "runs/small", "--weights-only"
    )
    assert code == 0
    first, state, weights = (
        neurodiff.open_run(folder).recording for folder in ("runs/small", "state", "weights")
    )
    for recording in (state, weights):
        assert np.array_equal(recording["w"].values[0], first["w"].values[-1])
    assert state.attrs["began_in_state_of"] == weights.attrs["began_with_weights_of"]
    assert np.abs(state["delta"].values[0][2:-1]).min() > 0  # it was on its way
    code, _, err = command(
        "run", "small.yaml", *more, "x", "--from", "state", "--set", "network.layers=[2, 4, 1]"
    )
    assert code == 2 and "population `hidden1` (3 units, and here 4)" in err
    code, _, err = command("run", "small.yaml", "--weights-only")
    assert code == 2 and "needs --from" in err


def test_a_simulation_is_kept_and_opened_and_goes_on(tmp_path: Path):
    model = layers(plasticity=LEARNS)
    whole = Simulation(model, backend="numpy").run("120 ms").recording
    Simulation(model, backend="numpy").run("70 ms").save(tmp_path / "half")
    opened = neurodiff.open_run(tmp_path / "half")
    assert opened.recording.attrs["steps"] == opened.timing.steps == 70
    assert opened.run("50 ms").recording.drop_attrs().identical(whole.drop_attrs())
    opened.save(tmp_path / "half", force=True)
    again = neurodiff.open_run(tmp_path / "half").recording
    assert again.drop_attrs().identical(whole.drop_attrs())
    with pytest.raises(OutputError, match="exists"):
        opened.save(tmp_path / "half")


def test_a_run_that_was_begun_from_another_is_opened_with_its_weights(tmp_path: Path):
    validation = {"every": "7 ms", "start": "0 ms"}
    model = layers(feedback={"rule": "random"}).replace(validation=validation)
    first = Simulation(model, backend="numpy").run("40 ms")
    second = Simulation(model.replace(seed=9), backend="numpy")
    second.start_from(first, weights_only=True).run("60 ms").save(tmp_path / "run")
    opened = neurodiff.open_run(tmp_path / "run")
    assert np.array_equal(opened.plan.feedback.b, first.recording["b"].values[-1])
    for report in (neurodiff.validate(opened), neurodiff.validate(opened.recording)):
        assert report.moments.how == "every step" and report.moments.deviation < 1e-10


def test_a_full_disk_costs_a_state_and_not_the_run(tmp_path: Path, capsys):
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    checkpoints = Checkpoints(tmp_path, seconds=0.0)
    run = Simulation(layers(run={"duration": "300 ms"}), backend="numpy")
    with many_states() as patch:
        patch.setattr("neurodiff.run_files.checkpoints.write_state", full)
        run.run(checkpoints=checkpoints)
    assert run.recording.attrs["complete"]
    assert "could not be kept (No space left on device)" in capsys.readouterr().err


def test_a_process_that_dies_at_the_end_leaves_the_state_of_the_end(here, command):
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with many_states() as patch:
        patch.setattr("neurodiff.run_files.keeping.write_state", full)
        code, _, err = command("run", "small.yaml", *options())
    assert code == 0 and "the state at the end could not be kept" in err
    with many_states():
        command("run", "small.yaml", *options(), "--output", "whole")
    assert same_run(Path("runs/small"), Path("whole"))
    longer = [neurodiff.open_run(run).run("30 ms") for run in ("runs/small", "whole")]
    assert longer[0].recording.drop_attrs().identical(longer[1].recording.drop_attrs())
    assert longer[0].recording.attrs["steps"] == 630


def interrupted(*arguments: object, **options: object) -> None:
    raise KeyboardInterrupt


def test_a_process_that_dies_before_its_recording_is_resumed(here, command):
    with many_states() as patch:
        patch.setattr("neurodiff.run_files.keeping.keep_recording", interrupted)
        code, _, err = command("run", "small.yaml", *options())
    assert code == 130 and "--resume goes on from there" in err
    assert not Path("runs/small").exists()
    code, _, err = command("run", "small.yaml", *options())
    assert code == 2 and "add --resume to go on, or --force to begin anew" in err
    code, _, _ = command("run", "small.yaml", *options(), "--resume")
    command("run", "small.yaml", *options(), "--output", "whole")
    assert code == 0 and same_run(Path("runs/small"), Path("whole"))
    with many_states() as patch:
        patch.setattr("neurodiff.run_files.keeping.keep_recording", interrupted)
        command("run", "small.yaml", *options(), "--force")
    code, _, _ = command("run", "small.yaml", *options(), "--force")
    assert code == 0 and [path.name for path in Path("runs").iterdir()] == ["small"]


#: The command line in a process that dies, as by SIGKILL, where it calls a function.
_DIES = """
import importlib, os, sys
import neurodiff.cli
module, _, name = sys.argv.pop(1).rpartition(".")
setattr(importlib.import_module(module), name, lambda *arguments, **options: os._exit(9))
neurodiff.cli.main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["cli._compare", "run_files.keeping.keep_recording"])
def test_a_process_that_dies_again_while_it_compares_leaves_what_was_done(
    here: Path, command, where: str
):
    first = ("neurodiff.cli._compare", "run", "small.yaml", *options())
    again = (f"neurodiff.{where}", "run", "small.yaml", *options(), "--resume")
    for arguments in (first, again, again):
        done = subprocess.run([sys.executable, "-c", _DIES, *arguments], capture_output=True)
        assert done.returncode == 9, done.stderr
    code, _, _ = command("run", "small.yaml", *options(), "--resume")
    command("run", "small.yaml", *options(), "--output", "whole")
    assert code == 0 and same_run(Path("runs/small"), Path("whole"))
    assert [path.name for path in Path("runs").iterdir()] == ["small"]


def test_a_stopped_run_without_parts_keeps_its_beginning_when_it_goes_on(here: Path, command):
    model = neurodiff.load("small.yaml", [option for option in options() if "=" in option])
    run_until(Simulation(model), 200).save("runs/small")
    assert not Path("runs/small/parts").exists()
    with many_states() as patch:
        patch.setattr("neurodiff.run_files.keeping.keep_recording", interrupted)
        code, _, err = command("run", "small.yaml", *options(), "--resume")
    assert code == 130 and "--resume goes on from there" in err
    code, _, _ = command("run", "small.yaml", *options(), "--resume")
    command("run", "small.yaml", *options(), "--output", "whole")
    assert code == 0 and same_run(Path("runs/small"), Path("whole"))


@pytest.mark.parametrize("content", [b"", b"PK", b"about"])
def test_a_damaged_state_is_refused(tmp_path: Path, content: bytes):
    run_until(Simulation(layers(), backend="numpy"), 40).save(tmp_path / "run")
    (tmp_path / "run/state.npz").write_bytes(content)
    with pytest.raises(OutputError, match=r"state\.npz: .*run the model again"):
        neurodiff.open_run(tmp_path / "run")


def test_a_changed_file_is_refused(here: Path, command):
    np.save("u.npy", np.random.default_rng(1).random((10, 2)))
    array = ["--set", "input={kind: array, file: u.npy, interval: 200 ms}", *options()]
    with many_states() as patch:
        patch.setattr("neurodiff.run_files.checkpoints.write_state", after(1, signal.SIGINT))
        code, _, _ = command("run", "small.yaml", *array)
    assert code == 130
    np.save("u.npy", np.zeros((10, 2)))
    code, _, err = command("run", "small.yaml", *array, "--resume")
    assert code == 2 and "u.npy: has changed since the run began" in err


def test_errors_are_of_the_library():
    assert issubclass(SimulationError, neurodiff.NeurodiffError)
