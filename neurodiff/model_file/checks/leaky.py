"""What leaky neurons ask of the other parts of a model, and of the time step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neurodiff.model_file.base import Problem
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity, rounded_down

if TYPE_CHECKING:
    from neurodiff.model_file.model import Model

#: Time constants in steps, at least and at most. Below, less than 1e-13 of a state is left after a
#: step; above, hardly a run is long enough for anything to come through.
_SHORTEST, _LONGEST = 1 / 30, 1e5


def leaky_misfits(model: Model) -> Iterator[Problem]:
    """What does not go with leaky neurons.

    Parameters
    ----------
    model : Model
        Model, checked.
    """
    if model.neuron.kind != "leaky":
        return
    kind = model.transmission.kind
    if kind != "graded":
        text = f"leaky neurons need graded transmission, and transmission is by {kind}"
        remedy = "write `static`, or `transmission: graded`"
        if kind == "spikes":
            remedy += "; spiking neurons have membranes of their own (`transmission.neuron: lif`)"
        yield Problem("neuron", text, remedy)
    if getattr(model.plasticity, "alignment", "none") == "matched":
        text = "matched undoes delays, and not what the leak of leaky neurons smears"
        remedy = "write `trace`, or `neuron: static`"
        yield Problem("plasticity.alignment", text, remedy)
    if model.feedback.rule in ("kolen_pollack", "weight_mirror"):
        text = f"{model.feedback.rule} is for neurons without a leak yet"
        remedy = "write `symmetric`, `random`, `sign` or `direct`, or `neuron: static`"
        yield Problem("feedback", text, remedy)
    yield from _time_constant_misfits(model.neuron.time_constant, model)


def _time_constant_misfits(time_constant: float, model: Model) -> Iterator[Problem]:
    """Time constants that the time step does not go with."""
    field, integration = "neuron.time_constant", getattr(model.neuron, "integration", "exact")
    steps = time_constant / model.time_step
    tau, step = (format_quantity(time, TIME_UNITS) for time in (time_constant, model.time_step))
    if integration == "euler" and steps < 1 - 1e-9:
        text = f"{tau} is less than a time step, {step}: a step of Euler's method would overshoot"
        yield Problem(field, text, f"write {step} or more, or `integration: exact`")
    elif steps < _SHORTEST:
        text = f"{tau} is so much less than a time step, {step}, that nothing is left of it"
        yield Problem(field, text, f"write `neuron: static`, or a `time_step` of {tau}")
    elif steps > _LONGEST:
        longest = format_quantity(rounded_down(_LONGEST * model.time_step), TIME_UNITS)
        text = f"{tau} is more than {_LONGEST:g} time steps of {step}"
        yield Problem(field, text, f"write {longest} or less, or a larger `time_step`")
