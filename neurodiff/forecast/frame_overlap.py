"""How much of a frame's time activity and error of that frame meet (theory 2.3 and 18)."""

import numpy as np

from neurodiff.forecast.band import longest_lag, settles, strengths_of
from neurodiff.network.graph import Floats
from neurodiff.plan import Plan

#: Frequencies at most, and shares that are rounding.
_MOST, _ROUNDING = 2048, 1e-9


def hold_shares(plan: Plan, hold: int) -> Floats:
    """Strength of learning from frames of `hold` steps, relative to waves without any mismatch.

    Frames are taken to be independent, so that activity and error d steps apart are of one frame
    for max(0, 1 - |d|/hold) of the time: where all loops have M steps the share is that of M. Where
    they have several lengths, the weights of the start decide; errors are taken to come back by the
    forward weights, with the delays of the model's feedback. The lags come from the linearised
    network, by a Fourier transform of its strengths over the frequencies.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    hold : int
        Steps of each frame.

    Returns
    -------
    array (n_projections,)
        NaN where nothing learns, or there is no number.
    """
    if not settles(plan):
        return np.full(len(plan.graph.projections), np.nan)
    n = int(min(_MOST, 1 << int(np.ceil(np.log2(4 * longest_lag(plan) + 8)))))
    strengths = strengths_of(plan, symmetric=True)
    spectra = np.array([strengths(2 * np.pi * k / n) for k in range(n // 2 + 1)])
    # by the lag in steps, of either sign: both are even functions of the frequency
    by_lag = np.fft.irfft(spectra, n=n, axis=0)
    lags = np.minimum(np.arange(n), n - np.arange(n))
    met, most = np.einsum("k,ksp->sp", np.maximum(0.0, 1 - lags / hold), by_lag)
    known = most > 1e-12 * most.max(initial=0.0)
    share = np.divide(met, most, out=np.full_like(most, np.nan), where=known)
    return np.where(np.abs(share) < _ROUNDING, 0.0, share)
