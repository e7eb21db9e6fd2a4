"""How well local products agree with their reference, in numbers and as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurodiff.reference.outer import Products
from neurodiff.text import align
from neurodiff.validation.loss import LossReport
from neurodiff.validation.moments import LEGEND, Compared, Setting
from neurodiff.validation.sums import TERMS, Sums, of_each_moment, ratios, terms
from neurodiff.validation.weight_transport import Transport

Floats = NDArray[np.float64]
Interval = tuple[float, float]

#: Why a layer has no numbers that is no fault of its own.
NO_GRADIENT = "the reference gradient is zero throughout"

#: Why a layer has no numbers where nothing was compared.
NO_MOMENT = "no moment after validation.start; run longer"

DIVERGED = (
    "signals or weights diverged; lower plasticity.learning_rate, or the weights on the cycles"
)

#: Relative error up to which a local product counts as equal to the gradient.
EXACT = 1e-12

#: Figures of a layer, in the order of `report.json`.
FIGURES = (
    "cosine",
    "relative_error",
    "mean_cosine",
    "mean_relative_error",
    "norm_ratio",
    "sign_agreement",
    "cosine_of_summed_update",
)

#: Half the width of a 95 % interval beyond which a figure is printed as a range: of cosines and
#: shares, and of others relative to the figure.
_WIDE = 0.05


@dataclass(frozen=True)
class LayerReport:
    """Agreement of one projection's local product g with its reference g* over the window.

    Attributes
    ----------
    cosine : float or None
        sum <g, g*> / sum |g| |g*|: the norm-weighted mean over time. None where there is nothing to
        compare; `why` says why.
    relative_error : float or None
        sum |g - g*| / sum |g*|.
    mean_cosine, mean_relative_error : float or None
        Plain means over the times at which there is a gradient: moments when it is small count as
        much as others.
    norm_ratio : float or None
        sum |g| / sum |g*|.
    sign_agreement : float or None
        Share of synapses and times at which the signs agree, weighted by the size of g*.
    cosine_of_summed_update : float or None
        Cosine between sum g and sum g*: what learning sees in the end.
    exact_from_step, predicted_exact_step : int or None
        For constant stimuli and frozen weights: first step from which g = g* to 1e-12, and the step
        that the delays predict.
    update_norm, still : float or None, and bool or None
        Where g* is 0 throughout: mean of |g|, and whether g is 0, too, to rounding.
    intervals : mapping
        95 % intervals of the figures that are estimates.
    why : str or None
        Why there are no numbers.
    transport : Transport or None
        How well errors come back, where feedback is not symmetric.
    """

    name: str
    cosine: float | None = None
    relative_error: float | None = None
    mean_cosine: float | None = None
    mean_relative_error: float | None = None
    norm_ratio: float | None = None
    sign_agreement: float | None = None
    cosine_of_summed_update: float | None = None
    exact_from_step: int | None = None
    predicted_exact_step: int | None = None
    update_norm: float | None = None
    still: bool | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    why: str | None = None
    transport: Transport | None = None

    def to_dict(self, figures: tuple[str, ...] = FIGURES) -> dict[str, Any]:
        """The layer as `report.json` holds it; what does not apply is left out.

        Parameters
        ----------
        figures : tuple of str, optional
            Names of the figures that are kept.
        """
        values: dict[str, Any] = {"name": self.name}
        for name in figures:
            values[name] = getattr(self, name)
            if name in self.intervals:
                values[f"{name}_interval"] = list(self.intervals[name])
        if self.predicted_exact_step is not None:
            values["exact_from_step"] = self.exact_from_step
            values["predicted_exact_step"] = self.predicted_exact_step
        if self.update_norm is not None:
            values["update_norm"] = self.update_norm
        if self.transport is not None:
            values |= self.transport.to_dict()
        return values | ({} if self.why is None else {"why": self.why})

    def text(self, figure: str) -> str:
        """A figure as it is printed; an estimate to the first digit of its interval.

        Parameters
        ----------
        figure : str
            Name of the figure.
        """
        value = getattr(self, figure)
        if value is None:
            return "-"
        interval = self.intervals.get(figure)
        return f"{value:.4g}" if interval is None else estimate_text(figure, value, interval)


def estimate_text(figure: str, value: float, interval: Interval) -> str:
    """An estimate with its interval: `0.994+-0.001`, or `0.71 to 0.93` where that is wide.

    Parameters
    ----------
    figure, value, interval : str, float, and tuple of float
        Name of the figure, its estimate, and the ends of its 95 % interval.
    """
    low, high = interval
    half = (high - low) / 2
    size = 1.0 if "cosine" in figure or figure == "sign_agreement" else max(abs(value), 1e-300)
    if not half > 0:
        return f"{value:.4g}"
    digits = max(0, -int(np.floor(np.log10(half))))
    if digits > 8:
        return f"{value:.4g}" if abs(value) > 1e3 * half else f"{low:.1g} to {high:.1g}"
    if half > _WIDE * size or not low <= value <= high:
        return f"{low:.{digits}f} to {high:.{digits}f}"
    return f"{value:.{digits}f}+-{half:.{digits}f}"


@dataclass(frozen=True, eq=False)
class GradientReport:
    """The comparison of a run's local products with their reference.

    Attributes
    ----------
    passed : bool
        Whether no bound of the model's `validation` is missed, or may be.
    verdict : str
        "passed", "failed", "undecided" where a bound lies inside the interval of an estimate, or
        "no bound" where none was set.
    asked : str
        What was asked, of what, and what came out.
    reference : str
        What the products were held against.
    total : LayerReport
        All projections taken as one.
    layers : tuple of LayerReport
    moments : Compared
        Which moments the figures are of.
    setting : Setting
        What was compared with what, and when.
    over_time : xarray.Dataset
        `cosine`, `relative_error` and `norm_ratio`, each (product_time, layer), at the moments
        that were recorded.
    title : str
        Name of the model.
    loss : LossReport or None
        How the loss went; None where nothing was learned, and with frames.
    """

    verdict: str
    asked: str
    reference: str
    total: LayerReport
    layers: tuple[LayerReport, ...]
    moments: Compared
    setting: Setting
    over_time: xr.Dataset = field(repr=False)
    title: str = ""
    loss: LossReport | None = None

    @property
    def passed(self) -> bool:
        """Whether every bound is met; without bounds, none is missed."""
        return self.verdict in ("passed", "no bound")

    def to_dict(self) -> dict[str, Any]:
        """The report as `report.json` holds it."""
        total = self.total.to_dict(
            ("cosine", "relative_error", "mean_cosine", "cosine_of_summed_update")
        )
        return {
            "passed": self.passed,
            "verdict": self.verdict,
            "asked": self.asked,
            "reference": self.reference,
            "moments": self.moments.to_dict(),
            "total": {key: value for key, value in total.items() if key != "name"},
            "layers": [layer.to_dict() for layer in self.layers],
        }

    def table(self) -> str:
        """One line a layer, what there is to say of some of them, and what the columns are."""
        head = ["layer", "cosine", "rel. error", "norm ratio", "sign agreement", "cosine of sum"]
        of_all = (*self.layers, self.total)
        rows = [_row(layer) for layer in of_all]
        if any(layer.predicted_exact_step is not None for layer in self.layers):
            head += ["exact from step", "predicted"]
            rows = [
                [*row, *map(_step, (layer.exact_from_step, layer.predicted_exact_step))]
                for row, layer in zip(rows, of_all, strict=True)
            ]
        if any(layer.transport is not None for layer in self.layers):
            head += ["cosine of errors", "of b and w, first", "last"]
            rows = [
                [*row, *_transport_row(layer.transport)]
                for row, layer in zip(rows, of_all, strict=True)
            ]
        reasons = [f"{layer.name}: {layer.why}" for layer in self.layers if layer.why]
        legend = [f"  {name}: {LEGEND[name]}" for name in head if name in LEGEND]
        return "\n".join([align([head, *rows]), *reasons, *legend])

    def conclusion(self) -> str:
        """The verdict, what was asked, and what came out."""
        word = "no bound was set" if self.verdict == "no bound" else self.verdict
        return f"{word}: {self.asked}"

    def summary(self) -> str:
        """The verdict, what was compared with what, and a table, one line a layer."""
        why = self.setting.of_the_sum()
        lines = [self.conclusion(), self.setting.summary(self.moments), "", self.table()]
        return "\n".join([*lines, *([why] if why else [])])

    def plot(self, axes: Any = None) -> Any:
        """Draw the cosine of every layer over time; returns the matplotlib Axes.

        On axes of its own it is shown at once where a notebook asks for it.

        Parameters
        ----------
        axes : matplotlib Axes, optional
            Axes that are drawn on; a new figure unless given.
        """
        from neurodiff.plot import new_axes, plot_cosines, show_in_notebook

        own = new_axes() if axes is None else None
        drawn = plot_cosines(self.over_time, axes if own is None else own, title=self.title)
        if own is not None:
            show_in_notebook(own)
        return drawn


def compare(
    g: Sequence[Products], truth: Sequence[Products], names: Sequence[str]
) -> list[LayerReport]:
    """Agreement of products g with their reference at every moment.

    Parameters
    ----------
    g, truth : sequences of Products
        Local products of each projection at the sampled steps, and the gradient of the reference
        there.
    names : sequence of str
        Of the projections, and of all as one.

    Returns
    -------
    list of LayerReport
        Those of the projections, and of all as one.
    """
    sums = Sums()
    sums.add(g, truth)
    return reports_of(sums, names)


def reports_of(sums: Sums, names: Sequence[str]) -> list[LayerReport]:
    """Reports of the projections, and of all as one, out of sums over every moment.

    Parameters
    ----------
    sums, names : Sums, and sequence of str
        Sums over the moments of each projection and of all as one, and their names.
    """
    figures = ratios(sums.terms)
    figures["cosine_of_summed_update"] = np.array(sums.cosines_of_sums)
    return [report_of(name, sums.terms, figures, k) for k, name in enumerate(names)]


def report_of(
    name: str,
    summed: Floats,
    figures: Mapping[str, Floats],
    k: int,
    intervals: Mapping[str, Interval] | None = None,
) -> LayerReport:
    """Report of one projection, or of all as one.

    Parameters
    ----------
    name : str
        Name of the projection.
    summed, figures : array (terms, n), and mapping of arrays (n,)
        Sums of `TERMS` over the moments, and the figures by name, NaN where there is none.
    k : int
        Which of the n.
    intervals : mapping or None, optional
        Interval of each figure by its name; without it the figures have none.
    """
    column = dict(zip(TERMS, summed[:, k], strict=True))
    if not np.isfinite([column["norm"], column["true_norm"]]).all():
        return LayerReport(name, why=DIVERGED)
    if column["true_norm"] == 0:
        return _without_gradient(name, summed, k)
    known = {key: float(values[k]) for key, values in figures.items() if np.isfinite(values[k])}
    return LayerReport(name, **known, intervals=intervals or {})  # type: ignore[arg-type]


def _without_gradient(name: str, summed: Floats, k: int) -> LayerReport:
    """Report of a layer whose reference is 0: whether its update is 0 to rounding, too.

    To the rounding of gradients as large as those of the other layers, or of 1 where no layer has
    one.
    """
    count, norm = summed[TERMS.index("moments"), k], summed[TERMS.index("norm"), k]
    largest = np.nanmax(summed[TERMS.index("true_norm")], initial=0.0) or count
    size, still = float(norm / count), bool(norm <= EXACT * largest)
    update = (
        "so is its update" if still else f"its update is not: its norm is {size:.4g} on average"
    )
    why = f"{NO_GRADIENT}, {'and' if still else 'but'} {update}"
    return LayerReport(name, update_norm=size, still=still, why=why)


def over_time(g: Products, truth: Products) -> dict[str, Floats]:
    """Cosine, relative error and norm ratio at each time (times,); NaN where the reference is 0.

    Parameters
    ----------
    g, truth : Products
        Local products at the sampled steps, and the gradient of the reference there.
    """
    found = of_each_moment(terms([g], [truth]))
    return {name: values[:, 0] for name, values in found.items()}


def exact_from(g: Products, truth: Products, steps: NDArray[np.int64]) -> int | None:
    """First of the sampled steps (times,) from which on g equals its reference, or None.

    Parameters
    ----------
    g, truth : Products
        Local products at the sampled steps, and the gradient of the reference there.
    steps : array of int (times,)
        Sampled steps.
    """
    inexact = np.flatnonzero(g.square_of_difference(truth) > EXACT**2 * truth.square())
    first = inexact[-1] + 1 if len(inexact) else 0
    return int(steps[first]) if first < len(steps) else None


def _row(layer: LayerReport) -> list[str]:
    shown = ("cosine", "relative_error", "norm_ratio", "sign_agreement", "cosine_of_summed_update")
    return [layer.name, *map(layer.text, shown)]


def _transport_row(transport: Transport | None) -> list[str]:
    """Cosine of errors, and of backward weights at the start and at the end."""
    if transport is None:
        return ["-"] * 3
    errors, interval = _number(transport.delta_cosine), transport.delta_cosine_interval
    if transport.delta_cosine is not None and interval is not None:
        errors = estimate_text("cosine", transport.delta_cosine, interval)
    return [errors, *map(_number, transport.feedback_cosine or (None, None))]


def _number(number: float | None) -> str:
    return "-" if number is None else f"{number:.4g}"


def _step(step: int | None) -> str:
    return "-" if step is None else str(step)
