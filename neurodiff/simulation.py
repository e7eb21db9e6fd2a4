"""One run of a model: build, simulate, record."""

import json
import time
import uuid
import warnings
from dataclasses import asdict, dataclass, replace
from typing import Any, get_args

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from neurodiff.exceptions import DivergenceWarning, ModelError, SimulationError
from neurodiff.model_file import Model, to_yaml
from neurodiff.model_file.model import MachineCode
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.graph import Graph, Ints
from neurodiff.network.latency import Latencies
from neurodiff.network.limits import LARGEST
from neurodiff.network.loss import loss_of
from neurodiff.plan import Plan
from neurodiff.plan.cost import Cost
from neurodiff.plan.forewarnings import forewarnings
from neurodiff.plan.memory import refuse_what_does_not_fit
from neurodiff.plan.rounding import rounding_warnings
from neurodiff.process.progress import Progress, bar, silent
from neurodiff.results.divergence import Divergence, find_divergence, kept_until
from neurodiff.results.event_counts import EventCounts, count_events
from neurodiff.results.recording import build_recording, kept_seed
from neurodiff.simulator.backends.compilers import compiler_problem
from neurodiff.simulator.backends.execution import Ran, machine_code
from neurodiff.simulator.network import BuiltNetwork, build_network
from neurodiff.simulator.readout import Arrays, collect, label_answers, last_signals
from neurodiff.simulator.transmission.closed_form import RENEWED_EVERY

#: Share of the steps in which a neuron may be asked for more than one spike without a warning.
_SATURATED = 1e-3


@dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of a run, its number of steps and its backend.

    `compiled` says whether a program was compiled for it: on cpp_standalone, unless a program from
    an earlier run could do it. The pieces that cython compiles are not counted.

    Attributes
    ----------
    build_s, run_s : float
        Seconds to build the network, and to run it.
    steps : int
        Number of steps that were run.
    backend : str
        Kind of machine code: numpy, cython or cpp_standalone.
    compiled : bool
        Whether a program was compiled.
    """

    build_s: float
    run_s: float
    steps: int
    backend: str
    compiled: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; the key of the backend is that of the model file, `target`."""
        timing = asdict(self)
        return {"target" if key == "backend" else key: value for key, value in timing.items()}


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
            self.plan = Plan.of(self.model.lasting(duration))
        if self.why_not_compiled:
            warnings.warn(f"running on numpy: {self.why_not_compiled}", stacklevel=2)
        refuse_what_does_not_fit(self.cost)
        texts = forewarnings(self.graph, self.plan.stimuli.steps, self.estimated_seconds)
        for text in [*texts, *rounding_warnings(self.plan)]:
            warnings.warn(text, stacklevel=2)
        with (bar if progress else silent)(self.plan.stimuli.steps, self.backend) as report:
            self._simulate(report)
        if self.divergence is not None:
            warnings.warn(self.divergence, DivergenceWarning, stacklevel=2)
        return self

    def _simulate(self, report: Progress) -> None:
        clock = _Stopwatch(report)
        threads = self.model.run.threads
        with machine_code(self.backend) as run, threadpool_limits(threads, user_api="blas"):
            built = self.build()
            ran = run(built, self.plan.stimuli.steps, clock.report)
            completed = ran.steps
            self._timing = clock.timing(ran, self.backend)
            arrays, steps = collect(built, self.graph, self.plan.schedule, completed)
            self._count_events(built, completed)
            self._warn_of_saturation(built, completed)
            last = last_signals(built, self.graph)
        recording = self._label(arrays, steps, completed)
        found = find_divergence(recording, self.model.time_step, last, completed)
        self._recording = recording if found is None else self._cut(recording, found, completed)

    def _cut(self, recording: xr.Dataset, found: Divergence, completed: int) -> xr.Dataset:
        """What was recorded before a run diverged, and that it did."""
        self.divergence = self._explain(found)
        answers = self.plan.schedule.answers
        answered = np.arange(0) if answers is None else answers.steps(completed)
        kept = kept_until(recording, found.step, self.model.time_step, answered)
        attributes = {"steps": found.step, "complete": False, "diverged": self.divergence}
        return kept.assign_attrs(attributes)

    def _explain(self, found: Divergence) -> str:
        time = format_quantity(found.step * self.model.time_step, TIME_UNITS)
        remedies = []
        if not self.plan.plasticity.frozen:
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
            learns = not self.plan.plasticity.frozen
            spikes = self.plan.transmission.fires
            renewals = 0 if spikes else -(-completed // RENEWED_EVERY)
            self._events = count_events(
                self.graph, *counts, completed, renewals, learns=learns, spikes=spikes
            )
        if self._events is not None and self.plan.transmission.fires:
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
        return build_network(self.plan)

    def _label(self, arrays: Arrays, steps: dict[str, Ints], completed: int) -> xr.Dataset:
        if self.plan.stimuli.presentations is not None and "answer" in arrays:
            arrays.update(label_answers(self.plan.stimuli.presentations, len(arrays["answer"])))
        if "x" in arrays:
            arrays.update(self._target_and_loss(arrays, steps["time"]))
        arrays.update(self.plan.transmission.recorded(self.graph))
        return build_recording(self.graph, arrays, steps, self._provenance(completed))

    def _target_and_loss(self, arrays: Arrays, steps: Ints) -> Arrays:
        """Recorded target and loss at `steps`, NaN where no target has come to the outputs yet."""
        # with spikes the trace of the target is a step late
        there = self.plan.stimuli.has_target(steps - int(self.plan.transmission.fires))
        target = np.where(there, arrays["target"], np.nan)
        with np.errstate(over="ignore", invalid="ignore"):  # it may have diverged
            loss = loss_of(self.model.loss, arrays["x"][:, self.graph.outputs], target)
        return {"target": target, "loss": loss}

    def _provenance(self, completed: int) -> dict[str, Any]:
        return {
            "title": self.model.name,
            "model": to_yaml(self.model.with_absolute_paths()),
            "run_id": uuid.uuid4().hex,
            "files": json.dumps(self.plan.files),
            "seed": kept_seed(self.model.seed),
            "code": self.backend,
            "steps": completed,
            "complete": completed == self.plan.stimuli.steps,
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

    def timing(self, ran: Ran, backend: str) -> Timing:
        """Seconds until now; those of the steps are the program's own, where it has timed them."""
        ended = time.perf_counter()
        begun = ended if self._first_step is None else self._first_step
        if ran.seconds is not None:
            begun = ended - ran.seconds
        return Timing(begun - self._started, ended - begun, ran.steps, backend, ran.compiled)
