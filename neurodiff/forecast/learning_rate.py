"""Whether a learning rate is below the ceiling of its network."""

from typing import Literal

from neurodiff.forecast.ceiling import Ceiling
from neurodiff.plan import Plan

Verdict = Literal["holds", "does not hold", "depends"]


def against_ceiling(plan: Plan, rate: float, whole: Ceiling) -> tuple[Verdict, str]:
    """Whether a learning rate is below the ceiling of all that learns, and why.

    Above it "depends" where an input does not last for as long as a swing of the weights.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    rate : float
        In Hz.
    whole : Ceiling
        Of all weights that learn together.

    Returns
    -------
    verdict : Verdict
        Whether the rate is below the ceiling.
    why : str
        Why, in words.
    """
    lasts = plan.stimuli.pace.lasts
    if rate < whole.rate:
        why = f"the learning rate, {rate:.4g} Hz, is below {whole.rate:.4g} Hz, where all learn"
        return "holds", why
    if whole.swing <= lasts:
        return "does not hold", f"{rate:.4g} Hz is too high: all learn below {whole.rate:.4g} Hz"
    return "depends", (
        f"{rate:.4g} Hz would be too high if inputs lasted: all learn below {whole.rate:.4g} Hz; "
        f"but a swing takes {whole.swing:.4g} steps, and an input {lasts:.4g}"
    )
