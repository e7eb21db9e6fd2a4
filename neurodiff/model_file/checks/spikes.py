"""What spiking transmission asks of the other parts of a model.

A value travels as a spike rate: it is not negative, and a neuron fires at most once in a step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from neurodiff.model_file.base import Problem
from neurodiff.model_file.network import Network, PopulationSpec
from neurodiff.model_file.quantities import (
    FREQUENCY_UNITS,
    TIME_UNITS,
    VOLTAGE_UNITS,
    format_quantity,
    rounded_down,
)
from neurodiff.model_file.signals import ConstantInput, NoiseInput, SinusoidInput
from neurodiff.model_file.transmission import SpikeTransmission

if TYPE_CHECKING:
    from neurodiff.model_file.model import Model

#: Relative difference of the decays of a weight and of what it learns from, at least.
_TOO_CLOSE = 1e-3

#: Most spikes of a neuron in one step, by the key of its rate, and in words.
_MOST = {
    "maximum_rate": (1.0, "one spike in a time step"),
    "error_rate": (0.5, "one spike in two time steps"),
}


def spike_misfits(model: Model) -> Iterator[Problem]:
    """What does not go with spikes, or only with them.

    Parameters
    ----------
    model : Model
        Model, checked.
    """
    spikes = model.transmission
    if isinstance(spikes, SpikeTransmission):
        yield from _fast_rates(spikes, model.time_step)
        yield from _short_times(spikes, model.time_step)
        yield from _membrane_misfits(spikes)
        yield from _activation_misfits(model.network, spikes)
        yield from _negative_inputs(model)
        yield from _fast_forgetting(model, spikes)
        if model.validation.reference == "delayed":
            text = "the waves of spikes are no graded values"
            remedy = "write error_frame or instantaneous"
            yield Problem("validation.reference", text, remedy)
    else:
        yield from _lif_without_spikes(model)
        yield from _dale_without_spikes(model.network)


def _fast_rates(spikes: SpikeTransmission, time_step: float) -> Iterator[Problem]:
    for key, (most, words) in _MOST.items():
        rate = getattr(spikes, key)
        if rate * time_step > most * (1 + 1e-9):
            step = format_quantity(time_step, TIME_UNITS)
            text = f"{format_quantity(rate, FREQUENCY_UNITS)} is more than {words} of {step}"
            slowest = format_quantity(rounded_down(most / time_step), FREQUENCY_UNITS)
            shortest = format_quantity(rounded_down(most / rate), TIME_UNITS)
            remedy = f"write {slowest} or less, or a `time_step` of {shortest} or less"
            yield Problem(f"transmission.{key}", text, remedy)


def _short_times(spikes: SpikeTransmission, time_step: float) -> Iterator[Problem]:
    for key in ("synaptic_time_constant", "refractory", "membrane_time_constant"):
        time = getattr(spikes, key)
        if time is not None and time < time_step * (1 - 1e-9):
            step = format_quantity(time_step, TIME_UNITS)
            text = f"{format_quantity(time, TIME_UNITS)} is less than a time step, {step}"
            yield Problem(f"transmission.{key}", text, f"write {step} or more")


def _membrane_misfits(spikes: SpikeTransmission) -> Iterator[Problem]:
    if spikes.rest is None or spikes.reset is None or spikes.threshold is None:
        return
    keys = ("rest", "reset", "threshold")
    rest, reset, threshold = (format_quantity(getattr(spikes, key), VOLTAGE_UNITS) for key in keys)
    if spikes.threshold <= spikes.rest:
        text = f"{threshold} is not above the rest, {rest}: the neuron would fire without input"
        yield Problem("transmission.threshold", text, f"write more than {rest}")
    if spikes.reset >= spikes.threshold:
        text = f"{reset} is not below the threshold, {threshold}: the neuron would fire on and on"
        yield Problem("transmission.reset", text, f"write less than {threshold}")


def _activations(network: Network) -> Iterator[tuple[str, str]]:
    """Field and name of each activation that a population has, input populations aside."""
    populations, _ = network.digraph()
    for name, part in populations.items():
        if part.role != "input":
            yield _activation_field(network, name, part), str(part.activation)


def _activation_field(network: Network, name: str, part: PopulationSpec) -> str:
    """Where the activation of a population is written."""
    if network.populations and network.populations[name].activation is not None:
        return f"network.populations.{name}.activation"
    if part.role == "output" and network.output_activation is not None:
        return "network.output_activation"
    return "network.activation"


def _activation_misfits(network: Network, spikes: SpikeTransmission) -> Iterator[Problem]:
    for field, activation in _activations(network):
        key = field.rpartition(".")[2]
        if spikes.neuron == "lif" and activation != "lif":
            text = f"the f-I curve of a lif neuron is its activation, not {activation}"
            yield Problem(field, text, f"write `{key}: lif`, or another `neuron`")
        elif spikes.neuron != "lif" and activation == "lif":
            yield _lif_elsewhere(field, f"the neurons are {spikes.neuron}")
        elif activation in ("tanh", "linear"):
            text = f"{activation} has negative values, which are no spike rates"
            yield Problem(field, text, f"write `{key}: sigmoid`")


def _lif_without_spikes(model: Model) -> Iterator[Problem]:
    for field, activation in _activations(model.network):
        if activation == "lif":
            yield _lif_elsewhere(field, f"transmission is {model.transmission.kind}")


def _lif_elsewhere(field: str, instead: str) -> Problem:
    text = f"lif is the f-I curve of lif neurons, and {instead}"
    remedy = "write `transmission: {kind: spikes, neuron: lif, ...}`, or another activation"
    return Problem(field, text, remedy)


def _negative_inputs(model: Model) -> Iterator[Problem]:
    """Inputs that are no rates; what a file holds is seen when it is read."""
    if isinstance(model.input, ConstantInput):
        wrong = [value for value in model.input.values if not 0 <= value <= 1]
        if wrong:
            text = f"{wrong[0]:g} is no spike rate, which is between 0 and 1"
            yield Problem("input.values", text, "write values between 0 and 1")
    elif isinstance(model.input, SinusoidInput | NoiseInput):
        text = f"{model.input.kind} has negative values, which are no spike rates"
        yield Problem("input.kind", text, "write constant, frames or array")


def _fast_forgetting(model: Model, spikes: SpikeTransmission) -> Iterator[Problem]:
    """The closed form of a weight divides by the difference of two decays per step."""
    weight_decay = getattr(model.plasticity, "weight_decay", 0.0)
    forgets = weight_decay * model.time_step
    fades = -math.expm1(-2 * model.time_step / spikes.synaptic_time_constant)
    if abs(forgets - fades) < _TOO_CLOSE * fades:
        decay = format_quantity(weight_decay, FREQUENCY_UNITS)
        text = f"with {decay} weights decay just as fast as the product of two traces"
        yield Problem("plasticity.weight_decay", text, "write another, smaller or larger by 1 %")


def _dale_without_spikes(network: Network) -> Iterator[Problem]:
    dale = {"network.dale": network.dale}
    for number, projection in enumerate(network.projections or []):
        dale[f"network.projections.{number}.dale"] = projection.dale is True
    for field, wanted in dale.items():
        if wanted:
            text = "only spiking transmission keeps the signs of weights"
            remedy = "leave it out, or write `transmission: {kind: spikes, ...}`"
            yield Problem(field, text, remedy)
