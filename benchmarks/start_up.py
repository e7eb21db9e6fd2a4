"""How much processor time passes until a command has begun, beside Python and Brian2 themselves.

Each command is started several times in turn, as a process of its own. The clock is the processor
time, user and system, of the process and of what it starts.
"""

import argparse
import json
import resource
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

from report import cpu, markdown

from neurodiff.results.recording import versions
from neurodiff.text import align

MODEL = Path(__file__).parent.parent / "models" / "sinusoid.yaml"
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "import brian2": ["-c", "import brian2"],
    "import neurodiff": ["-c", "import neurodiff"],
    "neurodiff --version": ["-m", "neurodiff", "--version"],
    "neurodiff --help": ["-m", "neurodiff", "--help"],
    "neurodiff schema": ["-m", "neurodiff", "schema"],
    "neurodiff show models/sinusoid.yaml": ["-m", "neurodiff", "show", str(MODEL)],
}


def main() -> None:
    """Start all, print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--write-results", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(options.repeats):
        for name, arguments in COMMANDS.items():
            seconds[name].append(once(arguments))
    rows = table(seconds)
    known = json.loads(versions()["versions"])
    notes = [", ".join(f"{name} {number}" for name, number in known.items()), f"CPU {cpu()}"]
    print("", align(rows), "", *notes, sep="\n")
    if options.write_results:
        command = f"Written by `python benchmarks/start_up.py {shlex.join(sys.argv[1:])}`."
        options.write_results.write_text("\n\n".join([command, markdown(rows), *notes]) + "\n")


def once(arguments: list[str]) -> float:
    """Processor time in seconds of a new Python with these arguments."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def table(seconds: dict[str, list[float]]) -> list[list[str]]:
    """Median, least and most seconds of each, and how many times those of Python alone."""
    rows = [["command", "CPU seconds: median [least, most]", "times Python alone"]]
    base = statistics.median(seconds["python -c pass"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        times = f"{median:.3f} [{min(taken):.3f}, {max(taken):.3f}]"
        rows.append([f"`{name}`", times, f"{median / base:.1f}"])
    return rows


if __name__ == "__main__":
    main()
