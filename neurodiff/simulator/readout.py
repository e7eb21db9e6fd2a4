"""Reads a network that has run: monitors and final weights become plain arrays."""

import numpy as np
from numpy.typing import NDArray

from neurodiff.network.graph import Graph
from neurodiff.network.loss import loss_of
from neurodiff.plan import Plan
from neurodiff.plan.sampling import Sampling, Schedule
from neurodiff.results.parts import Arrays, Ints, Part
from neurodiff.simulator.network import BuiltNetwork
from neurodiff.simulator.sampling import answer_variable, happened
from neurodiff.stimuli import Presentations


def collect(
    built: BuiltNetwork, graph: Graph, schedule: Schedule, completed: int, first: int = 0
) -> Part:
    """What was recorded of some steps; of a run that was stopped, what was until then.

    Parameters
    ----------
    built : BuiltNetwork
        Brian2 network of the plan, built.
    graph : Graph
        Network of units, synapses and delays.
    schedule : Schedule
        Steps at which each variable is recorded.
    completed : int
        Number of steps that were done since step 0.
    first : int
        The first step of which `built` has kept anything.
    """

    def steps_of(sampling: Sampling, n: int) -> Ints:
        steps = sampling.steps(completed)
        return steps[steps >= first][:n]

    arrays: Arrays = {}
    steps = {}
    if schedule.signals is not None:
        arrays.update(_signals(built, graph))
        steps["time"] = steps_of(schedule.signals, len(arrays["x"]))
    if schedule.products is not None:
        products = _products(built, graph, listed=schedule.listed)
        if products:
            steps["product_time"] = steps_of(schedule.products, len(next(iter(products.values()))))
        arrays.update(products)
    if schedule.factors is not None:
        arrays["factors"] = built.synapses.recorded("factors", "factors")
        steps["factor_time"] = steps_of(schedule.factors, len(arrays["factors"]))
    if schedule.answers is not None:
        variable = answer_variable(schedule.answers)
        answers = built.sampled.samples("answers", "units", variable)
        # recorded by unit number, kept in the order of the outputs
        arrays["answer"] = answers[:, np.argsort(np.argsort(graph.outputs))]
    if built.synapses.spike_monitors:
        arrays.update(_spikes(built, graph))
    elif schedule.events is not None:
        arrays.update(_events(built, graph))
    weights, ended = _weights(built, graph, first)
    arrays.update(weights)
    sampled = np.zeros(len(arrays["w"]), dtype=np.int64)
    steps["weight_time"] = steps_of(schedule.weights, len(sampled)) if schedule.weights else sampled
    return Part(arrays, steps, ended)


def last_signals(built: BuiltNetwork, graph: Graph) -> Arrays:
    """Activity and error (n_units,) of the last step; the error of inputs is 0.

    Parameters
    ----------
    built : BuiltNetwork
        Brian2 network of the plan, built.
    graph : Graph
        Network of units, synapses and delays.
    """
    delta = np.concatenate([np.zeros(graph.n_inputs), built.errors.delta[:]])
    return {"x": np.array(built.units.x[:]), "delta": delta}


def labelled(plan: Plan, arrays: Arrays, steps: dict[str, Ints]) -> Arrays:
    """The arrays of a recording with what belongs to them: labels, targets and the loss.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    arrays : dict
        Arrays by variable.
    steps : dict
        Steps of each time dimension.
    """
    found = dict(arrays)
    if plan.stimuli.presentations is not None and "answer" in arrays:
        found.update(_labels(plan.stimuli.presentations, len(arrays["answer"])))
    if "x" in arrays:
        found.update(_target_and_loss(plan, arrays, steps["time"]))
    return found | plan.transmission.recorded(plan.graph)


def _labels(shown: Presentations, n: int) -> Arrays:
    """Labels of the first n presentations, and whether they belong to the test."""
    return {
        "label": shown.frames.labels[shown.order[:n]],
        "tested": np.arange(n) >= shown.n_training,
    }


def _target_and_loss(plan: Plan, arrays: Arrays, steps: Ints) -> Arrays:
    """Recorded target and loss at `steps`, NaN where no target has come to the outputs yet."""
    # with spikes the trace of the target is a step late
    there = plan.stimuli.has_target(steps - int(plan.transmission.fires))
    target = np.where(there, arrays["target"], np.nan)
    with np.errstate(over="ignore", invalid="ignore"):  # it may have diverged
        loss = loss_of(plan.model.loss, arrays["x"][:, plan.graph.outputs], target)
    return {"target": target, "loss": loss}


def _signals(built: BuiltNetwork, graph: Graph) -> Arrays:
    sampled = built.sampled
    target = sampled.samples("signals", "errors", "target")
    return {
        "x": sampled.samples("signals", "units", "x"),
        "delta": _for_all_units(sampled.samples("signals", "errors", "delta"), graph),
        "target": target[:, graph.outputs - graph.n_inputs],
    }


def _products(built: BuiltNetwork, graph: Graph, *, listed: bool) -> Arrays:
    sampled, arrays = built.sampled, Arrays()
    if listed:
        arrays["product"] = built.synapses.recorded("products", "product")
    if sampled.has("products", "errors", "bias"):
        bias = sampled.samples("products", "errors", "bias")
        arrays["product_w"] = built.synapses.recorded("products", "w")
        arrays["product_bias"] = _for_all_units(bias, graph)
    if sampled.has("products", "errors", "delta"):
        delta = sampled.samples("products", "errors", "delta")
        arrays["product_delta"] = _for_all_units(delta, graph)
    return arrays


def _events(built: BuiltNetwork, graph: Graph) -> Arrays:
    """Every event, in the order of time: when, of which unit, of what kind, with what value."""
    parts = []
    for group, kind, first in (("units", "forward", 0), ("errors", "error", graph.n_inputs)):
        steps, unit, value = built.sampled.events(group)
        what = {"spike_value": value}
        parts.append(_of_kind(steps, unit + first, np.full(len(steps), kind)) | what)
    return _in_order(parts, graph)


def _spikes(built: BuiltNetwork, graph: Graph) -> Arrays:
    """Every spike, in the order of time: when, of which unit, of what kind of neuron."""
    parts = []
    monitors = built.synapses.spike_monitors
    steps, neuron = happened(monitors["neurons"])
    unit = np.array(monitors["neurons"].source.unit[:])[neuron]
    parts.append(_of_kind(steps, unit, np.full(len(steps), "forward")))
    cells = monitors["cells"].source
    steps, cell = happened(monitors["cells"])
    kind = np.where(np.array(cells.polarity[:])[cell] > 0, "on", "off")
    parts.append(_of_kind(steps, np.array(cells.unit[:])[cell], kind))
    return _in_order(parts, graph)


def _of_kind(steps: Ints, unit: Ints, kind: NDArray[np.str_]) -> Arrays:
    return {"spike_time": steps, "spike_unit": unit, "spike_kind": kind}


def _in_order(parts: list[Arrays], graph: Graph) -> Arrays:
    """All parts in one, sorted by time, which is in steps until here."""
    events = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(events["spike_time"], kind="stable")
    events["spike_time"] = events["spike_time"] * graph.time_step
    return {name: values[order] for name, values in events.items()}


def _weights(built: BuiltNetwork, graph: Graph, first: int) -> tuple[Arrays, Arrays]:
    """Weights and biases as recorded, or at least those of step 0; and the last (1, n) of each."""
    w, bias = (np.asarray(values)[None][: first == 0] for values in built.initial)
    if built.sampled.has("weights", "errors", "bias"):
        w = built.synapses.recorded("weights", "w")
        bias = built.sampled.samples("weights", "errors", "bias")
    last = {"w": built.synapses.weights()[None], "bias": np.array(built.errors.bias[:])[None]}
    kept = {"w": w, "bias": bias}
    if (b := built.synapses.backward_weights()) is not None:
        # with the last, and at least the first before it
        kept["b"], last["b"] = b[:-1][: len(w)], b[-1:]
    return tuple({**part, "bias": _for_all_units(part["bias"], graph)} for part in (kept, last))  # type: ignore[return-value]


def _for_all_units(values: NDArray[np.float64], graph: Graph) -> NDArray[np.float64]:
    """Values of the error units as values of all units; inputs have none."""
    missing = np.full((len(values), graph.n_inputs), np.nan)
    return np.concatenate([missing, values], axis=1)
