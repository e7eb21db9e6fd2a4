"""What the connections of a network with a kernel have in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.kernels.group import KernelGroup
from neurodiff.simulator.sampling import Monitors, Sampled

Values = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class ByKernel(ABC):
    """The synapses of a network with a kernel; see `Connections`.

    Attributes
    ----------
    kernel : KernelGroup
        What holds the weights.
    """

    kernel: KernelGroup

    def keep_in(self, folder: Path) -> None:
        """Have samples appended to files in a folder.

        Parameters
        ----------
        folder : Path
            Folder for samples, which is there until they have been read.
        """
        self.kernel.folder = folder

    @property
    def initial(self) -> dict[ArrayVariable, NDArray[Any]]:
        """Arrays to be filled before the first step."""
        return self.kernel.initial

    @abstractmethod
    def weights(self) -> NDArray[np.float64]:
        """Weights (n_synapses,) at the end of the run."""

    def recorded(self, sampling: str, variable: str) -> NDArray[np.float64]:
        """Samples (n_samples, n_synapses) of `w` or `product`, in the order of the graph.

        Parameters
        ----------
        sampling : str
            What is sampled: `weights`, `products` or `factors`.
        variable : str
            Name of the variable: `w`, `product` or `factors`.
        """
        return self.kernel.samples(sampling, "synapses", variable)

    @property
    def spike_monitors(self) -> dict[str, b2.EventMonitor]:
        """No neuron fires."""
        return {}

    @property
    def firing(self) -> dict[str, b2.NeuronGroup]:
        """No neuron fires."""
        return {}

    def sampled_of(self, monitors: Monitors) -> Sampled:
        """The kernel records the populations, too.

        Parameters
        ----------
        monitors : Monitors
            Monitors of the populations, of which there are none.
        """
        return self.kernel

    @abstractmethod
    def begun(self, values: Values, step: int, weights: Values) -> Values:
        """The state of another run after some steps as that in which this network begins.

        Parameters
        ----------
        values : mapping
            State of the other run, by ``group.variable``.
        step : int
            Number of its steps.
        weights : mapping
            What it had learned: `w` and, where there are any, backward weights `b`.
        """
