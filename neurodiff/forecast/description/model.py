"""What a scientist wants to know of a model before running it."""

import warnings
from functools import singledispatch

import numpy as np

from neurodiff.exceptions import UnknownKindError
from neurodiff.forecast import Band, learnable_bands
from neurodiff.forecast.description.alignment import describe_alignment
from neurodiff.forecast.description.cycles import describe_cycles
from neurodiff.forecast.description.feedback import describe_feedback
from neurodiff.forecast.description.leak import describe_leak
from neurodiff.forecast.event_activity import expected_activity
from neurodiff.forecast.event_speed import event_speed
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.dale import kept_signs
from neurodiff.network.graph import Floats, Ints, Projection
from neurodiff.network.latency import (
    compute_latencies,
    target_arrivals,
)
from neurodiff.plan import Plan
from neurodiff.plan.forewarnings import forewarnings, in_words
from neurodiff.plan.memory import free_memory, in_bytes
from neurodiff.plan.transmission import Events, Graded, Spikes, Transmission
from neurodiff.text import align

_LEGEND = """\
F, R and M are means where there are paths of several lengths.
F: steps from the input to the layer. R: steps from the output's error to the layer.
M: by how many steps what arrives at the synapse is newer than what its error is about; that is how
long a signal takes from the layer to an output and back to the layer's own error.
{steady}
learns below: from this frequency on the mean update goes against the gradient of the delayed \
network,
with the weights of the start; of one tone and loops of M steps that is 1/(4 M dt)."""
_EXACT = (
    "exact from step: with constant input and frozen weights, the update is the gradient from here "
    "on."
)
_STEADY = (
    "steady from step: with constant input and frozen weights, the mean of the update stays as it "
    "is\nfrom about here on, five time constants of a trace after the mean wave has come."
)
_LEAKED = (
    "steady from step: with constant input and frozen weights, all but 1 % of each error has "
    "come by\nabout here."
)
_TRACED = (
    "steady from step: with constant input and frozen weights, the update is the gradient from "
    "about here\non, five times the longest lag of a trace after the waves have come."
)
_RETURNED = (
    "steady from step: with constant input and frozen weights, the update stays as it is from here "
    "on:\nwhat this feedback makes of the gradient."
)


def describe(plan: Plan, backend: str) -> str:
    """Populations, projections, latencies, bandwidths and estimated cost, as text.

    What should be known before it runs is said as warnings.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    backend : str
        On which it would run: numpy, cython or cpp_standalone.
    """
    steps, seconds = plan.stimuli.steps, plan.cost.seconds.get(backend, float("nan"))
    for text in forewarnings(plan.graph, steps, seconds):
        warnings.warn(text, stacklevel=2)
    bands = [] if plan.graph.cyclic else learnable_bands(plan)
    parts = [
        _head(plan),
        _populations(plan),
        _projections(plan),
        describe_cycles(plan) or _latencies(plan, bands),
        *describe_leak(plan, bands),
        *describe_alignment(plan),
        *describe_feedback(plan),
        *plan.transmission.choices,
        *_events(plan, backend),
        *_spikes(plan),
        _cost(plan, backend),
    ]
    return "\n\n".join(parts)


def _head(plan: Plan) -> str:
    model, graph = plan.model, plan.graph
    time_step = format_quantity(model.time_step, TIME_UNITS)
    duration = format_quantity(plan.stimuli.steps * model.time_step, TIME_UNITS)
    first = plan.validation_start
    return (
        f"{model.name}: {graph.n_units} units, {graph.n_synapses} synapses; "
        f"{plan.stimuli.steps} steps of {time_step} ({duration}), validated from step {first}"
    )


def _populations(plan: Plan) -> str:
    """When each wave arrives: x of an input after F steps, delta of a target after D_y + R.

    With spikes the first of them arrive then, whatever their traces add to the latencies; and the
    trace of the target is a step late. With leaky neurons it begins to arrive then.
    """
    graph, fires = plan.graph.delays_only(), plan.transmission.fires
    arrive = "first arrives" if graph.cyclic else "arrives"
    columns = ["population", "role", "units", "activation", f"input {arrive}", f"target {arrive}"]
    rows = [columns]
    latencies = compute_latencies(graph)
    first, last = latencies.shortest_forward, latencies.longest_forward
    shortest, longest = target_arrivals(graph, plan.stimuli.target_lag + int(fires))
    if graph.cyclic:
        last, longest = first, shortest
    for part in graph.populations:
        own, activation = part.units, "-" if part.role == "input" else part.activation
        arrival = _range(first[own], last[own])
        error = "-" if part.role == "input" else _range(shortest[own], longest[own])
        rows.append([part.name, part.role, str(part.size), activation, arrival, error])
    what = " of the first spikes that say so" if fires else ""
    if plan.graph.hop.leaks:
        what = ", leaks aside,"
    return align(rows) + f"\n(arrivals{what} in steps after the step in which something changes)"


def _projections(plan: Plan) -> str:
    graph, never = plan.graph, _never_learns(plan)
    rows = [["projection", "from", "to", "synapses", "forward delay", "backward delay", "learns"]]
    for part in graph.projections:
        own = part.synapses
        forward, backward = _lags(graph.forward_lag[own]), _lags(graph.backward_lag[own])
        if part.pre.role == "input" or not graph.backward.along_synapses:
            backward = "-"  # no error goes back to an input, and direct feedback along no synapse
        learns = never or ("yes" if graph.plastic[own].all() else "no (plastic: false)")
        count = str(part.stop - part.start)
        rows.append([part.name, part.pre.name, part.post.name, count, forward, backward, learns])
    return align(rows) + "\n(delays in steps)"


def _never_learns(plan: Plan) -> str:
    """Why nothing learns, whatever the projection; empty where something may."""
    if not plan.plasticity.learns:
        return "no (no plasticity rule)"
    if plan.plasticity.learning_rate == plan.plasticity.weight_decay == 0:
        return "no (learning rate 0)"
    return ""


def _latencies(plan: Plan, bands: list[Band]) -> str:
    graph, alignment = plan.graph, plan.alignment
    exact = plan.feedback.symmetric and not (graph.filter_lag or alignment.ages(graph) is None)
    first = "exact from step" if exact else "steady from step"
    rows = [["projection", "F", "R", "M", first, "learns below"]]
    settling = alignment.settling_steps + plan.feedback.first_errors
    for row, band in zip(plan.projection_latencies, bands, strict=True):
        numbers = [f"{value:.4g}" for value in (row.forward, row.backward, row.mismatch)]
        settled = str(row.exact_from + settling)
        rows.append([row.projection.name, *numbers, settled, _cutoff(band)])
    return "\n".join([align(rows), *_reasons(bands), _legend(plan)])


def _reasons(bands: list[Band]) -> list[str]:
    """Why there is no frequency where there is none, each reason once."""
    whys = dict.fromkeys(band.why for band in bands if band.why)
    return [
        f"depends ({', '.join(band.projection.name for band in bands if band.why == why)}): {why}"
        for why in whys
    ]


def _cutoff(band: Band) -> str:
    if np.isnan(band.cutoff):
        return "depends" if band.why else "-"
    return "any speed" if np.isinf(band.cutoff) else f"{band.cutoff:.4g} Hz"


def _legend(plan: Plan) -> str:
    """What the columns mean, with the alignment, the neurons and the transmission of the model."""
    graph, alignment = plan.graph, plan.alignment
    steady = _STEADY if plan.transmission.fires else _EXACT
    if graph.hop.leaks and graph.filter_lag:
        steady = _LEAKED
    if alignment.keeps == "traces":
        steady = _TRACED
    if not plan.feedback.symmetric:
        steady = _RETURNED
    return _LEGEND.format(steady=steady)


def _events(plan: Plan, backend: str) -> list[str]:
    activity = expected_activity(plan)
    if activity is None:
        return []
    speed = event_speed(plan, backend, activity)
    faster = "the dense kernel is faster"
    if speed.until > 1:
        faster = f"events are faster until the input is {speed.until:.2g} times as fast"
    return [
        f"by events: expected synaptic operations {_share(activity.ratio)} of those of graded "
        f"transmission\n({_share(activity.forward)} of the units and "
        f"{_share(activity.backward)} of the error units send in a step, with the initial weights; "
        "learning adds to it)\n"
        f"{speed.per_second:.3g} events a second; about {1e6 * speed.events:.3g} us a step on "
        f"{backend}, and {1e6 * speed.dense:.3g} us by a dense kernel (`transmission: graded`): "
        f"{faster}"
    ]


def _spikes(plan: Plan) -> list[str]:
    """Neurons, the lag of their traces, the gain of each population's error cells, kept signs."""
    return _firing(plan.transmission, plan)


@singledispatch
def _firing(transmission: Transmission, plan: Plan) -> list[str]:
    raise UnknownKindError("neurodiff.forecast.description.model._firing", transmission)


@_firing.register
def _(transmission: Graded | Events, plan: Plan) -> list[str]:
    return []


@_firing.register
def _(spiking: Spikes, plan: Plan) -> list[str]:
    graph = plan.graph
    time_step = graph.time_step
    lines = [
        f"by spikes of {spiking.neurons_per_unit} {spiking.neuron} neuron(s) per unit, "
        f"{spiking.maximum_rate / time_step:.4g} Hz for an activity of 1",
        f"a trace lags by {graph.filter_lag:.4g} steps: once for each hop in F and R; twice more",
        "and a step, for the traces of the output and of the error, in M and in what is steady",
    ]
    for part in graph.populations:
        if part.role != "input":
            gain = spiking.gain[part.start] / time_step
            lines.append(f"error cells of {part.name}: {gain:.4g} Hz for an error of 1")
    if graph.dale.any():
        kept = [part for part in graph.projections if graph.dale[part.synapses].all()]
        signs = ", ".join(_excitatory(plan, part) for part in kept)
        lines.append(f"weights that keep their signs: {signs}")
    return ["\n".join(lines)]


def _excitatory(plan: Plan, part: Projection) -> str:
    signs = kept_signs(plan.graph, plan.w)[part.synapses]
    return f"{part.name} ({int((signs > 0).sum())} excitatory, {int((signs < 0).sum())} inhibitory)"


def _share(part: float) -> str:
    return f"{100 * part:.2g} %"


def _cost(plan: Plan, backend: str) -> str:
    cost, steps = plan.cost, plan.stimuli.steps
    kept = plan.schedule.of("signals", "weights", "products", "factors", "events")
    names = {"factors": "factors of products"}
    names |= {} if plan.schedule.listed else {"products": "products compared"}
    counts = [f"{names.get(name, name)} {at.count(steps)} times" for name, at in kept.items()]
    times = ", ".join(f"{name} {in_words(seconds)}" for name, seconds in cost.seconds.items())
    return (
        f"recorded: {', '.join(counts) or 'nothing'}, {in_bytes(cost.parts['recording'])}\n"
        f"estimated memory {in_bytes(cost.memory)}, {in_bytes(free_memory())} are free; "
        f"estimated time, compilation included: {times}\n"
        f"runs on {backend}, {plan.engine}"
    )


def _lags(lags: Ints) -> str:
    return _range(lags, lags)


def _range(shortest: Floats | Ints, longest: Floats | Ints) -> str:
    """The smallest and the largest finite number, as one where they are equal."""
    shortest, longest = (values[np.isfinite(values)] for values in (shortest, longest))
    if not len(shortest) or not len(longest):
        return "never"
    first, last = int(shortest.min()), int(longest.max())
    return str(first) if first == last else f"{first} to {last}"
