"""Running sums over moments, from which every figure of the comparison follows.

At each moment the local products g of a projection are set against their reference g*. All figures
but one are ratios of sums over moments, so that nothing but the sums has to be kept.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurodiff.reference.outer import Products

Floats = NDArray[np.float64]

#: Numbers that `Gathered` passes on at once.
_AT_ONCE = 500_000

#: What is summed over moments: 1, <g, g*>, |g| |g*|, |g|, |g*|, |g - g*|, the size of g* where
#: signs agree, and everywhere; whether there is a gradient, and its relative error; whether there
#: is a cosine, and that.
TERMS = (
    "moments",
    "inner",
    "norms",
    "norm",
    "true_norm",
    "distance",
    "agreeing",
    "size",
    "has_gradient",
    "relative_error",
    "has_cosine",
    "cosine",
)

#: Figures that are ratios of two sums.
RATIOS = {
    "cosine": ("inner", "norms"),
    "relative_error": ("distance", "true_norm"),
    "mean_cosine": ("cosine", "has_cosine"),
    "mean_relative_error": ("relative_error", "has_gradient"),
    "norm_ratio": ("norm", "true_norm"),
    "sign_agreement": ("agreeing", "size"),
}


def terms(g: Sequence[Products], truth: Sequence[Products]) -> Floats:
    """The `TERMS` of each moment (times, terms, projections + 1); the last is of all as one.

    Parameters
    ----------
    g, truth : sequences of Products
        One for each projection, of the same moments.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # the run may have diverged
        pairs = list(zip(g, truth, strict=True))
        parts = [
            (a.inner(b), a.square(), b.square(), a.square_of_difference(b), *a.signs_agree(b))
            for a, b in pairs
        ]
        by_projection = np.array(parts).transpose(2, 1, 0)
        all_as_one = by_projection.sum(axis=2, keepdims=True)
        return _terms(np.concatenate([by_projection, all_as_one], axis=2))


def _terms(parts: Floats) -> Floats:
    """Terms out of inner products, three squares, and two sizes: (times, 6, n)."""
    inner, square, true_square, difference, agreeing, size = parts.transpose(1, 0, 2)
    norm, true_norm, distance = (np.sqrt(part) for part in (square, true_square, difference))
    there = true_norm > 0
    moves = there & (norm > 0)
    relative = np.divide(distance, true_norm, out=np.zeros_like(norm), where=there)
    cosine = np.divide(inner, norm * true_norm, out=np.zeros_like(norm), where=moves)
    return np.stack(
        [
            np.ones_like(norm),
            inner,
            norm * true_norm,
            norm,
            true_norm,
            distance,
            agreeing,
            size,
            there.astype(float),
            relative,
            moves.astype(float),
            cosine,
        ],
        axis=1,
    )


def of_each_moment(of_moments: Floats) -> dict[str, Floats]:
    """Cosine, relative error and norm ratio at each moment; NaN where the reference is 0.

    Parameters
    ----------
    of_moments : array (times, terms, n)
        `TERMS` of each moment.

    Returns
    -------
    dict of arrays (times, n)
    """
    column = {name: of_moments[:, k] for k, name in enumerate(TERMS)}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values = {
            "cosine": column["inner"] / column["norms"],
            "relative_error": column["relative_error"],
            "norm_ratio": column["norm"] / column["true_norm"],
        }
    there = column["true_norm"] > 0
    return {name: np.where(there, value, np.nan) for name, value in values.items()}


def ratios(sums: Floats) -> dict[str, Floats]:
    """The figures (..., n) of sums (..., terms, n); NaN where there is nothing to divide by.

    Parameters
    ----------
    sums : array (..., terms, n)
        Sums of `TERMS` over the moments.

    Returns
    -------
    dict of arrays (..., n)
        Figures by their name.
    """
    column = {name: sums[..., k, :] for k, name in enumerate(TERMS)}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return {
            name: np.where(column[below] > 0, column[above] / column[below], np.nan)
            for name, (above, below) in RATIOS.items()
        }


class Sums:
    """Sums of `terms` over moments, and of g and g* themselves.

    Attributes
    ----------
    terms : array (terms, projections + 1)
    g, truth : lists of arrays
        Sum over moments of each projection's products (n,), and of their reference.
    """

    def __init__(self) -> None:
        self.terms: Floats = np.zeros((len(TERMS), 0))
        self.g: list[Floats] = []
        self.truth: list[Floats] = []

    def add(self, g: Sequence[Products], truth: Sequence[Products]) -> None:
        """Take in some moments.

        Parameters
        ----------
        g : sequence of Products
            Local products of each projection.
        truth : sequence of Products
            Gradient of the reference for each projection.
        """
        new, first = terms(g, truth).sum(axis=0), not self.g
        self.terms = new if first else self.terms + new
        with np.errstate(over="ignore", invalid="ignore"):
            for kept, parts in ((self.g, g), (self.truth, truth)):
                of_each = [part.sum() for part in parts]
                kept[:] = of_each if first else [a + b for a, b in zip(kept, of_each, strict=True)]

    @property
    def cosines_of_sums(self) -> list[float]:
        """Cosine of the two sums, of each projection and of all as one; NaN where one is 0."""
        with np.errstate(over="ignore", invalid="ignore"):
            of_each = np.array(
                [(a @ b, a @ a, b @ b) for a, b in zip(self.g, self.truth, strict=True)]
            )
            inner, square, true_square = np.vstack([of_each, of_each.sum(axis=0)]).T
            norms = np.sqrt(square) * np.sqrt(true_square)
            missing = np.full_like(norms, np.nan)
            return list(np.divide(inner, norms, out=missing, where=norms > 0))


class Gathered:
    """Passes moments on to sums, many at a time: each call costs as much as hundreds of them.

    Parameters
    ----------
    sums : Sums
        What takes them.
    """

    def __init__(self, sums: Sums):
        self._sums = sums
        self._waiting: list[tuple[Sequence[Products], Sequence[Products]]] = []
        self._numbers = 0

    def add(self, g: Sequence[Products], truth: Sequence[Products]) -> None:
        """Take in some moments.

        Parameters
        ----------
        g, truth : sequences of Products
            Local products of each projection, and the gradient of the reference.
        """
        self._waiting.append((g, truth))
        self._numbers += sum(part.n_numbers for part in (*g, *truth))
        if self._numbers >= _AT_ONCE:
            self.pass_on()

    def pass_on(self) -> None:
        """Let the sums take what waits."""
        if not self._waiting:
            return
        kinds = [[*zip(*parts, strict=True)] for parts in zip(*self._waiting, strict=True)]
        g, truth = ([first.followed_by(more) for first, *more in kind] for kind in kinds)
        self._sums.add(g, truth)
        self._waiting, self._numbers = [], 0
