"""Compares every step of a run with graded transmission.

Where the run has recorded the factors of its products at every step, these are compared, with the
weights that follow from them. Otherwise its waves are computed anew from the model: the reference's
own give the local products of a graded run to rounding. Either goes some steps at a time, and only
sums are kept. What else the run did record must be the same to rounding; otherwise such waves, or
weights, say nothing of the run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.loss import loss_of
from neurodiff.plan.factors import seconds_anew
from neurodiff.reference.chunks import Chunk, Gradients, listed_chunks
from neurodiff.reference.dense import dense_chunks, is_dense
from neurodiff.reference.outer import Products
from neurodiff.reference.replay import Replay
from neurodiff.reference.stimuli import stimuli_of
from neurodiff.validation.case import Case
from neurodiff.validation.loss import LossReport, tenths
from neurodiff.validation.recorded import factors_of, recorded
from neurodiff.validation.sums import Gathered, Sums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Relative difference up to which waves, or weights, are those of the run, by their precision.
_SAME = {"float64": 1e-6, "float32": 1e-3}

#: Seconds that the pass may take by its estimate; beyond, recorded moments are compared.
_LONGEST = 60.0

#: The same where a fixed point is looked for at every step, of which neighbours are much alike.
_LONGEST_SETTLING = 5.0


@dataclass(frozen=True)
class EveryStep:
    """What one pass over all steps gives.

    Attributes
    ----------
    sums : Sums
        Over all moments of the window.
    errors : list of float
        Norm-weighted cosine of the errors of each projection's postsynaptic units with those of
        backprop; NaN where it was not asked for.
    loss : LossReport or None
        Of every step.
    deviation : float
        Relative difference between what the run recorded and the waves.
    same : bool
        Whether the waves are those of the run.
    replayed : bool
        Whether products are those that the run recorded, and weights what follows from them.
    """

    sums: Sums
    errors: list[float]
    loss: LossReport | None
    deviation: float
    same: bool
    replayed: bool


def why_not(case: Case, *, asked: bool = False) -> str | None:
    """Why not every step of a case is compared; None where they are.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    asked : bool, optional
        Whether every step was asked for, which large networks take long for.
    """
    if not case.plan.transmission.recomputable:
        return f"with {case.plan.transmission.kind} only the run itself knows the others"
    if case.model.reference == "delayed":
        return "the others are what the reference itself gives"
    if _replays(case):
        seconds = estimated_seconds(case)
        large = not (case.listed or asked)
        return f"all of them would take about {seconds:.0f} s" if large else None
    if "began_in_state_of" in case.recording.attrs:
        return "the run began in the state of another, of which the model does not tell"
    if not case.complete:
        return "the run did not come to its end"
    seconds = estimated_seconds(case)
    if _settles(case) and seconds > _LONGEST_SETTLING:
        return f"a fixed point for each of them would take about {seconds:.0f} s"
    if seconds > _LONGEST:
        return f"all of them would take about {seconds:.0f} s"
    return None


def estimated_seconds(case: Case) -> float:
    """About how long the pass takes; measured on a 2-core machine.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    """
    graph = case.graph
    if _replays(case):
        return case.stop * (3e-5 + 1e-9 * graph.n_synapses)
    if is_dense(case.plan):
        return seconds_anew(case.plan, case.stop)
    seconds = case.stop * (3e-4 + 4e-7 * graph.n_synapses)
    return seconds + _settles(case) * 8e-3 * max(case.stop - case.start, 0)


def _replays(case: Case) -> bool:
    """Whether every step can be compared with what the run itself recorded of it."""
    return case.whole and not case.graph.cyclic and case.model.reference != "delayed"


def _settles(case: Case) -> bool:
    """Whether the reference looks for a fixed point at every step."""
    return case.model.reference == "fixed_point" and case.graph.cyclic


def compare_every_step(case: Case, *, gradients: bool = True) -> EveryStep:
    """One pass over all steps; without `gradients` for the loss alone.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    gradients : bool, optional
        Whether gradients are compared; if not, only the loss is computed.

    Raises
    ------
    FixedPointError
        If the reference is a fixed point and none was found.
    """
    means, check, replays = tenths(case), _Check(case), _replays(case)
    chunks = check.replayed(case) if replays else _anew(case)
    start, stop, sums, errors = case.start, case.stop, Sums(), _Errors(case)
    gathered = Gathered(sums)
    with np.errstate(over="ignore", invalid="ignore"):  # the waves need not be those of the run
        for chunk in chunks:
            check.add(chunk)
            if means is not None:
                means.add(chunk.steps, _losses(case, chunk))
            rows = np.flatnonzero((chunk.steps >= start) & (chunk.steps < stop))
            if gradients and len(rows):
                found = _truths(case, chunk, rows)
                gathered.add([part.rows(rows) for part in chunk.products()], found.products)
                errors.add(chunk.delta[rows], found)
        gathered.pass_on()
    loss = means.report(every_step=True) if means else None
    deviation = check.deviation()
    same = deviation <= _SAME[case.model.run.precision]
    return EveryStep(sums, errors.cosines, loss, deviation, same, replays)


def _anew(case: Case) -> Iterator[Chunk]:
    # one step more than is compared: its weights are the last
    u, y = stimuli_of(case.plan, case.stop + 1)
    chunks_of = dense_chunks if is_dense(case.plan) else listed_chunks
    return iter(chunks_of(case.plan, u, y))


class _Check:
    """Holds the waves against what the run recorded: products, and weights where they move."""

    def __init__(self, case: Case):
        self._recording, self._stop = case.recording, case.stop
        self._products = recorded(case) if case.listed else []
        self._samples = {int(step): k for k, step in enumerate(case.steps)}
        self._differences, self._norms = np.zeros(2), np.zeros(2)

    def add(self, chunk: Chunk) -> None:
        """Take in the recorded moments of a chunk."""
        recording = self._recording
        for k, step in enumerate(chunk.steps.tolist()):
            if step in self._samples and self._products:
                sample, (product, w) = self._samples[step], chunk.moment(k)
                one = slice(sample, sample + 1)
                self._compare(
                    0, np.concatenate([p.rows(one).sum() for p in self._products]), product
                )
                if "product_w" in recording:
                    self._compare(1, recording["product_w"].values[sample], w)
            if step == self._stop:
                self._compare(1, recording["w"].values[-1], chunk.moment(k)[1])

    def replayed(self, case: Case) -> Iterator[Chunk]:
        """Chunks of what the run recorded; after the last, its weights are compared."""
        replay = Replay(case.plan, factors_of(case))
        yield from replay.chunks(case.stop)
        self._compare(1, self._recording["w"].values[-1], replay.w)

    def _compare(self, kind: int, recorded: Floats, computed: Floats) -> None:
        self._differences[kind] += np.linalg.norm(recorded - computed)
        self._norms[kind] += np.linalg.norm(recorded)

    def deviation(self) -> float:
        """Relative difference of the products or of the weights, whichever is larger."""
        known = self._norms > 0
        if (self._differences[~known] > 0).any() or not np.isfinite(self._differences).all():
            return float("inf")
        return float(np.max(self._differences[known] / self._norms[known], initial=0.0))


def _losses(case: Case, chunk: Chunk) -> Floats:
    outputs = chunk.x[:, case.graph.outputs]
    return loss_of(case.model.loss, outputs, case.stimuli.target_at(chunk.steps))


@dataclass(frozen=True, eq=False)
class _Truths:
    """The reference at some steps: products of each projection, and errors of its units."""

    products: list[Products]
    errors: list[Floats]


def _truths(case: Case, chunk: Chunk, rows: Ints) -> _Truths:
    """What the products at some steps of a chunk are held against."""
    parts, reference = case.graph.projections, case.model.reference
    if reference == "fixed_point":
        now = chunk.steps[rows]
        inputs, targets = case.stimuli.input.at(now), case.stimuli.target.at(now)
        of_each = [chunk.fixed_points(rows, inputs, targets)] * len(parts)
    else:
        ages = [case.plan.latencies.error_age(part.post) for part in parts]
        ages = [0] * len(parts) if reference == "instantaneous" else ages
        of_each = _backprops(case, chunk, rows, ages)
    products = [
        chunk.outer(part, found.x, found.delta) for part, found in zip(parts, of_each, strict=True)
    ]
    return _Truths(products, [found.delta for found in of_each])


def _backprops(case: Case, chunk: Chunk, rows: Ints, ages: Sequence[int]) -> list[Gradients]:
    """For each projection the gradient for the input of `age` steps ago, at some steps of a chunk.

    Stimuli that are held are the same at several ages; each is computed once.
    """
    distinct = sorted(set(ages))
    frames = [np.maximum(chunk.steps[rows] - age, 0) for age in distinct]
    u = np.stack([case.stimuli.input.at(steps) for steps in frames])
    y = np.stack([case.stimuli.target.at(steps) for steps in frames])
    new = np.ones(u.shape[:2], dtype=bool)
    new[1:] = (u[1:] != u[:-1]).any(axis=2) | (y[1:] != y[:-1]).any(axis=2)
    # the place of each (age, row) among those that are computed
    number = np.where(new, np.cumsum(new).reshape(new.shape) - 1, -1)
    number = np.maximum.accumulate(number, axis=0)
    at = np.broadcast_to(rows, new.shape)[new]
    found = chunk.backprop(at, u[new], y[new])
    places = [number[distinct.index(age)] for age in ages]
    return [Gradients(found.x[place], found.delta[place]) for place in places]


class _Errors:
    """Running cosine of the errors that come back with those of backprop; see `Transport`.

    Only where feedback is not symmetric, and the reference is about the input of the error.
    """

    def __init__(self, case: Case):
        asked = not case.plan.feedback.symmetric and case.model.reference == "error_frame"
        self._parts = case.graph.projections if asked else ()
        self._sums = np.zeros((2, len(case.graph.projections)))

    def add(self, delta: Floats, truth: _Truths) -> None:
        """Take in the errors (rows, n_units) of some steps."""
        for k, part in enumerate(self._parts):
            own, true = delta[:, part.post.units], truth.errors[k][:, part.post.units]
            norms = np.linalg.norm(own, axis=1) * np.linalg.norm(true, axis=1)
            self._sums[:, k] += np.sum(own * true), norms.sum()

    @property
    def cosines(self) -> list[float]:
        """Of each projection; NaN where one is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return [float(value) for value in self._sums[0] / self._sums[1]]
