"""When a run samples what: the model's `record` and `validation` in steps, with their defaults."""

import warnings
from math import ceil
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.model_file.model import Plasticity
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.model_file.transmission import (
    EventTransmission,
    RelativeThreshold,
    SpikeTransmission,
)
from neurodiff.network.convergence import estimate_convergence
from neurodiff.network.graph import Graph, membrane
from neurodiff.network.latency import (
    Latencies,
    arrival_spread,
    compute_latencies,
    first_answer,
)
from neurodiff.plan.alignment import Alignment, learning_latencies
from neurodiff.plan.error_size import ErrorSize, expected_error_sizes
from neurodiff.plan.feedback import Feedback, Mirror, first_errors
from neurodiff.simulator.network import Samplings
from neurodiff.simulator.plasticity import Diffusion
from neurodiff.simulator.sampling import Answers, Sampling
from neurodiff.simulator.transmission.firing_neurons import Spiking
from neurodiff.simulator.transmission.send_on_change import Thresholds
from neurodiff.stimuli.build import Stimuli

Floats = NDArray[np.float64]

#: About how many samples are kept where the model does not say how often.
_SIGNALS, _WEIGHTS, _PRODUCTS = 1000, 10, 200

#: At least so many of the first frames have their signals kept.
_FRAMES = 4

#: From this on samples are well spread over the phases of a stimulus; how many more intervals than
#: a quarter of the first are tried.
_EVEN, _OTHERS = 0.1, 12

#: Share of the units that send an event in a step.
_EVENT_SHARE = 0.05

#: Steps of the running mean that a relative threshold goes by, unless the model says.
_AVERAGE = 1000


def learning_rule(model: Model, stimuli: Stimuli, feedback: Feedback | None = None) -> Diffusion:
    """The model's plasticity per step; it learns from its start to the test phase.

    A weight mirror comes first: nothing else learns until its noise has left the network.
    """
    rule = model.plasticity
    if not isinstance(rule, Plasticity):
        return Diffusion(0.0, 0.0, 0, 0)
    return Diffusion(
        learning_rate=rule.learning_rate * model.time_step,
        weight_decay=rule.weight_decay * model.time_step,
        start=max(model.steps(rule.start), first_errors(feedback)),
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


def spiking(
    model: Model, graph: Graph, w: Floats, bias: Floats, stimuli: Stimuli
) -> Spiking | None:
    """The neurons of spiking transmission; None with another one.

    The gain of each population's error cells is such that they fire at `error_rate` for an error of
    the size that its errors have before anything is learned, by one backward pass at the start.

    Parameters
    ----------
    w, bias : arrays (n_synapses,), (n_units,)
        At the start.
    """
    spikes = model.transmission
    if not isinstance(spikes, SpikeTransmission):
        return None
    sizes = expected_error_sizes(graph, w, bias, stimuli, model.loss)
    _warn_of_dead(sizes)
    at_one = spikes.error_rate * model.time_step
    # errors that cancel at the start will be about as large as their parts
    scale = {name: part.size or part.unsigned or 1.0 for name, part in sizes.items()}
    return Spiking(
        neuron=spikes.neuron,
        membrane=membrane(model),
        maximum_rate=spikes.maximum_rate * model.time_step,
        gain=graph.by_unit(lambda part: at_one / scale.get(part.name, 1.0)),
        decay=float(np.exp(-model.time_step / spikes.synaptic_time_constant)),
        neurons_per_unit=spikes.neurons_per_unit,
        mutual_inhibition=spikes.mutual_inhibition,
        seed=model.seed,
    )


def _warn_of_dead(sizes: dict[str, ErrorSize]) -> None:
    """Say which populations no error reaches, and where all errors cancel."""
    dead = [name for name, part in sizes.items() if part.unsigned == 0]
    cancel = [name for name, part in sizes.items() if part.size == 0 < part.unsigned]
    if cancel:
        warnings.warn(
            f"the errors that reach the units of `{cancel[0]}` cancel before learning, and nothing "
            "will be learned there until they do not; change the weights, or the targets",
            stacklevel=6,
        )
    if dead:
        warnings.warn(
            f"no error reaches the units of `{dead[0]}` before learning: the weights from there "
            "are 0, or rates there or further on do not change with their drive; nothing is "
            "learned there until that changes; take other weights, or another `background` of lif "
            "neurons",
            stacklevel=6,
        )


def shares_that_send(model: Model) -> tuple[float, float] | None:
    """About what shares of the units and of the error units send in a step; None if graded.

    A rough figure, for the cost; `show` knows better what events will be sent.
    """
    sent = model.transmission
    if isinstance(sent, SpikeTransmission):
        # units at half their maximum rate, and errors at that of the beginning
        spikes = sent.neurons_per_unit * model.time_step
        return min(1.0, spikes * sent.maximum_rate / 2), min(1.0, spikes * sent.error_rate)
    return (_EVENT_SHARE, _EVENT_SHARE) if isinstance(sent, EventTransmission) else None


def plan_samplings(
    model: Model,
    stimuli: Stimuli,
    latencies: Latencies,
    graph: Graph,
    feedback: Feedback | None = None,
) -> Samplings:
    """Which steps are recorded.

    Raises
    ------
    ModelError
        If something is to begin only after the end of the run.
    """
    _refuse_what_never_begins(model, stimuli)
    _refuse_a_long_mirror(model, stimuli, feedback)
    return Samplings(
        signals=_signals(model, stimuli),
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


def _refuse_a_long_mirror(model: Model, stimuli: Stimuli, feedback: Feedback | None) -> None:
    """Refuse a mirror that outlasts the run, or leaves plasticity no time to learn in."""
    if not isinstance(feedback, Mirror):
        return
    if isinstance(model.plasticity, Plasticity):
        needed, end, what = feedback.clear + 1, stimuli.learning_steps, "learning ends"
    else:
        needed, end, what = feedback.steps, stimuli.steps, "the run ends"
    if needed > end:
        times = (feedback.steps, end, feedback.clear - feedback.steps)
        value, last, leaves = (format_quantity(t * model.time_step, TIME_UNITS) for t in times)
        text = f"{value} is too long where {what} at {last}, and noise takes {leaves} to leave"
        raise ModelError("feedback.duration", text, "write less, or run longer")


class Planned(Protocol):
    """A model with what was made of it: a simulation, or a recorded run."""

    @property
    def model(self) -> Model:
        """What was asked for."""
        ...

    @property
    def graph(self) -> Graph:
        """Units, synapses and delays."""
        ...

    @property
    def latencies(self) -> Latencies:
        """When each wave is where."""
        ...

    @property
    def alignment(self) -> Alignment | None:
        """What waits for its error, if anything does."""
        ...

    @property
    def feedback(self) -> Feedback | None:
        """By what weights errors come back; None for those of the synapses."""
        ...

    @property
    def stimuli(self) -> Stimuli:
        """Input and target."""
        ...

    @property
    def rule(self) -> Diffusion:
        """The learning rule, per step."""
        ...

    @property
    def w(self) -> Floats:
        """Weights (n_synapses,) at the start."""
        ...

    @property
    def bias(self) -> Floats:
        """Biases (n_units,) at the start."""
        ...


def validation_start(case: Planned) -> int:
    """First step that is validated; by default, that from which a constant input is exact.

    With leaks, or traces of spikes, it is the one at which about all of a change has come.
    With cycles it is the one at which both waves have come once and settled with the first input
    and the weights of the start; step 0 where they do not settle, and where the waves themselves
    are the reference.
    """
    model, graph, alignment = case.model, case.graph, case.alignment
    feedback = case.feedback
    if model.validation.start is not None:
        return model.steps(model.validation.start)
    if graph.cyclic:
        if model.reference == "delayed":
            return 0
        b = feedback.b if feedback else None
        first = first_input(case.stimuli)
        return estimate_convergence(graph, case.w, case.bias, first, b).steps or 0
    settled = max(row.exact_from for row in learning_latencies(graph, case.latencies, alignment))
    settled += alignment.settling_steps() if alignment else 0
    # after a mirror, both waves begin anew
    return first_errors(feedback) + settled


def first_input(stimuli: Stimuli) -> Floats:
    """The input (n_inputs,) of step 0."""
    return stimuli.input.at(np.zeros(1, dtype=np.int64))[0]


def recorded_values(model: Model, samplings: Samplings, steps: int, graph: Graph) -> int:
    """About how many numbers a run of `steps` steps records."""
    forward, backward = shares_that_send(model) or (0.0, 0.0)
    own = 0 if model.feedback.rule == "symmetric" else len(graph.returning)
    per_step = graph.n_units * forward + (graph.n_units - graph.n_inputs) * backward
    widths = {
        # time, unit and kind, which is text, of each
        "events": 2 * per_step,
        "signals": 3 * graph.n_units,
        "answers": len(graph.outputs),
        "weights": graph.n_synapses + own,
        "products": 2 * graph.n_synapses,
    }
    parts = samplings.of(*widths)
    return round(sum(widths[name] * part.count(steps) for name, part in parts.items()))


def _every(model: Model, interval: str | float | None, steps: int, wanted: int) -> Sampling | None:
    if interval == "none":
        return None
    return Sampling(model.steps(interval) if isinstance(interval, float) else ceil(steps / wanted))


def _signals(model: Model, stimuli: Stimuli) -> Sampling | None:
    """About as many samples as are wanted: of the whole run, or of its first frames.

    Samples of a whole run with frames would be farther apart than one frame is from the next.
    """
    window, steps, shown = model.record.window, stimuli.steps, stimuli.presentations
    if window is None and shown is not None and model.record.signals is None:
        frames = max(_FRAMES, _SIGNALS // shown.hold)
        stop = min(frames * shown.hold, steps)
        return Sampling(ceil(stop / _SIGNALS), stop=stop)
    if window is None:
        return _every(model, model.record.signals, steps, _SIGNALS)
    start, stop = model.steps(window[0]), model.steps(window[1])
    sampling = _every(model, model.record.signals, stop - start, _SIGNALS)
    return sampling and Sampling(sampling.every, start, stop)


def _events(model: Model) -> Sampling | None:
    """When events or spikes are kept: every one of them, in the window of the signals."""
    kept = model.record.events or ("none" if model.record.signals == "none" else "all")
    if model.transmission.kind == "graded" or kept == "none":
        return None
    if model.record.window is None:
        return Sampling(1)
    start, stop = model.record.window
    return Sampling(1, model.steps(start), model.steps(stop))


def _products(model: Model, stimuli: Stimuli) -> Sampling | None:
    """Every so many steps of the learning phase; None where nothing is to be compared.

    By default at all phases of a frame's time, and of a tone's period.
    """
    if model.reference == "none":
        return None
    if model.validation.every is not None:
        return Sampling(model.steps(model.validation.every), stop=stimuli.learning_steps)
    least = ceil(stimuli.learning_steps / _PRODUCTS)
    # some coprime to any hold, and no multiple of a period, is among so many
    candidates = range(least, least + max(least // 4, 1) + _OTHERS * (least > 1))
    spread = [_spread(every, stimuli) for every in candidates]
    good = next((k for k, size in enumerate(spread) if size >= _EVEN), int(np.argmax(spread)))
    return Sampling(candidates[good], stop=stimuli.learning_steps)


def _spread(every: int, stimuli: Stimuli) -> float:
    """How well samples are spread over the phases of both stimuli: from 0, badly, to 1."""
    return min(stimuli.input.spread(every), stimuli.target.spread(every))


def _answers(model: Model, stimuli: Stimuli, latencies: Latencies, graph: Graph) -> Answers | None:
    """When the answer to a labelled frame is read, once per presentation.

    From spikes it is the mean over the second half of the frame's time.

    Raises
    ------
    ModelError
        If no step is there at which all outputs answer to the same frame, or leaks are so slow that
        outputs mostly answer to frames before.
    """
    shown = stimuli.presentations
    if shown is None or model.target.kind != "labels":
        return None
    _refuse_short_holds(model, latencies, graph, shown.hold)
    first = first_answer(latencies, graph, shown.hold, shown.crossfade)
    over = max(1, shown.hold // 2) if graph.spikes else 1
    spread = arrival_spread(graph)
    if spread > shown.hold - over:
        apart = format_quantity(spread * model.time_step, TIME_UNITS)
        least = format_quantity((spread + over) * model.time_step, TIME_UNITS)
        text = f"a frame reaches some outputs {apart} before others, which still see the last one"
        raise ModelError("input.hold", text, f"write {least} or more, or make the delays alike")
    return Answers(shown.hold, first, first + shown.steps, only="is_output", over=over)


def _refuse_short_holds(model: Model, latencies: Latencies, graph: Graph, hold: int) -> None:
    """When the next frame arrives, more than about half of what leaks let through is of this one.

    That takes as long as they delay a frame in the mean.
    """
    if graph.leak is None:
        return
    by_delays = compute_latencies(graph.delays_only()).forward
    late = float(np.nan_to_num(latencies.forward - by_delays)[graph.outputs].max())
    if hold <= late:
        held, least = (
            format_quantity(steps * model.time_step, TIME_UNITS) for steps in (hold, int(late) + 1)
        )
        text = f"leaks delay a frame by {late * model.time_step:.3g} s in all, and it lasts {held}"
        remedy = f"write {least} or more, or a shorter `neuron.time_constant`"
        raise ModelError("input.hold", text, remedy)
