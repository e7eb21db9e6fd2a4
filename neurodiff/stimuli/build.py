"""Input and target as functions of time.

Both are `Signal`s. The simulator plays them, the reference reads them; both get the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.network.graph import Graph
from neurodiff.network.latency import Latencies
from neurodiff.network.limits import LARGEST
from neurodiff.stimuli.interface import Pace, Place, input_signal, target_signal
from neurodiff.stimuli.presentations import Presentations
from neurodiff.stimuli.rates import refuse_what_no_rate_reaches
from neurodiff.stimuli.signals import Signal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Stimuli:
    """All that comes from outside, for a run of `steps` steps.

    Attributes
    ----------
    input, target : Signal
        Values of the inputs, and of the outputs, at each step.
    steps : int
        Length of the run.
    presentations : Presentations or None
        Order of the frames, where the input shows frames.
    target_lag : int array (n_outputs,)
        Steps by which the target of each output is delayed (D_y).
    pace : Pace
        How fast the input changes.
    steady : bool
        Whether neither input nor target ever changes.
    labelled : bool
        Whether the target names the frames of the input.
    target_of : callable or None
        The targets (n, n_outputs) that belong to inputs (n, n_inputs); None where nothing says so.
    learning_steps : int
        Plasticity is off from this step on (the test phase); without one, the length of the run.
    """

    input: Signal
    target: Signal
    target_lag: Ints
    steps: int
    learning_steps: int
    presentations: Presentations | None
    pace: Pace
    steady: bool
    labelled: bool
    target_of: Callable[[Floats], Floats] | None = None

    @property
    def period(self) -> int:
        """Steps from one moment at which input or target may change to the next."""
        return gcd(self.input.period, self.target.period)

    def target_at(self, steps: Ints) -> Floats:
        """Target (len(steps), n_outputs) as it meets the outputs, y(t - D_y).

        Parameters
        ----------
        steps : array of int (n,)
            Time steps.
        """
        delayed = np.empty((len(steps), len(self.target_lag)))
        for lag in np.unique(self.target_lag):
            own = self.target_lag == lag
            delayed[:, own] = self.target.at(steps - lag)[:, own]
        return delayed

    def has_target(self, steps: Ints) -> NDArray[np.bool_]:
        """Whether the target has met the outputs at steps (n,) or earlier: (n, n_outputs).

        Parameters
        ----------
        steps : array of int (n,)
            Time steps.
        """
        return np.asarray(steps[:, None] >= self.target_lag)


def build_stimuli(model: Model, graph: Graph, latencies: Latencies) -> Stimuli:
    """Input and target of a model for the whole of its run.

    With frames, `run.duration` or `run.epochs` is the time of learning; the test follows it.

    Parameters
    ----------
    model : Model
        Model, checked.
    graph : Graph
        Network of units, synapses and delays.
    latencies : Latencies
        Latencies of both waves in steps.

    Returns
    -------
    Stimuli
        Input, target and phases of the run.

    Raises
    ------
    ModelError
        If a file is missing, has NaN, or does not fit the network or the length of the run.
    """
    place = Place(model, graph, latencies, model.steps(model.run.duration or 0.0))
    source = input_signal(model.input, place)
    target = target_signal(model.target, place, source)
    _refuse_what_diverges(source.signal, "input")
    _refuse_what_diverges(target.signal, "target")
    refuse_what_no_rate_reaches(target.signal, model, graph)
    return Stimuli(
        input=source.signal,
        target=target.signal,
        target_lag=_target_lags(model, graph, latencies),
        steps=source.steps,
        learning_steps=source.learning_steps,
        presentations=source.presentations,
        pace=source.pace,
        steady=source.pace.fastest == 0 and target.steady,
        labelled=target.labelled,
        target_of=target.answer,
    )


def _refuse_what_diverges(signal: Signal, field: str) -> None:
    """Refuse values at which a run counts as diverged: no square of them may overflow."""
    if signal.largest > LARGEST:
        text = f"values of up to {signal.largest:.3g} are too large"
        raise ModelError(field, text, f"write, or scale them to, {LARGEST:g} or less")


def _target_lags(model: Model, graph: Graph, latencies: Latencies) -> Ints:
    """D_y of each output unit: F of its population where the target is matched."""
    if model.target_delay is not None:
        return np.full(len(graph.outputs), model.target_delay)
    outputs = [graph.population(name) for name in graph.output_names]
    return np.concatenate([np.full(part.size, latencies.target_lag(part)) for part in outputs])
