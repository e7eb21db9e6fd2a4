"""The cheapest thresholds that are near enough to graded transmission, by pilots.

For small thresholds q and r of activities and errors, products are wrong by independent amounts
proportional to each, so that in every projection 1 - cosine = A q^2 + B r^2, and there are about
f/q + g/r synaptic operations in a step (theory 9.2, G3 and G5). The pair with the fewest operations
follows from these four numbers; a pilot with that pair corrects them, and so on.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neurodiff.network.graph import Floats
from neurodiff.plan.thresholds.pilot import Outcome, Pilot, Setting

#: Thresholds of the first pilots; part of 1 - cosine that is aimed at, and that is enough.
_FIRST, _AIM, _ENOUGH = (0.01, 0.02), 0.8, 0.6

#: Pilots at most, and the ratios of both thresholds that are tried.
_PILOTS, _RATIOS = 8, np.geomspace(0.02, 50, 120)

#: Significant digits of thresholds.
_DIGITS = 3


@dataclass(frozen=True)
class Chosen:
    """Thresholds for an asked cosine.

    Attributes
    ----------
    asked : float
        The cosine that was asked for.
    forward, error : float
        Threshold of activities, and of errors relative to the size of those of a population.
    cosine : float
        What a pilot with them gave: between the local products by events and those of graded
        transmission, in the projection where it is smallest.
    share : float
        Synaptic operations relative to those of graded transmission.
    steps : int
        Steps of the run for which the pilot stands.
    """

    asked: float
    forward: float
    error: float
    cosine: float
    share: float
    steps: int

    def __str__(self) -> str:
        return (
            f"thresholds chosen for a cosine of {self.asked:g} with graded transmission: "
            f"{self.forward:g} for activities,\n{self.error:g} of their population's r.m.s. for "
            f"errors; a pilot of {self.steps} steps gave {self.cosine:.{self._digits}f},\n"
            f"with about {self.share:.2%} of the synaptic operations"
        )

    @property
    def _digits(self) -> int:
        """So many that 1 - cosine has two of them."""
        return int(np.ceil(-np.log10(1 - self.asked))) + 1


class _Laws(NamedTuple):
    """1 - cosine = A q^2 + B r^2 by projection, and f/q + g/r operations in a step."""

    of_forward: Floats
    of_error: Floats
    forward: float
    error: float

    def best(self, wrong: float) -> tuple[float, float]:
        """Thresholds with the fewest operations of those that are wrong by so much."""
        at_one = np.max(self.of_forward + np.outer(_RATIOS**2, self.of_error), axis=1)
        forward = np.sqrt(wrong / at_one)
        work = (self.forward + self.error / _RATIOS) / forward
        least = int(np.argmin(work))
        return float(forward[least]), float(_RATIOS[least] * forward[least])

    def corrected(self, forward: float, error: float, outcome: Outcome) -> "_Laws":
        """With what a pilot gave for a pair of thresholds."""
        expected = self.of_forward * forward**2 + self.of_error * error**2
        by = np.divide(outcome.wrong, expected, out=np.ones_like(expected), where=expected > 0)
        return _Laws(
            self.of_forward * by,
            self.of_error * by,
            outcome.forward * forward,
            outcome.backward * error,
        )


def choose(asked: float, setting: Setting) -> Chosen:
    """Thresholds that cost least where the products have an asked cosine with graded ones.

    Parameters
    ----------
    asked : float
        Cosine, below 1.
    setting : Setting
        Network and stimuli.

    Returns
    -------
    Chosen
        The cheapest pair of thresholds with the cosine of all that were tried.
    """
    pilot, wrong = Pilot(setting), 1 - asked
    laws, near = _first_laws(pilot, wrong), list[Chosen]()
    for _ in range(_PILOTS):
        forward, error = (_rounded_down(value) for value in laws.best(_AIM * wrong))
        outcome = pilot.run(forward, error)
        if outcome.cosine >= asked:
            work = outcome.forward + outcome.backward
            share = work / (3 * setting.graph.n_synapses)
            near.append(Chosen(asked, forward, error, outcome.cosine, share, pilot.steps))
            if 1 - outcome.cosine >= _ENOUGH * wrong:
                break
        laws = laws.corrected(forward, error, outcome)
    return min(near, key=lambda one: one.share)


def _first_laws(pilot: Pilot, wrong: float) -> _Laws:
    """By pilots in which only activities, and only errors, are sent as events."""
    forward, error = _FIRST
    activities, errors = pilot.run(forward, 0.0), pilot.run(0.0, error)
    return _Laws(
        activities.wrong / forward**2,
        errors.wrong / error**2,
        activities.forward * forward,
        errors.backward * error,
    )


def _rounded_down(value: float) -> float:
    """With few digits, and not larger."""
    scale = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(value)))
    return float(np.floor(value * scale) / scale)
