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
        "passed"; "failed"; "undecided", where no bound is missed for certain, but one lies inside
        the interval of an estimate; or "no bound", where none was set and nothing else is wrong.
    asked : str
    """

    word: str
    asked: str


class _Answer(NamedTuple):
    """What came out of one thing that was asked: a word of a verdict."""

    word: str
    text: str


#: Words of a verdict, the worst first: it decides.
_WORDS = ("failed", "undecided", "passed", "no bound")

#: Said before the answers that did not decide.
_OTHERS = {"undecided": "undecided: ", "passed": "met: ", "no bound": "no bound was set: "}


def judge(layers: Sequence[LayerReport], model: Model, deviation: float = 0.0) -> Verdict:
    """Hold the figures of the layers against the bounds of the model.

    Parameters
    ----------
    layers : sequence of LayerReport
        Reports of the projections.
    model : Model
        Model, checked.
    deviation : float
        Relative difference up to which the compared products are those of the run: bounds must be
        met in spite of it.

    Returns
    -------
    Verdict
        The word of the verdict, and why.
    """
    answers = sorted(_answers(layers, model.validation, deviation), key=_badness)
    worst = answers[0].word
    texts = [
        answer.text if answer.word == worst else _OTHERS[answer.word] + answer.text
        for answer in answers
    ]
    return Verdict(worst, "; ".join(texts))


def _badness(answer: _Answer) -> int:
    return _WORDS.index(answer.word)


def _answers(
    layers: Sequence[LayerReport], bounds: Validation, deviation: float
) -> Iterator[_Answer]:
    """What came out of each bound, and of the layers without numbers."""
    measured = [layer for layer in layers if layer.still is None and layer.why is None]
    if measured:
        yield from _bounds(measured, bounds, deviation)
    missing = [layer for layer in layers if layer.still is None and layer.why is not None]
    if missing:
        yield _Answer("failed", f"there is nothing to compare in {_names(missing)}")
    silent = [layer for layer in layers if layer.still is not None]
    moving = [layer for layer in silent if not layer.still]
    if moving:
        sizes = ", ".join(f"{layer.update_norm:.4g} in {layer.name}" for layer in moving)
        yield _Answer(
            "failed", f"the gradient is 0 and the update is not: its mean norm is {sizes}"
        )
    elif silent:
        yield _Answer("passed", f"the update is 0 where the gradient is 0 (in {_names(silent)})")


def _bounds(
    layers: Sequence[LayerReport], bounds: Validation, deviation: float
) -> Iterator[_Answer]:
    """What came out of each bound of layers that have numbers."""
    asks_cosine, largest = bounds.minimum_cosine > -1, bounds.maximum_relative_error
    if asks_cosine:
        yield _cosines(layers, bounds.minimum_cosine, deviation)
    if largest is not None:
        yield _errors(layers, largest, deviation)
    if not asks_cosine and largest is None:
        known = [layer for layer in layers if layer.cosine is not None]
        least = min(known, key=_lowest_cosine, default=None)
        text = "validation.minimum_cosine is -1, which any cosine meets"
        yield _Answer("no bound", text if least is None else text + _least(least))


def _cosines(layers: Sequence[LayerReport], bound: float, deviation: float) -> _Answer:
    by_default = Validation.model_fields["minimum_cosine"].default
    whose = "validation.minimum_cosine asks" + " by default" * (bound == by_default)
    asked = f"every layer's cosine >= {bound:.12g}, as {whose}"
    without = [layer for layer in layers if layer.cosine is None]
    if without:
        return _Answer("failed", f"not {asked} (there is no update in {_names(without)})")
    worst = min(layers, key=_lowest_cosine)
    low = _lowest_cosine(worst)
    # turned by d, a cosine c becomes no less than about c - d sqrt(1 - c^2) - d^2/2
    low -= deviation * max(0.0, 1 - low**2) ** 0.5 + deviation**2 / 2
    highest = min(_interval(layer, "cosine")[1] for layer in layers)
    word = "passed" if low >= bound else "failed" if highest < bound else "undecided"
    return _Answer(word, _NOT[word].format(asked) + _least(worst))


def _errors(layers: Sequence[LayerReport], bound: float, deviation: float) -> _Answer:
    whose = "validation.maximum_relative_error asks"
    asked = f"every layer's relative error <= {bound:.12g}, as {whose}"
    worst = max(layers, key=lambda layer: _interval(layer, "relative_error")[1])
    high = _interval(worst, "relative_error")[1] + deviation * (worst.norm_ratio or 0.0)
    largest = max(_interval(layer, "relative_error")[0] for layer in layers)
    word = "passed" if high <= bound else "failed" if largest > bound else "undecided"
    most = f" (most {worst.text('relative_error')}, in {worst.name})"
    return _Answer(word, _NOT[word].format(asked) + most)


#: How what was asked is said, by what came out.
_NOT = {
    "passed": "{}",
    "failed": "not {}",
    "undecided": "the figures are not exact enough to say whether {}",
}


def _least(layer: LayerReport) -> str:
    return f" (least {layer.text('cosine')}, in {layer.name})"


def _lowest_cosine(layer: LayerReport) -> float:
    return _interval(layer, "cosine")[0]


def _interval(layer: LayerReport, figure: str) -> tuple[float, float]:
    """The interval of an estimate; of an exact figure the figure itself, twice."""
    value = getattr(layer, figure)
    return layer.intervals.get(figure, (value, value))


def _names(layers: Sequence[LayerReport]) -> str:
    return ", ".join(layer.name for layer in layers)
