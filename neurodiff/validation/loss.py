"""How the loss went while a network learned."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.validation.case import Case

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class LossReport:
    """Mean loss at the beginning and at the end of a run.

    It is the loss of the moment, of an output that is on its way: with stimuli that move it says
    less of what the weights have learned than of how the network follows.

    Attributes
    ----------
    first_tenth, last_tenth : float or None
        Means over the first and the last tenth of the steps from the first arrival of the target
        on. None where no recorded moment lies in that tenth.
    ratio : float or None
        The last over the first; None where either is missing, or the first is 0.
    samples : (int, int)
        Number of moments in each mean.
    every_step : bool
        Whether those are all of the steps, not samples of them.
    """

    first_tenth: float | None
    last_tenth: float | None
    ratio: float | None
    samples: tuple[int, int] = (0, 0)
    every_step: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As `report.json` holds it; the number of samples only where they are samples."""
        values = {"first_tenth": self.first_tenth, "last_tenth": self.last_tenth}
        values |= {"ratio": self.ratio}
        return values if self.every_step else values | {"samples": list(self.samples)}

    def summary(self) -> str:
        """One line."""
        n = self.samples
        first, last = map(_number, (self.first_tenth, self.last_tenth))
        of = "" if self.every_step else f" (means of {n[0]} and {n[1]} samples)"
        return f"loss {first} in the first tenth, {last} in the last{of}"


def _number(mean: float | None) -> str:
    return "of too few samples" if mean is None else f"{mean:.4g}"


class Tenths:
    """Running means of the loss over the first and the last tenth of some steps.

    Parameters
    ----------
    start, stop : int
        The steps: from the one at which the target is there on, up to the end (not included).
    """

    def __init__(self, start: int, stop: int):
        tenth = max((stop - start) // 10, 1)
        self._parts = ((start, start + tenth), (stop - tenth, stop))
        self._sums, self._counts = [0.0, 0.0], [0, 0]

    def add(self, steps: Ints, loss: Floats) -> None:
        """Take in the loss (n,) at some steps (n,).

        Parameters
        ----------
        steps : array of int (n,)
            Time steps.
        loss : array (n,)
            Loss at each of the steps.
        """
        for part, (first, end) in enumerate(self._parts):
            inside = loss[(steps >= first) & (steps < end)]
            self._sums[part] += float(inside.sum())
            self._counts[part] += len(inside)

    def report(self, *, every_step: bool) -> LossReport:
        """The means; None where no step was in a tenth.

        Parameters
        ----------
        every_step : bool
            Whether the loss is known at every step.
        """
        pairs = zip(self._sums, self._counts, strict=True)
        first, last = (total / n if n else None for total, n in pairs)
        ratio = last / first if first and last is not None else None
        return LossReport(first, last, ratio, (self._counts[0], self._counts[1]), every_step)


def tenths(case: Case) -> Tenths | None:
    """The tenths of a run; None where nothing learns, with frames, or if it ended too early.

    What is learned of frames is their task.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    """
    start, stop = int(case.stimuli.target_lag.max()), int(case.recording.attrs["steps"])
    start += int(case.plan.transmission.fires)
    if case.frozen or case.stimuli.presentations is not None or stop <= start:
        return None
    return Tenths(start, stop)


def compare_loss(case: Case) -> LossReport | None:
    """Loss before and after learning from what was recorded; see `tenths`.

    None where no signals were recorded.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    """
    means = tenths(case)
    if means is None or "loss" not in case.recording:
        return None
    steps = np.rint(case.recording["time"].values / case.model.time_step).astype(np.int64)
    means.add(steps, np.asarray(case.recording["loss"]))
    return means.report(every_step=False)
