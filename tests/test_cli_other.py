"""Commands other than `run`, and runs that are interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

MODELS = Path(__file__).parent.parent / "models"

WAVE = str(MODELS / "ten_layer_wave.yaml")


def test_validate_exits_with_0_1_and_2(here, command):
    code, out, _ = command("validate", WAVE)
    assert code == 0
    rows = [line.split() for line in out.splitlines() if line.startswith("layer1 ")]
    assert rows[0][-2:] == ["19", "19"]
    code, out, _ = command("validate", "small.yaml", "--set", "validation.minimum_cosine=1")
    assert code == 1 and "failed: not every layer's cosine >= 1, as" in out
    code, out, err = command("validate", "missing.yaml")
    assert code == 2 and out == "" and "missing.yaml: no such file" in err


def test_validate_prints_json_alone(here, command):
    code, out, _ = command("validate", "small.yaml", "--json")
    report = json.loads(out)
    assert code == 0 and report["passed"] is True and report["reference"] == "error_frame"
    totals = {"cosine", "relative_error", "mean_cosine", "cosine_of_summed_update"}
    assert set(report["total"]) == totals
    assert list(here.iterdir()) == [here / "small.yaml"]


def test_show_prints_the_network_before_it_is_run(here, command):
    delay = "network.delay={forward: 2 ms, backward: 3 ms}"
    code, out, _ = command("show", WAVE, "--set", delay)
    assert code == 0
    cells = {line.split()[0]: line.split() for line in out.splitlines() if line}
    # population: x arrives after F_4 = 4 * 2, the target after D_y + R_4 = 20 + 6 * 3
    assert cells["hidden4"][-2:] == ["8", "38"]
    # projection layer4: F = 8, R = 18, M = 6 * (2 + 3), exact from 20 + 18, f_c = 1/(4 * 30 ms)
    assert cells["layer4"][1:6] == ["8", "18", "30", "38", "8.333"]
    assert "memory" in out and "runs on numpy" in out


def test_plot_draws_the_figures_again(here, command):
    command("run", "small.yaml")
    (here / "runs/small/waves.png").unlink()
    code, out, _ = command("plot", "runs/small")
    assert code == 0 and "waves.png" in out and (here / "runs/small/waves.png").is_file()
    code, _, err = command("plot", ".")
    assert code == 2 and "no run folder" in err


def test_plot_replaces_a_link_and_leaves_the_file_to_which_it_points(here, command):
    command("run", "small.yaml", "--output", "r")
    (here / "victim").write_text("precious")
    (here / "r/waves.png").unlink()
    (here / "r/waves.png").symlink_to("../victim")
    assert command("plot", "r")[0] == 0
    assert (here / "victim").read_text() == "precious"
    assert not (here / "r/waves.png").is_symlink()
    assert (here / "r/waves.png").read_bytes().startswith(b"\x89PNG")


def test_plot_says_that_a_recording_cannot_be_read(here, command):
    command("run", "small.yaml")
    path = here / "runs/small/recording.nc"
    for damaged in (path.read_bytes()[:5000], b"no recording"):
        path.write_bytes(damaged)
        code, _, err = command("plot", "runs/small")
        assert code == 2 and "recording.nc: cannot be read" in err and "--output" not in err
    xr.Dataset({"x": ("time", [1.0])}).to_netcdf(path)
    code, _, err = command("plot", "runs/small")
    assert code == 2 and "recording.nc: is no neurodiff recording" in err


def test_schema_is_json(command):
    code, out, _ = command("schema")
    assert code == 0 and json.loads(out)["required"][:2] == ["neurodiff", "name"]


def test_bad_input_exits_with_2_and_writes_nothing(here, command):
    code, out, err = command("run", "small.yaml", "--set", "network.layers=[2, 3, 2]")
    assert code == 2 and out == "" and "Traceback" not in err
    assert err.startswith("error: ") and "target.values" in err
    assert list(here.iterdir()) == [here / "small.yaml"]


def start(*arguments: str) -> subprocess.Popen:
    """A command in a process of its own, its standard error to be read."""
    return subprocess.Popen(
        [sys.executable, "-c", "from neurodiff.cli import main; main()", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )


def wait_for_steps(process: subprocess.Popen) -> None:
    """Read until the progress bar has moved."""
    text = b""
    while b"steps/s]" not in text:
        read = process.stderr.read1(4096)
        assert read, text.decode()
        text += read


@pytest.mark.slow
@pytest.mark.parametrize("target", ["numpy", "cpp_standalone"])
def test_an_interrupted_run_keeps_what_it_had(here, target):
    long = "run.duration=100000 s"
    with start("run", "small.yaml", "--target", target, "--set", long) as process:
        wait_for_steps(process)
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        err = process.stderr.read().decode()
    assert process.returncode == 130
    assert "what was recorded until then is kept" in err and "Traceback" not in err
    with xr.open_dataset(here / "runs/small/recording.nc") as recording:
        steps = recording.attrs["steps"]
        assert recording.attrs["complete"] == 0
        assert 0 < steps < 100_000_000
        assert recording["weight_time"].values[-1] == pytest.approx(steps * 1e-3)
    report = json.loads((here / "runs/small/report.json").read_text())
    assert (report["complete"], report["passed"]) == (False, False)


@pytest.mark.slow
def test_the_second_run_on_cython_compiles_nothing(here, command, plain_compilation):
    compiled: list[set[str]] = []
    for _ in range(2):
        assert command("run", "small.yaml", "--target", "cython", "--force")[0] == 0
        compiled.append({path.name for path in plain_compilation.rglob("*.so")})
    assert compiled[0] and compiled[1] == compiled[0]
