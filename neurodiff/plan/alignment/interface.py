"""What everybody may ask of an alignment."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, NamedTuple

from numpy.typing import NDArray

from neurodiff.network.graph import Bools, Floats, Graph, Ints
from neurodiff.network.latency import Latencies, ProjectionLatency

Complexes = NDArray[Any]


class Ages(NamedTuple):
    """How many steps ago what meets an error was sent, where that is one moment.

    Attributes
    ----------
    activity : int array (n_synapses,)
        Of the activity in the local product: p.
    slope : int array (n_units,)
        Of the slope in the error: s.
    """

    activity: Ints
    slope: Ints


class Alignment(ABC):
    """What meets an error: which activity at the synapse, and which slope in the error unit.

    Attributes
    ----------
    kind : str
        Its name in the model file.
    one_length : bool or None
        Whether the loops of each unit have one length; None where nobody asks.
    longest_age : int
        How many steps of the past of any unit are needed, besides what just travels.
    keeps : str
        What is kept for an error until it comes: `nothing`, `traces`, or `values` of the past.
    has_kernel : bool
        Whether fused kernels can do it; what has none is run by the plain Brian2 network.
    waits_for : str
        What has to fit the delays of the paths through a synapse; empty where nothing has to.
    """

    kind: ClassVar[str]
    keeps: ClassVar[Literal["nothing", "traces", "values"]]
    waits_for: ClassVar[str] = ""
    has_kernel: ClassVar[bool] = False

    @property
    @abstractmethod
    def one_length(self) -> bool | None: ...  # noqa: D102

    @property
    @abstractmethod
    def longest_age(self) -> int: ...  # noqa: D102

    @property
    @abstractmethod
    def longest_wait(self) -> float:
        """Steps for which anything waits at most, in the mean."""

    @abstractmethod
    def ages(self, graph: Graph) -> Ages | None:
        """Ages of what meets an error; None where it is a mean over many.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """

    def met(self, graph: Graph) -> list[Ints | Floats] | None:
        """Numbers (n_synapses,) that say, with its presynaptic unit, what meets at a synapse.

        None where nobody knows; the two factors of products can then not be told apart.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """
        ages = self.ages(graph)
        return None if ages is None else [ages.activity]

    @abstractmethod
    def exact_units(self, graph: Graph) -> Bools:
        """Units (n_units,) of which the synapses learn from the gradient at any speed.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """

    @abstractmethod
    def remembered(self, graph: Graph) -> Ints:
        """How many values of its past each unit keeps (n_units,).

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """

    @property
    def settling_steps(self) -> int:
        """Steps from the first exact one of the waves until means have settled."""
        return 0

    def row(self, row: ProjectionLatency, graph: Graph, latencies: Latencies) -> ProjectionLatency:
        """The latencies of a projection, with the first exact step of this alignment.

        Parameters
        ----------
        row : ProjectionLatency
            Latencies of the projection before alignment, in steps.
        graph : Graph
            Network of units, synapses and delays.
        latencies : Latencies
            Latencies of both waves in steps.
        """
        return row

    @abstractmethod
    def waits(self, graph: Graph) -> Floats:
        """How long activity waits at each synapse (n_synapses,), in the mean.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        """

    @abstractmethod
    def activity_response(
        self, graph: Graph, omega: NDArray[Any] | float, synapse: Any
    ) -> Complexes:
        """What becomes of a tone of `omega` radian a step that has arrived at some synapses.

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        omega : float or array
            Angular frequency of a tone in radian per step.
        synapse : int, slice or array of int
            Synapses at which the tone arrives.
        """

    @abstractmethod
    def slope_response(self, graph: Graph, omega: float) -> Complexes:
        """What becomes of a tone in the slope of each unit (n_units,).

        Parameters
        ----------
        graph : Graph
            Network of units, synapses and delays.
        omega : float
            Angular frequency of a tone in radian per step.
        """
