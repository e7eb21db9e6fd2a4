"""Weight mirrors: backward weights learn from noise and the response to it (Akrout et al. 2019)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodiff.exceptions import ModelError
from neurodiff.model_file import Model
from neurodiff.model_file.feedback import WeightMirrorFeedback
from neurodiff.model_file.quantities import TIME_UNITS, format_quantity
from neurodiff.network.graph import Floats, Graph, Ints, random_stream
from neurodiff.plan.alignment import learning_latencies
from neurodiff.plan.feedback.draws import along_synapses_drawn
from neurodiff.plan.feedback.interface import Context, Feedback, along_synapses, prepare


@dataclass(frozen=True, eq=False)
class WeightMirror(Feedback):
    """b learns from the noise of j and the response of i, before anything else learns.

    Attributes
    ----------
    aligned : bool
        Whether the noise is that to which i responds, f steps old, and not that of the present.
    noise : array (steps, n_senders)
        What units send instead of their answers in the first steps.
    senders : int array (n_senders,)
        Those units: all but the outputs.
    learning_rate, weight_decay : float
        Of b, per step.
    clear : int
        First step in which neither wave holds any noise: errors come back, and weights learn, from
        here on.

    References
    ----------
    Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019, Deep learning without weight transport.
    """

    aligned: bool
    noise: Floats
    senders: Ints
    learning_rate: float
    weight_decay: float
    clear: int
    rule: ClassVar[str] = "weight_mirror"
    has_kernel: ClassVar[bool] = True
    learned_first: ClassVar[bool] = True

    @property
    def steps(self) -> int:
        """For how many steps there is noise, and b learns."""
        return len(self.noise)

    @property
    def knows(self) -> str:
        """What a backward connection has to know, in words."""
        when = "the delay of its synapse ago" if self.aligned else "now"
        return (
            "the error that arrives; while there is noise, what the unit to which it leads sent "
            f"{when},\nand the response of the unit from which it comes"
        )

    def waiting_steps(self, graph: Graph) -> int:
        """For how many steps a backward connection keeps noise: the delay of its synapse, if any.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return int(along_synapses(graph, graph.forward_lag).max(initial=0)) if self.aligned else 0

    @property
    def phases(self) -> list[str]:
        """When there is noise, and from when on errors come back."""
        return [
            f"units send noise for {self.steps} steps; errors come back, and weights learn, "
            f"from step {self.clear} on"
        ]

    @property
    def first_errors(self) -> int:
        """Step in which all noise has left."""
        return self.clear

    @property
    def size(self) -> int:
        """The noise."""
        return self.noise.size

    def refuse_short_run(self, model: Model, learning: int | None, steps: int) -> None:
        """Refuse a mirror that outlasts the run, or leaves plasticity no time to learn in.

        Parameters
        ----------
        model : Model
            Model, checked.
        learning : int or None
            Step at which forward weights stop learning; None where they never learn.
        steps : int
            Number of steps of the run.

        Raises
        ------
        ModelError
            If the noise, and the time that it takes to leave, do not end before the learning phase
            or the run.
        """
        if learning is not None:
            needed, end, what = self.clear + 1, learning, "learning ends"
        else:
            needed, end, what = self.steps, steps, "the run ends"
        if needed > end:
            times = (self.steps, end, self.clear - self.steps)
            value, last, leaves = (format_quantity(t * model.time_step, TIME_UNITS) for t in times)
            text = f"{value} is too long where {what} at {last}, and noise takes {leaves} to leave"
            raise ModelError("feedback.duration", text, "write less, or run longer")


@prepare.register
def _(spec: WeightMirrorFeedback, context: Context) -> WeightMirror:
    model, graph = context.model, context.graph
    b = along_synapses_drawn(model, spec, graph)
    steps = model.steps(spec.duration)
    senders = np.setdiff1d(np.arange(graph.n_units), graph.outputs)
    rng = random_stream(model.seed, "mirror noise")
    rate = spec.learning_rate
    if rate is None:
        # b -> (learning_rate noise^2 / weight_decay) w E[sigma']
        rate = spec.weight_decay / spec.noise**2
    return WeightMirror(
        b=b,
        aligned=spec.traces == "aligned",
        noise=rng.normal(0, spec.noise, size=(steps, len(senders))),
        senders=senders,
        learning_rate=rate * model.time_step,
        weight_decay=spec.weight_decay * model.time_step,
        clear=steps + _clears_after(context),
    )


def _clears_after(context: Context) -> int:
    """Steps from the last noise until none is left in either wave, or in any trace."""
    rows = learning_latencies(context.graph, context.latencies, context.alignment)
    return max(row.exact_from for row in rows) + context.alignment.settling_steps
