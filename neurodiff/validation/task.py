"""How well a network learned to name its frames, beside ordinary online backpropagation."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import random_stream
from neurodiff.network.loss import loss_of
from neurodiff.network.static_response import respond
from neurodiff.reference.training import names_right, train_online
from neurodiff.results.recording import answered_right
from neurodiff.validation.case import Case, case_of
from neurodiff.validation.proportions import mcnemar, wilson

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Fractions of the presentation's summed learning rate with which backprop is trained.
_FRACTIONS = (1.0, 1 / 3, 1 / 10)

#: Part of the training frames on which one of them is chosen.
_HELD_OUT = 1 / 5


@dataclass(frozen=True)
class TaskReport:
    """Accuracy on the test frames, as `report.json` holds it under `task`.

    Attributes
    ----------
    test_accuracy : float
        Of the simulated network itself, plasticity off.
    test_accuracy_interval : (float, float)
        Its 95 % interval (Wilson), for other frames of the same kind.
    tested : int
        Number of test frames.
    backprop_test_accuracy : float or None
        Of the same network, initial weights, order and number of presentations, trained by ordinary
        online backprop. None where nothing learns, and with cycles.
    backprop_test_accuracy_interval : (float, float) or None
    backprop_learning_rate : float or None
        Per presentation: the one of three that is best on a part of the training frames that it did
        not learn from; where several name as many, the one with the lowest loss there. The test
        frames have no part in the choice.
    chosen_on : str or None
        The frames on which it was chosen.
    only_network_right, only_backprop_right : int or None
        Test frames that only one of the two names.
    p_value : float or None
        Of the two being equally good (exact McNemar test).
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
    test_accuracy_interval: tuple[float, float]
    tested: int
    backprop_test_accuracy: float | None
    backprop_test_accuracy_interval: tuple[float, float] | None
    backprop_learning_rate: float | None
    chosen_on: str | None
    only_network_right: int | None
    only_backprop_right: int | None
    p_value: float | None
    training_accuracy: float
    answered_last: bool
    presentations: int
    tested_on: str

    def summary(self) -> str:
        """The simulated network, backprop, and what their difference says."""
        tested_on = f"on {self.tested_on} frames"
        tested_on += "" if self.tested_on == "test" else ", as none are held out"
        lines = [
            f"test accuracy {self.test_accuracy:.2%} ({self._of(self.test_accuracy)}, "
            f"95 % interval {_percent(self.test_accuracy_interval)}; {tested_on}), "
            f"after {self.presentations} presentations"
        ]
        backprop = self.backprop_test_accuracy
        if backprop is not None and self.backprop_test_accuracy_interval is not None:
            difference = self.test_accuracy - backprop
            frames = round(difference * self.tested)
            lines += [
                f"online backprop of the same network {backprop:.2%} ({self._of(backprop)}, "
                f"95 % interval {_percent(self.backprop_test_accuracy_interval)}), with a learning "
                f"rate of {self.backprop_learning_rate:.3g} a presentation, of three the best on "
                f"{self.chosen_on}",
                f"difference {100 * difference:+.2f} points, {frames:+d} of {self.tested} frames: "
                f"{self.only_network_right} named by the network only, {self.only_backprop_right} "
                f"by backprop only (p = {self.p_value:.2g}, exact McNemar test)",
            ]
        last = ", at the end of each frame, when it has learned from it" * self.answered_last
        while_learning = f"while learning, in the last epoch{last}: {self.training_accuracy:.2%}"
        return "\n".join([*lines, while_learning])

    def _of(self, accuracy: float) -> str:
        return f"{round(accuracy * self.tested)} of {self.tested}"


def _percent(interval: tuple[float, float]) -> str:
    return f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def compare_task(source: Any) -> TaskReport | None:
    """Accuracy of a run on labelled frames, and that of backprop; None for other runs.

    Also None for a run that was stopped before its test.

    Parameters
    ----------
    source : Simulation or xarray.Dataset
        A simulation that has run, or its recording.
    """
    return compare_case(case_of(source))


def compare_case(case: Case) -> TaskReport | None:
    """The task of a rebuilt case; see `compare_task`.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.
    """
    shown = case.stimuli.presentations
    if shown is None or not case.complete or not case.stimuli.labelled:
        return None
    right = answered_right(case.recording)
    tested = case.recording["tested"].values.astype(bool)
    trains = not case.frozen and not case.graph.cyclic
    trained = _backprop(case) if trains else None
    return TaskReport(
        test_accuracy=float(right[tested].mean()),
        test_accuracy_interval=wilson(int(right[tested].sum()), int(tested.sum())),
        tested=int(tested.sum()),
        **_against(right[tested], trained),
        training_accuracy=float(right[~tested][-len(shown.frames.training) :].mean()),
        answered_last=case.graph.gradual,
        presentations=shown.n_training,
        tested_on=shown.frames.tested_on,
    )


class _Trained(NamedTuple):
    """What online backprop came to: which test frames it names, at what rate, chosen on what."""

    right: Bools
    rate: float
    chosen_on: str


def _against(right: Bools, trained: _Trained | None) -> dict[str, Any]:
    """What a report says of backprop beside the test frames that the network names."""
    if trained is None:
        names = ("test_accuracy", "test_accuracy_interval", "learning_rate")
        others = ("chosen_on", "only_network_right", "only_backprop_right", "p_value")
        return dict.fromkeys([*(f"backprop_{name}" for name in names), *others])
    only = int(np.sum(right & ~trained.right)), int(np.sum(trained.right & ~right))
    return {
        "backprop_test_accuracy": float(trained.right.mean()),
        "backprop_test_accuracy_interval": wilson(int(trained.right.sum()), len(right)),
        "backprop_learning_rate": trained.rate,
        "chosen_on": trained.chosen_on,
        "only_network_right": only[0],
        "only_backprop_right": only[1],
        "p_value": mcnemar(*only),
    }


def _backprop(case: Case) -> _Trained:
    """The reference's training with the learning rate that is best on frames kept from it."""
    shown = case.stimuli.presentations
    assert shown is not None
    rates = [case.plan.plasticity.learning_rate * shown.hold * fraction for fraction in _FRACTIONS]
    kept, learned, what = _choosing(case)
    best = max(rates, key=lambda rate: _score(case, _train(case, rate, learned), kept))
    trained, test = _train(case, best, _order(case)), shown.frames.test
    with np.errstate(over="ignore", invalid="ignore"):
        right = names_right(case.graph, *trained, shown.frames.images[test], _labels(case)[test])
    return _Trained(right, best, what)


def _order(case: Case) -> Ints:
    """Frames in the order in which the network learns from them."""
    shown = case.stimuli.presentations
    assert shown is not None
    return shown.order[case.plan.plasticity.start // shown.hold : shown.n_training]


def _choosing(case: Case) -> tuple[Ints, Ints, str]:
    """Frames on which a rate is chosen, presentations to learn from meanwhile, and that in words.

    A part of the training frames is kept for that. Where the test itself is on the training frames,
    it is all of them.
    """
    shown, order = case.stimuli.presentations, _order(case)
    assert shown is not None
    training = shown.frames.training
    if shown.frames.tested_on == "training":
        return training, order, "the training frames"
    n = max(1, round(_HELD_OUT * len(training)))
    kept = random_stream(case.model.seed, "frames of the choice").permutation(training)[:n]
    what = f"{n} of the {len(training)} training frames, which it did not learn from then"
    return kept, order[~np.isin(order, kept)], what


def _labels(case: Case) -> Ints:
    shown = case.stimuli.presentations
    assert shown is not None
    return shown.frames.labels


def _score(case: Case, trained: tuple[Floats, Floats], asked: Ints) -> tuple[float, float]:
    """Share of the frames that are named; of equal ones the lower loss is better."""
    shown = case.stimuli.presentations
    assert shown is not None
    frames, labels = shown.frames.images[asked], _labels(case)[asked]
    with np.errstate(over="ignore", invalid="ignore"):
        right = names_right(case.graph, *trained, frames, labels)
        answers = respond(case.graph, *trained, frames)[1][:, case.graph.outputs]
        loss = float(loss_of(case.model.loss, answers, _targets(case, labels)).mean())
    return float(right.mean()), -loss if np.isfinite(loss) else -np.inf


def _train(case: Case, rate: float, learned: Ints) -> tuple[Floats, Floats]:
    """Weights and biases after online backprop on the presentations `learned` (n,)."""
    shown = case.stimuli.presentations
    assert shown is not None
    frames = shown.frames
    with np.errstate(over="ignore", invalid="ignore"):  # the largest rate may diverge
        return train_online(
            case.graph,
            case.plan.w,
            case.plan.bias,
            frames.images,
            _targets(case, frames.labels),
            learned,
            case.model.loss,
            learning_rate=rate,
            weight_decay=case.plan.plasticity.weight_decay * shown.hold,
        )


def _targets(case: Case, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.eye(len(case.graph.outputs))[labels]
