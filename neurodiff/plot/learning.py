"""What a run learned: loss, accuracy, weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from neurodiff.plot.style import (
    DARK,
    LIGHT,
    Floats,
    drawable,
    dress,
    layer_colours,
    model_of,
    named_ticks,
    readable_times,
    styled,
    title_of,
)
from neurodiff.results.recording import answered_right


@styled
def plot_loss(recording: xr.Dataset, axes: Axes) -> Axes:
    """Draw the `loss` (time,); logarithmic where it spans more than two decades.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    axes : matplotlib Axes
        Axes that are drawn on.
    """
    values = drawable(recording["loss"].values)
    times, unit = readable_times(recording["time"].values)
    axes.plot(times, values, color=DARK, drawstyle="steps-post")
    positive = values[values > 0]
    if len(positive) and positive.max() > 100 * positive.min():
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=min(0.0, float(np.fmin.reduce(values))))
    name = {"squared_error": "loss |x - y|² / 2", "cross_entropy": "loss: cross entropy"}
    label = f"{name[model_of(recording).loss]} (dimensionless)"
    return dress(axes, f"time ({unit})", label, title_of(recording, "loss"))


@styled
def plot_accuracy(recording: xr.Dataset, axes: Axes) -> Axes:
    """Draw the share of frames answered correctly while learning, and in the test.

    The answer is the first that the outputs give to a frame, before anything is learned from it;
    with spikes it is their mean over the second half of the frame's time.

    Parameters
    ----------
    recording : xarray.Dataset
        With `answer` (presentation, output), `label` and `tested` (presentation,). An answer is
        right where the output of the label is larger than all others.
    axes : Axes
        Axes that are drawn on.
    """
    model, tested = model_of(recording), recording["tested"].values.astype(bool)
    right = 100.0 * answered_right(recording)
    shown = np.arange(1, len(right) + 1)
    if not tested.all():
        bins = _bins(int(np.sum(~tested)), model.run.epochs)
        size = len(np.array_split(right[~tested], bins)[0])
        middles, means = (_bin_means(part[~tested], bins) for part in (shown, right))
        label = f"while learning, mean of {size}"
        axes.plot(middles, means, color=DARK, marker="o", markersize=2.5, label=label)
    if tested.any():
        where = "held-out" if model.input.keeps_frames_for_the_test else "learned"
        score = right[tested].mean()
        label = f"test, {int(tested.sum())} {where} frames: {score:.1f} %"
        axes.plot([shown[tested].mean()], [score], "D", color="#c1440e", markersize=5, label=label)
    chance = 100 / recording.sizes["output"]
    lowest = min(float(np.min(line.get_ydata())) for line in axes.get_lines())
    if lowest < chance + 10:
        axes.axhline(chance, color=LIGHT, linestyle=":", label=f"chance: {chance:.0f} %")
    low = max(0.0, 10 * (lowest // 10) - 10) if lowest > 60 else 0.0
    axes.set_ylim(low, 100 + 0.03 * (100 - low))
    axes.legend(loc="lower right")
    title = title_of(recording, "frames answered correctly")
    return dress(axes, "frames shown (count)", "right at first sight (%)", title)


def _bins(n: int, epochs: int | None) -> int:
    """How many bins n training presentations make: epochs, where that many are readable."""
    return epochs if epochs and 5 <= epochs <= 60 else min(max(n // 50, 1), 40)


def _bin_means(values: NDArray[Any], bins: int) -> Floats:
    return np.array([part.mean() for part in np.array_split(values, bins) if len(part)])


@styled
def plot_weights(recording: xr.Dataset, axes: Axes) -> Axes:
    """Draw the first and the last of the weights `w` (weight_time, synapse), by projection.

    Up to 200 synapses are points, after over before; more are distributions, before to the left and
    after to the right. Weights that did not move are drawn once.

    Parameters
    ----------
    recording : xarray.Dataset
        Recording of a run.
    axes : matplotlib Axes
        Axes that are drawn on.
    """
    before, after = drawable(recording["w"].values[0]), drawable(recording["w"].values[-1])
    projection = recording["projection"].values
    parts = {name: (before[projection == name], after[projection == name])
             for name in dict.fromkeys(projection.tolist())}  # fmt: skip
    frozen = bool(np.array_equal(before, after))
    title = title_of(recording, "weights frozen" if frozen else "weights before and after")
    if len(before) <= 200 and not frozen:
        _scatter_weights(parts, axes)
        return dress(axes, "weight before (dimensionless)", "weight after (dimensionless)", title)
    _distribute_weights(parts, frozen, axes)
    return dress(axes, "projection (density of its weights)", "weight (dimensionless)", title)


def _scatter_weights(parts: Mapping[str, tuple[Floats, Floats]], axes: Axes) -> None:
    colours, markers = layer_colours(len(parts)), "os^DvP"
    for k, (name, (before, after)) in enumerate(parts.items()):
        style = {"color": colours[k], "markersize": 4, "markeredgewidth": 0, "label": name}
        axes.plot(before, after, markers[k % len(markers)], **style)
    axes.axline((0, 0), slope=1, color=LIGHT, linestyle=":", label="no change")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def _bin_edges(weights: Floats) -> Floats:
    """Edges of equal bins around weights, before and after, that may be all the same."""
    low, high = weights.min(), weights.max()
    largest = max(abs(low), abs(high))
    if high - low <= 1e-9 * largest:
        low, high = low - max(0.5, 0.1 * largest), high + max(0.5, 0.1 * largest)
    return np.linspace(low, high, int(np.clip(np.sqrt(len(weights) / 2), 5, 30)) + 1)


def _distribute_weights(
    parts: Mapping[str, tuple[Floats, Floats]], frozen: bool, axes: Axes
) -> None:
    """Histograms back to back, each as wide as it is dense, on common bins."""
    names = list(parts)
    for k, name in enumerate(names):
        before, after = (w[np.isfinite(w)] for w in parts[name])
        if not len(before) + len(after):
            continue
        edges = _bin_edges(np.concatenate([before, after]))
        left, right = (np.histogram(w, edges)[0] for w in (before, after))
        width = 0.45 / max(left.max(), right.max())
        for counts, side, colour in ((left, -width, LIGHT), (right, width, DARK)):
            axes.stairs(k + side * counts, edges, baseline=k, orientation="horizontal",
                        fill=True, color=LIGHT if frozen else colour)  # fmt: skip
    named = named_ticks(len(names))
    crowded = sum(len(names[k]) + 1 for k in named) > 16 * axes.bbox.width / axes.figure.dpi
    turn: dict[str, Any] = {"rotation": 45, "ha": "right"} if crowded else {}
    axes.set_xticks(named, [names[k] for k in named], **turn)
    if not frozen:
        handles = [Line2D([], [], color=colour, linewidth=5) for colour in (LIGHT, DARK)]
        axes.legend(handles, ["before", "after"], loc="center left", bbox_to_anchor=(1, 0.5))
