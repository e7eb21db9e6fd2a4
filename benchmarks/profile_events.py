"""Where the time of an event-driven run goes, by piece of compiled code.

README.md says how to read it.
"""

import argparse
import shlex
import sys
import tempfile
from pathlib import Path

from brian2.devices.device import get_device
from cases import CASES, Case, tiny
from measuring import steps_of
from report import compiler, cpu, markdown

from neurodiff import Simulation
from neurodiff.plan.sampling import Schedule
from neurodiff.simulator.backends.execution import machine_code
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.simulator.transmission.lazy_synapses import LazySynapses
from neurodiff.text import align

#: What the pieces of code are for, and how their names begin: the first that fits counts.
PARTS = [
    ("events back: queue", "synapses_arrive_back_push"),
    ("events back: synapses", "synapses_arrive_back"),
    ("events forward: queue", "synapses_arrive_push"),
    ("events forward: synapses", "synapses_arrive"),
    ("activation", "activate"),
    ("sums learn", "learn"),
    ("who sends", ("units_change", "errors_change", "errors_feed_back")),
    ("errors", "propagate"),
    ("size of the errors", ("squares", "scale")),
    ("others", ""),
]


def main() -> None:
    """Run one case with Brian2's profiler; print its table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [case.name for case in CASES]
    parser.add_argument("--case", choices=names, default="frames-300")
    parser.add_argument("--quick", action="store_true", help="a tiny network")
    parser.add_argument("--write-results", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    case = next(case for case in CASES if case.name == options.case)
    table, lines = _profile(tiny(case) if options.quick else case)
    print(align(table), *lines, sep="\n")
    if options.write_results:
        command = f"Written by `python benchmarks/profile_events.py {shlex.join(sys.argv[1:])}`."
        notes = "\n".join(f"- {line}" for line in lines)
        options.write_results.write_text(f"{command}\n\n{markdown(table)}\n\n{notes}\n")


def _profile(case: Case) -> tuple[list[list[str]], list[str]]:
    """The table, and lines to stand below it."""
    with tempfile.TemporaryDirectory() as folder, machine_code("cpp_standalone"):
        simulation = Simulation(case.model(Path(folder)))
        simulation = Simulation(simulation.plan.replace(schedule=Schedule()))
        built, steps = simulation.build(), steps_of(simulation)
        built.network.run(steps * built.clock.dt, profile=True, namespace={})
        get_device().build(directory=get_device().project_dir, with_output=False)
        visits = _visits(simulation, built)
        seconds = _by_part(built)
    total = sum(seconds.values())
    rows = [
        [
            name,
            f"{1e6 * time / steps:.1f}",
            f"{100 * time / total:.0f} %",
            _each(name, time, visits),
        ]
        for name, time in seconds.items()
    ]
    header = [f"{case.name} ({case.size})", "us per step", "share", "ns per synapse"]
    touched = sum(visits.values()) / steps
    lines = [
        f"{touched:.0f} synapses touched by events per step, of {simulation.graph.n_synapses}",
        f"{len(built.units)} units, {len(built.errors)} error units, {steps} steps",
        f"{compiler()}; CPU {cpu()}",
    ]
    return [header, *rows, ["all", f"{1e6 * total / steps:.1f}", "100 %", ""]], lines


def _by_part(built: BuiltNetwork) -> dict[str, float]:
    """Seconds of the processor, the longest first."""
    seconds = {name: 0.0 for name, _ in PARTS}
    for piece, time in built.network.get_profiling_info():
        part = next(name for name, begin in PARTS if piece.startswith(begin))
        seconds[part] += float(time)
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def _visits(simulation: Simulation, built: BuiltNetwork) -> dict[str, int]:
    """How many synapses events have touched, by direction."""
    assert isinstance(built.synapses, LazySynapses)
    units, errors = built.synapses.event_counts()
    graph = simulation.graph
    returns = graph.pre >= graph.n_inputs
    back = errors[graph.post - graph.n_inputs][returns]
    return {"forward": int(units[graph.pre].sum()), "back": int(back.sum())}


def _each(name: str, time: float, visits: dict[str, int]) -> str:
    """Nanoseconds for each synapse touched, where a part touches synapses."""
    touched = next((n for direction, n in visits.items() if f"events {direction}" in name), 0)
    return f"{1e9 * time / touched:.2f}" if touched else ""


if __name__ == "__main__":
    main()
