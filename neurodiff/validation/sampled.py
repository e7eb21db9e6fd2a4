"""Figures of some of the moments of a run, as estimates of those of all, with 95 % intervals.

What is estimated is a figure of this run: its sum over all moments, of which some were recorded,
evenly spread. So the moments are resampled (bootstrap) among neighbours only: how the run changes
slowly is no error of the sampling. With frames it is presentations that are resampled, with all
moments recorded of them.

The cosine of summed updates is another matter: the sum of few noisy gradients is longer than n
times their mean, by the noise. Its square is taken from pairs of different moments, whose noise has
nothing to do with each other.
"""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import random_stream
from neurodiff.reference.outer import Products
from neurodiff.validation.case import Case
from neurodiff.validation.intervals import (
    of_ratios,
    percentiles,
    resampled_counts,
    widening,
    within_limits,
)
from neurodiff.validation.recorded import weights_of
from neurodiff.validation.report import Interval, LayerReport, report_of
from neurodiff.validation.sums import ratios, terms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Fewer moments say nothing of their own spread.
_FEWEST = 5


class Sample(NamedTuple):
    """Some of the moments of a run.

    Attributes
    ----------
    g, truth : lists of Products
        Products of each projection, and their reference.
    blocks : int array (times,)
        Which moments belong together, numbered from 0 on in the order of time.
    moments, all_blocks : int
        Number of moments, and of such blocks, in the whole window.
    sums : list of (array (n,) or None)
        Sum over the whole window of each projection's products, where it is known.
    """

    g: Sequence[Products]
    truth: Sequence[Products]
    blocks: Ints
    moments: int
    all_blocks: int
    sums: list[Floats | None]


def sample_of(case: Case, g: Sequence[Products], truth: Sequence[Products], steps: Ints) -> Sample:
    """Some of the recorded moments of a case, those at `steps`.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    g, truth : sequences of Products
        Local products of each projection at these steps, and the gradient of the reference there.
    steps : array of int (times,)
        Time steps.
    """
    shown, n = case.stimuli.presentations, case.stop - case.start
    hold = shown.hold if shown else 1
    _, blocks = np.unique(steps // hold, return_inverse=True)
    # without frames each moment stands for the steps around it
    all_blocks = max(n // hold, blocks[-1] + 1) if shown else int(blocks[-1]) + 1
    return Sample(g, truth, blocks, n, all_blocks, _known_sums(case, steps))


def _known_sums(case: Case, steps: Ints) -> list[Floats | None]:
    """Sum of each projection's products from the first sampled step on, by what the weights did.

    sum g = (w(start) - w(end))/learning_rate, where nothing else moves a weight.
    """
    rule, parts = case.plan.plasticity, [part.synapses for part in case.graph.projections]
    if (
        rule.learning_rate == 0
        or rule.weight_decay
        or not rule.start <= steps[0]
        or not case.complete
        or case.frozen
    ):
        return [None] * len(parts)
    first = int(np.searchsorted(case.steps, steps[0]))
    begun, _ = next(islice(weights_of(case), first, None))
    ended, graph = case.recording["w"].values[-1], case.graph
    free = [graph.plastic[own].all() and not graph.dale[own].any() for own in parts]
    return [
        (begun[own] - ended[own]) / rule.learning_rate if learned else None
        for own, learned in zip(parts, free, strict=True)
    ]


def too_few(n: int) -> bool:
    """Whether so many moments say nothing of their own spread.

    Parameters
    ----------
    n : int
        Number of moments.
    """
    return n < _FEWEST


def estimates(sample: Sample, names: Sequence[str], seed: int) -> list[LayerReport]:
    """Reports of the projections and, last, of all as one, with 95 % intervals.

    Parameters
    ----------
    sample : Sample
        Recorded moments with products and reference.
    names : sequence of str
        Of the projections, and of all as one.
    seed : int
        Of the resampling: the model's.

    Returns
    -------
    list of LayerReport
        Reports in the order of `names`.
    """
    of_moments = terms(sample.g, sample.truth)
    summed, n = of_moments.sum(axis=0), len(of_moments)
    blocks = _summed(of_moments.reshape(n, -1), sample.blocks).reshape(-1, *summed.shape)
    counts = resampled_counts(len(blocks), random_stream(seed, "resampled moments"))
    widen = widening(n, sample.moments)
    figures, intervals = ratios(summed), of_ratios(blocks, counts, widen, n)
    sums, name = _cosines_of_sums(sample, counts), "cosine_of_summed_update"
    figures[name] = sums[0]
    ends = [percentiles(*part, widen) for part in zip(sums[0], sums[1:].T, strict=True)]
    intervals[name] = within_limits(name, np.array(ends).T)
    return [
        report_of(name, summed, figures, k, _of_one(figures, intervals, k))
        for k, name in enumerate(names)
    ]


def _of_one(
    figures: dict[str, Floats], intervals: dict[str, Floats], k: int
) -> dict[str, Interval]:
    """The intervals of one projection, of the figures that it has."""
    return {
        name: (float(low), float(high))
        for name, (low, high) in ((name, ends[:, k]) for name, ends in intervals.items())
        if np.isfinite([figures[name][k], low, high]).all()
    }


def _summed(values: Floats, blocks: Ints) -> Floats:
    """Sums (blocks, n) of values (times, n) over the moments of each block."""
    summed = np.zeros((blocks[-1] + 1, values.shape[1]))
    np.add.at(summed, blocks, values)
    return summed


def _cosines_of_sums(sample: Sample, counts: Floats) -> Floats:
    """Cosines of the summed products with the summed reference (1 + draws, projections + 1).

    The first row is that of the sample itself.
    """
    n = sample.blocks[-1] + 1
    weights = np.concatenate([np.ones((1, n)), counts])
    grams = [_grams(sample, k) for k in range(len(sample.g))]
    known = all(total is not None for total in sample.sums)
    sizes = np.bincount(sample.blocks).astype(float)
    if known:
        grams.append(_Grams(*(sum(parts) for parts in zip(*grams, strict=True))))
    else:
        of_all = sample._replace(sums=[None] * len(sample.g))
        own = [_grams(of_all, k) for k in range(len(sample.g))]
        grams.append(_Grams(*(sum(parts) for parts in zip(*own, strict=True))))
    share = n / sample.all_blocks
    columns = [
        _cosine_of_sums(part, weights, sizes, share, known=total is not None)
        for part, total in zip(grams, [*sample.sums, np.zeros(0) if known else None], strict=True)
    ]
    return np.stack(columns, axis=1)


class _Grams(NamedTuple):
    """Inner products of the blocks' sums, (blocks, blocks): of g*, of g with g*, and of g.

    Where the sum of all g is known, `mixed` is that with each block's g* (blocks, 1), and `own` its
    square (1, 1).
    """

    truth: Floats
    mixed: Floats
    own: Floats


def _grams(sample: Sample, k: int) -> _Grams:
    g, truth, total = sample.g[k], sample.truth[k], sample.sums[k]
    of_truth = _of_blocks(truth.pairs(truth), sample.blocks)
    if total is not None:
        mixed = _summed(truth.along(total)[:, None], sample.blocks)
        return _Grams(of_truth, mixed, np.array([[total @ total]]))
    mixed, own = (_of_blocks(g.pairs(other), sample.blocks) for other in (truth, g))
    return _Grams(of_truth, mixed, own)


def _of_blocks(pairs: Floats, blocks: Ints) -> Floats:
    """Inner products (blocks, blocks) of the blocks' sums, from those of all pairs of moments."""
    return _summed(_summed(pairs, blocks).T, blocks).T


def _cosine_of_sums(
    grams: _Grams, weights: Floats, sizes: Floats, share: float, *, known: bool
) -> Floats:
    """Cosine (draws,) for blocks that are drawn with `weights` (draws, blocks)."""
    truth = _square(grams.truth, weights, sizes, share)
    if known:
        mixed = (weights @ grams.mixed)[:, 0] / (weights @ sizes)
        own = np.full(len(weights), grams.own[0, 0])
    else:
        mixed = _square(grams.mixed, weights, sizes, share)
        own = _square(grams.own, weights, sizes, share)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = mixed / np.sqrt(np.maximum(truth, 0.0) * np.maximum(own, 0.0))
    # where noise leaves nothing of a square, the cosine may be anything up to 1
    return np.asarray(np.clip(cosine, -1.0, 1.0))


def _square(gram: Floats, weights: Floats, sizes: Floats, share: float) -> Floats:
    """Inner product (draws,) of the means of all blocks of the run, from pairs of those drawn.

    A share 1/n of the pairs of n blocks is of a block with itself; there `gram` is as it is.
    """
    n = len(sizes) / share
    alone, alone_size = weights @ np.diag(gram), weights @ sizes**2
    squared = weights**2
    pairs = np.einsum("db,bc,dc->d", weights, gram, weights, optimize=True)
    pairs -= squared @ np.diag(gram)
    pairs_size = (weights @ sizes) ** 2 - squared @ sizes**2
    if len(sizes) == 1:
        return np.asarray(alone / alone_size)
    return np.asarray((1 - 1 / n) * pairs / pairs_size + alone / alone_size / n)
