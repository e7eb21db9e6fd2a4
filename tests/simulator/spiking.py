"""Networks of spiking neurons, watched in every step."""

from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
import pytest

from neurodiff import Model, Simulation
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.simulator.order import OBSERVE
from tests.networks import Floats

#: For random networks, where it is no matter if neurons are asked for too much, or are dead.
ANY_NETWORK = pytest.mark.filterwarnings(
    "ignore:.*more often than once a step", "ignore:no error reaches"
)


class Watched(Simulation):
    """A simulation on numpy whose currents are looked at in every step."""

    def __init__(self, model: Model):
        super().__init__(model, backend="numpy")

    def build(self) -> BuiltNetwork:
        built = super().build()
        spiking = self.plan.transmission
        sums = ["feedback"] if spiking.mutual_inhibition else ["feedback_on", "feedback_off"]
        drives, returns = built.errors, built.units
        if spiking.engine == "fused":
            drives, returns = returns, drives
        monitors = [
            b2.StateMonitor(drives, ["drive"], record=True, **OBSERVE.when),
            b2.StateMonitor(returns, sums, record=True, **OBSERVE.when),
        ]
        self._drive, self._feedback = monitors
        built.network.add(*monitors)
        return built

    @property
    def own(self) -> slice:
        """All units but the inputs."""
        return slice(self.graph.n_inputs, None)

    @property
    def drive(self) -> Floats:
        """Of all units but the inputs, (steps, n)."""
        return self._without_inputs(self._drive.drive)

    @property
    def came_back(self) -> Floats:
        """Of all units but the inputs, (steps, n)."""
        if self.plan.transmission.mutual_inhibition:
            return self._without_inputs(self._feedback.feedback)
        return self._without_inputs(self._feedback.feedback_on - self._feedback.feedback_off)

    def _without_inputs(self, values: Floats) -> Floats:
        own = len(values) - (self.graph.n_units - self.graph.n_inputs)
        return np.array(values[own:]).T


def spikes(neuron: str = "integrate_and_fire", **keys: Any) -> dict[str, Any]:
    defaults = {"maximum_rate": "300 Hz", "synaptic_time_constant": "10 ms"}
    return {"kind": "spikes", "neuron": neuron, **defaults, **keys}


RATES = ("sigmoid", "relu", "softplus")


def changing(folder: Path, n: int, duration: int) -> dict[str, Any]:
    """Inputs that jump to other rates every 40 ms."""
    u = np.random.default_rng(n).random((duration // 40 + 1, n))
    np.save(folder / "u.npy", u)
    return {"kind": "array", "file": str(folder / "u.npy"), "interval": "40 ms"}
