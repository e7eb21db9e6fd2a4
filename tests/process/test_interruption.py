"""What signals do to a run, and what output to the terminal that cannot be written does not."""

import io
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import typer

from neurodiff import Simulation, cli, load
from neurodiff import __main__ as start
from neurodiff.process import interruption
from neurodiff.process.interruption import Interrupted, heeding, stoppable
from neurodiff.process.terminal import Courteous, Demanding, OutputGone, courteous_terminal
from neurodiff.run_files.names import run_id
from neurodiff.validation import report_run

SMALL = """
neurodiff: 1
name: small
network: {layers: [2, 3, 1]}
plasticity: {rule: diffusion, learning_rate: 5 Hz}
input: {kind: sinusoid, frequency: 5 Hz}
target: {kind: constant, values: [0.2]}
run: {duration: 1000 s, target: numpy}
validation: {every: 100 s}
record: {signals: none}
"""


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


@pytest.fixture(autouse=True)
def signals_as_by_default():
    """Signals end this process, even where pytest was started by `nohup`, which ignores SIGHUP."""
    before = {number: signal.getsignal(number) for number in interruption.ENDING}
    for number in before:
        default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, default)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: int) -> None:
    """Send a signal to this very thread: Python answers it before the call returns."""
    signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_what_can_be_stopped_and_is_raised_elsewhere(number, capfd):
    calls = []
    before = signal.getsignal(number)
    with heeding(*interruption.ENDING) as heeded:
        with stoppable(lambda: calls.append("stop")) as stopped:
            assert not stopped()
            send(number)
            assert stopped() and calls == ["stop"]
            send(number)  # some programs send it twice
            assert calls == ["stop"]
        with pytest.raises(Interrupted):
            send(number)
        assert heeded.received == number
    assert signal.getsignal(number) == before
    assert "to keep what was recorded until then" in capfd.readouterr().err


def test_a_second_ctrl_c_gives_the_run_up_and_says_so(capfd, monkeypatch):
    monkeypatch.setattr(interruption, "_SAME_REQUEST", 0)
    with pytest.raises(Interrupted), stoppable(lambda: None):
        send(signal.SIGINT)
        time.sleep(0.01)
        send(signal.SIGINT)
    assert "given up: what was recorded until now is lost" in capfd.readouterr().err


def test_signals_wait_while_a_run_is_written(capfd):
    with heeding(signal.SIGTERM):
        interruption.defer()
        send(signal.SIGTERM)
        assert interruption.received() == signal.SIGTERM
        with pytest.raises(Interrupted), interruption.allowing():
            raise AssertionError("not reached")
        with interruption.allowing():
            pass  # it was heard of once
    assert "is being written" in capfd.readouterr().err


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with heeding(signal.SIGINT), stoppable(lambda: None) as stopped:
            send(signal.SIGINT)
            assert not stopped()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_other_threads_signals_are_left_alone():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with heeding(signal.SIGINT), stoppable(lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_ctrl_c_stops_a_simulation_of_a_script_and_keeps_what_it_had(here, monkeypatch):
    simulation = Simulation(load("small.yaml"))
    when_it_runs(monkeypatch, lambda: signal.raise_signal(signal.SIGINT))
    recording = simulation.run().recording
    assert recording.attrs["complete"] == 0 and 0 < recording.attrs["steps"] < 1_000_000
    report_run(simulation)


def neurodiff(monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["neurodiff", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_run_that_is_told_to_end_is_kept_and_exits_with_the_code_of_the_signal(
    here, monkeypatch, capfd, name
):
    number = getattr(signal, name)
    when_it_runs(monkeypatch, lambda: signal.raise_signal(number))
    assert neurodiff(monkeypatch, "run", "small.yaml") == 128 + number
    out, err = capfd.readouterr()
    assert "run folder: runs/small" in out and "Traceback" not in err
    assert "what was recorded until then is kept" in err
    assert run_id(here / "runs/small") and len(list((here / "runs").iterdir())) == 1


def when_it_runs(monkeypatch, act) -> None:
    """Do something at the first report of progress of the next run."""
    plain = Simulation._simulate

    def simulate(self, report, checkpoints):
        done = []

        def reported(fraction: float) -> None:
            report(fraction)
            if fraction > 0 and not done:
                done.append(act())

        plain(self, reported, checkpoints)

    monkeypatch.setattr(Simulation, "_simulate", simulate)


def test_a_validation_that_is_stopped_did_not_fail(here, monkeypatch, capfd):
    when_it_runs(monkeypatch, lambda: signal.raise_signal(signal.SIGTERM))
    assert neurodiff(monkeypatch, "validate", "small.yaml") == 143
    assert "stopped after" in capfd.readouterr().err


def test_a_sweep_that_is_told_to_end_keeps_what_has_ended(here, monkeypatch, capfd):
    axes = "{network.activation: [tanh, sigmoid]}"
    (here / "s.yaml").write_text(f"neurodiff_sweep: 1\nname: s\nmodel: small.yaml\naxes: {axes}\n")
    when_it_runs(monkeypatch, lambda: signal.raise_signal(signal.SIGTERM))
    assert neurodiff(monkeypatch, "sweep", "s.yaml", "--output", "s", "--workers", "1") == 143
    assert "what has ended is kept, and the same command goes on" in capfd.readouterr().err
    assert not list((here / "s/runs").iterdir()) and not list(here.glob(".*"))


def test_a_signal_before_the_first_step_ends_in_one_line(here, monkeypatch, capfd):
    def stopped(*arguments: object) -> None:
        signal.raise_signal(signal.SIGTERM)
        time.sleep(1)

    monkeypatch.setattr(cli, "announce", stopped)
    assert neurodiff(monkeypatch, "run", "small.yaml") == 143
    out, err = capfd.readouterr()
    assert out == "" and err == "stopped before there was a recording\n"
    assert {path.name for path in here.iterdir()} == {"small.yaml"}


class Broken(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_standard_error_goes_quiet_and_standard_output_is_said():
    for stream in (Broken(), None):
        quiet = Courteous(stream)
        assert quiet.write("progress") == 8
        quiet.flush()
    loud = Demanding(Broken())
    for _ in range(2):
        with pytest.raises(OutputGone, match="Broken pipe"):
            loud.write("result")
    fine = io.StringIO()
    Demanding(fine).write("result")
    assert fine.getvalue() == "result"


def test_a_run_is_finished_and_kept_when_nobody_listens(here, monkeypatch, capfd):
    with open("/dev/full", "w") as full, open("/dev/full", "w") as other:
        monkeypatch.setattr(sys, "stderr", full)
        short = ("--set", "run.duration=60 ms", "--set", "validation={minimum_cosine: -1}")
        monkeypatch.setattr(sys, "argv", ["neurodiff", "run", "small.yaml", *short])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code and run_id(here / "runs/small")
        monkeypatch.setattr(sys, "stdout", other)
        assert neurodiff(monkeypatch, "run", "small.yaml", "--force", *short) == 141
    assert run_id(here / "runs/small")


def test_click_does_not_make_an_error_of_a_closed_pipe(monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(OutputGone), courteous_terminal():
        patch.setattr(sys, "stdout", Demanding(Broken()))
        typer.echo("result")


@pytest.mark.slow
def test_closed_descriptors_are_not_given_to_files(here):
    command = (
        f"{sys.executable} -c 'from neurodiff.cli import main; main()' run small.yaml "
        '--set "run.duration=60 ms" --set "validation={minimum_cosine: -1}" --output r'
    )
    ended = subprocess.run(["sh", "-c", f"{command} <&- >&- 2>&-"])
    assert ended.returncode == 0 and run_id(here / "r")


def test_ctrl_c_during_the_imports_ends_in_one_line(monkeypatch, capsys):
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "draw_into_files", interrupted)
    with pytest.raises(SystemExit) as ended:
        start.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "stopped before anything was done\n"
