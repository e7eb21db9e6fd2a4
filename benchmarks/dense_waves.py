"""Learning of layered networks: neurodiff beside peers, in turn, after comparing their weights.

README.md says what is measured.
"""

import argparse
import shlex
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dense.cases import CASES, SIZES, SPARSES, Case, tiny
from dense.comparing import Outcome, compare
from dense.figure import has_figure, save_figure
from dense.memory import memory
from dense.table import PROGRAMS
from dense.tables import absent, details, overview, page, surroundings

from neurodiff.text import align

_OURS = "neurodiff"


def main() -> None:
    """Check, measure, print, write."""
    options = _options()
    # what is to end it ends the processes of the programs, too
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    cases, names = _cases(options), _programs(options)
    if options.memory:
        _memory(options, cases, names)
        return
    outcomes: list[Outcome] = []
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            outcomes += compare(case, names, options.repeats, options.seconds, Path(folder))
        print(align(details(outcomes[-len(names) :])), flush=True)
        # after each case: all of them together take long
        _write(options, outcomes)
    lines = [*absent(outcomes), *surroundings(outcomes)]
    print("", align(overview(outcomes)), "", *lines, sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    groups = "all, sizes, sparse, width, depth, sparsity"
    parser.add_argument(
        "--case",
        nargs="+",
        default=["sizes", "sparse"],
        help=f"names of cases, or groups: {groups} (sizes sparse)",
    )
    parser.add_argument(
        "--programs", nargs="+", help="names of programs, or how they begin (all that are here)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each program (5)")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of each (1.5)")
    parser.add_argument("--memory", action="store_true", help="peak memory of ours instead")
    parser.add_argument("--steps", type=int, default=200, help="of the runs for --memory (200)")
    parser.add_argument("--quick", action="store_true", help="tiny networks, one short run")
    parser.add_argument("--output", type=Path, help="file for the figure of width, depth, sparsity")
    parser.add_argument("--write-results", type=Path, help="Markdown file for the tables")
    options = parser.parse_args()
    if options.quick:
        options.repeats, options.seconds, options.steps = 1, 0.01, 20
    return options


def _cases(options: argparse.Namespace) -> list[Case]:
    """Those that were asked for, in their order in the table."""
    known = {"all", *(word for case in CASES for word in (case.name, case.group))}
    _refuse("case", [word for word in options.case if word not in known], known)
    wanted = set(options.case)
    cases = [case for case in CASES if wanted & {"all", case.name, case.group}]
    if options.quick:
        return [tiny(case) for case in cases if case in (SIZES[0], *SPARSES) or case.name in wanted]
    return cases


def _programs(options: argparse.Namespace) -> list[str]:
    """Those that were asked for, in their order in the table."""
    if not options.programs:
        return [name for name, entry in PROGRAMS.items() if not entry.extra]
    wrong = [word for word in options.programs if not any(n.startswith(word) for n in PROGRAMS)]
    _refuse("program", wrong, PROGRAMS)
    exact = set(options.programs) & set(PROGRAMS)
    beginnings = tuple(word for word in options.programs if word not in PROGRAMS)
    return [name for name in PROGRAMS if name in exact or name.startswith(beginnings)]


def _refuse(kind: str, wrong: Sequence[str], known: Sequence[str] | set[str] | dict) -> None:
    if wrong:
        sys.exit(f"no {kind} is called {', '.join(wrong)}; there are {', '.join(sorted(known))}")


def _command() -> str:
    return f"python benchmarks/dense_waves.py {shlex.join(sys.argv[1:])}"


def _write(options: argparse.Namespace, outcomes: list[Outcome]) -> None:
    """Write the files that were asked for."""
    if options.write_results:
        lines = [*absent(outcomes), *surroundings(outcomes)]
        text = page(_command(), [overview(outcomes), details(outcomes)], lines)
        options.write_results.write_text(text)
    if options.output and has_figure(outcomes):
        save_figure(outcomes, options.output)


def _memory(options: argparse.Namespace, cases: list[Case], names: list[str]) -> None:
    rows, lines = memory(cases, [n for n in names if n.startswith(_OURS)], options.steps)
    lines += surroundings([])[1:]
    print(align(rows), "", *lines, sep="\n")
    if options.write_results:
        options.write_results.write_text(page(_command(), [rows], lines))


if __name__ == "__main__":
    main()
