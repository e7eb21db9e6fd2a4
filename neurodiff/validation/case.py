"""A recorded run with all that its model says of it, as validation sees it."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurodiff.exceptions import SimulationError
from neurodiff.model_file import Model
from neurodiff.network.graph import Graph
from neurodiff.plan import Plan
from neurodiff.results.checks import another_network, misfit, missing
from neurodiff.results.data_files import recorded_model
from neurodiff.results.recording import BEGUN, is_complete, with_current_names
from neurodiff.stimuli import Stimuli

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Case(NamedTuple):
    """A recorded run with the plan of its model, whose weights at the start are the recorded ones.

    Attributes
    ----------
    plan : Plan
    recording : Dataset
    """

    plan: Plan
    recording: xr.Dataset

    @property
    def model(self) -> Model:
        """What was asked for."""
        return self.plan.model

    @property
    def graph(self) -> Graph:
        """Units, synapses and delays."""
        return self.plan.graph

    @property
    def stimuli(self) -> Stimuli:
        """Input and target."""
        return self.plan.stimuli

    @property
    def steps(self) -> Ints:
        """Steps at which local products are compared that were recorded (times,)."""
        if self.listed:
            return self._steps_of("product_time")
        if not self.factors:
            return np.empty(0, dtype=np.int64)
        asked = self.plan.schedule.products
        steps = self._steps_of("factor_time")
        return steps if asked is None else np.intersect1d(steps, asked.steps(self.stop))

    @property
    def rows(self) -> Ints:
        """Which of the recorded factors are those of `steps` (times,)."""
        return np.searchsorted(self._steps_of("factor_time"), self.steps)

    def _steps_of(self, name: str) -> Ints:
        times = self.recording[name].values
        return np.asarray(np.rint(times / self.model.time_step).astype(np.int64))

    @property
    def listed(self) -> bool:
        """Whether products were recorded, one number for each synapse."""
        return "product" in self.recording

    @property
    def factors(self) -> bool:
        """Whether the two factors of products were recorded."""
        return "factors" in self.recording

    @property
    def whole(self) -> bool:
        """Whether factors were recorded at every step, so that weights follow from them."""
        return self.factors and len(self.recording["factor_time"]) >= self.stop > 0

    @property
    def start(self) -> int:
        """First step whose product counts."""
        return self.plan.validation_start

    @property
    def stop(self) -> int:
        """Step at which the run, or its learning phase, ended: first that does not count."""
        return min(self.stimuli.learning_steps, int(self.recording.attrs["steps"]))

    @property
    def complete(self) -> bool:
        """Whether the run came to its end."""
        return is_complete(self.recording)

    @property
    def window(self) -> Bools:
        """Which of the recorded products count (times,)."""
        return np.asarray(self.steps >= self.start)

    @property
    def frozen(self) -> bool:
        """Whether weights never moved."""
        return self.plan.plasticity.frozen

    @property
    def steady(self) -> bool:
        """Whether all stays as it is, so that the products must become exact; filters never are."""
        filtered = self.graph.filter_lag or self.plan.alignment.ages(self.graph) is None
        return self.frozen and self.stimuli.steady and not filtered


def case_of(source: Any) -> Case:
    """The case of a simulation that has run, or of a recording, from the model that it carries.

    Parameters
    ----------
    source : Simulation or xarray.Dataset
        Simulation that has run, or a recording.

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
    plan = getattr(source, "plan", None) or Plan.of(recorded_model(recording))
    steps = plan.stimuli.steps
    _refuse(another_network(recording, plan.graph, steps), "is not of the model that it carries")
    w = np.asarray(recording["w"].values[0])
    bias = np.nan_to_num(recording["bias"].values[0])
    plan = plan.replace(w=w, bias=bias)
    if "b" in recording and any(name in recording.attrs for name in BEGUN):
        # it began with weights that no model tells
        plan = plan.replace(feedback=replace(plan.feedback, b=recording["b"].values[0]))
    return Case(plan, recording)


def refuse_incomplete(case: Case) -> None:
    """Refuse a case whose recording lacks what is held against the reference.

    Parameters
    ----------
    case : Case
        Model, recording and network that are compared with the reference.

    Raises
    ------
    SimulationError
        If it does, with the first variable that is missing; or if its model asks for no comparison.
    """
    if case.model.reference == "none":
        raise SimulationError("nothing to validate: the model says `validation: none`")
    if not (case.listed or case.factors or case.model.keeps_products):
        text = "the recording keeps no local products; write `record: {products: all}`"
        raise SimulationError(f"nothing to validate: {text}")
    names = {"bias"} | (set() if case.factors else {"product", "product_time"})
    if not (case.frozen or case.whole):
        names |= {"product_w", "product_bias"}
    if not (case.plan.feedback.symmetric or case.factors):
        names |= (
            {"product_delta"} if not case.graph.backward.along_synapses else {"product_delta", "b"}
        )
    _refuse(missing(case.recording, names), "cannot be validated")


def _refuse(why: str | None, what: str) -> None:
    """Refuse a recording for a reason, if there is one."""
    if why is not None:
        raise SimulationError(f"the recording {what}: {why}; run the model again")
