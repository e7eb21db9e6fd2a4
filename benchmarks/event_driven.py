"""How long event-driven transmission takes, beside a NumPy loop of the same network.

README.md says what is measured.
"""

import argparse
import shlex
import sys
import tempfile
from pathlib import Path

import numpy as np
from cases import CASES, FAST, SLOW, Case, check, curve, tiny
from measuring import EventDriven, Measured, NumpyLoop, prepared
from numpy.typing import NDArray
from report import PEERS, Row, crossings, markdown, save_curve, surroundings, tables

from neurodiff import Simulation
from neurodiff.network.graph import Graph
from neurodiff.text import align

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Largest difference between final weights of the simulator and of the loop.
_TOLERANCE = 1e-10
#: BLAS threads of the loop by update, None for as many as it likes. SciPy brings a BLAS of its own,
#: and the threads of the two would wait for each other's cores.
_THREADS = {"outer": None, "ger": 1}


def main() -> None:
    """Check, measure, print, write."""
    options = _options()
    cases = _chosen(options)
    notes = [_agreement(case) for case in _one_per_stimulus(cases)]
    print(*notes, sep="\n", flush=True)
    rows: list[Row] = []
    for case in cases:
        row, blas = _measure(case, options)
        rows.append(row)
        print(row.summary(), flush=True)
        lines = [*notes, *crossings(_of_curve(rows)), *surroundings(blas, options.target)]
        # after each case: all of them together take long
        _write(options, rows, lines)
    print("", *(align(table) + "\n" for table in tables(rows)), *lines, sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = "slow, slow-300, slow-1000, frames, curve; all without"
    parser.add_argument(
        "--case", default="", help=f"what the names of the cases begin with: {names}"
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each program (3)")
    parser.add_argument("--threads", type=int, help="BLAS threads of both loops; see README.md")
    parser.add_argument("--quick", action="store_true", help="tiny networks, on numpy, one run")
    parser.add_argument("--output", type=Path, help="file for the figure of the curve")
    parser.add_argument("--write-results", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    options.target = "numpy" if options.quick else "cpp_standalone"
    options.repeats = 1 if options.quick else options.repeats
    return options


def _chosen(options: argparse.Namespace) -> list[Case]:
    cases = [*CASES, *curve(SLOW), *curve(FAST)]
    if options.quick:
        cases = [tiny(case) for case in (*CASES, *curve(SLOW)[::3], *curve(FAST)[::3])]
    chosen = [case for case in cases if case.name.startswith(options.case)]
    if not chosen:
        sys.exit(f"no case is called {options.case}; there are {[case.name for case in cases]}")
    return chosen


def _one_per_stimulus(cases: list[Case]) -> list[Case]:
    return list({case.omega is None: case for case in cases}.values())


def _agreement(case: Case) -> str:
    """Compare final weights after a short run with both thresholds 0, and say how they differ."""
    with tempfile.TemporaryDirectory() as folder:
        simulation = Simulation(check(case).model(Path(folder)))
        loop = NumpyLoop(simulation, Path(folder))
        with prepared(simulation, "numpy") as events:
            events.measure()
            got = events.weights()
        worst = max(_difference(loop, update, got) for update in PEERS)
    moved = float(np.abs(got - simulation.plan.w).max())
    stimulus = "frames" if case.omega is None else "sinusoids"
    assert worst <= _TOLERANCE < 1e-3 < moved, f"{stimulus}: {worst:g} apart, {moved:g} moved"
    return (
        f"thresholds 0, {stimulus}: final weights agree to {worst:.0e}; they moved by {moved:.2f}"
    )


def _difference(loop: NumpyLoop, update: str, weights: Floats) -> float:
    loop.measure(update)
    return float(np.abs(loop.weights() - weights).max())


def _measure(case: Case, options: argparse.Namespace) -> tuple[Row, dict[str, str]]:
    """Run all programs in turn; a row, and what the loops multiplied with."""
    with tempfile.TemporaryDirectory() as folder:
        simulation = Simulation(case.model(Path(folder)))
        loop = NumpyLoop(simulation, Path(folder))
        with prepared(simulation, options.target) as events:
            times: dict[str, list[Measured]] = {name: [] for name in (*PEERS, "events")}
            for _ in range(options.repeats):
                for update in PEERS:
                    threads = options.threads or _THREADS[update]
                    times[update].append(loop.measure(update, threads))
                times["events"].append(events.measure())
            return _row(case, simulation, events, loop, times), loop.blas


def _row(
    case: Case,
    simulation: Simulation,
    events: EventDriven,
    loop: NumpyLoop,
    times: dict[str, list[Measured]],
) -> Row:
    units, errors = events.event_counts()
    moved, wanted = events.weights() - simulation.plan.w, loop.weights() - simulation.plan.w
    return Row(
        case=case,
        times=times,
        sent=(units.mean() / case.steps, errors.mean() / case.steps),
        synapses=_crossed(simulation.graph, units, errors) / case.steps,
        cosine=float(moved @ wanted / np.linalg.norm(moved) / np.linalg.norm(wanted)),
        preparation=events.preparation,
        building_peak=events.building_peak,
    )


def _crossed(graph: Graph, units: Ints, errors: Ints) -> float:
    """Synapses that events have crossed, in units of those that one dense step crosses."""
    returns = graph.pre >= graph.n_inputs
    forward, backward = units[graph.pre], errors[graph.post - graph.n_inputs][returns]
    return float((forward.sum() + backward.sum()) / (len(forward) + len(backward)))


def _of_curve(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.case.name.startswith("curve")]


def _write(options: argparse.Namespace, rows: list[Row], lines: list[str]) -> None:
    """Write the files that were asked for."""
    if options.write_results:
        command = f"Written by `python benchmarks/event_driven.py {shlex.join(sys.argv[1:])}`."
        lists = "\n".join(f"- {line}" for line in lines)
        text = "\n\n".join([command, *map(markdown, tables(rows)), lists])
        options.write_results.write_text(text + "\n")
    if options.output and _of_curve(rows):
        save_curve(_of_curve(rows), options.output)


if __name__ == "__main__":
    main()
