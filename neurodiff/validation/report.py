"""How well local products agree with their reference, in numbers and as a table."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurodiff.table import align
from neurodiff.validation.transport import Transport

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Why a layer has no numbers that is no fault of its own.
NO_GRADIENT = "the reference gradient is zero throughout"

DIVERGED = (
    "signals or weights diverged; lower plasticity.learning_rate, or the weights on the cycles"
)

#: Relative error up to which a local product counts as equal to the gradient.
EXACT = 1e-12


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
    why: str | None = None
    transport: Transport | None = None

    def to_dict(self) -> dict[str, Any]:
        """The layer as `report.json` holds it; what does not apply is left out."""
        values = asdict(self)
        values.update(values.pop("transport") or {})
        if self.why is None:
            del values["why"]
        if self.predicted_exact_step is None:
            del values["exact_from_step"], values["predicted_exact_step"]
        return values


@dataclass(frozen=True)
class GradientReport:
    """The comparison of a run's local products with their reference.

    Attributes
    ----------
    passed : bool
        Whether every layer meets the bounds of the model's `validation`.
    reference : str
        What the products were held against.
    total : LayerReport
        All projections taken as one.
    layers : tuple of LayerReport
    over_time : xarray.Dataset
        `cosine`, `relative_error` and `norm_ratio`, each (update_time, layer).
    title : str
        Name of the model.
    """

    passed: bool
    reference: str
    total: LayerReport
    layers: tuple[LayerReport, ...]
    over_time: xr.Dataset = field(repr=False)
    title: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The report as `report.json` holds it."""
        totals = ("cosine", "relative_error", "mean_cosine", "cosine_of_summed_update")
        return {
            "passed": self.passed,
            "reference": self.reference,
            "total": {name: getattr(self.total, name) for name in totals},
            "layers": [layer.to_dict() for layer in self.layers],
        }

    def summary(self) -> str:
        """The report as a table, one line a layer."""
        head = ["layer", "cosine", "rel. error", "norm ratio", "sign agreement", "cosine of sum"]
        rows = [_row(layer) for layer in (*self.layers, self.total)]
        if any(layer.predicted_exact_step is not None for layer in self.layers):
            head += ["exact from step", "predicted"]
            rows = [
                [*row, *map(_step, (layer.exact_from_step, layer.predicted_exact_step))]
                for row, layer in zip(rows, (*self.layers, self.total), strict=True)
            ]
        if any(layer.transport is not None for layer in self.layers):
            head += ["cosine of errors", "of b and w, first", "last"]
            rows = [
                [*row, *map(_number, layer.transport.row if layer.transport else [None] * 3)]
                for row, layer in zip(rows, (*self.layers, self.total), strict=True)
            ]
        reasons = [f"{layer.name}: {layer.why}" for layer in self.layers if layer.why]
        verdict = "passed" if self.passed else "not passed"
        last = f"reference: {self.reference}; validation {verdict}"
        return "\n".join([align([head, *rows]), *reasons, last])

    def plot(self, axes: Any = None) -> Any:
        """Draw the cosine of every layer over time; returns the matplotlib Axes."""
        from neurodiff.plot import new_axes, plot_cosines

        return plot_cosines(self.over_time, axes or new_axes(), title=self.title)


def compare(name: str, g: Floats, truth: Floats, window: Bools) -> LayerReport:
    """Agreement of products g with their reference, both (times, synapses), in the `window`."""
    if not window.any():
        return LayerReport(name, why="no sample after validation.start; run longer")
    g, truth = g[window], truth[window]
    with np.errstate(over="ignore", invalid="ignore"):
        norms, true_norms = _norm(g), _norm(truth)
    if not np.isfinite([norms, true_norms]).all():
        return LayerReport(name, why=DIVERGED)
    if not true_norms.any():
        return LayerReport(name, why=NO_GRADIENT)
    total = true_norms.sum()
    sizes, at_each_time = np.abs(truth), over_time(g, truth)
    return LayerReport(
        name,
        cosine=_ratio(np.sum(g * truth), np.sum(norms * true_norms)),
        relative_error=float(_norm(g - truth).sum() / total),
        mean_cosine=_mean(at_each_time["cosine"]),
        mean_relative_error=_mean(at_each_time["relative_error"]),
        norm_ratio=float(norms.sum() / total),
        sign_agreement=float(sizes[np.sign(g) == np.sign(truth)].sum() / sizes.sum()),
        cosine_of_summed_update=_cosine(g.sum(axis=0), truth.sum(axis=0)),
    )


def over_time(g: Floats, truth: Floats) -> dict[str, Floats]:
    """Cosine, relative error and norm ratio at each time (times,); NaN where the reference is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        norms, true_norms = _norm(g), _norm(truth)
        values = {
            "cosine": np.sum(g * truth, axis=1) / (norms * true_norms),
            "relative_error": _norm(g - truth) / true_norms,
            "norm_ratio": norms / true_norms,
        }
    return {name: np.where(true_norms > 0, value, np.nan) for name, value in values.items()}


def exact_from(g: Floats, truth: Floats, steps: NDArray[np.int64]) -> int | None:
    """First of the sampled steps (times,) from which on g equals its reference, or None."""
    inexact = np.flatnonzero(_norm(g - truth) > EXACT * _norm(truth))
    first = inexact[-1] + 1 if len(inexact) else 0
    return int(steps[first]) if first < len(steps) else None


def _row(layer: LayerReport) -> list[str]:
    numbers = (
        layer.cosine,
        layer.relative_error,
        layer.norm_ratio,
        layer.sign_agreement,
        layer.cosine_of_summed_update,
    )
    return [layer.name, *map(_number, numbers)]


def _number(number: float | None) -> str:
    return "-" if number is None else f"{number:.4g}"


def _step(step: int | None) -> str:
    return "-" if step is None else str(step)


def _norm(values: Floats) -> Floats:
    return np.asarray(np.linalg.norm(values, axis=-1))


def _cosine(a: Floats, b: Floats) -> float | None:
    return _ratio(float(np.dot(a, b)), float(_norm(a) * _norm(b)))


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None
