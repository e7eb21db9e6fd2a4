"""Runs all programs on one case: first compares their weights, then times them in turn."""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from dense.cases import RATE, Case
from dense.network import Floats, Network
from dense.problem import write
from dense.process import Process
from dense.program import CannotError
from dense.table import PROGRAMS, REFERENCES, Entry

#: Largest difference between weights, as a multiple of their root mean square.
TOLERANCES = {"float64": 1e-10, "float32": 1e-4}
#: A run that is used to find out how many steps fill the time takes at least this share of it.
_ENOUGH = 0.2


@dataclass
class Outcome:
    """What came out of one program on one case.

    Attributes
    ----------
    case, program : str
    why_not : str
        Why it was not timed; empty where it was.
    difference : float
        Largest difference of a weight from the reference, as a multiple of their root mean square.
    steps : int
        Of each timed run.
    times : list of float
        Nanoseconds per weight and step of each timed run.
    """

    case: str
    program: str
    why_not: str = ""
    difference: float = float("nan")
    version: str = ""
    steps: int = 0
    times: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Nanoseconds per weight and step; NaN where it was not timed."""
        return median(self.times) if self.times else float("nan")


@dataclass
class Member:
    """A process with what came out of it so far."""

    process: Process
    outcome: Outcome


def compare(
    case: Case, names: Sequence[str], repeats: int, seconds: float, folder: Path
) -> list[Outcome]:
    """Check and time programs on one case.

    Parameters
    ----------
    names : sequence of str
        Names in the table of programs.
    repeats : int
        Timed runs of each program.
    seconds : float
        Roughly how long each should take.
    folder : Path
        For files between the processes.
    """
    checked = write(case, case.check_rate, folder, "check")
    write(case, RATE, folder, "timed")
    outcomes = {name: Outcome(case.name, name) for name in names}
    with ExitStack() as stack:
        members = [
            Member(stack.enter_context(Process(name, folder)), outcomes[name])
            for name in names
            if _is_able(PROGRAMS[name], outcomes[name], checked)
        ]
        members = _check(members, case, checked, folder)
        _time(members, len(checked.w), repeats, seconds, folder / "timed.npz")
    return list(outcomes.values())


def _is_able(entry: Entry, outcome: Outcome, network: Network) -> bool:
    """Whether it can learn the network; the outcome says why not."""
    if network.kind not in entry.kinds:
        outcome.why_not = entry.limits
    elif len(network.w) > entry.most_synapses:
        outcome.why_not = f"left out beyond {entry.most_synapses:.0e} synapses"
    return not outcome.why_not


def _attempt(
    what: str, members: Iterable[Member], action: Callable[[Member], None]
) -> list[Member]:
    """Those for which it worked; the outcomes of the others say why it did not."""
    left = []
    for member in members:
        began, outcome = time.perf_counter(), member.outcome
        try:
            action(member)
        except CannotError as error:
            outcome.why_not = str(error)
        # for those who wait
        took = f"{time.perf_counter() - began:.1f} s"
        print(f"{outcome.case}: {what}: {outcome.program}: {took}", file=sys.stderr, flush=True)
        if not member.outcome.why_not:
            left.append(member)
    return left


def _check(members: Sequence[Member], case: Case, network: Network, folder: Path) -> list[Member]:
    """Those that end with the weights of the reference."""
    file, wanted = folder / "check.npz", _reference(case, folder)
    moved = [
        float(np.abs(part).max()) for part in np.split(wanted - network.w, network.first[1:-1])
    ]
    assert min(moved) > 0, f"{case.name}: nothing was learned in some layer"

    def check(member: Member) -> None:
        outcome, process = member.outcome, member.process
        outcome.version = process.version()
        got = weights_after(process, file, case.check_steps)
        right = forward_only(network, case.check_steps) if process.entry.forward_only else wanted
        outcome.difference = _difference(got, right)
        if not outcome.difference <= TOLERANCES[process.entry.precision]:
            outcome.why_not = f"WRONG: weights differ by {outcome.difference:.1e}"

    return _attempt("check", members, check)


def _reference(case: Case, folder: Path) -> Floats:
    with Process(REFERENCES[case.kind], folder) as process:
        return weights_after(process, folder / "check.npz", case.check_steps)


def weights_after(process: Process, network: Path, steps: int) -> Floats:
    """Weights after so many steps from the beginning."""
    process.prepare(network)
    process.run(steps)
    return process.weights()


def _difference(got: Floats, wanted: Floats) -> float:
    if got.shape != wanted.shape:
        return float("inf")
    return float(np.abs(got - wanted).max() / np.sqrt(np.mean(wanted**2)))


def forward_only(network: Network, steps: int) -> Floats:
    """Activities of the outputs in the last step, with the weights of the start; dense only."""
    x, matrices = [np.zeros(network.width)] * (network.layers + 1), network.matrices
    for t in range(steps):
        x = [
            network.input_at(t),
            *(np.tanh(W @ y) for W, y in zip(matrices, x, strict=False)),
        ]
    return x[-1]


def _time(members: list[Member], synapses: int, repeats: int, seconds: float, file: Path) -> None:
    """Find out how many steps fill the time, then run all in turn, again and again."""

    def choose(member: Member) -> None:
        member.outcome.steps = _steps_within(member.process, seconds, file)

    def run(member: Member) -> None:
        member.process.prepare(file)
        taken = member.process.run(member.outcome.steps)
        member.outcome.times.append(1e9 * taken / member.outcome.steps / synapses)

    members = _attempt("length", members, choose)
    for _ in range(repeats):
        members = _attempt("run", members, run)


def _steps_within(process: Process, seconds: float, file: Path) -> int:
    """How many steps take about so long; more and more are tried."""
    steps = 4
    while True:
        process.prepare(file)
        taken = process.run(steps)
        if taken >= _ENOUGH * seconds:
            return max(4, round(steps * seconds / taken))
        steps = round(steps * min(10, max(2, seconds / max(taken, 1e-9) / 2)))
