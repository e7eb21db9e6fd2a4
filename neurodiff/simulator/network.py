"""Puts the parts of the simulator together: a plan becomes a Brian2 network."""

from dataclasses import dataclass
from typing import Any

import brian2 as b2
import numpy as np

from neurodiff.network.graph import random_stream
from neurodiff.plan import Plan
from neurodiff.plan.sampling import Answers
from neurodiff.simulator import transmission as transmissions
from neurodiff.simulator.error_units import build_error_units
from neurodiff.simulator.order import OBSERVE, RECORD, SEND
from neurodiff.simulator.players import build_player
from neurodiff.simulator.sampling import Monitors, Sampled, answer_variable, monitor
from neurodiff.simulator.transmission import Connections
from neurodiff.simulator.units import build_units


@dataclass(frozen=True, eq=False)
class BuiltNetwork:
    """A Brian2 network that is ready to run.

    `initial` holds the weights (n_synapses,) and the biases of the error units at the start.

    Attributes
    ----------
    network : brian2.Network
        Network with all its objects.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.
    units, errors : brian2.NeuronGroup
        Groups of the units and of the error units.
    synapses : Connections
        Synapses, as the transmission makes them.
    initial : tuple of arrays
        Weights and biases at the start.
    monitors : Monitors
        Monitors of the populations; none where a kernel records everything.
    sampled : Sampled
        What was recorded of the populations.
    """

    network: b2.Network
    clock: b2.Clock
    units: b2.NeuronGroup
    errors: b2.NeuronGroup
    synapses: Connections
    initial: tuple[np.ndarray, np.ndarray]
    monitors: Monitors
    sampled: Sampled

    @property
    def code_objects(self) -> int:
        """How many pieces of code Brian2 runs; it does not grow with the number of layers."""
        objects = self.network.sorted_objects
        return sum(len(part._code_objects) for part in objects)


def build_network(plan: Plan) -> BuiltNetwork:
    """Units, error units, synapses, learning and monitors on one clock.

    Parameters
    ----------
    plan : Plan
        What is built.

    Raises
    ------
    ModelError
        If the learning rule does not go with the transmission.
    UnknownKindError
        If a choice of the plan has no class in the simulator.
    """
    graph, stimuli, schedule = plan.graph, plan.stimuli, plan.schedule
    clock = _clock(graph.time_step, stimuli.steps)
    travel = transmissions.build(plan.transmission, plan)
    if plan.transmission.fires:
        b2.seed(int(random_stream(plan.model.seed, "spikes").integers(2**32)))
    by_units, by_errors, by_synapses = travel.sampled_by
    inputs = build_player(stimuli.input, "inputs", np.zeros(graph.n_inputs, dtype=np.int64), clock)
    targets = build_player(stimuli.target, "targets", stimuli.target_lag, clock)
    answers = schedule.answers or Answers(1)
    of_units = travel.of_units.with_samples(schedule.of(*by_units))
    units = build_units(graph, inputs, of_units, answers, clock)
    of_errors = travel.of_errors.with_samples(schedule.of(*by_errors))
    errors = build_error_units(plan, units, targets, of_errors, clock)
    synapses = travel.connect(plan.w, units, errors, schedule.of(*by_synapses), clock)
    monitors = Monitors(
        {
            (group.name, event): monitor(group, event, variables, *moments)
            for group, event, variables, *moments in _kept(units, errors, answers, plan)
            if event in group.events
        },
        len(graph.outputs),
    )
    objects = [inputs, targets, units, errors, *synapses.objects, *monitors.values()]
    network = b2.Network(objects, name="neurodiff_network")
    initial = (plan.w, plan.bias[graph.n_inputs :])
    sampled = synapses.sampled_of(monitors)
    return BuiltNetwork(network, clock, units, errors, synapses, initial, monitors, sampled)


def _clock(time_step: float, steps: int) -> b2.Clock:
    """The one clock. Its step is that of the model, but for the last bits of the float.

    It has so few bits that all whole multiples up to the end of the run are exact, and clocks that
    tick every so many steps agree with it for ever: Brian2's standalone compares their times.
    """
    mantissa, exponent = np.frexp(time_step)
    bits = 53 - int(steps).bit_length()
    exact = np.ldexp(np.rint(np.ldexp(mantissa, bits)), exponent - bits)
    return b2.Clock(float(exact) * b2.second, name="neurodiff_clock")


def _kept(
    units: b2.NeuronGroup, errors: b2.NeuronGroup, answers: Answers, plan: Plan
) -> list[tuple[Any, ...]]:
    """What each monitor of the populations keeps, at which event, and when; see `monitor`."""
    kept: list[tuple[Any, ...]] = [
        (units, "signals", ["x"], RECORD),
        (units, "answers", [answer_variable(answers)], RECORD),
        (units, "events", ["sent"], SEND.after()),
        (errors, "signals", ["delta", "target"], RECORD),
        (errors, "events", ["sent"], SEND.after()),
        (errors, "weights", ["bias"], OBSERVE),
    ]
    # biases that move are kept with the products that they made
    products = [] if plan.plasticity.frozen else ["bias"]
    if not plan.feedback.symmetric:
        # errors that are not those of backprop are held against these on their own
        products.append("delta")
    if products:
        kept.append((errors, "products", products, OBSERVE))
    return kept
