"""When a run samples what: the model's `record` and `validation` in steps, with their defaults."""

from math import ceil, gcd

from neurodiff.exceptions import ModelError
from neurodiff.graph import Graph
from neurodiff.latency import Latencies, outputs_settle, projection_latencies
from neurodiff.simulator.coder import Thresholds
from neurodiff.simulator.network import Samplings
from neurodiff.simulator.plasticity import Diffusion
from neurodiff.simulator.sampling import Sampling
from neurodiff.spec import Model
from neurodiff.spec.model import Plasticity
from neurodiff.spec.quantities import TIME_UNITS, format_quantity
from neurodiff.spec.transmission import EventTransmission, RelativeThreshold
from neurodiff.stimuli import Stimuli

#: About how many samples are kept where the model does not say how often.
_SIGNALS, _WEIGHTS, _PRODUCTS = 1000, 10, 200

#: Steps of the running mean that a relative threshold goes by, unless the model says.
_AVERAGE = 1000


def learning_rule(model: Model, stimuli: Stimuli) -> Diffusion:
    """The model's plasticity per step; it learns from its start to the test phase."""
    rule = model.plasticity
    if not isinstance(rule, Plasticity):
        return Diffusion(0.0, 0.0, 0, 0)
    return Diffusion(
        learning_rate=rule.learning_rate * model.time_step,
        weight_decay=rule.weight_decay * model.time_step,
        start=model.steps(rule.start),
        stop=stimuli.learning_steps,
    )


def event_thresholds(model: Model) -> Thresholds | None:
    """The thresholds of event-driven transmission; None for graded transmission."""
    sent = model.transmission
    if not isinstance(sent, EventTransmission):
        return None
    of_errors = sent.error_threshold
    if not isinstance(of_errors, RelativeThreshold):
        return Thresholds(sent.threshold, of_errors.absolute, None)
    average = _AVERAGE if of_errors.average is None else model.steps(of_errors.average)
    return Thresholds(sent.threshold, of_errors.relative, average)


def plan_samplings(model: Model, stimuli: Stimuli, latencies: Latencies, graph: Graph) -> Samplings:
    """Which steps are recorded.

    Raises
    ------
    ModelError
        If something is to begin only after the end of the run.
    """
    _refuse_what_never_begins(model, stimuli)
    return Samplings(
        signals=_signals(model, stimuli.steps),
        weights=_every(model, model.record.weights, stimuli.steps, _WEIGHTS),
        products=_products(model, stimuli),
        answers=_answers(model, stimuli, latencies, graph),
        events=_events(model),
    )


def _refuse_what_never_begins(model: Model, stimuli: Stimuli) -> None:
    learned = stimuli.learning_steps
    begins = {
        "record.window": (model.record.window and model.record.window[0], stimuli.steps),
        "validation.start": (model.validation.start, learned),
        "validation.every": (model.validation.every, learned),
        "plasticity.start": (getattr(model.plasticity, "start", None), learned),
    }
    for field, (time, end) in begins.items():
        if time and model.steps(time) >= end:
            value, last = (format_quantity(t, TIME_UNITS) for t in (time, end * model.time_step))
            raise ModelError(field, f"{value} is not before the end, {last}", "write less")


def validation_start(model: Model, latencies: Latencies, graph: Graph) -> int:
    """First step that is validated; by default, that from which a constant input is exact."""
    if model.validation.start is not None:
        return model.steps(model.validation.start)
    return max(row.exact_from for row in projection_latencies(graph, latencies))


def recorded_values(samplings: Samplings, steps: int, graph: Graph) -> int:
    """How many numbers a run of `steps` steps records."""
    widths = {
        "signals": 3 * graph.n_units,
        "answers": len(graph.outputs),
        "weights": graph.n_synapses,
        "products": 2 * graph.n_synapses,
    }
    parts = samplings.of(*widths)
    return sum(
        width * len(parts[name].steps(steps)) for name, width in widths.items() if name in parts
    )


def _every(model: Model, interval: str | float | None, steps: int, wanted: int) -> Sampling | None:
    if interval == "none":
        return None
    return Sampling(model.steps(interval) if isinstance(interval, float) else ceil(steps / wanted))


def _signals(model: Model, steps: int) -> Sampling | None:
    window = model.record.window
    if window is None:
        return _every(model, model.record.signals, steps, _SIGNALS)
    start, stop = model.steps(window[0]), model.steps(window[1])
    sampling = _every(model, model.record.signals, stop - start, _SIGNALS)
    return sampling and Sampling(sampling.every, start, stop)


def _events(model: Model) -> Sampling | None:
    """When events are kept: every one of them, in the window of the signals."""
    kept = model.record.events or ("none" if model.record.signals == "none" else "all")
    if model.transmission.kind != "events" or kept == "none":
        return None
    if model.record.window is None:
        return Sampling(1)
    start, stop = model.record.window
    return Sampling(1, model.steps(start), model.steps(stop))


def _products(model: Model, stimuli: Stimuli) -> Sampling:
    """Every so many steps of the learning phase; by default at all phases of a frame's hold."""
    if model.validation.every is not None:
        return Sampling(model.steps(model.validation.every), stop=stimuli.learning_steps)
    every = ceil(stimuli.learning_steps / _PRODUCTS)
    hold = stimuli.presentations.hold if stimuli.presentations else 1
    while gcd(every, hold) > 1:
        every += 1
    return Sampling(every, stop=stimuli.learning_steps)


def _answers(model: Model, stimuli: Stimuli, latencies: Latencies, graph: Graph) -> Sampling | None:
    """The first step at which the outputs answer to a labelled frame; one sample per presentation.

    At that step nothing has been learned from the frame yet.
    """
    shown = stimuli.presentations
    if shown is None or model.target.kind != "labels":
        return None
    first = outputs_settle(latencies, graph) + shown.crossfade
    return Sampling(shown.hold, first, first + shown.steps, only="is_output")
