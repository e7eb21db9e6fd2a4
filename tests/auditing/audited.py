"""Small models that are audited."""

from pathlib import Path
from typing import Any

import neurodiff
from tests.networks import chain

MODELS = Path(__file__).parents[2] / "models"

LEARNS = {"plasticity": {"rule": "diffusion", "learning_rate": "1 Hz"}}


def small(layers=(2, 3, 3, 1), **keys: Any) -> neurodiff.Model:
    return chain(layers, **(LEARNS | keys))


def verdicts(found: neurodiff.Audit) -> dict[str, str]:
    return {finding.name: finding.verdict for finding in found.findings}
