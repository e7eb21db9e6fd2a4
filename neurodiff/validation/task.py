"""How well a network learned to name its frames, beside ordinary online backpropagation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.recording import answered_right
from neurodiff.reference.training import accuracy, train_online
from neurodiff.validation.case import Case, rebuild

#: Backprop is trained once with each of these fractions of the presentation's summed learning rate.
_FRACTIONS = (1.0, 1 / 3, 1 / 10)


@dataclass(frozen=True)
class TaskReport:
    """Accuracy on the test frames, as `report.json` holds it under `task`.

    Attributes
    ----------
    test_accuracy : float
        Of the simulated network itself, plasticity off.
    backprop_test_accuracy : float
        Of the same network, initial weights, order and number of presentations, trained by ordinary
        online backprop: the best of three learning rates. None where nothing learns, and with
        cycles.
    backprop_learning_rate : float
        Per presentation, of that best one.
    training_accuracy : float
        Of the simulated network while it learned, over the last epoch.
    answered_last : bool
        Whether these answers are those at the end of a frame, when something has been learned from
        it already: with leaks, spikes and cycles, where they need their time. The test learns not.
    presentations : int
        Number of training presentations.
    tested_on : str
        `test`, or `training` where no frames are held out.
    """

    test_accuracy: float
    backprop_test_accuracy: float | None
    backprop_learning_rate: float | None
    training_accuracy: float
    answered_last: bool
    presentations: int
    tested_on: str

    def summary(self) -> str:
        """Two lines: the simulated network, and backprop."""
        last = ", at the end of each frame, when it has learned from it"
        lines = [
            f"test accuracy {self.test_accuracy:.2%} after {self.presentations} presentations "
            f"(on {self.tested_on} frames; "
            f"while learning, last epoch{last * self.answered_last}: {self.training_accuracy:.2%})"
        ]
        if self.backprop_test_accuracy is not None:
            difference = 100 * (self.test_accuracy - self.backprop_test_accuracy)
            lines.append(
                f"online backprop {self.backprop_test_accuracy:.2%} "
                f"(learning rate {self.backprop_learning_rate:.3g} a presentation, best of three); "
                f"difference {difference:+.2f} points"
            )
        return "\n".join(lines)


def compare_task(source: Any) -> TaskReport | None:
    """Accuracy of a run on labelled frames, and that of backprop; None for other runs.

    Also None for a run that was stopped before its test.

    Parameters
    ----------
    source : Simulation or xarray.Dataset
        A simulation that has run, or its recording.
    """
    return compare_case(rebuild(source))


def compare_case(case: Case) -> TaskReport | None:
    """The task of a rebuilt case; see `compare_task`."""
    shown, complete = case.stimuli.presentations, case.recording.attrs["complete"] == "true"
    if shown is None or not complete or case.model.target.kind != "labels":
        return None
    right = answered_right(case.recording)
    tested = case.recording["tested"].values.astype(bool)
    trains = not case.frozen and not case.graph.cyclic
    rate, best = _backprop(case) if trains else (None, None)
    return TaskReport(
        test_accuracy=float(right[tested].mean()),
        backprop_test_accuracy=best,
        backprop_learning_rate=rate,
        training_accuracy=float(right[~tested][-len(shown.frames.training) :].mean()),
        answered_last=case.graph.gradual,
        presentations=shown.n_training,
        tested_on=shown.frames.tested_on,
    )


def _backprop(case: Case) -> tuple[float, float]:
    """Learning rate per presentation and test accuracy of the best of the reference's trainings."""
    hold = case.stimuli.presentations.hold  # type: ignore[union-attr]
    rates = [case.rule.learning_rate * hold * fraction for fraction in _FRACTIONS]
    accuracies = [_train(case, rate) for rate in rates]
    best = int(np.argmax(accuracies))
    return rates[best], accuracies[best]


def _train(case: Case, learning_rate: float) -> float:
    shown = case.stimuli.presentations
    assert shown is not None
    frames, w, bias = shown.frames, case.w, case.bias
    with np.errstate(over="ignore", invalid="ignore"):  # the largest rate may diverge
        w, bias = train_online(
            case.graph,
            w,
            bias,
            frames.images,
            _targets(case, frames.labels),
            shown.order[case.rule.start // shown.hold : shown.n_training],
            case.model.loss,
            learning_rate=learning_rate,
            weight_decay=case.rule.weight_decay * shown.hold,
        )
        return accuracy(case.graph, w, bias, frames.images[frames.test], frames.labels[frames.test])


def _targets(case: Case, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.eye(len(case.graph.outputs))[labels]
