"""Tables of what came out, and the lines below them."""

import platform
from collections.abc import Sequence

import brian2 as b2
from report import cpu, markdown

from dense.comparing import TOLERANCES, Outcome
from dense.table import LIMIT, PROGRAMS

_DETAILS = ["case", "program", "steps", "ns per weight and step", f"/ {LIMIT}", "difference"]


def overview(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """A row for each program, a column for each case: median, and the ratio to the C loop."""
    cases = list(dict.fromkeys(outcome.case for outcome in outcomes))
    by_place = {(outcome.program, outcome.case): outcome for outcome in outcomes}
    names = [name for name in PROGRAMS if any((name, case) in by_place for case in cases)]
    rows = [
        [name, *(_cell(by_place.get((name, case)), outcomes) for case in cases)] for name in names
    ]
    return [["ns per weight and step", *cases], *(row for row in rows if any(row[1:]))]


def _cell(outcome: Outcome | None, outcomes: Sequence[Outcome]) -> str:
    if outcome is None or not outcome.times:
        return "wrong" if outcome and outcome.why_not.startswith("WRONG") else ""
    return f"{outcome.median:.3g} ({_ratio(outcome, outcomes)})"


def _ratio(outcome: Outcome, outcomes: Sequence[Outcome]) -> str:
    """How many times as long as the C loop of the same run it takes; empty without one."""
    pairs = ((o.program, o.case) for o in outcomes if o.times)
    if (LIMIT, outcome.case) not in pairs:
        return "-"
    limit = next(o for o in outcomes if (o.program, o.case) == (LIMIT, outcome.case))
    return f"{outcome.median / limit.median:.2f}"


def details(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """A row for each program and case that was timed."""
    return [_DETAILS, *(_row(outcome, outcomes) for outcome in outcomes if outcome.times)]


def _row(outcome: Outcome, outcomes: Sequence[Outcome]) -> list[str]:
    middle, least, most = outcome.median, min(outcome.times), max(outcome.times)
    times = f"{middle:.3g} [{least:.3g}, {most:.3g}]"
    ratio, difference = _ratio(outcome, outcomes), f"{outcome.difference:.0e}"
    return [outcome.case, outcome.program, f"{outcome.steps}", times, ratio, difference]


def absent(outcomes: Sequence[Outcome]) -> list[str]:
    """A line for each reason for which programs were not timed."""
    programs: dict[tuple[str, str], list[str]] = {}
    for case, reason, program in ((o.case, o.why_not, o.program) for o in outcomes if o.why_not):
        programs.setdefault((reason, case), []).append(program)
    cases: dict[tuple[str, str], list[str]] = {}
    for (reason, case), names in programs.items():
        cases.setdefault((reason, ", ".join(names)), []).append(case)
    return [
        f"not timed on {', '.join(where)}: {names}: {reason}"
        for (reason, names), where in cases.items()
    ]


def surroundings(outcomes: Sequence[Outcome]) -> list[str]:
    """What counts as the same, versions and machine."""
    versions = {
        outcome.version: [o.program for o in outcomes if o.version == outcome.version]
        for outcome in outcomes
        if outcome.version
    }
    allowed = ", ".join(f"{bound:.0e} in {name}" for name, bound in TOLERANCES.items())
    flags = " ".join(b2.prefs["codegen.cpp.extra_compile_args_gcc"])
    return [
        "difference: the largest of a weight from that of the NumPy loop, by their root mean "
        f"square; allowed are {allowed}",
        *(f"{', '.join(dict.fromkeys(names))}: {text}" for text, names in versions.items()),
        f"flags of what Brian2 compiles: {flags}",
        f"python {platform.python_version()}, {platform.system()} {platform.machine()}",
        f"CPU {cpu()}",
    ]


def page(command: str, tables: Sequence[list[list[str]]], lines: Sequence[str]) -> str:
    """All of it as Markdown."""
    listed = "\n".join(f"- {line}" for line in lines)
    return "\n\n".join([f"Written by `{command}`.", *map(markdown, tables), listed]) + "\n"
