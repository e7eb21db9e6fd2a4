"""What shares of few cases say: their interval, and a paired test of two of them."""

from math import comb, sqrt

#: Quantile of the normal distribution for an interval of 95 %.
_NORMAL = 1.959963984540054


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a probability that came true in `right` of n cases (Wilson, 1927).

    Parameters
    ----------
    right : int
        Number of cases in which it came true.
    n : int
        Number of cases.

    Returns
    -------
    low, high : float
        Ends of the interval.

    References
    ----------
    Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    share, z = right / n, _NORMAL
    # (p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n)
    middle = share + z**2 / (2 * n)
    reach = z * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    whole = 1 + z**2 / n
    return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)


def mcnemar(only_first: int, only_second: int) -> float:
    """Probability, two-sided, of so unequal numbers if both are as likely (McNemar, exact).

    Parameters
    ----------
    only_first, only_second : int
        Cases in which only one of two was right; the others say nothing of a difference.
    """
    n, fewer = only_first + only_second, min(only_first, only_second)
    tail = sum(comb(n, k) for k in range(fewer + 1))
    # whole numbers, which a power of two divides exactly
    return min(1.0, 2 * tail / 2**n)
