"""The forward wave in NEST: rate units without memory, and connections with a delay.

It learns nothing: NEST has no rate synapse that does. The input of each step is a table of a
generator, so that the outputs are some steps later than elsewhere.
"""

import time
from importlib.metadata import version

import nest
import numpy as np

from dense.network import Floats, Network
from dense.program import Program

#: Steps until the input has come from the generator, and until a rate can be read.
_LATE = 3


class NestRates(Program):
    """Units of `rate_transformer_tanh`, connections of `rate_connection_delayed`."""

    def version(self) -> str:
        """Version of NEST."""
        return f"nest-simulator {version('nest-simulator')}"

    def prepare(self, network: Network) -> None:
        """Only note it: the table of the input is made for a number of steps."""
        self._network = network

    def run(self, steps: int) -> float:
        """Build and let it settle; the seconds of `Simulate`."""
        self._build(steps)
        nest.Prepare()
        began = time.perf_counter()
        nest.Run(float(steps + _LATE))
        seconds = time.perf_counter() - began
        nest.Cleanup()
        return seconds

    def _build(self, steps: int) -> None:
        network = self._network
        nest.ResetKernel()
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.SetKernelStatus({"resolution": 1.0, "use_wfr": False, "local_num_threads": 1})
        generators = nest.Create("step_rate_generator", network.width)
        layers = [
            nest.Create(f"rate_transformer_{'tanh' if k else 'lin'}", network.width)
            for k in range(network.layers + 1)
        ]
        self._outputs = layers[-1]
        self._play(generators, steps)
        one = {"synapse_model": "rate_connection_delayed", "delay": 1.0}
        nest.Connect(generators, layers[0], "one_to_one", {**one, "weight": 1.0})
        for k, W in enumerate(network.matrices):
            nest.Connect(layers[k], layers[k + 1], "all_to_all", {**one, "weight": W})

    def _play(self, generators, steps: int) -> None:  # type: ignore[no-untyped-def]
        times = 1.0 + np.arange(steps)
        rates = np.array([self._network.input_at(t) for t in range(steps)])
        for generator, values in zip(generators, rates.T, strict=True):
            generator.set(amplitude_times=times, amplitude_values=values)

    def weights(self) -> Floats:
        """Activities of the outputs."""
        return np.array(self._outputs.get("rate"))
