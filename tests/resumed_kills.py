"""Kills runs that keep states, resumes them, and looks whether they end as if nothing had been.

``python -m tests.resumed_kills --kills 50`` (``--target cpp_standalone`` for programs, ``--by
events`` for events) prints what was found: how often a resumed run differs in any bit from one that
was never interrupted, a state was lost, or something was left over. All have to be 0.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neurodiff import load_recording
from neurodiff.run_files.checkpoints import read_saved
from neurodiff.run_files.names import report_of, run_id
from tests.kills import Case, Child, command, warm_up

#: A run that takes some seconds, with several states in each of them, by what runs it.
LONG = {
    "numpy": ["--set", "run.duration=4 s", "--set", "run.checkpoint=100 ms"],
    "cpp_standalone": [
        *("--set", "run.target=cpp_standalone", "--set", "run.duration=600 s"),
        *("--set", "run.checkpoint=400 ms"),
    ],
}
#: What travels, as an argument of the command.
BY = {
    "graded": [],
    "events": ["--set", "transmission={kind: events, threshold: 0.01, error_threshold: 0.02}"],
}
#: How many kills came while a run was running.
MET = "kills that met a running run"
#: What is added to a recording when it has its report; a kill may come before.
LAST = ("cosine", "relative_error", "norm_ratio", "layer_name")
#: What two runs of one model do not have in common: names, dates and times.
DIFFERENT = ("run_id", "timing", "created")


def same_run(one: Path, other: Path) -> bool:
    """Whether two run folders hold the same run, bit for bit."""
    recordings = [
        load_recording(path / "recording.nc").drop_vars(LAST, errors="ignore")
        for path in (one, other)
    ]
    attributes = [
        {name: value for name, value in part.attrs.items() if name not in DIFFERENT}
        for part in recordings
    ]
    reports = [json.loads((path / "report.json").read_text()) for path in (one, other)]
    for report in reports:
        report.update(dict.fromkeys(DIFFERENT))
    states = [read_saved(path) for path in (one, other)]
    arrays = [state.state.values if state else {} for state in states]
    equal = arrays[0].keys() == arrays[1].keys() and all(
        np.array_equal(values, arrays[1][name]) for name, values in arrays[0].items()
    )
    equal &= recordings[0].drop_attrs().identical(recordings[1].drop_attrs())
    return equal and attributes[0] == attributes[1] and reports[0] == reports[1]


def alive(child: Child) -> bool:
    """Whether a process has not ended yet."""
    return os.waitid(os.P_PID, child.number, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def resume_run(case: Case, target: str = "numpy", by: str = "graded") -> None:
    """Kill a run at random moments, and resume it each time; its end is as if nothing had been."""
    folder, name = case.folder, f"resumed-{case.random.random()}"
    whole = folder / f"whole-{by}"
    arguments = ["run", "model.yaml", *LONG[target], *BY[by], "--output"]
    if not whole.exists():
        code, text = Child(command(*arguments, whole.name), folder).end()
        case.faults["traceback"] += code != 0
    for _ in range(case.random.randint(1, 4)):
        kept = list(folder.glob(f".{name}-*/new/state.npz"))
        begun = kept or run_id(folder / name) is not None
        child = Child(command(*arguments, name, *(["--resume"] if begun else [])), folder)
        time.sleep(case.random.uniform(0.2, 4))
        case.faults[MET] += alive(child)
        child.end(signal.SIGKILL)
        now = list(folder.glob(f".{name}-*/new/state.npz"))
        case.faults["lost"] += bool(kept) and not now and run_id(folder / name) is None
        if "verdict" in report_of(folder / name):
            break
    kept = list(folder.glob(f".{name}-*/new/state.npz"))
    if "verdict" not in report_of(folder / name):
        begun = kept or run_id(folder / name) is not None
        again = command(*arguments, name, *(["--resume"] if begun else []))
        code, text = Child(again, folder).end()
        case.faults["traceback"] += "Traceback" in text or code not in (0, 2)
        # what was complete when it was killed has taken its place
        case.faults["not said"] += code == 2 and "the run is complete" not in text
    same = same_run(whole, folder / name)
    case.faults["lost"] += not same
    if not same:
        print("not the same:", sorted(path.name for path in (folder / name).iterdir()))
    case.check_mine()
    case.check_order()
    subprocess.run(["rm", "-r", str(folder / name)], check=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill and resume until so many kills met a running run; print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, n in (("kills", 50), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=n)
    parser.add_argument("--target", choices=sorted(LONG), default="numpy")
    parser.add_argument("--by", choices=sorted(BY), default="graded")
    n = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        case = Case(Path(folder), n.seed)
        warm_up(Path(folder))
        while case.faults[MET] < n.kills:
            resume_run(case, n.target, n.by)
            print(dict(case.faults), flush=True)
    met = case.faults.pop(MET)
    print(f"{met} kills met a running run; faults: {sum(case.faults.values())}")
    return int(any(case.faults.values()))


if __name__ == "__main__":
    sys.exit(main())
