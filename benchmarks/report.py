"""Rows, tables and the figure of the benchmark, and what it ran on."""

import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import cast

import brian2 as b2
import numpy as np
from cases import Case
from matplotlib.figure import Figure
from measuring import Measured

from neurodiff.plot.style import DARK, LIGHT, WIDE, dress, new_axes, styled

#: What the two updates of the NumPy loop are called where they are read about.
PEERS = {"outer": "NumPy", "ger": "NumPy+ger"}

_COLOURS = (DARK, "#808080")
#: Columns of the two tables.
TIMES = [
    *("case", "size", "steps", "omega", "eta", "events ms"),
    *(f"{peer} ms" for peer in PEERS.values()),
    *(f"{peer} / events" for peer in PEERS.values()),
]
DETAILS = [
    *("case", "sent x", "sent delta", "synapses", "cosine", "prepare s"),
    *("MB events", "MB NumPy", "MB building"),
]


@dataclass(frozen=True)
class Row:
    """What came out of one case; see README.md for what the numbers mean.

    Attributes
    ----------
    times : dict
        A list of Measured for `events` and for each update of the loop.
    sent : (float, float)
        Events per step and unit, and per step and error unit.
    synapses : float
        Synapses that an event crosses, as a fraction of those that a dense step crosses.
    cosine : float
        Between the weight changes of the simulator and those of the loop.
    preparation : float
        Seconds.
    building_peak : int
        Bytes.
    """

    case: Case
    times: dict[str, list[Measured]]
    sent: tuple[float, float]
    synapses: float
    cosine: float
    preparation: float
    building_peak: int

    def ratio(self, update: str) -> float:
        """How many times as long as the simulator the loop takes, by the medians."""
        return self._median(update) / self._median("events")

    def time_cells(self) -> list[str]:
        """One for each column of `TIMES`."""
        case = self.case
        omega = "frames" if case.omega is None else f"{case.omega:.0e}"
        return [
            *(case.name, case.size, f"{case.steps}", omega, f"{case.learning_rate:.0e}"),
            *(self._milliseconds(name) for name in ("events", *PEERS)),
            *(f"{self.ratio(update):.2f}" for update in PEERS),
        ]

    def detail_cells(self) -> list[str]:
        """One for each column of `DETAILS`."""
        return [
            *(self.case.name, *(f"{sent:.4f}" for sent in self.sent)),
            *(f"{self.synapses:.4f}", f"{self.cosine:.4f}", f"{self.preparation:.1f}"),
            *(_megabytes(self._peak(name)) for name in ("events", "outer")),
            _megabytes(self.building_peak),
        ]

    def summary(self) -> str:
        """One line, for those who wait."""
        ratios = (
            f"{self.ratio(update):.2f} times as fast as {peer}" for update, peer in PEERS.items()
        )
        return f"{self.case.name}: events are {', '.join(ratios)}"

    def _median(self, name: str) -> float:
        return median(run.seconds for run in self.times[name])

    def _peak(self, name: str) -> int:
        return max(run.peak for run in self.times[name])

    def _milliseconds(self, name: str) -> str:
        """Per step: median [least, most]."""
        seconds = [run.seconds for run in self.times[name]]
        middle, least, most = (
            1e3 * time / self.case.steps for time in (median(seconds), min(seconds), max(seconds))
        )
        return f"{middle:.3f} [{least:.3f}, {most:.3f}]"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f}"


def crossings(rows: list[Row]) -> list[str]:
    """A line for each learning rate and each update of the loop."""
    return [
        f"eta = {rate:.0e} per step: {peer} {_crossing(part, update)}"
        for rate, part in _by_rate(rows).items()
        for update, peer in PEERS.items()
    ]


def _crossing(rows: list[Row], update: str) -> str:
    """Where both take equally long, interpolated in logarithms."""
    omega = np.log([row.case.omega or np.nan for row in rows])
    ratio = np.log([row.ratio(update) for row in rows])
    turns = np.flatnonzero((ratio[:-1] >= 0) & (ratio[1:] < 0))
    if not turns.size:
        return f"is {'slower' if ratio[0] >= 0 else 'faster'} than events at all of these speeds"
    k = turns[-1]
    share = ratio[k] / (ratio[k] - ratio[k + 1])
    at = np.exp(omega[k] + share * (omega[k + 1] - omega[k]))
    return f"is as fast as events at omega = {at:.2e} per step, and faster beyond"


def _by_rate(rows: list[Row]) -> dict[float, list[Row]]:
    rates = sorted({row.case.learning_rate for row in rows})
    return {rate: [row for row in rows if row.case.learning_rate == rate] for rate in rates}


@styled
def save_curve(rows: list[Row], path: Path) -> None:
    """Draw the ratio of the times against the speed of the signal, by learning rate and update."""
    axes = new_axes(WIDE, 3.2)
    axes.axhline(1, color=LIGHT, linewidth=0.8)
    for (rate, part), colour, marker in zip(_by_rate(rows).items(), _COLOURS, "os", strict=False):
        for update, line, face in zip(PEERS, ("-", "--"), (colour, "white"), strict=True):
            axes.loglog(
                [row.case.omega or np.nan for row in part],
                [row.ratio(update) for row in part],
                line + marker,
                color=colour,
                markersize=4,
                markerfacecolor=face,
                label=f"{PEERS[update]}, eta = {rate:.0e} per step",
            )
    axes.legend()
    title = f"Where events are faster (above 1): {rows[0].case.size} tanh units"
    dress(
        axes, "speed of the input, omega (radian per step)", "time of NumPy / time of events", title
    )
    cast(Figure, axes.figure).savefig(path, dpi=150)


def surroundings(blas: dict[str, str], target: str) -> list[str]:
    """Versions and machine."""
    versions = [f"{name} {version(name)}" for name in ("numpy", "scipy", "brian2", "neurodiff")]
    return [
        f"python {platform.python_version()}, {', '.join(versions)}",
        f"events run on {target}" + (f", {compiler()}" if target == "cpp_standalone" else ""),
        f"CPU {cpu()}",
        *(f"BLAS of {peer}: {blas[update]}" for update, peer in PEERS.items()),
    ]


def compiler() -> str:
    """The compiler of the events, and its flags."""
    flags = " ".join(b2.prefs["codegen.cpp.extra_compile_args_gcc"])
    text = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True).stdout
    return f"{text.splitlines()[0]}, {flags}"


def cpu() -> str:
    """The processor, and how many cores of it there are."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else platform.processor()


def tables(rows: list[Row]) -> list[list[list[str]]]:
    """Both tables, each as rows of cells with the header first."""
    times = [TIMES, *(row.time_cells() for row in rows)]
    return [times, [DETAILS, *(row.detail_cells() for row in rows)]]


def markdown(table: list[list[str]]) -> str:
    """A table as Markdown."""
    header, *rows = table
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows])
