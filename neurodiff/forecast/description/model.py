"""What a scientist wants to know of a model before running it."""

import warnings

import numpy as np

from neurodiff.forecast import Band, learnable_bands
from neurodiff.forecast.description.alignment import describe_alignment
from neurodiff.forecast.description.cycles import describe_cycles
from neurodiff.forecast.description.feedback import describe_feedback
from neurodiff.forecast.description.leak import describe_leak
from neurodiff.forecast.event_activity import expected_activity
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.dale import kept_signs
from neurodiff.network.graph import Ints, Projection
from neurodiff.network.latency import (
    Floats,
    compute_latencies,
    target_arrivals,
)
from neurodiff.plan.alignment import Traced, learning_latencies
from neurodiff.plan.feedback import first_errors
from neurodiff.plan.forewarnings import forewarnings, in_words
from neurodiff.plan.memory import free_memory, in_bytes
from neurodiff.plan.recording_schedule import validation_start
from neurodiff.simulation import Simulation
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


def describe(simulation: Simulation) -> str:
    """Populations, projections, latencies, bandwidths and estimated cost, as text.

    What should be known before it runs is said as warnings.
    """
    steps = simulation.stimuli.steps
    for text in forewarnings(simulation.graph, steps, simulation.estimated_seconds):
        warnings.warn(text, stacklevel=2)
    bands = [] if simulation.graph.cyclic else learnable_bands(simulation)
    parts = [
        _head(simulation),
        _populations(simulation),
        _projections(simulation),
        describe_cycles(simulation) or _latencies(simulation, bands),
        *describe_leak(simulation, bands),
        *describe_alignment(simulation),
        *describe_feedback(simulation),
        *_events(simulation),
        *_spikes(simulation),
        _cost(simulation),
    ]
    return "\n\n".join(parts)


def _head(simulation: Simulation) -> str:
    model, graph = simulation.model, simulation.graph
    time_step = format_quantity(model.time_step, TIME_UNITS)
    duration = format_quantity(simulation.stimuli.steps * model.time_step, TIME_UNITS)
    first = validation_start(simulation)
    return (
        f"{model.name}: {graph.n_units} units, {graph.n_synapses} synapses; "
        f"{simulation.stimuli.steps} steps of {time_step} ({duration}), validated from step {first}"
    )


def _populations(simulation: Simulation) -> str:
    """When each wave arrives: x of an input after F steps, delta of a target after D_y + R.

    With spikes the first of them arrive then, whatever their traces add to the latencies; and the
    trace of the target is a step late. With leaky neurons it begins to arrive then.
    """
    graph, spikes = simulation.graph.delays_only(), simulation.graph.spikes
    arrive = "first arrives" if graph.cyclic else "arrives"
    columns = ["population", "role", "units", "activation", f"input {arrive}", f"target {arrive}"]
    rows = [columns]
    latencies = compute_latencies(graph)
    first, last = latencies.shortest_forward, latencies.longest_forward
    shortest, longest = target_arrivals(graph, simulation.stimuli.target_lag + int(spikes))
    if graph.cyclic:
        last, longest = first, shortest
    for part in graph.populations:
        own, activation = part.units, "-" if part.role == "input" else part.activation
        arrival = _range(first[own], last[own])
        error = "-" if part.role == "input" else _range(shortest[own], longest[own])
        rows.append([part.name, part.role, str(part.size), activation, arrival, error])
    what = " of the first spikes that say so" if spikes else ""
    if simulation.graph.leak:
        what = ", leaks aside,"
    return align(rows) + f"\n(arrivals{what} in steps after the step in which something changes)"


def _projections(simulation: Simulation) -> str:
    graph, never = simulation.graph, _never_learns(simulation)
    rows = [["projection", "from", "to", "synapses", "forward delay", "backward delay", "learns"]]
    for part in graph.projections:
        own = part.synapses
        forward, backward = _lags(graph.forward_lag[own]), _lags(graph.backward_lag[own])
        if part.pre.role == "input" or graph.direct is not None:
            backward = "-"  # no error goes back to an input, and direct feedback along no synapse
        learns = never or ("yes" if graph.plastic[own].all() else "no (plastic: false)")
        count = str(part.stop - part.start)
        rows.append([part.name, part.pre.name, part.post.name, count, forward, backward, learns])
    return align(rows) + "\n(delays in steps)"


def _never_learns(simulation: Simulation) -> str:
    """Why nothing learns, whatever the projection; empty where something may."""
    if simulation.model.plasticity.rule == "none":
        return "no (no plasticity rule)"
    if simulation.rule.learning_rate == simulation.rule.weight_decay == 0:
        return "no (learning rate 0)"
    return ""


def _latencies(simulation: Simulation, bands: list[Band]) -> str:
    graph, alignment = simulation.graph, simulation.alignment
    exact = not (graph.filter_lag or isinstance(alignment, Traced) or simulation.feedback)
    first = "exact from step" if exact else "steady from step"
    rows = [["projection", "F", "R", "M", first, "learns below"]]
    settling = alignment.settling_steps() if alignment else 0
    settling += first_errors(simulation.feedback)
    for row, band in zip(
        learning_latencies(graph, simulation.latencies, alignment), bands, strict=True
    ):
        numbers = [f"{value:.4g}" for value in (row.forward, row.backward, row.mismatch)]
        settled = str(row.exact_from + settling)
        rows.append([row.projection.name, *numbers, settled, _cutoff(band)])
    return "\n".join([align(rows), *_reasons(bands), _legend(simulation)])


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


def _legend(simulation: Simulation) -> str:
    """What the columns mean, with the alignment, the neurons and the transmission of the model."""
    graph, alignment = simulation.graph, simulation.alignment
    steady = _STEADY if graph.spikes else _EXACT
    if graph.leak and graph.filter_lag:
        steady = _LEAKED
    if isinstance(alignment, Traced):
        steady = _TRACED
    if simulation.feedback is not None:
        steady = _RETURNED
    return _LEGEND.format(steady=steady)


def _events(simulation: Simulation) -> list[str]:
    activity = expected_activity(simulation)
    if activity is None:
        return []
    return [
        f"by events: expected synaptic operations {_share(activity.ratio)} of those of graded "
        f"transmission\n({_share(activity.forward)} of the units and "
        f"{_share(activity.backward)} of the error units send in a step, with the initial weights; "
        "learning adds to it)"
    ]


def _spikes(simulation: Simulation) -> list[str]:
    """Neurons, the lag of their traces, the gain of each population's error cells, kept signs."""
    spiking, graph = simulation.spiking, simulation.graph
    if spiking is None:
        return []
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
        signs = ", ".join(_excitatory(simulation, part) for part in kept)
        lines.append(f"weights that keep their signs: {signs}")
    return ["\n".join(lines)]


def _excitatory(simulation: Simulation, part: Projection) -> str:
    signs = kept_signs(simulation.graph, simulation.w)[part.synapses]
    return f"{part.name} ({int((signs > 0).sum())} excitatory, {int((signs < 0).sum())} inhibitory)"


def _share(part: float) -> str:
    return f"{100 * part:.2g} %"


def _cost(simulation: Simulation) -> str:
    cost = simulation.cost
    times = ", ".join(f"{target} {in_words(seconds)}" for target, seconds in cost.seconds.items())
    return (
        f"estimated memory {in_bytes(cost.memory)}, {in_bytes(free_memory())} are free; "
        f"estimated time, compilation included: {times}\n"
        f"runs on {simulation.target}"
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
