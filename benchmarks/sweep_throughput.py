"""How many runs of a sweep an hour holds, with one process and with several.

A sweep of 32 runs (8 speeds of the input, 4 seeds) of ten tanh layers, on numpy, is done from
nothing by each number of processes in turn, several times. The clock is on the wall and sees all:
starting the processes, the runs, and putting them into one array. All arrays must be identical.
"""

import argparse
import json
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr
from report import cpu, markdown
from ruamel.yaml import YAML

from neurodiff import load_sweep, run_sweep
from neurodiff.results.recording import versions
from neurodiff.text import align

MODEL = Path(__file__).parent.parent / "models" / "sinusoid.yaml"


def main() -> None:
    """Run all, print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--duration", default="4 s", help="model time of each run")
    parser.add_argument("--points", type=int, default=8, help="speeds of the input")
    parser.add_argument("--write-results", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    seconds: dict[int, list[float]] = {workers: [] for workers in options.workers}
    results = []
    for _ in range(options.repeats):
        for workers in options.workers:
            taken, result = once(workers, options.duration, options.points)
            seconds[workers].append(taken)
            results.append(result)
            print(f"{workers} processes: {taken:.1f} s", flush=True)
    for result in results[1:]:
        xr.testing.assert_identical(result.drop_attrs(), results[0].drop_attrs())
    rows, notes = table(seconds, results[0]["error"].size), surroundings()
    print("", align(rows), "", *notes, sep="\n")
    if options.write_results:
        command = f"Written by `python benchmarks/sweep_throughput.py {shlex.join(sys.argv[1:])}`."
        options.write_results.write_text("\n\n".join([command, markdown(rows), *notes]) + "\n")


def once(workers: int, duration: str, points: int) -> tuple[float, xr.Dataset]:
    """Seconds that the sweep takes from nothing, and its array."""
    study = {
        "neurodiff_sweep": 1,
        "name": "throughput",
        "model": str(MODEL),
        "set": {"run": {"duration": duration, "target": "numpy"}},
        "axes": {"input.frequency": {"log": ["0.2 Hz", "20 Hz", points]}},
        "seeds": 4,
    }
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "sweep.yaml"
        with file.open("w") as stream:
            YAML().dump(study, stream)
        sweep, begun = load_sweep(file), time.perf_counter()
        result = run_sweep(sweep, Path(name) / "runs", workers=workers)
        return time.perf_counter() - begun, result


def table(
    seconds: Mapping[Any, list[float]], runs: int, what: str = "processes"
) -> list[list[str]]:
    """Median, least and most seconds, runs a minute, and how many times those of the first."""
    rows = [[what, "seconds: median [least, most]", "runs a minute", "times the first"]]
    base = statistics.median(next(iter(seconds.values())))
    for way, taken in seconds.items():
        median = statistics.median(taken)
        times = f"{median:.1f} [{min(taken):.1f}, {max(taken):.1f}]"
        rows.append([str(way), times, f"{60 * runs / median:.1f}", f"{base / median:.2f}"])
    return rows


def surroundings() -> list[str]:
    """Versions and machine."""
    known = json.loads(versions()["versions"])
    return [", ".join(f"{name} {number}" for name, number in known.items()), f"CPU {cpu()}"]


if __name__ == "__main__":
    main()
