"""What a run with default recording and validation takes, against its size and its length.

A chain of ten tanh layers learns a constant target from sinusoids. Every run is a process of its
own, after one that compiles the program. Seconds of a step are those that the program has timed;
memory is the largest that the process and its program had together. What the weights alone need is
the memory of a run of which nothing is recorded nor compared, less that of a tiny network.
"""

import argparse
import json
import shlex
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from report import markdown
from sweep_throughput import surroundings

import neurodiff
from neurodiff.plot.style import DARK, WIDE, dress, new_figure, styled
from neurodiff.text import align

#: Layers of weights.
LAYERS = 10
#: Units of a layer, for 10^5 to 3 10^7 weights; and steps, for one width.
WIDTHS, LENGTHS, WIDTH = (105, 180, 316, 560, 1000, 1700), (300, 1000, 3000, 10_000), 1000
_HEADER = ["units of a layer", "weights", "steps", "ms a step", "ns per weight and step"]
_HEADER += ["run s", "validation s", "validation / run", "peak MB"]


def main() -> None:
    """Measure all, print the table, and write it and the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--target", default="cpp_standalone", help="of the runs (cpp_standalone)")
    parser.add_argument("--quick", action="store_true", help="tiny networks, few steps, on numpy")
    parser.add_argument(
        "--work", type=float, default=4e9, help="weights times steps of a run (4e9)"
    )
    parser.add_argument("--write-results", type=Path, help="Markdown file for the table")
    parser.add_argument("--output", type=Path, help="file for the figure")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(*options.one, options.target)))
        return
    if options.alone:
        print(json.dumps(alone(options.alone, options.target)))
        return
    target = "numpy" if options.quick else options.target
    widths, lengths, width = ((8, 12), (30, 60), 8) if options.quick else (WIDTHS, LENGTHS, WIDTH)
    work = 1e5 if options.quick else options.work
    # at least 300 steps, so that 30 moments are compared
    cases = [(n, int(np.clip(work / (LAYERS * n**2), 300, 100_000))) for n in widths]
    by_width = [measured(*case, target) for case in cases]
    by_length = [measured(width, steps, target) for steps in lengths]
    exponent = slope([row["weights"] for row in by_width], [row["step"] for row in by_width])
    rows = [_HEADER, *(cells(row) for row in [*by_width, *by_length])]
    weights = [bytes_of_a_weight(width, kind) for kind in dict.fromkeys(("numpy", target))]
    notes = [f"time of a step: (number of weights)^{exponent:.2f}", *weights, *surroundings()]
    print("", align(rows), "", *notes, sep="\n")
    if options.write_results:
        command = f"Written by `python benchmarks/scaling.py {shlex.join(sys.argv[1:])}`."
        options.write_results.write_text("\n\n".join([command, markdown(rows), *notes]) + "\n")
    if options.output:
        draw(by_width, by_length, options.output)


def measured(width: int, steps: int, target: str) -> dict[str, Any]:
    """One run in a process of its own; what it has to compile has been compiled before."""
    if target != "numpy":
        in_a_process(target, "--one", width, 20)
    row = dict(in_a_process(target, "--one", width, steps))
    print(align([_HEADER, cells(row)]), flush=True)
    return row


def in_a_process(target: str, *arguments: object) -> Any:
    """What this script prints with these arguments."""
    command = [sys.executable, __file__, "--target", target, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def bytes_of_a_weight(width: int, target: str) -> str:
    """What the weights of a network need while it runs and when it ends."""
    tiny, large = (in_a_process(target, "--alone", units) for units in (4, width))
    each = (large[1] - tiny[1]) / (large[0] - tiny[0])
    return f"memory of the weights of {LAYERS}x{width} on {target}: {each:.1f} bytes for each"


def one(width: int, steps: int, target: str) -> dict[str, Any]:
    """Run and validate, and say what it took."""
    with Peak() as peak:
        begun = time.perf_counter()
        simulation = neurodiff.Simulation(model(width, steps, target)).run()
        ran = time.perf_counter()
        report = neurodiff.validate(simulation)
        ended = time.perf_counter()
    return {
        "width": width,
        "weights": simulation.graph.n_synapses,
        "steps": steps,
        "step": simulation.timing.run_s / steps,
        "run": ran - begun,
        "validation": ended - ran,
        "moments": report.moments.n,
        "peak": peak.bytes,
    }


def alone(width: int, target: str) -> tuple[int, int]:
    """Number of weights, and memory of a run of which nothing is recorded nor compared."""
    own = model(width, 20, target).replace(
        record={"signals": "none", "weights": "none", "products": "none"},
        validation={"reference": "none"},
    )
    # what is compiled is there then
    neurodiff.Simulation(own).run()
    with Peak() as peak:
        simulation = neurodiff.Simulation(own).run()
    return simulation.graph.n_synapses, peak.bytes


def model(width: int, steps: int, target: str) -> neurodiff.Model:
    """A chain of layers with default recording and validation."""
    return neurodiff.Model.layered(
        [width] * (LAYERS + 1),
        name="scaling",
        time_step="1 ms",
        activation="tanh",
        plasticity={"rule": "diffusion", "learning_rate": "0.001 Hz"},
        input={"kind": "sinusoid", "frequency": "2 Hz"},
        target={"kind": "constant", "values": [0.1] * width},
        run={"duration": f"{steps} ms", "target": target},
    )


class Peak:
    """The most memory that this process and those that it has started had at once.

    Attributes
    ----------
    bytes : int
    """

    def __init__(self) -> None:
        self.bytes, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(0.02):
            size = me.memory_info().rss
            for child in me.children(recursive=True):
                with suppress(psutil.Error):  # it may just have ended
                    size += child.memory_info().rss
            self.bytes = max(self.bytes, size)


def cells(row: dict[str, Any]) -> list[str]:
    """A row of the table."""
    each = 1e9 * row["step"] / row["weights"]
    share = f"{row['validation'] / row['run']:.2f} ({row['moments']} moments)"
    numbers = [f"{1e3 * row['step']:.3g}", f"{each:.3g}", f"{row['run']:.1f}"]
    counts = [f"{row[name]}" for name in ("width", "weights", "steps")]
    return [*counts, *numbers, f"{row['validation']:.1f}", share, f"{row['peak'] / 1e6:.0f}"]


def slope(x: list[float], y: list[float]) -> float:
    """Slope of y against x, both logarithmic."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


@styled
def draw(by_width: list[dict[str, Any]], by_length: list[dict[str, Any]], path: Path) -> None:
    """Time of a step and peak memory against weights, and memory against length."""
    figure = new_figure(WIDE, 2.6)
    weights = [row["weights"] for row in by_width]
    panels = (
        ("weights", "ms a step", weights, [1e3 * row["step"] for row in by_width]),
        ("weights", "peak memory in MB", weights, [row["peak"] / 1e6 for row in by_width]),
        (
            "steps",
            "peak memory in MB",
            [row["steps"] for row in by_length],
            [row["peak"] / 1e6 for row in by_length],
        ),
    )
    for axes, (label, what, x, y) in zip(figure.subplots(1, 3), panels, strict=True):
        axes.loglog(x, y, "o-", color=DARK)
        if label == "steps":
            axes.set_yscale("linear")
            axes.set_ylim(0, 1.4 * max(y))
        dress(axes, label, what, "")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
