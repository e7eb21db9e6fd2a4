"""What everybody may ask of a transmission, and how its numbers are found."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import singledispatch
from typing import ClassVar, NamedTuple

from neurodiff.exceptions import UnknownKindError
from neurodiff.model_file import Model
from neurodiff.network.graph import Floats, Graph
from neurodiff.network.latency import Latencies
from neurodiff.plan.plasticity import Plasticity
from neurodiff.stimuli import Stimuli


class Context(NamedTuple):
    """What a transmission is made from.

    Attributes
    ----------
    model : Model
    graph : Graph
    w, bias : arrays (n_synapses,), (n_units,)
        At the start.
    stimuli : Stimuli
    latencies : Latencies
    plasticity : Plasticity
    """

    model: Model
    graph: Graph
    w: Floats
    bias: Floats
    stimuli: Stimuli
    latencies: Latencies
    plasticity: Plasticity


class Sending(NamedTuple):
    """About what shares of the units and of the error units send in a step.

    Attributes
    ----------
    forward, backward : float
        Share of the units, and of the error units.
    """

    forward: float
    backward: float


@dataclass(frozen=True, eq=False)
class Transmission(ABC):
    """How values travel through synapses.

    Attributes
    ----------
    kind : str
        Its name in the model file.
    recomputable : bool
        Whether what was sent follows from the model alone, step by step, so that a reference can
        compute the run anew.
    resumable : bool
        Whether a run can go on from a state.
    hidden : str
        Why not, where it cannot.
    fires : bool
        Whether neurons fire: answers are then means over many steps.
    has_kernel : bool
        Whether fused kernels can do it; what has none is run by the plain Brian2 network.
    by_numbers : bool
        Whether its kernels take other precisions and threads.
    records_factors : bool
        Whether local products can be recorded as their two factors.
    engine : str
        What moves the weights: `native`, the plain Brian2 network, or `fused` kernels.
    dense : bool
        Whether every synapse works at every step, whatever is sent.
    """

    kind: ClassVar[str]
    recomputable: ClassVar[bool] = False
    resumable: ClassVar[bool] = False
    hidden: ClassVar[str] = "what travels is in queues inside Brian2, which keeps it to itself"
    fires: ClassVar[bool] = False
    has_kernel: ClassVar[bool] = False
    by_numbers: ClassVar[bool] = False
    records_factors: ClassVar[bool] = False
    engine: ClassVar[str] = "native"
    dense: ClassVar[bool] = False

    @property
    def no_kernel(self) -> str | None:
        """Why no kernel can do it; None where one can."""
        return None if self.has_kernel else f"there is no kernel for transmission by {self.kind}"

    @property
    def kernel_slower(self) -> str | None:
        """Why a kernel would take longer, although it can do it; None where it would not."""
        return None

    @property
    def native(self) -> "Transmission":
        """The same by the plain Brian2 network."""
        return self

    def fused(self, precision: str, threads: int) -> "Transmission":
        """The same by kernels, where there are any.

        Parameters
        ----------
        precision : str
            Type of the weights.
        threads : int
            Number of threads.
        """
        return self

    def written(self, model: Model) -> Model:
        """The model with the numbers that were chosen here, as they stand in a run folder.

        Parameters
        ----------
        model : Model
            Model as it was asked for.
        """
        return model

    @property
    def choices(self) -> list[str]:
        """Lines of text on the numbers that were chosen here, if there are any."""
        return []

    @property
    @abstractmethod
    def sending(self) -> Sending | None:
        """A rough figure, for the cost; None where every unit sends at every step."""

    def recorded(self, graph: Graph) -> dict[str, Floats]:
        """What a recording keeps of its numbers, each an array (n_units,).

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        return {}


@singledispatch
def prepare(spec: object, context: Context) -> Transmission:
    """The transmission of a model in numbers.

    Parameters
    ----------
    spec : object
        The `transmission` part of the model.
    context : Context
        What it is made from.

    Raises
    ------
    UnknownKindError
        If nothing is registered for the type of `spec`.
    """
    raise UnknownKindError("neurodiff.plan.transmission.prepare", spec)
