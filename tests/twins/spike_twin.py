"""A dense twin of networks that spike: every neuron and every synapse at every step.

It is given the spikes of each step, or works them out with neurons of its own, and says what they
do to traces, currents and weights, without any short cut.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff import Simulation
from neurodiff.network.graph import random_stream
from neurodiff.reference.backprop import injection, slopes
from tests.networks import Floats

Ints = NDArray[np.int64]


class Counts(NamedTuple):
    """Spikes of each unit (..., n_units): of its neurons, and of its ON and OFF cells."""

    forward: Ints
    on: Ints
    off: Ints

    def at(self, t: int) -> "Counts":
        return Counts(*(part[t] for part in self))

    @property
    def error(self) -> Ints:
        return self.on - self.off


class Inflow(NamedTuple):
    """What the neurons of a step go by, each (n_units,); `x` is the own trace that is left."""

    drive: Floats
    on: Floats
    off: Floats
    x: Floats
    bias: Floats


class TwinStep(NamedTuple):
    """One step, with the weights (n_synapses,) and biases (n_units,) that are used in it."""

    counts: Counts
    x: Floats
    delta: Floats
    product: Floats
    w: Floats
    bias: Floats
    drive: Floats
    feedback: Floats


#: Gives the spikes of a step.
Fire = Callable[[int, Inflow], Counts]


def recorded_counts(simulation: Simulation) -> Counts:
    """Spikes that were recorded (steps, n_units)."""
    recording = simulation.recording
    step = np.rint(recording["spike_time"].values / simulation.graph.time_step).astype(np.int64)
    unit, kind = recording["spike_unit"].values, recording["spike_kind"].values
    counts = []
    for name in ("forward", "on", "off"):
        counted = np.zeros(
            (simulation.plan.stimuli.steps, simulation.graph.n_units), dtype=np.int64
        )
        np.add.at(counted, (step[kind == name], unit[kind == name]), 1)
        counts.append(counted)
    return Counts(*counts)


def dense_steps(simulation: Simulation, fire: Fire) -> Iterator[TwinStep]:
    """The network from its first weights on, one step more than the run, which is silent."""
    graph, rule, spiking = (
        simulation.graph,
        simulation.plan.plasticity,
        simulation.plan.transmission,
    )
    n, steps, decay = graph.n_units, simulation.plan.stimuli.steps, spiking.decay
    in_steps = graph.time_step * simulation.model.transmission.maximum_rate
    per_x = (1 - decay) / (in_steps * spiking.neurons_per_unit)
    per_delta = (1 - decay) / (spiking.gain * spiking.neurons_per_unit)
    w, bias = simulation.plan.w.copy(), simulation.plan.bias.copy()
    sign = np.where(w < 0, -1.0, 1.0)
    sent = Counts(*np.zeros((3, steps + 1, n), dtype=np.int64))
    traces = np.zeros((steps + 1, n))
    x, delta, drive, on, off = np.zeros((5, n))
    for t in range(steps + 1):
        came = per_x * _ago(sent.forward, t, graph.forward_lag, graph.pre)
        drive = decay * drive + np.bincount(graph.post, w * came, n)
        back = per_delta[graph.post]
        came_on = back * _ago(sent.on, t, graph.backward_lag, graph.post)
        came_off = back * _ago(sent.off, t, graph.backward_lag, graph.post)
        excites, inhibits = np.maximum(w, 0), np.maximum(-w, 0)
        on = decay * on + np.bincount(graph.pre, excites * came_on + inhibits * came_off, n)
        off = decay * off + np.bincount(graph.pre, excites * came_off + inhibits * came_on, n)
        delta = decay * delta
        if t < steps:
            now = fire(t, Inflow(drive, on, off, x, bias))
            sent.forward[t], sent.on[t], sent.off[t] = now
        # outputs are compared with the trace of the step before
        x = decay * x + per_x * sent.forward[t]
        delta = delta + per_delta * sent.error[t]
        traces[t] = x
        at_synapse = _ago(traces, t, graph.forward_lag, graph.pre)
        product = delta[graph.post] * at_synapse
        yield TwinStep(sent.at(t), x, delta, product, w.copy(), bias.copy(), drive.copy(), on - off)
        if rule.start <= t < rule.stop:
            w -= graph.plastic * (rule.learning_rate * product + rule.weight_decay * w)
            # a weight that keeps its sign stops at 0
            w = np.where(graph.dale, sign * np.maximum(sign * w, 0), w)
            bias -= graph.has_bias * (rule.learning_rate * delta + rule.weight_decay * bias)


class RegularNeurons:
    """Integrate-and-fire neurons and error cells, as the theory has them; a `Fire`."""

    def __init__(self, simulation: Simulation):
        self._simulation, spiking = simulation, simulation.plan.transmission
        graph = simulation.graph
        self._own = slice(graph.n_inputs, graph.n_units)
        steps = np.arange(simulation.plan.stimuli.steps)
        self._u = simulation.plan.stimuli.input.at(steps)
        self._y = simulation.plan.stimuli.target_at(steps)
        self._target = np.zeros(len(graph.outputs))
        cells, errors = spiking.neurons_per_unit, graph.n_units - graph.n_inputs
        neurons = random_stream(spiking.seed, "phases of neurons").random(graph.n_units * cells)
        self._phase = neurons.reshape(-1, cells)
        of_cells = random_stream(spiking.seed, "phases of cells").random(2 * errors * cells)
        self._on, self._off = of_cells.reshape(2, errors, cells)

    def __call__(self, t: int, inflow: Inflow) -> Counts:
        simulation = self._simulation
        graph, spiking = simulation.graph, simulation.plan.transmission
        a = inflow.drive + inflow.bias
        rate = np.zeros(graph.n_units)
        for part in graph.populations:
            rate[part.units] = part.sigma.function(a[part.units])
        rate[: graph.n_inputs] = self._u[t]
        slope = slopes(graph, a)
        injected, out = np.zeros(graph.n_units), graph.outputs
        injected[out] = injection(simulation.model.loss, slope[out], inflow.x[out], self._target)
        # outputs are compared with traces of the step before, and so are targets
        self._target = spiking.decay * self._target + (1 - spiking.decay) * self._y[t]
        if spiking.mutual_inhibition:
            error = slope * (inflow.on - inflow.off) + injected
            on, off = np.maximum(error, 0), np.maximum(-error, 0)
        else:
            on = slope * inflow.on + np.maximum(injected, 0)
            off = slope * inflow.off + np.maximum(-injected, 0)
        counts = np.zeros((3, graph.n_units), dtype=np.int64)
        counts[0] = _cross(self._phase, spiking.maximum_rate * rate)
        counts[1, self._own] = _cross(self._on, (spiking.gain * on)[self._own])
        counts[2, self._own] = _cross(self._off, (spiking.gain * off)[self._own])
        return Counts(*counts)


def _cross(phase: Floats, spikes_per_step: Floats) -> Ints:
    """Move phases (n, neurons of each) on; how many of each unit fire. None owes more than one."""
    np.minimum(phase + spikes_per_step[:, None], 2, out=phase)
    fire = phase >= 1
    phase -= fire
    return fire.sum(axis=1)


def _ago(values: NDArray, t: int, lag: Ints, units: Ints) -> NDArray:
    """values[t - lag, units] (n_synapses,), 0 where that is before step 0."""
    return np.where(lag <= t, values[np.maximum(t - lag, 0), units], 0)
