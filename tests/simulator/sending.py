"""Networks by events, observed from outside."""

from typing import NamedTuple

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff import Model, Simulation
from neurodiff.simulator.backends.execution import machine_code
from neurodiff.simulator.order import OBSERVE, SEND
from tests.twins.event_twin import Train

Floats = NDArray[np.float64]

#: The signals are not recorded but observed.
SOME_WEIGHTS = {"record": {"signals": "none", "weights": "7 ms"}}


class Observed(NamedTuple):
    """A run on numpy, what its units have sent, and what they were like at every step.

    The signals are arrays (steps, n_units), without the inputs but for `x`. The weights `w` are
    those of the recorded steps and those at the end.
    """

    simulation: Simulation
    sent_x: Train
    sent_delta: Train
    x: Floats
    delta: Floats
    drive: Floats
    feedback: Floats
    bias: Floats
    w: Floats

    @property
    def n_inputs(self) -> int:
        return self.simulation.graph.n_inputs

    @property
    def steps(self) -> int:
        return self.simulation.plan.stimuli.steps

    @property
    def weights_every(self) -> int:
        return self.simulation.plan.schedule.weights.every

    @property
    def events(self) -> int:
        return len(self.sent_x.step) + len(self.sent_delta.step)


def observe(model: Model) -> Observed:
    """Run the native network of a model.

    Its sums are looked at when all has arrived and nothing is learned yet.
    """
    native = model.replace(run=model.run.replace(engine="native"))
    simulation = Simulation(native, backend="numpy")
    n_inputs = simulation.graph.n_inputs
    with machine_code("numpy") as run:
        built = simulation.build()
        units = b2.StateMonitor(built.units, ["x", "feedback"], record=True, **OBSERVE.when)
        errors = b2.StateMonitor(
            built.errors, ["delta", "drive", "bias"], record=True, **OBSERVE.when
        )
        sent_x, sent_delta = (
            b2.EventMonitor(group, "change", ["sent"], **SEND.after().when)
            for group in (built.units, built.errors)
        )
        built.network.add(units, errors, sent_x, sent_delta)
        run(built, simulation.plan.stimuli.steps, lambda fraction: None)
        recorded = built.synapses.recorded("weights", "w")
        return Observed(
            simulation,
            train(sent_x, built.clock),
            train(sent_delta, built.clock, first=n_inputs),
            x=np.array(units.x).T,
            delta=np.array(errors.delta).T,
            drive=np.array(errors.drive).T,
            feedback=np.array(units.feedback).T[:, n_inputs:],
            bias=np.array(errors.bias).T,
            w=np.vstack([recorded, built.synapses.weights()]),
        )


def train(monitor: b2.EventMonitor, clock: b2.Clock, first: int = 0) -> Train:
    """The events of a group whose first element is the unit `first`."""
    steps = np.rint(np.array(monitor.t / clock.dt)).astype(np.int64)
    return Train(steps, np.array(monitor.i[:]) + first, np.array(monitor.sent[:]))


def assert_still(w: Floats) -> None:
    """Weights (steps, n_synapses) stay as they are."""
    np.testing.assert_allclose(w, np.broadcast_to(w[-1], w.shape), rtol=0, atol=1e-6)
