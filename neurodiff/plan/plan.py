"""The plan of a run: all that is decided of a model before anything runs."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.model_file.copying import require_model
from neurodiff.model_file.data_files import DataFile, data_files
from neurodiff.network.graph import Floats, Graph, build_graph
from neurodiff.network.latency import Latencies, ProjectionLatency, compute_latencies
from neurodiff.network.limits import refuse_long_delays
from neurodiff.network.settling_time import estimate_convergence
from neurodiff.network.weights import initial_weights
from neurodiff.plan import alignment as alignments
from neurodiff.plan import feedback as feedbacks
from neurodiff.plan import plasticity as rules
from neurodiff.plan import transmission as transmissions
from neurodiff.plan.alignment import Alignment, learning_latencies
from neurodiff.plan.cost import Cost, estimate
from neurodiff.plan.engine import Choice, engine_of, explain
from neurodiff.plan.factors import have_factors
from neurodiff.plan.feedback import Feedback
from neurodiff.plan.plasticity import Plasticity
from neurodiff.plan.sampling import Schedule
from neurodiff.plan.schedule import plan_schedule
from neurodiff.plan.transmission import Transmission
from neurodiff.stimuli import Stimuli, build_stimuli


@dataclass(frozen=True, eq=False)
class Plan:
    """All that is decided of a model before anything runs, in numbers; it does not change.

    The simulator, the reference, validation, audit and `show` ask the plan, and never decide again.
    A variation is made by `replace`.

    Parameters
    ----------
    model : Model
        What was asked for, with the numbers that were chosen for it.
    graph : Graph
        Units, synapses and delays.
    latencies : Latencies
        When each wave is where.
    w, bias : arrays (n_synapses,), (n_units,)
        Weights and biases at the start.
    stimuli : Stimuli
        Input and target.
    alignment : Alignment
        What meets an error.
    feedback : Feedback
        By what weights errors come back.
    plasticity : Plasticity
        The learning rule, per step.
    transmission : Transmission
        How values travel through synapses.
    schedule : Schedule
        What is recorded, and when.
    files : tuple of dict
        The files that were read, with their hashes.

    Examples
    --------
    >>> plan = Plan.of(neurodiff.load("models/digits.yaml"))
    >>> plan.graph.n_synapses, plan.latencies.error_age(plan.graph.populations[1])
    """

    model: Model
    graph: Graph
    latencies: Latencies
    w: Floats
    bias: Floats
    stimuli: Stimuli
    alignment: Alignment
    feedback: Feedback
    plasticity: Plasticity
    transmission: Transmission
    schedule: Schedule
    files: tuple[DataFile, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, model: "Model | Plan") -> "Plan":
        """Make the plan of a model; a plan is given back as it is.

        Parameters
        ----------
        model : Model or Plan
            Model to plan; a plan is given back as it is.

        Raises
        ------
        ModelError
            If files that the model names are missing or do not fit, or if parts of it do not fit
            together.
        """
        if isinstance(model, Plan):
            return model
        require_model(model)
        try:
            return cls._of(model)
        except ModelError as error:
            raise model.located(error) from None

    @classmethod
    def _of(cls, model: Model) -> "Plan":
        files = data_files(model)
        graph = build_graph(model)
        latencies = compute_latencies(graph, model.target_delay)
        w, bias = initial_weights(model, graph)
        stimuli = build_stimuli(model, graph, latencies)
        alignment = alignments.prepare(model, graph)
        known = feedbacks.Context(model, graph, w, latencies, alignment)
        feedback = feedbacks.prepare(model.feedback, known)
        refuse_long_delays(graph, max(alignment.longest_age, feedback.longest_age))
        plasticity = rules.prepare(model.plasticity, model, stimuli, feedback)
        transmission = transmissions.prepare(
            model.transmission,
            transmissions.Context(model, graph, w, bias, stimuli, latencies, plasticity),
        )
        plan = cls(
            model=transmission.written(model),
            graph=graph,
            latencies=latencies,
            w=w,
            bias=bias,
            stimuli=stimuli,
            alignment=alignment,
            feedback=feedback,
            plasticity=plasticity,
            transmission=transmission,
            schedule=Schedule(),
            files=tuple(files),
        ).replace()
        return plan.replace(schedule=plan_schedule(plan))

    def replace(self, **changes: Any) -> "Plan":
        """A plan with other parts, e.g. another `feedback` or `schedule`.

        Parameters
        ----------
        **changes
            Parts by their names. They are taken as they are: nothing that follows from them, such
            as latencies from the graph, is made anew, but for the engine that moves the weights.

        Raises
        ------
        ModelError
            If the model asks for an engine that cannot do what is asked of it.
        """
        changed = replace(self, **changes)
        return changed._moved_by(engine_of(self.model, changed.choice))

    def _moved_by(self, transmission: Transmission) -> "Plan":
        """With another engine, which may not record products as factors."""
        plan = replace(self, transmission=transmission)
        schedule = plan.schedule
        if schedule.factors and not have_factors(plan):
            return replace(plan, schedule=replace(schedule, factors=None, listed=True))
        return plan

    @property
    def choice(self) -> Choice:
        """What decides which engine can run it."""
        return Choice(self.transmission.native, self.alignment, self.feedback, self.plasticity)

    @property
    def native(self) -> "Plan":
        """The same run by the plain Brian2 network."""
        return self._moved_by(self.transmission.native)

    @property
    def engine(self) -> str:
        """In one sentence, what moves the weights, and why."""
        return explain(self.model, self.choice)

    @cached_property
    def projection_latencies(self) -> list[ProjectionLatency]:
        """F, R, M and first exact step of every projection, as it learns."""
        return learning_latencies(self.graph, self.latencies, self.alignment)

    @cached_property
    def longest_age(self) -> int:
        """How far back in steps anything looks at the activity, but for what just travels."""
        return max(self.alignment.longest_age, self.feedback.longest_age)

    @cached_property
    def backward_weights(self) -> Floats:
        """Weights (n_backward,) by which errors come back at the start."""
        return self.feedback.at_start(self.graph, self.w)

    @cached_property
    def first_input(self) -> Floats:
        """The input (n_inputs,) of step 0."""
        return self.stimuli.input.at(np.zeros(1, dtype=np.int64))[0]

    @cached_property
    def validation_start(self) -> int:
        """First step that is validated; by default, that from which a constant input is exact.

        With leaks, or traces of spikes, it is the one at which about all of a change has come.
        With cycles it is the one at which both waves have come once and settled with the first
        input and the weights of the start; step 0 where they do not settle, and where the waves
        themselves are the reference.
        """
        model, graph = self.model, self.graph
        if model.validation.start is not None:
            return model.steps(model.validation.start)
        if graph.cyclic:
            if model.reference == "delayed":
                return 0
            b = self.backward_weights
            return estimate_convergence(graph, self.w, self.bias, self.first_input, b).steps or 0
        settled = max(row.exact_from for row in self.projection_latencies)
        # after a mirror, both waves begin anew
        return self.feedback.first_errors + settled + self.alignment.settling_steps

    @cached_property
    def cost(self) -> Cost:
        """Estimated time by backend, and memory."""
        steps, backward = self.stimuli.steps, 0
        if not self.feedback.symmetric:
            backward = len(self.graph.backward)
        return estimate(
            self.graph,
            steps,
            self._recorded_values(backward),
            self.stimuli.input.size + self.stimuli.target.size + self.feedback.size,
            engine=self.transmission.engine,
            sending=None if self.transmission.dense else self.transmission.sending,
            longest_age=self.longest_age,
            backward=backward,
        )

    def _recorded_values(self, backward: int) -> int:
        """About how many numbers a run records, with so many backward weights of their own."""
        graph, sending = self.graph, self.transmission.sending or (0.0, 0.0)
        per_step = graph.n_units * sending[0] + (graph.n_units - graph.n_inputs) * sending[1]
        widths = {
            # time, unit and kind, which is text, of each
            "events": 2 * per_step,
            "signals": 3 * graph.n_units,
            "answers": len(graph.outputs),
            "weights": graph.n_synapses + backward,
            "products": 2 * graph.n_synapses if self.schedule.listed else graph.n_units,
        }
        samplings = self.schedule.of(*widths).items()
        steps = self.stimuli.steps
        return round(sum(widths[name] * sampling.count(steps) for name, sampling in samplings))
