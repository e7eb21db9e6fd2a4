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
from numpy.typing import NDArray

from neurodiff.plot.style import DARK, LIGHT, WIDE, dress, new_axes, styled

Floats = NDArray[np.float64]
_COLOURS = (DARK, "#808080", "#b0b0b0")
#: What may be timed besides events by the kernel.
OTHERS = ("native", "dense", "C loop", "NumPy", "NumPy+ger")
#: Columns of the two tables.
TIMES = [
    *("case", "size", "steps", "omega", "eta", "events us"),
    *(f"{name} us" for name in OTHERS),
    "events / C loop",
    *(f"{name} / events" for name in OTHERS if name != "C loop"),
]
DETAILS = [
    *("case", "events", "sent x", "sent delta", "synapses", "cosine", "prepare s"),
    *("MB events", "MB NumPy", "MB building", "bytes per synapse"),
]


@dataclass(frozen=True)
class Row:
    """What came out of one case; see README.md for what the numbers mean.

    Attributes
    ----------
    times : dict
        A list of Measured for `events` and for the others that were timed.
    events : int
        Number of all events.
    sent : (float, float)
        Events per step and unit, and per step and error unit.
    synapses : float
        Synapses that an event crosses, as a fraction of those that a dense step crosses.
    cosine : float
        Between the weight changes of the simulator and those of the loop; NaN without either.
    preparation : float
        Seconds.
    building_peak : int
        Bytes.
    blas : dict
        What the NumPy loops multiplied with.
    """

    case: Case
    times: dict[str, list[Measured]]
    events: int
    sent: tuple[float, float]
    synapses: float
    cosine: float
    preparation: float
    building_peak: int
    blas: dict[str, str]

    def seconds(self, name: str) -> float:
        """Median of a step; NaN where it was not timed."""
        return median(self._steps(name)) if name in self.times else float("nan")

    def ratio(self, name: str) -> float:
        """How many times as long as events another program takes, by the medians."""
        return self.seconds(name) / self.seconds("events")

    def time_cells(self) -> list[str]:
        """One for each column of `TIMES`."""
        case = self.case
        omega = "frames" if case.omega is None else f"{case.omega:.0e}"
        return [
            *(case.name, case.size, f"{case.steps}", omega, f"{case.learning_rate:.0e}"),
            *(self._microseconds(name) for name in ("events", *OTHERS)),
            _number(1 / self.ratio("C loop"), ".3f"),
            *(_number(self.ratio(name), ".2f") for name in OTHERS if name != "C loop"),
        ]

    def detail_cells(self) -> list[str]:
        """One for each column of `DETAILS`."""
        weights = self.case.layers * self.case.width**2
        return [
            *(self.case.name, f"{self.events}", *(f"{sent:.5f}" for sent in self.sent)),
            *(f"{self.synapses:.4f}", _number(self.cosine, ".4f"), f"{self.preparation:.1f}"),
            *(_megabytes(self._peak(name)) for name in ("events", "NumPy")),
            *(_megabytes(self.building_peak), f"{self._peak('events') / weights:.1f}"),
        ]

    def summary(self) -> str:
        """One line, for those who wait."""
        ratios = [f"{self.ratio(name):.2f} for {name}" for name in self.times if name != "events"]
        step = f"{1e6 * self.seconds('events'):.1f} us a step"
        return f"{self.case.name}: {step}; times as long: {', '.join(ratios) or 'nothing else'}"

    def _peak(self, name: str) -> int:
        return max((run.peak for run in self.times.get(name, [])), default=0)

    def _steps(self, name: str) -> list[float]:
        return [run.seconds / (run.steps or self.case.steps) for run in self.times[name]]

    def _microseconds(self, name: str) -> str:
        """Per step: median [least, most]."""
        if name not in self.times:
            return ""
        steps = [1e6 * time for time in self._steps(name)]
        return f"{median(steps):.4g} [{min(steps):.4g}, {max(steps):.4g}]"


def _number(value: float, form: str) -> str:
    return "" if np.isnan(value) else f"{value:{form}}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f}" if size else ""


def stillness(rows: list[Row]) -> list[str]:
    """What a step costs in which nothing changes."""
    still = [row for row in rows if row.case.name.startswith("still")]
    units = [(row.case.layers + 1) * row.case.width / 1000 for row in still]
    return [
        f"nothing changes, {row.case.size}: {step:.1f} us a step, {step / n:.2f} us per 1,000 units"
        for row, n in zip(still, units, strict=True)
        for step in [1e6 * row.seconds("events")]
    ]


def growth(rows: list[Row]) -> list[str]:
    """How the time that events take grows with their number, beyond that of an input at rest."""
    events, seconds = _added(rows)
    if len(events) < 2:
        return []
    exponent = np.polyfit(np.log(events), np.log(seconds), 1)[0]
    pairs = zip(events, seconds, strict=True)
    each = ", ".join(f"{n:.1e} ({1e6 * s / n:.2f} us each)" for n, s in pairs)
    return [f"the time that events add grows as their number to the {exponent:.3f}: {each}"]


def _added(rows: list[Row]) -> tuple[Floats, Floats]:
    """Events and seconds that are added to those of an input at rest."""
    rows = [row for row in rows if row.case.name.startswith("work")]
    if not rows:
        return np.zeros(0), np.zeros(0)
    # what disturbs a run makes it longer
    least = np.array([min(run.seconds for run in row.times["events"]) for row in rows])
    events, seconds = np.array([row.events for row in rows]) - rows[0].events, least - least[0]
    more = (events > 0) & (seconds > 0)
    return events[more], seconds[more]


@styled
def save_growth(rows: list[Row], path: Path) -> None:
    """Draw the time that events add against their number."""
    axes = new_axes(WIDE, 3.2)
    events, seconds = _added(rows)
    size = next(row.case.size for row in rows if row.case.name.startswith("work"))
    axes.loglog(events, seconds, "o", color=DARK, markersize=4, label="measured")
    middle = np.median(seconds / events)
    axes.loglog(events, middle * events, color=LIGHT, label=f"{1e6 * middle:.2f} us for each event")
    axes.legend()
    title = f"The time that events add is proportional to their number: {size} tanh units"
    dress(axes, "events", "time that they add (s)", title)
    cast(Figure, axes.figure).savefig(path, dpi=150)


def crossings(rows: list[Row]) -> list[str]:
    """A line for each curve and each of the others that were timed."""
    return [
        f"{size}, eta = {rate:.0e} per step: {name} {_crossing(part, name)}"
        for (size, rate), part in _curves(rows).items()
        for name in part[0].times
        if name != "events"
    ]


def _crossing(rows: list[Row], name: str) -> str:
    """Where both take equally long, interpolated in logarithms."""
    omega = np.log([row.case.omega or np.nan for row in rows])
    ratio = np.log([row.ratio(name) for row in rows])
    turns = np.flatnonzero((ratio[:-1] >= 0) & (ratio[1:] < 0))
    if not turns.size:
        return f"is {'slower' if ratio[0] >= 0 else 'faster'} than events at all of these speeds"
    k = turns[-1]
    share = ratio[k] / (ratio[k] - ratio[k + 1])
    at = np.exp(omega[k] + share * (omega[k + 1] - omega[k]))
    return f"is as fast as events at omega = {at:.2e} per step, and faster beyond"


def _curves(rows: list[Row]) -> dict[tuple[str, float], list[Row]]:
    found: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        if row.case.name.startswith("curve"):
            found.setdefault((row.case.size, row.case.learning_rate), []).append(row)
    return found


@styled
def save_curve(rows: list[Row], path: Path) -> None:
    """Draw the ratio of the times against the speed of the signal, by network and learning rate."""
    axes = new_axes(WIDE, 3.2)
    axes.axhline(1, color=LIGHT, linewidth=0.8)
    curves = _curves(rows)
    rates = sorted({rate for _, rate in curves})
    sizes = sorted({size for size, _ in curves}, key=len)
    for (size, rate), part in curves.items():
        axes.loglog(
            [row.case.omega or np.nan for row in part],
            [row.ratio("dense") for row in part],
            f"{'-' if size == sizes[0] else '--'}{'os^'[rates.index(rate)]}",
            color=_COLOURS[rates.index(rate)],
            markersize=4,
            label=f"{size}, " + (f"eta = {rate:.0e} per step" if rate else "nothing is learned"),
        )
    axes.legend()
    title = "Where events are faster than a dense kernel (above 1)"
    dress(
        axes,
        "speed of the input, omega (radian per step)",
        "time of the dense kernel / time of events",
        title,
    )
    cast(Figure, axes.figure).savefig(path, dpi=150)


def surroundings(rows: list[Row], target: str) -> list[str]:
    """Versions and machine."""
    versions = [f"{name} {version(name)}" for name in ("numpy", "scipy", "brian2", "neurodiff")]
    blas = {update: text for row in rows for update, text in row.blas.items()}
    return [
        f"python {platform.python_version()}, {', '.join(versions)}",
        f"ours run on {target}" + (f", {compiler()}" if target == "cpp_standalone" else ""),
        f"CPU {cpu()}",
        *(f"BLAS of the NumPy loop with {update}: {text}" for update, text in blas.items()),
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
