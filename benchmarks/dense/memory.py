"""Peak memory of neurodiff's programs, against the size of the network and length of the run."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from dense.cases import RATE, Case, tiny
from dense.problem import write
from dense.process import Process
from dense.program import CannotError
from dense.table import PROGRAMS

#: How many times as long the longer of the two runs is.
LONGER = 10
_HEADER = ["case", "program", "weights", "steps", "MB", "bytes per weight", "MB of the longer run"]


def memory(
    cases: Sequence[Case], names: Sequence[str], steps: int
) -> tuple[list[list[str]], list[str]]:
    """A row for each case and program, and lines for those that could not.

    Bytes per weight are what a program takes more than for a tiny network.
    """
    rows, lines = [_HEADER], []
    for name in names:
        try:
            least = _peak(tiny(cases[0]), name, steps)
            rows += [_row(case, name, steps, least) for case in cases if _is_small(case, name)]
        except CannotError as error:
            lines.append(f"not measured: {name}: {error}")
    return rows, lines


def _is_small(case: Case, name: str) -> bool:
    weights = case.layers * case.width**2 * case.probability
    return weights <= PROGRAMS[name].most_synapses


def _row(case: Case, name: str, steps: int, least: int) -> list[str]:
    peak, longer = _peak(case, name, steps), _peak(case, name, LONGER * steps)
    weights = round(case.layers * case.width**2 * case.probability)
    each = f"{(peak - least) / weights:.1f}"
    sizes = [f"{size / 1e6:.0f}" for size in (peak, longer)]
    return [case.name, name, f"{weights}", f"{steps}", sizes[0], each, sizes[1]]


def _peak(case: Case, name: str, steps: int) -> int:
    """Bytes of the largest process of one run."""
    with tempfile.TemporaryDirectory() as folder:
        write(case, RATE, Path(folder), "network")
        # what is compiled is kept: the second run does not see the compiler
        _run(name, Path(folder), 1)
        return _run(name, Path(folder), steps)


def _run(name: str, folder: Path, steps: int) -> int:
    file = folder / "peak.txt"
    with Process(name, folder, file) as process:
        process.prepare(folder / "network.npz")
        process.run(steps)
    return int(file.read_text())
