"""Whether a run meets the bounds of its model's `validation`, and in words what was asked."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from neurodiff.model_file import Model
from neurodiff.model_file.model import Validation
from neurodiff.validation.report import LayerReport


class Verdict(NamedTuple):
    """The outcome, and what was asked, of what, and what came out.

    Attributes
    ----------
    word : str
        "passed", "not passed" or "undecided": where no bound is missed for certain, but one lies
        inside the interval of an estimate.
    asked : str
    """

    word: str
    asked: str


class _Answer(NamedTuple):
    """What came out of one thing that was asked: "met", "not met" or "undecided"."""

    word: str
    text: str


_WORDS = {"met": "passed", "not met": "not passed", "undecided": "undecided"}


def judge(layers: Sequence[LayerReport], model: Model, deviation: float = 0.0) -> Verdict:
    """Hold the figures of the layers against the bounds of the model.

    Parameters
    ----------
    layers : sequence of LayerReport
    model : Model
    deviation : float
        Relative difference up to which the compared products are those of the run: bounds must be
        met in spite of it.
    """
    answers = list(_answers(layers, model.validation, deviation))
    words = [answer.word for answer in answers]
    worst = next(word for word in ("not met", "undecided", "met") if word in words)
    return Verdict(_WORDS[worst], "; ".join(answer.text for answer in answers))


def _answers(
    layers: Sequence[LayerReport], bounds: Validation, deviation: float
) -> Iterator[_Answer]:
    """What came out of each bound, and of the layers without numbers."""
    measured = [layer for layer in layers if layer.still is None and layer.why is None]
    if measured:
        yield _cosines(measured, bounds.minimum_cosine, deviation)
    if measured and bounds.maximum_relative_error is not None:
        yield _errors(measured, bounds.maximum_relative_error, deviation)
    missing = [layer for layer in layers if layer.still is None and layer.why is not None]
    if missing:
        yield _Answer("not met", f"{_names(missing)}: nothing to compare")
    silent = [layer for layer in layers if layer.still is not None]
    moving = [layer for layer in silent if not layer.still]
    if moving:
        sizes = ", ".join(f"{layer.update_norm:.4g} in {layer.name}" for layer in moving)
        yield _Answer("not met", f"update of 0 where the gradient is 0: not met, {sizes}")
    elif silent:
        yield _Answer("met", f"update of 0 where the gradient is 0: met in {_names(silent)}")


def _cosines(layers: Sequence[LayerReport], bound: float, deviation: float) -> _Answer:
    by_default = Validation.model_fields["minimum_cosine"].default
    whose = "the bound by default" if bound == by_default else "as the model asks"
    asked = f"cosine of each layer >= {bound:.12g}, {whose}"
    without = [layer for layer in layers if layer.cosine is None]
    if without:
        return _Answer("not met", f"{asked}: not met, no update in {_names(without)}")
    worst = min(layers, key=lambda layer: _interval(layer, "cosine")[0])
    low, _ = _interval(worst, "cosine")
    # turned by d, a cosine c becomes no less than about c - d sqrt(1 - c^2) - d^2/2
    low -= deviation * max(0.0, 1 - low**2) ** 0.5 + deviation**2 / 2
    highest = min(_interval(layer, "cosine")[1] for layer in layers)
    word = "met" if low >= bound else "not met" if highest < bound else "undecided"
    return _Answer(word, f"{asked}: {word}, least {worst.text('cosine')} in {worst.name}")


def _errors(layers: Sequence[LayerReport], bound: float, deviation: float) -> _Answer:
    asked = f"relative error of each layer <= {bound:.12g}, as the model asks"
    worst = max(layers, key=lambda layer: _interval(layer, "relative_error")[1])
    high = _interval(worst, "relative_error")[1] + deviation * (worst.norm_ratio or 0.0)
    largest = max(_interval(layer, "relative_error")[0] for layer in layers)
    word = "met" if high <= bound else "not met" if largest > bound else "undecided"
    return _Answer(word, f"{asked}: {word}, most {worst.text('relative_error')} in {worst.name}")


def _interval(layer: LayerReport, figure: str) -> tuple[float, float]:
    """The interval of an estimate; of an exact figure the figure itself, twice."""
    value = getattr(layer, figure)
    return layer.intervals.get(figure, (value, value))


def _names(layers: Sequence[LayerReport]) -> str:
    return ", ".join(layer.name for layer in layers)
