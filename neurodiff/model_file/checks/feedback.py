"""What feedback asks of the other parts of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neurodiff.model_file.base import Problem
from neurodiff.model_file.cycles import find_cycle
from neurodiff.model_file.feedback import (
    DirectFeedback,
    KolenPollackFeedback,
    SignFeedback,
    SymmetricFeedback,
    WeightMirrorFeedback,
)
from neurodiff.model_file.network import FileWeights, ProjectionSpec
from neurodiff.model_file.quantities import (
    FREQUENCY_UNITS,
    TIME_UNITS,
    format_quantity,
    rounded_down,
)

if TYPE_CHECKING:
    from neurodiff.model_file.model import Model

#: Most numbers of noise that a mirror may play; they are all drawn before the run.
_MOST_NOISE = 50_000_000

#: Most that a weight may decay in a step before it overshoots 0.
_MOST_DECAY = 1.0


def feedback_misfits(model: Model) -> Iterator[Problem]:
    """What does not go with the model's feedback; nothing with symmetric feedback.

    Parameters
    ----------
    model : Model
        Model, checked.
    """
    feedback, kind = model.feedback, model.transmission.kind
    if isinstance(feedback, SymmetricFeedback):
        return
    if kind != "graded":
        text = f"{feedback.rule} needs graded transmission, and transmission is by {kind}"
        yield Problem("feedback", text, "write `symmetric`, or `transmission: graded`")
    yield from _nothing_returns(model)
    yield from _not_drawn(model)
    if isinstance(feedback, KolenPollackFeedback):
        yield from _kolen_pollack_misfits(model)
    if isinstance(feedback, WeightMirrorFeedback):
        yield from _mirror_misfits(model, feedback)


def _returning(model: Model) -> list[ProjectionSpec]:
    """The projections that errors go back along, but for direct feedback."""
    populations, projections = model.network.digraph()
    inputs = {name for name, part in populations.items() if part.role == "input"}
    return [part for part in projections if part.pre not in inputs]


def _nothing_returns(model: Model) -> Iterator[Problem]:
    """Networks in which no error goes back to any unit."""
    populations, _ = model.network.digraph()
    returns = bool(_returning(model))
    if isinstance(model.feedback, DirectFeedback):
        returns = any(part.role == "hidden" for part in populations.values())
    if not returns:
        remedy = "leave it out, or add a hidden population"
        yield Problem("feedback", "no error goes back in this network", remedy)


def _not_drawn(model: Model) -> Iterator[Problem]:
    """Backward weights that would be drawn like weights that are not drawn."""
    feedback = model.feedback
    if isinstance(feedback, SymmetricFeedback | SignFeedback):
        return
    if isinstance(feedback, DirectFeedback) and isinstance(feedback.weights, FileWeights):
        text = "a file holds weights by projection, and direct feedback has none"
        yield Problem("feedback.weights.init", text, "write another, such as glorot_uniform")
    if feedback.weights is not None:
        return
    rules = [part.weights for part in _returning(model)]
    if isinstance(feedback, DirectFeedback):
        rules = [model.network.weights]
    if any(isinstance(rule, FileWeights) for rule in rules):
        text = "backward weights cannot be drawn like forward weights from a file"
        yield Problem("feedback.weights", text, "write `weights: {init: glorot_uniform}`")


def _kolen_pollack_misfits(model: Model) -> Iterator[Problem]:
    plasticity = model.plasticity
    never = "and backward weights never approach the forward ones"
    if plasticity.rule == "none":
        remedy = "write `plasticity: {rule: diffusion, ...}`, or `feedback: random`"
        yield Problem("feedback", f"nothing learns, {never}", remedy)
        return
    if not any(part.plastic for part in _returning(model)):
        text = f"no projection that errors go back along is plastic, {never}"
        yield Problem("feedback", text, "write `feedback: random`, or `plastic: true` in one")
    for key in ("learning_rate", "weight_decay"):
        if getattr(plasticity, key) == 0:
            yield Problem(f"plasticity.{key}", f"it is 0 Hz, {never}", "write a positive one")
    if plasticity.alignment == "trace":
        text = "kolen_pollack looks back a number of steps, and a trace has no such number"
        yield Problem("plasticity.alignment", text, "write `matched` or `none`")


def _mirror_misfits(model: Model, feedback: WeightMirrorFeedback) -> Iterator[Problem]:
    decay = feedback.weight_decay * model.time_step
    if decay > _MOST_DECAY * (1 + 1e-9):
        fastest = format_quantity(rounded_down(_MOST_DECAY / model.time_step), FREQUENCY_UNITS)
        text = (
            f"{format_quantity(feedback.weight_decay, FREQUENCY_UNITS)} is more than all in a step"
        )
        yield Problem("feedback.weight_decay", text, f"write {fastest} or less")
    if cycle := find_cycle(*model.network.digraph()):
        text = f"noise never leaves a cycle ({' -> '.join(cycle)}), so no error would be clean"
        yield Problem("feedback", text, "write another rule, or remove the cycle")
    populations, _ = model.network.digraph()
    senders = sum(part.size for part in populations.values() if part.role != "output")
    if feedback.duration / model.time_step * senders > _MOST_NOISE:
        longest = max(int(_MOST_NOISE / senders), 1) * model.time_step
        text = f"{_MOST_NOISE:.0e} numbers of noise are the most, and {senders} units draw more"
        most = format_quantity(rounded_down(longest), TIME_UNITS)
        yield Problem("feedback.duration", text, f"write {most} or less")
