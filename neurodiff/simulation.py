"""One run of a model: build, simulate, record."""

import json
import uuid
import warnings
from pathlib import Path
from typing import Any, get_args

import numpy as np
import xarray as xr

from neurodiff.exceptions import DivergenceWarning, ModelError, SimulationError
from neurodiff.model_file import Model, to_yaml
from neurodiff.model_file.model import MachineCode
from neurodiff.network.graph import Graph
from neurodiff.network.latency import Latencies
from neurodiff.plan import Plan
from neurodiff.plan.cost import Cost
from neurodiff.plan.forewarnings import forewarnings
from neurodiff.plan.lengthening import lengthened
from neurodiff.plan.memory import refuse_what_does_not_fit
from neurodiff.plan.rounding import rounding_warnings
from neurodiff.process.progress import Progress, bar, silent
from neurodiff.results.divergence import Divergence, explained, find_divergence, kept_until
from neurodiff.results.event_counts import EventCounts
from neurodiff.results.parts import Arrays, Part, joined, part_of
from neurodiff.results.recording import BEGUN, build_recording, kept_seed
from neurodiff.results.timing import Stopwatch, Timing
from neurodiff.run_files.new_folder import save
from neurodiff.simulator.backends.compilers import compiler_problem
from neurodiff.simulator.backends.execution import look_at, machine_code
from neurodiff.simulator.beginning import (
    Before,
    Checkpoints,
    learned_weights,
    no_state,
    started,
    with_weights,
)
from neurodiff.simulator.firing import counted, counted_before, warn_of_saturation
from neurodiff.simulator.network import BuiltNetwork, build_network
from neurodiff.simulator.readout import labelled, last_signals
from neurodiff.simulator.segments import run_segments
from neurodiff.simulator.state import State


class Simulation:
    """One run of a model.

    Parameters
    ----------
    model : Model or Plan
        What is run. A plan is taken as it is.
    backend : str, optional
        Kind of machine code, instead of the model's `run.target`: auto, numpy, cython or
        cpp_standalone.

    Raises
    ------
    ModelError
        If files that the model names are missing or do not fit, or `backend` is not known.

    Attributes
    ----------
    plan : Plan
        All that was decided of the model.
    divergence : str or None
        Where and when a run diverged, and what may help; None where it did not, or has not run.

    Examples
    --------
    >>> simulation = Simulation(neurodiff.load("models/ten_layer_wave.yaml"))
    >>> simulation.run().recording.x.sel(time=0.02, method="nearest")
    """

    def __init__(self, model: Model | Plan, backend: str | None = None):
        if backend is not None and backend not in get_args(MachineCode):
            known = ", ".join(get_args(MachineCode))
            raise ModelError("run.target", f"{backend!r} is not known", f"write one of: {known}")
        self.plan = Plan.of(model)
        self._wanted_backend = backend or self.plan.model.run.target
        self._recording: xr.Dataset | None = None
        self._timing: Timing | None = None
        self._events: EventCounts | None = None
        self._state: State | None = None
        self._parts: list[Part] = []
        self._begun: dict[str, str] = {}
        self.divergence: str | None = None

    @property
    def model(self) -> Model:
        """What was asked for."""
        return self.plan.model

    @property
    def graph(self) -> Graph:
        """Units, synapses and delays."""
        return self.plan.graph

    @property
    def latencies(self) -> Latencies:
        """When each wave is where."""
        return self.plan.latencies

    @property
    def cost(self) -> Cost:
        """Estimated time by backend, and memory."""
        return self.plan.cost

    @property
    def estimated_seconds(self) -> float:
        """Estimated wall-clock time on its backend, compilation included; NaN if not known."""
        return self.cost.seconds.get(self.backend, float("nan"))

    @property
    def backend(self) -> str:
        """Kind of machine code of the run; what `auto` chose, by the estimated time.

        It chooses numpy where nothing can be compiled, too.
        """
        if self._wanted_backend != "auto":
            return self._wanted_backend
        return "numpy" if self.why_not_compiled else self.cost.backend

    @property
    def why_not_compiled(self) -> str | None:
        """Why `auto` does not choose the fastest backend; None where it does."""
        return compiler_problem(self.cost.backend) if self._wanted_backend == "auto" else None

    def run(
        self,
        duration: str | None = None,
        progress: bool = False,
        checkpoints: Checkpoints | None = None,
    ) -> "Simulation":
        """Simulate to the end of the model's `run`; once more, with a duration, to go on.

        ``run("40 ms")`` twice is one ``run("80 ms")``, bit for bit, and so is its recording, where
        the model says how often it records; else the intervals are those of the first run. With
        frames a duration is time of learning, and the test follows it, after which no learning can
        go on. A run that was stopped, or is resumed, goes on to its end without a duration.

        A run that diverges ends early, or at its end is cut where it did: `recording` keeps what
        came before, and a `DivergenceWarning` says where and when.

        Parameters
        ----------
        duration : str, optional
            Model time, e.g. ``"100 ms"``, instead of the model's `run`; of a simulation that has
            run, the time that is added.
        progress : bool
            Show a progress bar with the time left.
        checkpoints : Checkpoints, optional
            Where complete states are kept meanwhile; unless given, nowhere.

        Returns
        -------
        Simulation
            Itself, with `recording`.

        Raises
        ------
        SimulationError
            If it cannot go on: its end was reached and no duration is given, the test phase has
            begun, it diverged, or transmission is not graded. If it needs more memory than is free.
        """
        self._plan_run(duration)
        if self.why_not_compiled:
            warnings.warn(f"running on numpy: {self.why_not_compiled}", stacklevel=2)
        refuse_what_does_not_fit(self.cost)
        texts = forewarnings(self.graph, self.plan.stimuli.steps, self.estimated_seconds)
        for text in [*texts, *rounding_warnings(self.plan)]:
            warnings.warn(text, stacklevel=2)
        with (bar if progress else silent)(self.plan.stimuli.steps, self.backend) as report:
            self._simulate(report, checkpoints)
        if self.divergence is not None:
            warnings.warn(self.divergence, DivergenceWarning, stacklevel=2)
        return self

    def _plan_run(self, duration: str | None) -> None:
        """Take the duration into the plan, and what was recorded so far into the parts."""
        if self._recording is not None and not self._parts:
            self._parts = [part_of(self._recording, self.model.time_step)]
        done = self._state.step if self._state else 0
        if self._recording is not None and (self._state is None or self.divergence):
            raise SimulationError(f"{self._why_over}; make a new Simulation for another run")
        if duration is not None and (done or self._begun):
            self.plan = lengthened(self.plan, duration, done)
        elif duration is not None:
            self.plan = Plan.of(self.model.lasting(duration))
        elif self._recording is not None and done >= self.plan.stimuli.steps:
            text = "this simulation has run to its end; say for how long it is to go on"
            raise SimulationError(f'{text}, e.g. run("1 s"), or make a new Simulation')

    @property
    def _why_over(self) -> str:
        """Why it cannot go on."""
        if self.divergence:
            return "this simulation has diverged"
        why = no_state(self.plan)
        return f"this simulation has run, and none goes on with {why}" if why else "it has no state"

    def start_from(self, other: "Simulation", weights_only: bool = False) -> "Simulation":
        """Begin in the state in which another simulation has ended, or with its weights only.

        Step 0 is then the step after its last. What was on its way in the network arrives; the
        stimuli are those of this model, from their beginning.

        Parameters
        ----------
        other : Simulation
            One that has run, of the same populations and projections.
        weights_only : bool
            Take only weights, backward weights and biases; all else begins at 0.

        Returns
        -------
        Simulation
            Itself.

        Raises
        ------
        SimulationError
            If this one has run, the other has not, or their networks differ; the message names
            the populations, projections or variables.
        """
        if self._recording is not None:
            raise SimulationError("this simulation has run; make a new one to start from another")
        weights = learned_weights(other.recording, self.graph)
        self.plan = with_weights(self.plan, weights)
        key = BEGUN[weights_only]
        self._begun = {key: str(other.recording.attrs["run_id"])}
        if not weights_only:
            self._state = self._taken_over(other, weights)
        return self

    def _taken_over(self, other: "Simulation", weights: Arrays) -> State:
        for simulation in (self, other):
            if (why := no_state(simulation.plan)) is not None:
                raise SimulationError(f"there is no state with {why}; take the weights only")
        state = other.state
        if state is None:
            raise SimulationError("the other run has no state; take the weights only")
        return look_at(self.build, lambda built: started(state, built, weights))

    def go_on_from(self, before: Before, recording: xr.Dataset | None = None) -> "Simulation":
        """Take up a run that was kept; `run` then does what is left of it, or goes on.

        Parameters
        ----------
        before : Before
            What was done of it.
        recording : xarray.Dataset, optional
            Its recording, if it had ended.

        Returns
        -------
        Simulation
            Itself.
        """
        self._parts, self._state, self._timing, self._begun = before
        self._recording = recording
        self.divergence = None if recording is None else recording.attrs.get("diverged")
        if before.begun:
            parts = before.parts or [part_of(self.recording, self.model.time_step)]
            first = {name: parts[0].arrays[name][0] for name in parts[0].ended}
            self.plan = with_weights(self.plan, first)
        return self

    @property
    def state(self) -> State | None:
        """State after the last step; None before a run, and where nothing can go on."""
        return self._state

    @property
    def identity(self) -> dict[str, Any]:
        """What has to be the same of a run that goes on with this one."""
        return {
            "model": to_yaml(self.model.with_absolute_paths()),
            "files": json.dumps(self.plan.files),
            "code": self.backend,
            "begun": self._begun,
        }

    def save(self, folder: str | Path, *, force: bool = False) -> None:
        """Keep a run in a new run folder, with the state from which it can go on.

        Parameters
        ----------
        folder : str or Path
            Folder to make; see `neurodiff.open_run`.
        force : bool
            Replace an older run there.

        Raises
        ------
        SimulationError
            Before `run`.
        OutputError
            If there is something already, or the file system refuses.
        """
        save(self, Path(folder), force=force)

    def _simulate(self, report: Progress, checkpoints: Checkpoints | None = None) -> None:
        clock, before, compiled = Stopwatch(report), self._timing, False
        state, seconds = self._state or State(0, {}), getattr(checkpoints, "seconds", np.inf)
        completed, last = state.step, dict[str, Any]()
        if completed >= self.plan.stimuli.steps:
            # its process died when all steps were done
            return self._take_up(completed, last)
        threads = self.model.run.threads
        with machine_code(self.backend, threads) as run:
            built = self.build()
            segments = run_segments(run, built, self.plan, state, seconds, clock.report)
            for part, after, completed, made, taken in segments:
                compiled = compiled or made
                clock.stepped(taken)
                self._parts.append(part)
                self._state = after
                self._timing = clock.timing(completed, self.backend, compiled).after(before)
                if checkpoints is not None and after is not None:
                    checkpoints.keep(self._parts, after, self)
                last = last_signals(built, self.graph)
            self._events = counted(built, self.plan, completed)
            warn_of_saturation(built, self.graph, completed)
        self._take_up(completed, last)

    def _take_up(self, completed: int, last: Arrays) -> None:
        """Put the recording together."""
        arrays, steps = joined(self._parts, completed)
        arrays = labelled(self.plan, arrays, steps)
        recording = build_recording(self.graph, arrays, steps, self._provenance(completed))
        found = find_divergence(recording, self.model.time_step, last, completed)
        self._recording = recording if found is None else self._cut(recording, found, completed)
        self._parts = []

    def _cut(self, recording: xr.Dataset, found: Divergence, completed: int) -> xr.Dataset:
        """What was recorded before a run diverged, and that it did."""
        learns, cyclic = not self.plan.plasticity.frozen, self.graph.cyclic
        self.divergence = explained(found, self.model.time_step, learns=learns, cyclic=cyclic)
        answers = self.plan.schedule.answers
        answered = np.arange(0) if answers is None else answers.steps(completed)
        kept = kept_until(recording, found.step, self.model.time_step, answered)
        attributes = {"steps": found.step, "complete": False, "diverged": self.divergence}
        return kept.assign_attrs(attributes)

    def build(self) -> BuiltNetwork:
        """Make the Brian2 network, on whatever kind of code Brian2 is set to."""
        return build_network(self.plan)

    def _provenance(self, completed: int) -> dict[str, Any]:
        return {
            "title": self.model.name,
            **{name: self.identity[name] for name in ("model", "files", "code")},
            "run_id": uuid.uuid4().hex,
            "seed": kept_seed(self.model.seed),
            "steps": completed,
            "complete": completed == self.plan.stimuli.steps,
            **self._begun,
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
        """Seconds to the first step, seconds of the steps, number of steps, backend.

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
        return self._events or counted_before(self._state, self.plan)
