"""Spiking transmission: values travel as spike rates, and synapses know traces of what arrives."""

import warnings
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

import numpy as np

from neurodiff.model_file.transmission import SpikeTransmission
from neurodiff.network.activations import Membrane, membrane_of
from neurodiff.network.graph import Floats, Graph
from neurodiff.plan.error_size import ErrorSize, expected_error_sizes
from neurodiff.plan.transmission.interface import Context, Sending, Transmission, prepare

#: Share of the synapses that have a spike in a step from which on a kernel, which passes all of
#: them at about .6 ns each, is faster than Brian2, which takes those alone at about 50 ns.
_WORTH = 0.015


@dataclass(frozen=True, eq=False)
class Spikes(Transmission):
    """Numbers of spiking transmission.

    Attributes
    ----------
    neuron : str
        `lif`, `integrate_and_fire` or `poisson`. Inputs and error cells of `lif` are
        `integrate_and_fire`.
    membrane : Membrane or None
        Of `lif`.
    maximum_rate : float
        Spikes per step for an activity of 1.
    error_rate : float
        Spikes per step for an error of the size that errors have before anything is learned.
    gain : array (n_units,)
        Spikes per step of an error cell for an error of 1.
    decay : float
        Of all traces, per step.
    neurons_per_unit : int
    mutual_inhibition : bool
        Whether ON and OFF cells share only the difference of what excites them.
    seed : int
    keeps_signs : bool
        Whether any weight keeps its sign.
    """

    neuron: Literal["lif", "integrate_and_fire", "poisson"]
    membrane: Membrane | None
    maximum_rate: float
    error_rate: float
    gain: Floats
    decay: float
    neurons_per_unit: int
    mutual_inhibition: bool
    seed: int
    keeps_signs: bool
    kind: ClassVar[str] = "spikes"
    fires: ClassVar[bool] = True
    has_kernel: ClassVar[bool] = True
    by_numbers: ClassVar[bool] = True

    @property
    def no_kernel(self) -> str | None:
        """Why a kernel cannot do it; None where it can."""
        if self.keeps_signs:
            return "there is no kernel for spikes and weights that keep their signs"
        if not self.mutual_inhibition:
            return "there is no kernel for spikes without mutual inhibition"
        return None

    @property
    def kernel_slower(self) -> str | None:
        """Why a kernel would take longer, although it can do it; None where it would not."""
        # a spike of an error cell reaches synapses at both of their ends
        share = self.sending.forward + 2 * self.sending.backward
        if share < _WORTH:
            return f"about {share:.2g} of the synapses have a spike in a step, and are faster alone"
        return None

    def fused(self, precision: str, threads: int) -> "FusedSpikes":
        """The same by a kernel.

        Parameters
        ----------
        precision : str
            Type of the weights: `float64` or `float32`.
        threads : int
            Number of threads.
        """
        numbers = {part.name: getattr(self, part.name) for part in fields(Spikes)}
        return FusedSpikes(**numbers, precision=precision, threads=threads)

    @property
    def sending(self) -> Sending:
        """Units at half their maximum rate, and errors at that of the beginning."""
        n = self.neurons_per_unit
        return Sending(min(1.0, n * self.maximum_rate / 2), min(1.0, n * self.error_rate))

    def recorded(self, graph: Graph) -> dict[str, Floats]:
        """The gains of error cells in spikes per second; inputs have none.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        gain = self.gain / graph.time_step
        gain[: graph.n_inputs] = np.nan
        return {"error_gain": gain}

    @property
    def x_quantum(self) -> float:
        """By how much a spike moves the trace of an activity: at a steady rate it is x."""
        return (1 - self.decay) / (self.maximum_rate * self.neurons_per_unit)

    @property
    def delta_quantum(self) -> Floats:
        """By how much a spike of an ON cell moves the trace of the error (n_units,)."""
        return (1 - self.decay) / (self.gain * self.neurons_per_unit)


@dataclass(frozen=True, eq=False)
class FusedSpikes(Spikes):
    """The same by a kernel, which passes all synapses in a step; see `neurodiff.plan.engine`.

    Attributes
    ----------
    precision : str
        Type of the weights: `float64` or `float32`.
    threads : int
        Number of threads.
    """

    precision: str = "float64"
    threads: int = 1
    hidden: ClassVar[str] = "Brian2 does not tell the state of its random numbers on all backends"
    engine: ClassVar[str] = "fused"
    dense: ClassVar[bool] = True

    @property
    def native(self) -> Spikes:
        """The same by the plain Brian2 network."""
        return Spikes(*(getattr(self, part.name) for part in fields(Spikes)))


@prepare.register
def _(spec: SpikeTransmission, context: Context) -> Spikes:
    """The gain of each population's error cells is such that they fire at `error_rate`.

    That is for an error of the size that its errors have before anything is learned, by one
    backward pass at the start.
    """
    model, graph = context.model, context.graph
    sizes = expected_error_sizes(graph, context.w, context.bias, context.stimuli, model.loss)
    _warn_of_dead(sizes)
    at_one = spec.error_rate * model.time_step
    # errors that cancel at the start will be about as large as their parts
    scale = {name: error.size or error.unsigned or 1.0 for name, error in sizes.items()}
    return Spikes(
        neuron=spec.neuron,
        membrane=membrane_of(spec, model.time_step),
        maximum_rate=spec.maximum_rate * model.time_step,
        error_rate=at_one,
        gain=graph.by_unit(lambda population: at_one / scale.get(population.name, 1.0)),
        decay=float(np.exp(-model.time_step / spec.synaptic_time_constant)),
        neurons_per_unit=spec.neurons_per_unit,
        mutual_inhibition=spec.mutual_inhibition,
        seed=model.seed,
        keeps_signs=bool(graph.dale.any()),
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
