"""Whether a learning rate is below the ceiling of its network."""

from typing import Literal

import numpy as np

from neurodiff.forecast.ceiling import Ceiling
from neurodiff.model_file.signals import ArrayInput, NoiseInput, SinusoidInput
from neurodiff.plan.recording_schedule import Planned

Verdict = Literal["holds", "does not hold", "depends"]


def against_ceiling(case: Planned, rate: float, whole: Ceiling) -> tuple[Verdict, str]:
    """Whether a learning rate is below the ceiling of all that learns, and why.

    Above it "depends" where an input does not last for as long as a swing of the weights.

    Parameters
    ----------
    case : Planned
    rate : float
        In Hz.
    whole : Ceiling
        Of all weights that learn together.
    """
    lasts = _steps_of_one_input(case)
    if rate < whole.rate:
        why = f"the learning rate, {rate:.4g} Hz, is below {whole.rate:.4g} Hz, where all learn"
        return "holds", why
    if whole.swing <= lasts:
        return "does not hold", f"{rate:.4g} Hz is too high: all learn below {whole.rate:.4g} Hz"
    return "depends", (
        f"{rate:.4g} Hz would be too high if inputs lasted: all learn below {whole.rate:.4g} Hz; "
        f"but a swing takes {whole.swing:.4g} steps, and an input {lasts:.4g}"
    )


def _steps_of_one_input(case: Planned) -> float:
    """For how long the input stays about as it is: of a tone, a quarter of its period."""
    model, shown = case.model, case.stimuli.presentations
    if shown is not None:
        return float(shown.hold)
    if isinstance(model.input, SinusoidInput):
        fastest = float(np.max(model.input.frequency))
        return 1 / (4 * fastest * model.time_step) if fastest else np.inf
    if isinstance(model.input, NoiseInput):
        return model.input.time_constant / model.time_step
    if isinstance(model.input, ArrayInput):
        return model.input.interval / model.time_step
    return np.inf
