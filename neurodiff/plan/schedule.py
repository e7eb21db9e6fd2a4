"""When a run samples what: the model's `record` and `validation` in steps, with their defaults."""

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.graph import Graph
from neurodiff.network.latency import (
    Latencies,
    arrival_spread,
    compute_latencies,
    first_answer,
)
from neurodiff.plan.factors import factors_of, have_factors, seconds_anew
from neurodiff.plan.sampling import Answers, Sampling, Schedule
from neurodiff.stimuli import Stimuli

if TYPE_CHECKING:
    from neurodiff.plan.plan import Plan

#: About how many samples are kept where the model does not say how often, and the network is small.
_SIGNALS, _WEIGHTS, _PRODUCTS = 1000, 10, 200
#: Bytes that the samples of each kind may take, unless the model says how often they are kept.
BUDGET = 256e6
#: Bytes that factors of products may take on the disk while a run is there.
DISK = 2e9
#: Seconds from which on comparing every step anew takes long.
_LONG = 5.0
#: At least so many samples are kept of each kind.
_FEWEST = 2

#: So many moments are compared of a network whose products are recorded as factors only: the
#: larger number where they take less than this share of the time of the run.
_MOMENTS, _MOST, _SHARE = 30, 60, 0.1
#: Seconds that the comparison of a moment takes for each synapse, about.
_COMPARING = 4e-9

#: At least so many of the first frames have their signals kept.
_FRAMES = 4

#: From this on samples are well spread over the phases of a stimulus; how many more intervals than
#: a quarter of the first are tried.
_EVEN, _OTHERS = 0.1, 12


def plan_schedule(plan: "Plan") -> Schedule:
    """Which steps are recorded.

    Parameters
    ----------
    plan : Plan
        Complete but for its schedule.

    Raises
    ------
    ModelError
        If something is to begin only after the end of the run.
    """
    model, stimuli = plan.model, plan.stimuli
    _refuse_what_never_begins(model, stimuli)
    learning = stimuli.learning_steps if plan.plasticity.learns else None
    plan.feedback.refuse_short_run(model, learning, stimuli.steps)
    weights = plan.graph.n_synapses + len(plan.graph.backward) * (not plan.feedback.symmetric)
    products, factors, listed = _compared(plan)
    return Schedule(
        signals=_signals(model, stimuli, _within(_SIGNALS, 3 * plan.graph.n_units)),
        weights=_every(model, model.record.weights, stimuli.steps, _within(_WEIGHTS, weights)),
        products=products,
        answers=_answers(plan),
        events=_events(plan),
        factors=factors,
        listed=listed,
    )


def _compared(plan: "Plan") -> tuple[Sampling | None, Sampling | None, bool]:
    """When products are compared, when their factors are recorded, and whether they are listed.

    Factors of every step are recorded where the disk has room for them, and products of all
    synapses take too much memory, or comparing every step anew takes long; by events never.
    """
    model, graph, stimuli = plan.model, plan.graph, plan.stimuli
    listed = _products(model, stimuli, _within(_PRODUCTS, 2 * graph.n_synapses))
    if listed is None or model.record.products == "all" or not have_factors(plan):
        return listed, None, True
    steps, wanted = stimuli.learning_steps, _products(model, stimuli, _PRODUCTS)
    assert wanted is not None
    fits = 16.0 * graph.n_synapses * wanted.count(steps) <= BUDGET
    every_step = Sampling(1, stop=steps)
    # what was sent as events cannot be computed anew, and is little
    if not plan.transmission.recomputable or 8.0 * steps * factors_of(graph) > DISK:
        few = _products(model, stimuli, _affordable(plan))
        return (listed, None, True) if fits else (few, few, False)
    if fits:
        long = seconds_anew(plan, steps) > _LONG
        return listed, every_step if long else None, True
    return _products(model, stimuli, _affordable(plan)), every_step, False


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


def _affordable(plan: "Plan") -> int:
    """How many moments are compared so that it takes no more than a share of the run's time."""
    seconds = min(plan.cost.seconds.values())
    affordable = int(_SHARE * seconds / (_COMPARING * plan.graph.n_synapses))
    return int(np.clip(affordable, _MOMENTS, _MOST))


def _within(wanted: int, values: int) -> int:
    """How many samples of so many numbers are kept: as many as wanted, or as fit the budget."""
    return max(min(wanted, int(BUDGET / (8 * values))), _FEWEST)


def _every(model: Model, interval: str | float | None, steps: int, wanted: int) -> Sampling | None:
    if interval == "none":
        return None
    return Sampling(model.steps(interval) if isinstance(interval, float) else ceil(steps / wanted))


def _signals(model: Model, stimuli: Stimuli, wanted: int) -> Sampling | None:
    """About as many samples as are wanted: of the whole run, or of its first frames.

    Samples of a whole run with frames would be farther apart than one frame is from the next.
    """
    window, steps, shown = model.record.window, stimuli.steps, stimuli.presentations
    if window is None and shown is not None and model.record.signals is None:
        frames = max(_FRAMES, wanted // shown.hold)
        stop = min(frames * shown.hold, steps)
        return Sampling(ceil(stop / wanted), stop=stop)
    if window is None:
        return _every(model, model.record.signals, steps, wanted)
    start, stop = model.steps(window[0]), model.steps(window[1])
    sampling = _every(model, model.record.signals, stop - start, wanted)
    return sampling and Sampling(sampling.every, start, stop)


def _events(plan: "Plan") -> Sampling | None:
    """When events or spikes are kept: every one of them, in the window of the signals."""
    model = plan.model
    kept = model.record.events or ("none" if model.record.signals == "none" else "all")
    if plan.transmission.sending is None or kept == "none":
        return None
    if model.record.window is None:
        return Sampling(1)
    start, stop = model.record.window
    return Sampling(1, model.steps(start), model.steps(stop))


def _products(model: Model, stimuli: Stimuli, wanted: int) -> Sampling | None:
    """Every so many steps of the learning phase; None where nothing is to be compared.

    By default at all phases of a frame's time, and of a tone's period.
    """
    if model.reference == "none":
        return None
    if model.validation.every is not None:
        return Sampling(model.steps(model.validation.every), stop=stimuli.learning_steps)
    least = ceil(stimuli.learning_steps / wanted)
    # some coprime to any hold, and no multiple of a period, is among so many
    candidates = range(least, least + max(least // 4, 1) + _OTHERS * (least > 1))
    spread = [_spread(every, stimuli) for every in candidates]
    good = next((k for k, size in enumerate(spread) if size >= _EVEN), int(np.argmax(spread)))
    return Sampling(candidates[good], stop=stimuli.learning_steps)


def _spread(every: int, stimuli: Stimuli) -> float:
    """How well samples are spread over the phases of both stimuli: from 0, badly, to 1."""
    return min(stimuli.input.spread(every), stimuli.target.spread(every))


def _answers(plan: "Plan") -> Answers | None:
    """When the answer to a labelled frame is read, once per presentation.

    From spikes it is the mean over the second half of the frame's time.

    Raises
    ------
    ModelError
        If no step is there at which all outputs answer to the same frame, or leaks are so slow that
        outputs mostly answer to frames before.
    """
    model, graph, latencies = plan.model, plan.graph, plan.latencies
    shown = plan.stimuli.presentations
    if shown is None or not plan.stimuli.labelled:
        return None
    _refuse_short_holds(model, latencies, graph, shown.hold)
    first = first_answer(latencies, graph, shown.hold, shown.crossfade)
    over = max(1, shown.hold // 2) if plan.transmission.fires else 1
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
    if not graph.hop.leaks:
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
