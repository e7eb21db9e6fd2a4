"""Kills runs and sweeps at random moments, fills disks, and looks whether anything was lost.

``python -m tests.kills --kills 100 --ends 30 --disks 10`` prints what was found: how often a
finished result was lost, a file deleted that no run wrote, a result doubled or replaced without
``--force``, or one taken for complete that was not. All have to be 0.
"""

import argparse
import errno
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import xarray as xr

from neurodiff import Simulation, cli, load, load_sweep, run_sweep
from neurodiff.run_files.names import run_id
from neurodiff.run_folder.folder import save_run
from neurodiff.sweeps import load_result

MODEL = """\
neurodiff: 1
name: small
network: {layers: [2, 3, 1]}
plasticity: {rule: diffusion, learning_rate: 5 Hz}
input: {kind: sinusoid, frequency: 5 Hz}
target: {kind: constant, values: [0.2]}
run: {duration: 60 ms, target: numpy}
validation: {minimum_cosine: -1}
"""
SWEEP = """\
neurodiff_sweep: 1
name: s
model: model.yaml
axes: {input.frequency: {linear: [1 Hz, 10 Hz, POINTS]}}
seeds: 2
"""
STEPS = 60


class Child:
    """A copy of this process that does something, with its output in a file."""

    def __init__(self, act: Callable[[], object], folder: Path):
        self.output = folder / f".output-{random.random()}"
        self.number = os.fork()
        if self.number == 0:
            self._do(act, folder)

    def _do(self, act: Callable[[], object], folder: Path) -> None:
        code = 99
        try:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            warnings.resetwarnings()
            os.chdir(folder)
            stream = self.output.open("w", buffering=1)
            sys.stdout = sys.stderr = stream
            os.dup2(stream.fileno(), 2)
            act()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException as error:
            stream.write(f"Traceback: {error!r}")
        finally:
            os._exit(code)

    def end(self, number: int | None = None) -> tuple[int, str]:
        """Exit code, after a signal if one is given, and output."""
        if number is not None:
            os.kill(self.number, number)
        code = os.waitstatus_to_exitcode(os.waitpid(self.number, 0)[1])
        text = self.output.read_text() if self.output.exists() else ""
        self.output.unlink(missing_ok=True)
        return code, text

    def said(self, text: str, seconds: float = 20) -> bool:
        """Wait until the output has a text; False where the process ends, or it takes too long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.output.exists() and text in self.output.read_text():
                return True
            time.sleep(0.005)
        return False


def command(*arguments: str) -> Callable[[], object]:
    def act() -> object:
        sys.argv = ["neurodiff", *arguments]
        return cli.main()

    return act


def hashes(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".output-")
    }


def complete_runs(folder: Path) -> dict[str, str]:
    """Places of complete runs anywhere below a folder, hidden or not, by their identities."""
    found = {}
    for report in folder.rglob("report.json"):
        identity = run_id(report.parent)
        if identity:
            found[identity] = str(report.parent.relative_to(folder))
    return found


def write_models(folder: Path, points: int) -> None:
    (folder / "model.yaml").write_text(MODEL)
    (folder / "sweep.yaml").write_text(SWEEP.replace("POINTS", str(points)))


class Case:
    """A folder with a model, a sweep and files of the user; counts what went wrong."""

    def __init__(self, folder: Path, seed: int, points: int = 10):
        self.folder, self.random, self.faults = folder, random.Random(seed), Counter()
        self.points = points
        write_models(folder, points)
        (folder / "mine" / "win").mkdir(parents=True)
        for name in ("notes.txt", "mine/thesis.txt", ".win-mine", "mine/win/model.yaml"):
            (folder / name).write_text(name)
        self.mine = hashes(folder)

    def check_mine(self) -> None:
        """Files that no run wrote are as they were."""
        now = hashes(self.folder)
        self.faults["deleted"] += sum(now.get(name) != was for name, was in self.mine.items())

    def check_complete(self, run: Path) -> None:
        """What says that it is complete is."""
        try:
            with xr.open_dataset(run / "recording.nc") as recording:
                fine = recording.attrs["steps"] == STEPS and recording.sizes["time"] == STEPS
                fine &= recording.attrs["run_id"] == run_id(run)
        except (OSError, RuntimeError, KeyError):
            fine = False
        report = json.loads((run / "report.json").read_text())
        self.faults["taken for complete"] += report["complete"] and not fine

    def check_order(self) -> None:
        """No hidden folder or file is left."""
        left = [path for path in self.folder.glob(".*") if path.name != ".win-mine"]
        self.faults["left over"] += len([path for path in left if ".output" not in path.name])


def kill_run(case: Case, force: bool) -> None:
    """Kill a run at a random moment; then the next command puts all in order."""
    folder, win = case.folder, case.folder / "win"
    old = run_id(win) if win.exists() else None
    before = hashes(win) if win.exists() else {}
    options = ["--force"] if force else []
    child = Child(command("run", "model.yaml", "--output", "win", *options), folder)
    if case.random.random() < 0.5:
        child.said("comparing", 5)  # the moments of writing are few
        time.sleep(case.random.uniform(0, 1.5))
    else:
        time.sleep(case.random.uniform(0, 1.2))
    child.end(signal.SIGKILL)
    there = complete_runs(folder)
    new = next((identity for identity in there if identity != old), None)
    Child(command("run", "missing.yaml"), folder).end()
    code, text = Child(command("run", "model.yaml", "--output", "win"), folder).end()
    case.faults["traceback"] += "Traceback" in text or code not in (0, 2)
    visible = {
        identity: place for identity, place in complete_runs(folder).items() if place[0] != "."
    }
    case.faults["lost"] += new is not None and new not in visible
    case.faults["lost"] += old is not None and new is None and old not in visible
    if not force and old is not None:
        case.faults["replaced without --force"] += hashes(win) != before
    if force and old is not None and new is None:
        case.faults["replaced without --force"] += run_id(win) != old
    for place in visible.values():
        case.check_complete(folder / place)
    case.check_mine()
    case.check_order()
    case.faults["kills that met a complete run"] += new is not None
    for place in list(visible.values()):
        if place != "win" or case.random.random() < 0.3:
            subprocess.run(["rm", "-r", str(folder / place)], check=True)


def sweep_here(folder: Path) -> xr.Dataset:
    with ThreadPoolExecutor(1) as executor:
        return run_sweep(load_sweep(folder / "sweep.yaml"), folder / "s", executor=executor)


def kill_sweep(case: Case) -> None:
    """Kill a sweep at a random moment; what had ended is there, and stays as it is."""
    runs = case.folder / "s" / "runs"
    before = ended(runs)
    child = Child(lambda: sweep_here(case.folder), case.folder)
    time.sleep(case.random.uniform(0.05, 2))
    child.end(signal.SIGKILL)
    after = ended(runs)
    case.faults["lost"] += sum(name not in after for name in before)
    case.faults["doubled"] += sum(after.get(name, was) != was for name, was in before.items())
    for path in runs.glob("[!.]*.json"):
        try:
            case.faults["taken for complete"] += "report" not in json.loads(path.read_text())
        except ValueError:
            case.faults["taken for complete"] += 1
    case.check_mine()
    if len(after) == 2 * case.points:  # begin again
        subprocess.run(["rm", "-r", str(case.folder / "s")], check=True)


def ended(runs: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in runs.glob("[!.]*.json")}


def finish_sweep(case: Case) -> None:
    """What was killed again and again is in the end what it would have been undisturbed."""
    result = sweep_here(case.folder)
    clean = case.folder / "clean"
    clean.mkdir()
    write_models(clean, case.points)
    undisturbed = sweep_here(clean).drop_attrs()
    case.faults["lost"] += not result.drop_attrs().equals(undisturbed)
    case.faults["lost"] += not load_result(case.folder / "s").drop_attrs().equals(undisturbed)
    hidden = [*(case.folder / "s").glob(".*"), *(case.folder / "s" / "runs").glob(".*")]
    case.faults["left over"] += len(hidden)


def end_run(case: Case, number: int) -> None:
    """TERM or HUP at a random moment of a run: what was recorded is kept, and said."""
    name = f"ended-{case.random.random()}"
    long = ["--set", "run.duration=600 s", "--set", "record.signals=100 ms"]
    long += ["--set", "validation.every=100 s"]
    child = Child(command("run", "model.yaml", "--output", name, *long), case.folder)
    begun = child.said("steps/s", 20)
    time.sleep(case.random.uniform(0, 1.5))
    code, text = child.end(number)
    run = case.folder / name
    case.faults["wrong exit code"] += code != 128 + number
    case.faults["traceback"] += "Traceback" in text
    if begun:
        case.faults["lost"] += run_id(run) is None or "is kept" not in text
    if run.exists():
        report = json.loads((run / "report.json").read_text())
        case.faults["taken for complete"] += report["complete"] or report["passed"]
        subprocess.run(["rm", "-r", str(run)], check=True)
    case.check_mine()
    case.check_order()


def two_runs(case: Case) -> None:
    """Two runs into one folder at once: one is refused, and the other whole."""
    name = f"two-{case.random.random()}"
    act = command("run", "model.yaml", "--output", name)
    children = [Child(act, case.folder)]
    time.sleep(case.random.uniform(0, 0.5))
    children.append(Child(act, case.folder))
    codes = sorted(child.end() for child in children)
    case.faults["doubled"] += [code for code, _ in codes] != [0, 2]
    case.faults["traceback"] += any("Traceback" in text for _, text in codes)
    case.faults["not said"] += not any(word in codes[1][1] for word in ("in use by", "exists"))
    case.check_complete(case.folder / name)
    case.check_order()
    subprocess.run(["rm", "-r", str(case.folder / name)], check=True)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system of so many bytes; raises PermissionError where it cannot be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        raise PermissionError(errno.EPERM, "no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path, free: int) -> None:
    """Leave so many bytes free."""
    used = os.statvfs(disk)
    size = max(used.f_bavail * used.f_frsize - free, 0)
    (disk / "fill").write_bytes(bytes(size))


def full_disk(case: Case, free: int) -> None:
    """A run and a sweep on a disk that becomes full: what has ended is kept, and it is said."""
    with small_disk(case.folder / f"disk-{free}", 1_500_000) as disk:
        code, _ = Child(command("run", "model.yaml", "--output", f"{disk}/win"), case.folder).end()
        old = run_id(disk / "win")
        fill(disk, free)
        again = command("run", "model.yaml", "--output", f"{disk}/win", "--force")
        code, text = Child(again, case.folder).end()
        new = run_id(disk / "win")
        case.faults["traceback"] += "Traceback" in text or code not in (0, 2)
        if code == 2:
            case.faults["replaced without --force"] += new != old
            kept = text.partition("the run is kept in ")[2].partition(":")[0]
            case.faults["lost"] += not kept or run_id(Path(kept)) is None
            if kept:
                case.check_complete(Path(kept))
                subprocess.run(["rm", "-r", kept], check=True)
        else:
            case.faults["lost"] += new in (old, None)
            case.check_complete(disk / "win")
        hidden = list(disk.glob(".*"))
        case.faults["left over"] += len(hidden)
        sweep_on(case, disk, free)


def sweep_on(case: Case, disk: Path, free: int) -> None:
    (disk / "fill").unlink()
    fill(disk, free)

    def act() -> None:
        with ThreadPoolExecutor(1) as executor:
            try:
                run_sweep(load_sweep(case.folder / "sweep.yaml"), disk / "s", executor=executor)
            except Exception as error:
                print(f"{type(error).__name__}: {error}")
                executor.shutdown(cancel_futures=True)
                raise SystemExit(2) from None

    code, text = Child(act, case.folder).end()
    runs = disk / "s" / "runs"
    unsaid = code == 2 and not (text.startswith("OutputError") and "no room" in text)
    case.faults["not said"] += unsaid
    if unsaid:
        print(f"with {free} bytes free, a sweep says:", text)
    if runs.exists():
        case.faults["left over"] += len([*runs.glob(".*"), *runs.parent.glob(".*")])
        for path in runs.iterdir():
            json.loads(path.read_text())


def warm_up(folder: Path) -> None:
    """Import all that a run needs, so that children need not; `save_run` brings the figures."""
    assert save_run
    Simulation(load(folder / "model.yaml")).run()


def main(arguments: Sequence[str] | None = None) -> int:
    """Do as many of each as the command line says; print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, n in (("kills", 100), ("ends", 30), ("disks", 10), ("pairs", 10), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=n)
    n = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        case = Case(Path(folder), n.seed)
        warm_up(Path(folder))
        for number in range(n.kills):
            kill_run(case, force=number % 2 == 0)
        print("runs killed", n.kills, dict(case.faults), flush=True)
        for _ in range(n.kills):
            kill_sweep(case)
        if n.kills:
            finish_sweep(case)
        print("sweeps killed", n.kills, dict(case.faults), flush=True)
        for number in range(n.ends):
            end_run(case, (signal.SIGTERM, signal.SIGHUP)[number % 2])
        print("runs ended", n.ends, dict(case.faults), flush=True)
        for _ in range(n.pairs):
            two_runs(case)
        print("pairs", n.pairs, dict(case.faults), flush=True)
        with suppress(PermissionError):
            for number in range(n.disks):
                full_disk(case, 4096 * (1 + number * number))
            print("full disks", n.disks, dict(case.faults), flush=True)
    met = case.faults.pop("kills that met a complete run", 0)
    print(f"{met} kills met a complete run; faults: {sum(case.faults.values())}")
    return int(any(case.faults.values()))


if __name__ == "__main__":
    sys.exit(main())
