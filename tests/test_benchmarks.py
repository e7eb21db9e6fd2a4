"""The benchmarks run, and what they compare is the same."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "event_driven.py"


def _run(*arguments: str) -> str:
    command = [sys.executable, str(SCRIPT), "--quick", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_loop_and_simulator_agree_and_are_timed():
    printed = _run("--case", "frames")
    # the script stops where they do not agree
    assert "thresholds 0, frames: final weights agree to" in printed
    lines = printed.splitlines()
    start = next(k for k, line in enumerate(lines) if "events us" in line)
    header, row = lines[start : start + 2]
    assert header.endswith("NumPy+ger / events") and row.startswith("frames-300")
    assert all(float(ratio) > 0 for ratio in row.split()[-2:])


@pytest.mark.slow
def test_curve_writes_its_table_and_figure(tmp_path):
    results, figure = tmp_path / "results.md", tmp_path / "curve.png"
    _run("--case", "curve-300", "--write-results", str(results), "--output", str(figure))
    # three curves of five speeds, in both tables
    assert results.read_text().count("| curve-") == 2 * 15
    assert "eta = 1e-08 per step: dense is" in results.read_text()
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_unknown_case_is_refused():
    command = [sys.executable, str(SCRIPT), "--case", "fast"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "no case is called fast" in done.stderr


@pytest.mark.slow
def test_what_events_cost_is_said(tmp_path):
    results, figure = tmp_path / "results.md", tmp_path / "work.png"
    _run("--case", "still", "work", "--write-results", str(results), "--output", str(figure))
    assert results.read_text().count("nothing changes, ") == 2
    # one row for each case in each of the two tables
    assert results.read_text().count("| work-") == 2 * 7
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_digits_with_feedback_make_a_table(tmp_path):
    rng = np.random.default_rng(1)
    frames, results = tmp_path / "frames.npz", tmp_path / "results.md"
    np.savez(frames, frames=rng.random((40, 64)), labels=np.arange(40) % 10)
    script = SCRIPT.with_name("feedback_on_digits.py")
    rules = ["symmetric", "sign", "direct", "weight_mirror"]
    changes = [f"input.dataset={frames}", "network.layers=[64, 8, 10]", "run.epochs=2"]
    command = [sys.executable, str(script), "--seeds", "2", "--target", "numpy", "--rules", *rules]
    command += ["--mirror", "20 ms", "--write-results", str(results), "--set", *changes]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in results.read_text().splitlines()[4:]]
    assert [row[0] for row in rows] == rules
    for row in rows:
        mean, least, most, backprop = (float(cell.strip(" %")) for cell in row[1:5])
        assert 0 <= least <= mean <= most <= 100 and 0 <= backprop <= 100
    # only what comes back along synapses has weights to compare, and signs agree at any time
    assert [row[5] == "-" for row in rows] == [True, False, True, False]
    assert 0.5 < float(rows[1][5]) < 1


@pytest.mark.slow
def test_learning_against_speed_makes_a_table(tmp_path: Path):
    script, results = SCRIPT.with_name("learning_speed.py"), tmp_path / "results.md"
    command = [sys.executable, str(script), "--speeds", "3", "--steps", "1500", "--width", "8"]
    done = subprocess.run(
        [*command, "--write-results", str(results)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (row,) = (line.strip("| ").split(" | ") for line in results.read_text().splitlines()[4:])
    speed, none, trace, matched, backprop = map(float, row)
    # theory 4, W4: beyond a quarter period matched waves follow backprop, and bare ones do not
    assert speed == 3
    assert 1 / 1.5 < matched / backprop < 1.5
    assert matched < trace < none


@pytest.mark.slow
def test_throughput_of_sweeps_makes_a_table(tmp_path: Path):
    script, results = SCRIPT.with_name("sweep_throughput.py"), tmp_path / "results.md"
    command = [sys.executable, str(script), "--repeats", "1", "--duration", "60 ms"]
    command += ["--points", "2", "--write-results", str(results)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in results.read_text().splitlines()[4:6]]
    assert [row[0] for row in rows] == ["1", "2"]
    assert all(float(row[2]) > 0 for row in rows) and rows[0][3] == "1.00"


@pytest.mark.slow
def test_start_up_makes_a_table(tmp_path: Path):
    script, results = SCRIPT.with_name("start_up.py"), tmp_path / "results.md"
    command = [sys.executable, str(script), "--repeats", "1", "--write-results", str(results)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in results.read_text().splitlines()[4:12]]
    assert rows[0][0] == "`python -c pass`" and rows[0][2] == "1.0"
    assert all(float(row[2]) > 0 for row in rows) and rows[-1][0].startswith("`neurodiff show")


@pytest.mark.slow
def test_scaling_measures_size_and_length(tmp_path):
    results, figure = tmp_path / "scaling.md", tmp_path / "scaling.png"
    script = SCRIPT.with_name("scaling.py")
    command = [sys.executable, str(script), "--quick", "--write-results", str(results)]
    done = subprocess.run([*command, "--output", str(figure)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line for line in results.read_text().splitlines() if "moments)" in line]
    assert len(rows) == 4 and "time of a step: (number of weights)^" in results.read_text()
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize("target", ["numpy", "cpp_standalone"])
def test_a_weight_takes_at_most_20_bytes(target):
    script = SCRIPT.with_name("scaling.py")
    command = [sys.executable, str(script), "--target", target, "--alone"]
    tiny, large = (
        json.loads(subprocess.run([*command, n], capture_output=True, check=True).stdout)
        for n in ("8", "1000")
    )
    each = (large[1] - tiny[1]) / (large[0] - tiny[0])
    assert 8 < each <= 20


@pytest.mark.slow
def test_chosen_thresholds_have_the_cosine_in_random_networks(tmp_path):
    results = tmp_path / "results.md"
    script = SCRIPT.with_name("chosen_thresholds.py")
    options = ["--quick", "--networks", "4", "--slowest", "5e-4", "--write-results", str(results)]
    subprocess.run([sys.executable, script, *options], check=True, capture_output=True)
    assert "4 of 4 runs have a cosine of 0.995 or more" in results.read_text()


@pytest.mark.slow
def test_spikes_by_a_kernel_end_with_the_weights_of_brian2s_own(tmp_path):
    results = tmp_path / "results.md"
    command = [sys.executable, SCRIPT.with_name("spiking.py"), "--quick"]
    # the script stops where they differ
    subprocess.run([*command, "--write-results", results], check=True, capture_output=True)
    assert results.read_text().count("| 10x10 |") == 2
