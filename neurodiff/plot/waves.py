"""The two waves over time and layers."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from neurodiff.model_file import Model
from neurodiff.network.graph import Graph, build_graph
from neurodiff.network.latency import compute_latencies, target_arrivals
from neurodiff.plot.rows import Rows, name_bands, per_band, rows_of
from neurodiff.plot.style import Floats, drawable, dress, model_of, styled

Ints = NDArray[np.int64]

#: Lightness grows from -1 to 1 with 0 in the middle, so that sign and size stay readable in grey.
_SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#061c4a", "#2c5aa3", "#8b8b89", "#dfb24a", "#fff8cf"]
)
_UNDEFINED = "#f4f4f4"
#: So many times the shortest way there and back is shown of a network with cycles.
_ROUNDS = 4
_FRONT: dict[str, Any] = {
    "color": "white",
    "linewidth": 1.1,
    "path_effects": [withStroke(linewidth=2.4, foreground="black")],
}


@styled
def plot_waves(
    recording: xr.Dataset, x_axes: Axes, delta_axes: Axes, stop: float | None = None
) -> tuple[Axes, Axes]:
    """Draw the two waves side by side, with one colour bar; see `plot_wave`.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    x_axes : matplotlib Axes
        Axes for the activity.
    delta_axes : matplotlib Axes
        Axes for the errors.
    stop : float or None, optional
        End of the time that is drawn, in seconds.
    """
    plot_wave(recording, "x", x_axes, stop)
    plot_wave(recording, "delta", delta_axes, stop)
    delta_axes.set_ylabel("")
    delta_axes.tick_params(labelleft=False)
    bar = delta_axes.get_figure().colorbar(  # type: ignore[union-attr]
        ScalarMappable(Normalize(-1, 1), _SIGNED), ax=[x_axes, delta_axes], aspect=35, pad=0.015
    )
    bar.set_label("value / largest |value|\nof its layer (at right)", fontsize=8)
    bar.ax.tick_params(labelsize=7, width=0.6)
    bar.outline.set_linewidth(0.6)
    return x_axes, delta_axes


@styled
def plot_wave(recording: xr.Dataset, signal: str, axes: Axes, stop: float | None = None) -> Axes:
    """Draw `x` or `delta` over time (ms) and units, stacked by population, the input at the bottom.

    Each population is normalised by its own largest value in the picture, which is written beside
    it. Of large populations some units are shown, evenly chosen. A sample lasts until the next.
    The line is where the delays alone predict the first arrival of each input: F for `x`; F of an
    output and the way back from it, R, for `delta`.

    Parameters
    ----------
    recording : xarray.Dataset
        With `signal` (time, unit).
    signal : str
        ``"x"`` or ``"delta"``.
    axes : Axes
        Axes that are drawn on.
    stop : float, optional
        End of the picture in s. Unless given, a few times as long as both waves take.
    """
    model = model_of(recording)
    graph = build_graph(model)
    times, edges = _shown_times(recording, model, graph, stop)
    rows = rows_of(recording["population"].values)
    values = drawable(recording[signal].values[: len(times)])
    population = recording["population"].values
    largest = _largest(values, population, rows.names)
    image = (values[:, rows.units] / np.where(largest > 0, largest, 1.0)[rows.band]).T
    axes.set_facecolor(_UNDEFINED)
    axes.pcolormesh(1e3 * edges, rows.edges, image, cmap=_SIGNED, vmin=-1, vmax=1, rasterized=True)
    line = _draw_fronts(axes, predicted_fronts(graph)[signal][rows.units], rows, model, edges)
    name_bands(axes, rows, largest, set(population[: graph.n_inputs]))
    name, path = {"x": ("forward wave x", "F"), "delta": ("backward wave δ", "F + R")}[signal]
    axes.legend([line], [f"predicted: {path}"], loc="lower right", bbox_to_anchor=(1, 1),
                borderpad=0, borderaxespad=0.3, handlelength=1.6)  # fmt: skip
    axes.set_xlim(1e3 * edges[0], 1e3 * edges[-1])
    few = f" (units: at most {per_band(len(rows.names))} of each)"
    return dress(axes, "time (ms)", f"layer{few}", name)


def predicted_fronts(graph: Graph) -> dict[str, Floats]:
    """First step (n_units,) at which the input of step 0 can be in `x`, and in `delta`.

    F along the shortest path; and F of an output plus the shortest way back, R. Not finite where no
    path leads; inputs have no `delta`. With leaks, or traces of spikes, when it is there in the
    mean.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    """
    forward = compute_latencies(graph).shortest_forward
    # an output's error starts back when its input arrives, as if its target came then
    backward, _ = target_arrivals(graph, forward[graph.outputs])
    backward[: graph.n_inputs] = np.inf
    return {"x": forward, "delta": backward}


def _draw_fronts(axes: Axes, front: Floats, rows: Rows, model: Model, edges: Floats) -> Line2D:
    """A line for every input that begins in the picture: with frames each frame, else the first."""
    begins = np.zeros(1)
    if hold := model.input.frame_duration:
        begins = np.arange(0.0, edges[-1], hold)
    arrival = np.where(np.isfinite(front), front, np.nan) * model.time_step
    heights = np.repeat(rows.edges, 2)[1:-1]
    lines = [
        axes.plot(1e3 * (begin + np.repeat(arrival, 2)), heights, **_FRONT)[0] for begin in begins
    ]
    return lines[0]


def _largest(signal: Floats, population: NDArray[Any], names: list[str]) -> Floats:
    """Largest |value| of each population in a signal (time, unit); NaN where there is none."""
    largest = np.fmax.reduce(np.abs(signal), axis=0)
    return np.array([np.fmax.reduce(largest[population == name]) for name in names])


def _shown_times(
    recording: xr.Dataset, model: Model, graph: Graph, stop: float | None
) -> tuple[Floats, Floats]:
    """Times of the samples in the picture (n,) and the edges of their cells (n + 1,), in s."""
    times = recording["time"].values
    every = times[1] - times[0] if len(times) > 1 else model.time_step
    if stop is None:
        stop = times[0] + max(_legible_span(model, graph), 20 * every)
    shown = times[: max(1, int(np.sum(times < stop - 1e-9)))]
    return shown, np.append(shown, shown[-1] + every)


def _legible_span(model: Model, graph: Graph) -> float:
    """Time in s in which both waves, and what the input does, can be seen."""
    latencies = compute_latencies(graph, model.target_delay)
    # with cycles the longest way is endless: some rounds of the shortest ones
    ages = _ROUNDS * latencies.age if graph.cyclic else latencies.longest_age
    both_ways = float(ages[np.isfinite(ages)].max(initial=1)) * model.time_step
    return model.input.legible_span(both_ways, model.time_step)
