"""One run of a model: build, simulate, record."""

import json
import time
import uuid
import warnings
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import xarray as xr

from neurodiff.exceptions import DivergenceWarning, ModelError, SimulationError
from neurodiff.model_file import Model, to_yaml
from neurodiff.model_file.copying import require_model
from neurodiff.model_file.model import MachineCode
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.graph import Graph, Ints, build_graph
from neurodiff.network.latency import Latencies, compute_latencies
from neurodiff.network.limits import refuse_long_delays
from neurodiff.network.loss import loss_of
from neurodiff.network.weights import initial_weights
from neurodiff.plan.alignment import build_alignment
from neurodiff.plan.cost import Cost, estimate
from neurodiff.plan.feedback import KolenPollack, Mirror, build_feedback
from neurodiff.plan.forewarnings import forewarnings
from neurodiff.plan.memory import refuse_what_does_not_fit
from neurodiff.plan.recording_schedule import (
    event_thresholds,
    learning_rule,
    plan_samplings,
    recorded_values,
    shares_that_send,
    spiking,
)
from neurodiff.process.progress import bar, silent
from neurodiff.results.data_files import data_files
from neurodiff.results.divergence import LARGEST, Divergence, find_divergence, kept_until
from neurodiff.results.event_counts import EventCounts, count_events
from neurodiff.results.recording import build_recording, kept_seed
from neurodiff.simulator.backends.compilers import compiler_problem
from neurodiff.simulator.backends.execution import Progress, machine_code
from neurodiff.simulator.network import BuiltNetwork, build_network
from neurodiff.simulator.readout import Arrays, collect, label_answers, last_signals
from neurodiff.simulator.transmission.closed_form import RENEWED_EVERY
from neurodiff.stimuli.build import Stimuli, build_stimuli

#: Share of the steps in which a neuron may be asked for more than one spike without a warning.
_SATURATED = 1e-3


@dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of a run, its number of steps and its target.

    `compiled` says whether a program was compiled for it: on cpp_standalone, unless a program from
    an earlier run could do it. The pieces that cython compiles are not counted.
    """

    build_s: float
    run_s: float
    steps: int
    target: str
    compiled: bool = False


class Simulation:
    """One run of a model.

    Parameters
    ----------
    model : Model
    target : str, optional
        Kind of machine code, instead of the model's `run.target`: auto, numpy, cython or
        cpp_standalone.

    Raises
    ------
    ModelError
        If files that the model names are missing or do not fit.

    Attributes
    ----------
    graph : Graph
        Units, synapses and delays.
    latencies : Latencies
        When each wave is where.
    divergence : str or None
        Where and when a run diverged, and what may help; None where it did not, or has not run.

    Examples
    --------
    >>> simulation = Simulation(neurodiff.load("models/ten_layer_wave.yaml"))
    >>> simulation.run().recording.x.sel(time=0.02, method="nearest")
    """

    def __init__(self, model: Model, target: str | None = None):
        if target is not None and target not in get_args(MachineCode):
            known = ", ".join(get_args(MachineCode))
            raise ModelError("run.target", f"{target!r} is not known", f"write one of: {known}")
        self.model = require_model(model)
        self._wanted_target = target or model.run.target
        self._recording: xr.Dataset | None = None
        self._timing: Timing | None = None
        self._events: EventCounts | None = None
        self.divergence: str | None = None
        self._plan()

    def _plan(self) -> None:
        """Make everything but the Brian2 network; refuses what does not fit."""
        try:
            self._draw(self.model)
        except ModelError as error:
            raise self.model.located(error) from None

    def _draw(self, model: Model) -> None:
        self._files = data_files(model)
        self.graph: Graph = build_graph(model)
        self.latencies: Latencies = compute_latencies(self.graph, model.target_delay)
        self.w, self.bias = initial_weights(model, self.graph)
        self.stimuli: Stimuli = build_stimuli(model, self.graph, self.latencies)
        self.alignment = build_alignment(model, self.graph, self.latencies)
        self.feedback = build_feedback(model, self.graph, self.w, self.latencies, self.alignment)
        refuse_long_delays(self.graph, self._longest_age)
        self.rule = learning_rule(model, self.stimuli, self.feedback)
        self.thresholds = event_thresholds(model)
        self.spiking = spiking(model, self.graph, self.w, self.bias, self.stimuli)
        self.samplings = plan_samplings(
            model, self.stimuli, self.latencies, self.graph, self.feedback
        )

    @property
    def cost(self) -> Cost:
        """Estimated time by target, and memory."""
        recorded = recorded_values(self.model, self.samplings, self.stimuli.steps, self.graph)
        kept = self.stimuli.input.size + self.stimuli.target.size
        kept += self.feedback.noise.size if isinstance(self.feedback, Mirror) else 0
        sending, steps = shares_that_send(self.model), self.stimuli.steps
        return estimate(
            self.graph,
            steps,
            recorded,
            kept,
            sending=sending,
            longest_age=self._longest_age,
            backward=len(self.graph.returning) if self.feedback else 0,
        )

    @property
    def estimated_seconds(self) -> float:
        """Estimated wall-clock time on its target, compilation included; NaN if not known."""
        return self.cost.seconds.get(self.target, float("nan"))

    @property
    def _longest_age(self) -> int:
        """How far back in steps anything looks at the activity, but for what just travels."""
        longest = self.alignment.longest_age if self.alignment else 1
        if isinstance(self.feedback, KolenPollack):
            longest = max(longest, int(self.feedback.activity_age.max()))
        return longest

    @property
    def target(self) -> str:
        """Kind of machine code of the run; what `auto` chose, by the estimated time.

        It chooses numpy where nothing can be compiled, too.
        """
        if self._wanted_target != "auto":
            return self._wanted_target
        return "numpy" if self.why_not_compiled else self.cost.target

    @property
    def why_not_compiled(self) -> str | None:
        """Why `auto` does not choose the fastest target; None where it does."""
        return compiler_problem(self.cost.target) if self._wanted_target == "auto" else None

    def run(self, duration: str | None = None, progress: bool = False) -> "Simulation":
        """Simulate from beginning to end.

        A run that diverges ends early, or at its end is cut where it did: `recording` keeps what
        came before, and a `DivergenceWarning` says where and when.

        Parameters
        ----------
        duration : str, optional
            Model time, e.g. ``"100 ms"``, instead of the model's `run`. With frames it is
            the time of learning, and the test follows.
        progress : bool
            Show a progress bar with the time left.

        Returns
        -------
        Simulation
            Itself, with `recording`.

        Raises
        ------
        SimulationError
            If it has run already; a run always starts at time 0. If it needs more memory than is
            free.
        """
        if self._recording is not None:
            raise SimulationError("this simulation has run; make a new Simulation for another run")
        if duration is not None:
            self.model = self.model.lasting(duration)
            self._plan()
        if self.why_not_compiled:
            warnings.warn(f"running on numpy: {self.why_not_compiled}", stacklevel=2)
        refuse_what_does_not_fit(self.cost)
        for text in forewarnings(self.graph, self.stimuli.steps, self.estimated_seconds):
            warnings.warn(text, stacklevel=2)
        with (bar if progress else silent)(self.stimuli.steps, self.target) as report:
            self._simulate(report)
        if self.divergence is not None:
            warnings.warn(self.divergence, DivergenceWarning, stacklevel=2)
        return self

    def _simulate(self, report: Progress) -> None:
        clock = _Stopwatch(report)
        with machine_code(self.target) as run:
            built = self.build()
            completed, compiled = run(built, self.stimuli.steps, clock.report)
            self._timing = clock.timing(completed, self.target, compiled)
            arrays, steps = collect(built, self.graph, self.samplings, completed)
            self._count_events(built, completed)
            self._warn_of_saturation(built, completed)
            last = last_signals(built, self.graph)
        recording = self._label(arrays, steps, completed)
        found = find_divergence(recording, self.model.time_step, last, completed)
        self._recording = recording if found is None else self._cut(recording, found, completed)

    def _cut(self, recording: xr.Dataset, found: Divergence, completed: int) -> xr.Dataset:
        """What was recorded before a run diverged, and that it did."""
        self.divergence = self._explain(found)
        answers = self.samplings.answers
        answered = np.arange(0) if answers is None else answers.steps(completed)
        kept = kept_until(recording, found.step, self.model.time_step, answered)
        attributes = {"steps": found.step, "complete": "false", "diverged": self.divergence}
        return kept.assign_attrs(attributes)

    def _explain(self, found: Divergence) -> str:
        time = format_quantity(found.step * self.model.time_step, TIME_UNITS)
        remedies = []
        if not self.rule.frozen:
            remedies.append("lower `plasticity.learning_rate`")
        if self.graph.cyclic:
            remedies.append("take smaller weights on the cycles (see `neurodiff show`)")
        return (
            f"run: {found.what} of `{found.where}` grew beyond {LARGEST:g} by step {found.step} "
            f"({time}); {' or '.join(remedies) or 'take smaller weights and inputs'}"
        )

    def _count_events(self, built: BuiltNetwork, completed: int) -> None:
        counts = built.synapses.event_counts()
        if counts is not None:
            learns = not self.rule.frozen
            spikes = self.spiking is not None
            renewals = 0 if spikes else -(-completed // RENEWED_EVERY)
            self._events = count_events(
                self.graph, *counts, completed, renewals, learns=learns, spikes=spikes
            )
        if self._events is not None and self.spiking is not None:
            fired = [int(part.fired[:].sum()) for part in built.synapses.firing.values()]
            self._events = replace(self._events, forward=fired[0], backward=fired[1])

    def _warn_of_saturation(self, built: BuiltNetwork, completed: int) -> None:
        """Say where neurons were to fire faster than once a step, and so did not say all."""
        for name, group in built.synapses.firing.items():
            too_fast = np.array(group.too_fast[:])
            often = too_fast > _SATURATED * completed
            if often.any():
                units = np.unique(np.array(group.unit[:])[often])
                key = "maximum_rate" if name == "neurons" else "error_rate"
                where = self.graph.by_unit(lambda part: part.name)[units[0]]
                warnings.warn(
                    f"{len(units)} units, the first in `{where}`, have {name} that were to fire "
                    f"more often than once a step, in up to {too_fast.max() / completed:.2g} of "
                    f"the steps, and could not; lower `transmission.{key}`, or take a smaller "
                    "`time_step`",
                    stacklevel=4,
                )

    def build(self) -> BuiltNetwork:
        """Make the Brian2 network, on whatever kind of code Brian2 is set to."""
        return build_network(
            self.graph,
            self.w,
            self.bias,
            self.stimuli,
            self.model.loss,
            self.thresholds or self.spiking,
            self.rule,
            self.samplings,
            self.alignment,
            self.feedback,
        )

    def _label(self, arrays: Arrays, steps: dict[str, Ints], completed: int) -> xr.Dataset:
        if self.stimuli.presentations is not None and "answer" in arrays:
            arrays.update(label_answers(self.stimuli.presentations, len(arrays["answer"])))
        if "x" in arrays:
            arrays.update(self._target_and_loss(arrays, steps["time"]))
        if self.spiking is not None:
            gain = self.spiking.gain / self.graph.time_step
            gain[: self.graph.n_inputs] = np.nan
            arrays["error_gain"] = gain
        return build_recording(self.graph, arrays, steps, self._provenance(completed))

    def _target_and_loss(self, arrays: Arrays, steps: Ints) -> Arrays:
        """Recorded target and loss at `steps`, NaN where no target has come to the outputs yet."""
        # with spikes the trace of the target is a step late
        there = self.stimuli.has_target(steps - int(self.graph.spikes))
        target = np.where(there, arrays["target"], np.nan)
        with np.errstate(over="ignore", invalid="ignore"):  # it may have diverged
            loss = loss_of(self.model.loss, arrays["x"][:, self.graph.outputs], target)
        return {"target": target, "loss": loss}

    def _provenance(self, completed: int) -> dict[str, Any]:
        return {
            "title": self.model.name,
            "model": to_yaml(self.model.with_absolute_paths()),
            "run_id": uuid.uuid4().hex,
            "files": json.dumps(self._files),
            "seed": kept_seed(self.model.seed),
            "code": self.target,
            "steps": completed,
            "complete": str(completed == self.stimuli.steps).lower(),
        }

    @property
    def recording(self) -> xr.Dataset:
        """What was recorded: an xarray Dataset with named dimensions and units.

        Raises
        ------
        SimulationError
            Before `run`.
        """
        if self._recording is None:
            raise SimulationError("nothing is recorded yet; call run() first")
        return self._recording

    @property
    def timing(self) -> Timing:
        """Seconds to the first step, seconds of the steps, number of steps, target.

        Raises
        ------
        SimulationError
            Before `run`.
        """
        if self._timing is None:
            raise SimulationError("nothing is timed yet; call run() first")
        return self._timing

    @property
    def events(self) -> EventCounts | None:
        """How many events were sent and what they cost; None with graded transmission.

        Raises
        ------
        SimulationError
            Before `run`.
        """
        if self._recording is None:
            raise SimulationError("nothing is counted yet; call run() first")
        return self._events


class _Stopwatch:
    """Times the building, which ends with the first report of progress, and the steps."""

    def __init__(self, report: Progress):
        self._report = report
        self._started = time.perf_counter()
        self._first_step: float | None = None

    def report(self, fraction: float) -> None:
        """Note the first step, and pass the progress on."""
        if self._first_step is None:
            self._first_step = time.perf_counter()
        self._report(fraction)

    def timing(self, steps: int, target: str, compiled: bool) -> Timing:
        """Seconds until now."""
        ended = time.perf_counter()
        begun = ended if self._first_step is None else self._first_step
        return Timing(begun - self._started, ended - begun, steps, target, compiled)
