"""How long spiking transmission takes by a kernel, beside Brian2's own events.

README.md says what is measured.
"""

import argparse
import platform
import statistics
import warnings
from dataclasses import dataclass
from pathlib import Path

import brian2
import numpy as np
from measuring import Ours
from report import markdown

from neurodiff import Model, Simulation
from neurodiff.results.event_counts import count_events
from neurodiff.text import align

#: Units of each of ten layers, with the steps of a run.
_SIZES = {300: 300, 1000: 60}

_ENGINES = ("fused", "native")

#: Largest difference between final weights of both.
_TOLERANCE = 1e-10

_HEADER = [
    "neurons",
    "size",
    "steps",
    "synapses with a spike",
    "fused ms",
    "native ms",
    "native / fused",
    "MB fused",
    "MB native",
    "prepare s fused",
    "prepare s native",
    "difference",
]


def main() -> None:
    """Measure, print, write."""
    options = _options()
    sizes = {10: 20} if options.quick else _SIZES
    rows = []
    for neuron in ("lif", "poisson"):
        for size, steps in sizes.items():
            rows.append(_measure(neuron, size, steps, options))
            print(rows[-1].summary(), flush=True)
            if options.write_results:
                options.write_results.write_text(_markdown(rows))
    print("", align(_table(rows)), _surroundings(), sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each engine (3)")
    parser.add_argument("--quick", action="store_true", help="tiny networks, on numpy, one run")
    parser.add_argument("--write-results", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    options.repeats = 1 if options.quick else options.repeats
    return options


def _model(neuron: str, size: int, steps: int) -> Model:
    """A chain of ten layers that learns in every step."""
    return Model.layered(
        [size] * 10,
        name=f"{neuron}-{size}",
        activation="lif" if neuron == "lif" else "sigmoid",
        transmission={
            "kind": "spikes",
            "neuron": neuron,
            "maximum_rate": "200 Hz",
            "synaptic_time_constant": "20 ms",
        },
        plasticity={"rule": "diffusion", "learning_rate": "1e-3 Hz"},
        input={"kind": "constant", "values": [0.5] * size},
        target={"kind": "constant", "values": [0.3] * size},
        weights={"init": "normal", "sd": float(size**-0.5)},
        duration=f"{steps} ms",
    )


@dataclass
class _Row:
    """What both engines took."""

    name: str
    size: int
    steps: int
    share: float
    seconds: dict[str, list[float]]
    peak: dict[str, int]
    preparation: dict[str, float]
    difference: float

    def summary(self) -> str:
        """One line."""
        return "  ".join(f"{key} {value}" for key, value in zip(_HEADER, self.cells(), strict=True))

    def cells(self) -> list[str]:
        """Cells of the table."""
        median = {name: statistics.median(values) for name, values in self.seconds.items()}
        return [
            self.name,
            f"10x{self.size}",
            str(self.steps),
            f"{self.share:.1%}",
            *(
                f"{1e3 * median[name]:.3g} [{1e3 * min(values):.3g}, {1e3 * max(values):.3g}]"
                for name, values in self.seconds.items()
            ),
            f"{median['native'] / median['fused']:.1f}",
            *(f"{peak / 1e6:.0f}" for peak in self.peak.values()),
            *(f"{seconds:.1f}" for seconds in self.preparation.values()),
            f"{self.difference:.0e}",
        ]


def _measure(neuron: str, size: int, steps: int, options: argparse.Namespace) -> _Row:
    """Both engines in turn, again and again; they have to end with the same weights."""
    target, model = "numpy" if options.quick else "cpp_standalone", _model(neuron, size, steps)
    programs = {
        engine: Ours(Simulation(model.replace(run=model.run.replace(engine=engine))), target)
        for engine in _ENGINES
    }
    seconds: dict[str, list[float]] = {engine: [] for engine in _ENGINES}
    peak = {}
    for _ in range(options.repeats):
        for engine, program in programs.items():
            measured = program.measure()
            seconds[engine].append(measured.seconds / steps)
            peak[engine] = measured.peak
    first = programs["fused"].weights
    difference = float(np.abs(programs["native"].weights - first).max())
    moved = float(np.abs(first - programs["fused"].simulation.plan.w).max())
    assert difference <= _TOLERANCE < moved, f"{difference:g} apart, {moved:g} moved"
    graph, sent = programs["fused"].simulation.graph, programs["fused"].event_counts
    counted = count_events(graph, *sent, steps, 0, learns=True, spikes=True)
    preparation = {engine: program.preparation for engine, program in programs.items()}
    share = counted.synaptic_operations / (graph.n_synapses * steps)
    return _Row(neuron, size, steps, share, seconds, peak, preparation, difference)


def _surroundings() -> str:
    return f"Brian2 {brian2.__version__}, NumPy {np.__version__}, {platform.machine()}, one core."


def _table(rows: list[_Row]) -> list[list[str]]:
    return [_HEADER, *(row.cells() for row in rows)]


def _markdown(rows: list[_Row]) -> str:
    return f"{markdown(_table(rows))}\n\n{_surroundings()}\n"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
