"""A recorded run with all that its model says of it, as validation sees it."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurodiff.exceptions import SimulationError
from neurodiff.model_file import Model
from neurodiff.model_file.signals import ConstantInput, ConstantTarget, TeacherTarget
from neurodiff.network.graph import Graph, build_graph
from neurodiff.network.latency import Latencies, compute_latencies
from neurodiff.plan.alignment import Alignment, Traced, build_alignment
from neurodiff.plan.feedback import Feedback, build_feedback
from neurodiff.plan.recording_schedule import learning_rule, validation_start
from neurodiff.results.checks import another_network, misfit, missing
from neurodiff.results.data_files import recorded_model
from neurodiff.results.recording import with_current_names
from neurodiff.simulator.plasticity import Diffusion
from neurodiff.stimuli.build import Stimuli, build_stimuli

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Case(NamedTuple):
    """A recorded run with what its model says of it; built anew, not taken from the simulation."""

    model: Model
    graph: Graph
    latencies: Latencies
    stimuli: Stimuli
    recording: xr.Dataset
    alignment: Alignment | None
    feedback: Feedback | None

    @property
    def steps(self) -> Ints:
        """Steps at which local products were recorded (times,)."""
        if "product" not in self.recording:
            return np.empty(0, dtype=np.int64)
        times = self.recording["product_time"].values
        return np.asarray(np.rint(times / self.model.time_step).astype(np.int64))

    @property
    def start(self) -> int:
        """First step whose product counts."""
        return validation_start(self)

    @property
    def stop(self) -> int:
        """Step at which the run, or its learning phase, ended: first that does not count."""
        return min(self.stimuli.learning_steps, int(self.recording.attrs["steps"]))

    @property
    def complete(self) -> bool:
        """Whether the run came to its end."""
        return bool(self.recording.attrs["complete"] == "true")

    @property
    def window(self) -> Bools:
        """Which of the recorded products count (times,)."""
        return np.asarray(self.steps >= self.start)

    @property
    def rule(self) -> Diffusion:
        """The learning rule, per step."""
        return learning_rule(self.model, self.stimuli, self.feedback)

    @property
    def frozen(self) -> bool:
        """Whether weights never moved."""
        return self.rule.frozen

    @property
    def w(self) -> Floats:
        """Weights (n_synapses,) at the start."""
        return np.asarray(self.recording["w"].values[0])

    @property
    def bias(self) -> Floats:
        """Biases (n_units,) at the start."""
        return np.nan_to_num(self.recording["bias"].values[0])

    @property
    def steady(self) -> bool:
        """Whether all stays as it is, so that the products must become exact; filters never are."""
        if self.graph.filter_lag or isinstance(self.alignment, Traced):
            return False
        target = isinstance(self.model.target, ConstantTarget | TeacherTarget)
        return self.frozen and target and isinstance(self.model.input, ConstantInput)


def rebuild(source: Any) -> Case:
    """The case of a simulation that has run, or of a recording, from the model that it carries.

    Raises
    ------
    SimulationError
        If `source` is neither, or was not run; or if a file that the run read has changed.
    """
    recording = getattr(source, "recording", source)
    if not isinstance(recording, xr.Dataset) or "model" not in recording.attrs:
        kind = type(source).__name__
        raise SimulationError(f"{kind} is no run; give a Simulation that has run or its recording")
    recording = with_current_names(recording)
    _refuse(misfit(recording), "is no recording of neurodiff")
    model = recorded_model(recording)
    graph = build_graph(model)
    latencies = compute_latencies(graph, model.target_delay)
    alignment = build_alignment(model, graph, latencies)
    stimuli = build_stimuli(model, graph, latencies)
    _refuse(another_network(recording, graph, stimuli.steps), "is not of the model that it carries")
    w = np.asarray(recording["w"].values[0])
    feedback = build_feedback(model, graph, w, latencies, alignment)
    return Case(model, graph, latencies, stimuli, recording, alignment, feedback)


def refuse_incomplete(case: Case) -> None:
    """Refuse a case whose recording lacks what is held against the reference.

    Raises
    ------
    SimulationError
        If it does, with the first variable that is missing; or if its model asks for no comparison.
    """
    if case.model.reference == "none":
        raise SimulationError("nothing to validate: the model says `validation: none`")
    if "product" not in case.recording and not case.model.keeps_products:
        text = "the recording keeps no local products; write `record: {products: all}`"
        raise SimulationError(f"nothing to validate: {text}")
    names = {"product", "product_time", "bias"}
    if not case.frozen:
        names |= {"product_w", "product_bias"}
    if case.feedback is not None:
        names |= {"product_delta"} if case.graph.direct else {"product_delta", "b"}
    _refuse(missing(case.recording, names), "cannot be validated")


def _refuse(why: str | None, what: str) -> None:
    """Refuse a recording for a reason, if there is one."""
    if why is not None:
        raise SimulationError(f"the recording {what}: {why}; run the model again")
