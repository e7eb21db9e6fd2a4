"""95 % intervals of figures that are ratios of two sums, from resampled moments.

What makes a figure large is often rare: the moments after a switch of frames, a frame that is not
learned yet. A few hundred samples then hold few of them, or none, and the spread of resampled
figures says too little. So each interval is the widest of three:

- percentiles of the resampled figures, as far to one side as to the other;
- bootstrap-t: of the resampled figures, each relative to its own standard error, on a scale on
  which they are nearly symmetric (Efron and Tibshirani 1993, chapter 12);
- three times what the most influential of the samples makes: of n samples all may miss what is so
  in 3/n of all moments (with a probability of 5 %).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.validation.sums import RATIOS, TERMS, ratios

Floats = NDArray[np.float64]
Interval = tuple[float, float]

#: Moments, or presentations, that are resampled among each other.
_STRATUM = 4

#: How often they are resampled, and the ends of the interval.
_RESAMPLED, _ENDS = 1000, (2.5, 97.5)

#: How often one kind of moment may by chance be missing.
_RARE = 3.0


class _Scale(NamedTuple):
    """A scale on which a figure is nearly symmetric, its inverse and its derivative."""

    there: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]


#: Sizes by their logarithm, shares and cosines by that of what they lack of 1.
_SIZES = _Scale(np.log, np.exp, lambda figure: 1 / figure)
_SHARES = _Scale(lambda c: -np.log(1 - c), lambda z: 1 - np.exp(-z), lambda c: 1 / (1 - c))


def resampled_counts(n: int, rng: np.random.Generator) -> Floats:
    """How often each of n blocks is drawn (draws, n), as many of each stratum as it has.

    Parameters
    ----------
    n : int
        Number of blocks.
    rng : numpy.random.Generator
        Source of the random numbers.
    """
    parts = np.array_split(np.arange(n), max(1, n // _STRATUM))
    counts = [rng.multinomial(len(part), [1 / len(part)] * len(part), _RESAMPLED) for part in parts]
    return np.concatenate(counts, axis=1).astype(float)


def widening(known: int, of: int) -> float:
    """What makes up for the few of a stratum, and for the share of the moments that is known.

    Parameters
    ----------
    known : int
        Number of moments that are compared.
    of : int
        Number of moments in the whole window.
    """
    few = np.sqrt(_STRATUM / (_STRATUM - 1))
    return float(few * np.sqrt(max(0.0, 1 - known / of)))


def of_ratios(blocks: Floats, counts: Floats, widen: float, n: int) -> dict[str, Floats]:
    """Intervals (2, projections + 1) of all figures that are ratios of two sums.

    Parameters
    ----------
    blocks : array (blocks, terms, projections + 1)
        Sums of `TERMS` over the moments of each block.
    counts : array (draws, blocks)
        How often each block is drawn.
    widen : float
        See `widening`.
    n : int
        Number of moments.

    Returns
    -------
    dict of arrays (2, projections + 1)
        Ends of the interval of each figure.
    """
    summed = blocks.sum(axis=0)
    drawn = (counts @ blocks.reshape(len(blocks), -1)).reshape(-1, *summed.shape)
    figures, resampled, without = ratios(summed), ratios(drawn), ratios(summed - blocks)
    intervals = {}
    for name, value in figures.items():
        reach = _reach(value, resampled[name])
        reach = np.fmax(reach, _RARE * np.fmax.reduce(np.abs(value - without[name]), axis=0))
        if name == "sign_agreement":
            reach = np.fmax(reach, _RARE / n)
        ends = np.stack([value - widen * reach, value + widen * reach])
        by_errors = _relative_to_errors(name, blocks, counts, widen)
        ends = np.stack([np.fmin(ends[0], by_errors[0]), np.fmax(ends[1], by_errors[1])])
        intervals[name] = within_limits(name, ends)
    return intervals


def _reach(value: Floats, resampled: Floats) -> Floats:
    """The farther end of the percentiles (n,) of resampled figures (draws, n)."""
    low, high = _percentiles(resampled)
    return np.fmax(value - low, high - value)


def percentiles(value: float, resampled: Floats, widen: float) -> Interval:
    """Interval of one figure by the percentiles of the resampled ones (draws,).

    Parameters
    ----------
    value : float
        Estimate.
    resampled : array (draws,)
        The figure of each resampling.
    widen : float
        Factor by which the interval is widened.
    """
    reach = widen * float(_reach(np.array([value]), resampled[:, None])[0])
    return value - reach, value + reach


def _percentiles(values: Floats) -> Floats:
    """The two ends (2, n) of values (draws, n); NaN where there are none."""
    there = np.isfinite(values).any(axis=0)
    ends = np.full((2, values.shape[1]), np.nan)
    known = np.where(np.isfinite(values), values, np.nan)
    ends[:, there] = np.nanpercentile(known[:, there], _ENDS, axis=0)
    return ends


def _relative_to_errors(name: str, blocks: Floats, counts: Floats, widen: float) -> Floats:
    """Bootstrap-t: ends (2, n) of one figure."""
    above, below = (blocks[:, TERMS.index(term)] for term in RATIOS[name])
    scale = _SHARES if "cosine" in name or name == "sign_agreement" else _SIZES
    with np.errstate(all="ignore"):
        value, error = _with_errors(above, below, np.ones((1, len(blocks))), scale)
        others, errors = _with_errors(above, below, counts, scale)
        low, high = _percentiles((others - value) / errors)
        ends = np.stack([value[0] - widen * high * error[0], value[0] - widen * low * error[0]])
        return scale.back(ends)


def _with_errors(
    above: Floats, below: Floats, weights: Floats, scale: _Scale
) -> tuple[Floats, Floats]:
    """Weighted ratios of two sums, and their standard errors, on a scale (draws, n)."""
    total = weights @ below
    ratio = weights @ above / total
    # var(sum a / sum b) = sum (a - R b)^2 / (sum b)^2
    squares = weights @ above**2 - 2 * ratio * (weights @ (above * below))
    squares += ratio**2 * (weights @ below**2)
    error = np.sqrt(np.maximum(squares, 0.0)) / total
    return scale.there(ratio), np.asarray(error * scale.slope(ratio))


def within_limits(name: str, ends: Floats) -> Floats:
    """No cosine is beyond 1, and no share; no size below 0.

    Parameters
    ----------
    name : str
        Name of the figure.
    ends : array
        Ends of the interval.
    """
    least = -1.0 if "cosine" in name else 0.0
    most = 1.0 if "cosine" in name or name == "sign_agreement" else np.inf
    return np.asarray(np.clip(ends, least, most))
