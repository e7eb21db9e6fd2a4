"""How long event-driven transmission takes, beside dense loops of the same network.

README.md says what is measured.
"""

import argparse
import shlex
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from cases import CASES, CURVES, STILL, WORK, Case, check, tiny
from measuring import CompiledLoop, Measured, NumpyLoop, Ours
from numpy.typing import NDArray
from report import (
    Row,
    crossings,
    growth,
    markdown,
    save_curve,
    save_growth,
    stillness,
    surroundings,
    tables,
)

from neurodiff import Simulation
from neurodiff.network.graph import Graph
from neurodiff.text import align

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Largest difference between final weights of the simulator and of the loops.
_TOLERANCE = 1e-10
#: Update of each NumPy loop and its BLAS threads, None for as many as it likes. SciPy brings a BLAS
#: of its own, and the threads of the two would wait for each other's cores.
_UPDATES = {"NumPy": ("outer", None), "NumPy+ger": ("ger", 1)}


def main() -> None:
    """Check, measure, print, write."""
    options = _options()
    cases = _chosen(options)
    notes = [_agreement(case) for case in _one_per_stimulus(cases)]
    print(*notes, sep="\n", flush=True)
    rows: list[Row] = []
    for case in cases:
        rows.append(_measure(case, options))
        print(rows[-1].summary(), flush=True)
        lines = [*notes, *crossings(rows), *stillness(rows), *growth(rows)]
        lines += surroundings(rows, options.target)
        # after each case: all of them together take long
        _write(options, rows, lines)
    print("", *(align(table) + "\n" for table in tables(rows)), *lines, sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = "slow, slow-300, slow-1000, frames, curve, curve-300, still, work; all without"
    parser.add_argument(
        "--case", nargs="*", default=[""], help=f"what the names of the cases begin with: {names}"
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each program (3)")
    parser.add_argument("--threads", type=int, help="BLAS threads of the loops; see README.md")
    parser.add_argument("--quick", action="store_true", help="tiny networks, on numpy, one run")
    parser.add_argument("--output", type=Path, help="file for the figure of curve or work")
    parser.add_argument("--write-results", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    options.target = "numpy" if options.quick else "cpp_standalone"
    options.repeats = 1 if options.quick else options.repeats
    return options


def _chosen(options: argparse.Namespace) -> list[Case]:
    cases = [*CASES, *CURVES, *STILL, *WORK]
    chosen = [case for case in cases if case.name.startswith(tuple(options.case))]
    if not chosen:
        wanted, known = " ".join(options.case), [case.name for case in cases]
        sys.exit(f"no case is called {wanted}; there are {known}")
    return [tiny(case) for case in chosen] if options.quick else chosen


def _one_per_stimulus(cases: list[Case]) -> list[Case]:
    return list({case.omega is None: case for case in cases}.values())


def _agreement(case: Case) -> str:
    """Compare final weights after a short run with both thresholds 0, and say how they differ."""
    with tempfile.TemporaryDirectory() as folder:
        simulation = Simulation(check(case).model(Path(folder)))
        events, native = (_events(simulation, engine, "numpy") for engine in ("fused", "native"))
        events.measure()
        native.measure()
        loop, others = NumpyLoop(simulation, Path(folder)), [native.weights]
        for update, threads in _UPDATES.values():
            loop.measure(update, threads)
            others.append(loop.weights())
        worst = max(float(np.abs(other - events.weights).max()) for other in others)
        moved = float(np.abs(events.weights - simulation.plan.w).max())
    stimulus = "frames" if case.omega is None else "sinusoids"
    assert worst <= _TOLERANCE < 1e-3 < moved, f"{stimulus}: {worst:g} apart, {moved:g} moved"
    return (
        f"thresholds 0, {stimulus}: final weights agree to {worst:.0e}; they moved by {moved:.2f}"
    )


def _events(simulation: Simulation, engine: str, target: str) -> Ours:
    model = simulation.model
    return Ours(Simulation(model.replace(run=model.run.replace(engine=engine))), target)


@dataclass
class Programs:
    """What is timed on one case; each gives the seconds and the memory of one run."""

    events: Ours
    loop: NumpyLoop
    measure: dict[str, Callable[[], Measured]]


def _programs(case: Case, folder: Path, options: argparse.Namespace) -> Programs:
    simulation = Simulation(case.model(folder))
    events = _events(simulation, "fused", options.target)
    loop = NumpyLoop(simulation, folder)
    dense = Ours(Simulation(simulation.model.replace(transmission="graded")), options.target)

    def numpy_loop(name: str) -> Callable[[], Measured]:
        update, threads = _UPDATES[name]
        return lambda: loop.measure(update, options.threads or threads)

    # what the loop in C reads from the input is the same work whatever the input
    sinusoids = replace(case, omega=case.omega or 0.01).model(folder)
    measure: dict[str, Callable[[], Measured]] = {
        "events": events.measure,
        "native": _events(simulation, "native", options.target).measure,
        "dense": dense.measure,
        "C loop": CompiledLoop(Simulation(sinusoids)).measure,
        **{name: numpy_loop(name) for name in _UPDATES},
    }
    return Programs(events, loop, {name: measure[name] for name in case.programs})


def _measure(case: Case, options: argparse.Namespace) -> Row:
    """Run all programs in turn."""
    with tempfile.TemporaryDirectory() as folder:
        programs = _programs(case, Path(folder), options)
        times: dict[str, list[Measured]] = {name: [] for name in programs.measure}
        for _ in range(options.repeats):
            for name, measure in programs.measure.items():
                times[name].append(measure())
        return _row(case, programs, times)


def _row(case: Case, programs: Programs, times: dict[str, list[Measured]]) -> Row:
    events, loop = programs.events, programs.loop
    units, errors = events.event_counts
    moved = events.weights - events.simulation.plan.w
    cosine = float("nan")
    if loop.blas and case.learning_rate:
        wanted = loop.weights() - events.simulation.plan.w
        cosine = float(moved @ wanted / np.linalg.norm(moved) / np.linalg.norm(wanted))
    return Row(
        case=case,
        times=times,
        events=int(units.sum() + errors.sum()),
        sent=(units.mean() / case.steps, errors.mean() / case.steps),
        synapses=_crossed(events.simulation.graph, units, errors) / case.steps,
        cosine=cosine,
        preparation=events.preparation,
        building_peak=events.building_peak,
        blas=loop.blas,
    )


def _crossed(graph: Graph, units: Ints, errors: Ints) -> float:
    """Synapses that events have crossed, in units of those that one dense step crosses."""
    returns = graph.pre >= graph.n_inputs
    forward, backward = units[graph.pre], errors[graph.post - graph.n_inputs][returns]
    return float((forward.sum() + backward.sum()) / (len(forward) + len(backward)))


def _write(options: argparse.Namespace, rows: list[Row], lines: list[str]) -> None:
    """Write the files that were asked for."""
    if options.write_results:
        command = f"Written by `python benchmarks/event_driven.py {shlex.join(sys.argv[1:])}`."
        lists = "\n".join(f"- {line}" for line in lines)
        text = "\n\n".join([command, *map(markdown, tables(rows)), lists])
        options.write_results.write_text(text + "\n")
    drawn = {"curve": save_curve, "work": save_growth}
    for name, save in drawn.items():
        if options.output and rows[-1].case.name.startswith(name) and len(rows) > 2:
            save(rows, options.output)


if __name__ == "__main__":
    main()
