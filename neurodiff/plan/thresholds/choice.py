"""The cheapest thresholds that are near enough to graded transmission, by pilots.

For small thresholds q and r of activities and errors, products are wrong by independent amounts
proportional to each, so that in every projection 1 - cosine = A q^2 + B r^2, and there are about
f/q + g/r synaptic operations in a step (theory 9.2, G3 and G5). The pair with the fewest operations
follows from these four numbers; pilots with other ratios of both say whether it is the cheapest.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neurodiff.exceptions import ModelError
from neurodiff.network.graph import Floats
from neurodiff.plan.thresholds.pilot import Outcome, Pilot, Setting

#: Part of 1 - cosine that a pilot may have: it sees two periods, and knows weights and delays only
#: roughly.
_MARGIN = 0.7

#: Thresholds of the first pilots; part of what it may have that is aimed at, and that is enough.
_FIRST, _AIM, _ENOUGH = (0.01, 0.02), 0.9, 0.8

#: Ratios of both thresholds among which laws choose, the factor between those that are tried, and
#: factors by which one threshold is made larger in the end.
_RATIOS, _FACTOR, _LARGER = np.geomspace(0.02, 50, 120), 1.5, (1.5, 1.2)

#: Pilots at most: of a network with so many synapses, and of a larger one.
_PILOTS, _SMALL, _PILOTS_OF_LARGE = 20, 100_000, 7

#: Largest thresholds that are chosen, where nothing says that they should be smaller.
_LARGEST = 1.0

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


class _Trial(NamedTuple):
    """A pilot with a pair of thresholds."""

    forward: float
    error: float
    outcome: Outcome

    @property
    def wrong(self) -> float:
        """1 - cosine of the worst projection."""
        return float(self.outcome.wrong.max())

    @property
    def largest(self) -> bool:
        """Whether both thresholds are as large as they may be."""
        return min(self.forward, self.error) >= _LARGEST

    @property
    def work(self) -> float:
        """Synaptic operations in a step."""
        return self.outcome.forward + self.outcome.backward

    @property
    def price(self) -> float:
        """The work of a pair of the same ratio that is as near as any other."""
        # half the thresholds: twice the work, and a quarter of 1 - cosine
        return self.work * float(np.sqrt(self.wrong))


class _Laws(NamedTuple):
    """1 - cosine = A q^2 + B r^2 by projection, and f/q + g/r operations in a step."""

    of_forward: Floats
    of_error: Floats
    forward: float
    error: float

    def best_ratio(self) -> float:
        """The ratio r/q of the pair with the fewest operations of those that are as near."""
        at_one = np.max(self.of_forward + np.outer(_RATIOS**2, self.of_error), axis=1)
        price = (self.forward + self.error / _RATIOS) * np.sqrt(at_one)
        return float(_RATIOS[int(np.argmin(price))])

    def pair(self, ratio: float, wrong: float) -> tuple[float, float]:
        """Thresholds of a ratio that are wrong by so much."""
        at_one = np.max(self.of_forward + ratio**2 * self.of_error)
        if not at_one:
            return _LARGEST, _LARGEST
        forward = float(np.sqrt(wrong / at_one))
        return forward, ratio * forward


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

    Raises
    ------
    ModelError
        If no pair has it, because signals diverge.
    """
    most = _PILOTS if setting.graph.n_synapses <= _SMALL else _PILOTS_OF_LARGE
    search = _Search(Pilot(setting), _MARGIN * (1 - asked), most)
    best = search.found()
    share = best.work / (3 * setting.graph.n_synapses)
    cosine, steps = best.outcome.cosine, search.pilot.steps
    return Chosen(asked, best.forward, best.error, cosine, share, steps)


class _Search:
    """Pilots with one pair of thresholds after another."""

    def __init__(self, pilot: Pilot, allowed: float, most: int):
        self.pilot, self._allowed, self._most = pilot, allowed, most
        self._trials: list[_Trial] = []

    def found(self) -> _Trial:
        """The cheapest pair of all that were tried and are near enough."""
        laws = _first_laws(self.pilot)
        best = self._better_ratio(laws, self._try(*laws.pair(laws.best_ratio(), self._aim)))
        while True:
            near = [one for one in self._trials if one.wrong <= self._allowed]
            enough = best.largest or best.wrong >= _ENOUGH * self._allowed
            if near and ((best in near and enough) or len(self._trials) >= self._most):
                return self._larger(min(near, key=lambda one: one.work))
            if len(self._trials) >= 2 * self._most:
                text = "no thresholds have this cosine in a pilot: signals diverge"
                remedy = "take smaller weights or a lower learning rate, or write both as numbers"
                raise ModelError("transmission.threshold", text, remedy)
            nearer = float(np.sqrt(self._aim / best.wrong)) if best.wrong > 0 else np.inf
            best = self._try(nearer * best.forward, nearer * best.error)

    def _larger(self, best: _Trial) -> _Trial:
        """Make one threshold larger after the other while that makes the pair cheaper.

        The laws do not hold where few units move by more than a threshold.
        """
        for factor in _LARGER:
            for forward, error in ((factor, 1.0), (1.0, factor)):
                while len(self._trials) < self._most:
                    other = self._try(forward * best.forward, error * best.error)
                    if other.wrong > self._allowed or other.work >= best.work:
                        break
                    best = other
        return best

    @property
    def _aim(self) -> float:
        return _AIM * self._allowed

    def _better_ratio(self, laws: _Laws, best: _Trial) -> _Trial:
        """Go on to other ratios of the thresholds while that makes the pair cheaper."""
        for factor in (_FACTOR, 1 / _FACTOR):
            first = best
            while len(self._trials) < self._most // 2:
                ratio = factor * best.error / best.forward
                # the laws say how thresholds go with each other, the last pilot how near they are
                expected = laws.pair(best.error / best.forward, max(best.wrong, 1e-300))[0]
                forward = laws.pair(ratio, self._aim)[0] * best.forward / expected
                other = self._try(forward, ratio * forward)
                if other.price >= best.price:
                    break
                best = other
            if best is not first:
                break
        return best

    def _try(self, forward: float, error: float) -> _Trial:
        pair = _rounded_down(min(forward, _LARGEST)), _rounded_down(min(error, _LARGEST))
        self._trials.append(_Trial(*pair, self.pilot.run(*pair)))
        return self._trials[-1]


def _first_laws(pilot: Pilot) -> _Laws:
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
