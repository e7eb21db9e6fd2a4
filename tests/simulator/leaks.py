"""Networks of leaky neurons."""

import numpy as np

FROZEN = {"rule": "diffusion", "learning_rate": "0 Hz"}


def leaky(time_constant: str, integration: str = "exact") -> dict[str, str]:
    return {"kind": "leaky", "time_constant": time_constant, "integration": integration}


def keep(steps: float) -> float:
    """What is left of a state after an exact step, with a time constant of so many steps."""
    return float(np.exp(-1 / steps))
