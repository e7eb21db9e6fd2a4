"""What every program that is compared has to offer."""

from abc import ABC, abstractmethod

from dense.network import Floats, Network


class CannotError(Exception):
    """A program is not here, or cannot do what is asked; the message says why."""


class Program(ABC):
    """A program that learns a network.

    Parameters
    ----------
    options : str
        What the program is asked for besides; each knows its own. One option is the precision,
        `float64` or `float32`, and one the number of threads.
    """

    def __init__(self, **options: str | int):
        self.options = options

    @abstractmethod
    def version(self) -> str:
        """Names and versions of what computes."""

    @abstractmethod
    def prepare(self, network: Network) -> None:
        """Go to the beginning of a network; may take as long as it likes.

        What is compiled here, or in the first `run`, is kept for the next network of the same
        size.
        """

    @abstractmethod
    def run(self, steps: int) -> float:
        """Do that many steps after `prepare`, once; the wall-clock seconds that the steps took."""

    @abstractmethod
    def weights(self) -> Floats:
        """Weights (n_synapses,) after `run`, in the order of `Network.w`.

        Programs that only carry the forward wave return the activities of the outputs (width,).
        """
