"""The kernel of graded waves, which passes all weights once in a step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff.plan.sampling import Sampling
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.kernels.blocks import cut
from neurodiff.simulator.kernels.bundle import Bundle
from neurodiff.simulator.kernels.group import KernelGroup
from neurodiff.simulator.kernels.interface import Signals
from neurodiff.simulator.kernels.numpy_pass import Network, NumpyPass
from neurodiff.simulator.kernels.records import Kind, Record, records_of
from neurodiff.simulator.kernels.sources import Sources
from neurodiff.simulator.order import OBSERVE, PASS


@dataclass(frozen=True)
class Numbers:
    """How a kernel computes.

    Attributes
    ----------
    precision : str
        Type of the weights: `float64` or `float32`.
    threads : int
        Threads of the compiled kernels.
    """

    precision: str = "float64"
    threads: int = 1

    @property
    def real(self) -> str:
        """The same type in C++."""
        return {"float64": "double", "float32": "float"}[self.precision]


class Kernel(KernelGroup):
    """Connections with weights, which a kernel passes once in a step; see `KernelGroup`.

    Parameters
    ----------
    signals : Signals
        Populations, and their past.
    bundles : sequence of Bundle
        The synapses, and the backward connections where they have weights of their own.
    sampling : dict
        Sampling of all that is recorded, by name.
    numbers : Numbers
        How it computes.

    Attributes
    ----------
    weights : list of ArrayVariable
        Weights by bundle.
    """

    sources: Sources

    def __init__(
        self,
        signals: Signals,
        bundles: Sequence[Bundle],
        sampling: dict[str, Sampling],
        numbers: Numbers,
    ):
        self._signals, self._numbers = signals, numbers
        # bundles have a number of each connection; only what is needed later is kept
        self._first, self._follows = [part.weights for part in bundles], bundles[-1].follows
        widths = [len(first) for first in self._first]
        records = records_of(signals.plan, sampling, widths)
        super().__init__(signals.plan, signals.clock, records, numbers.precision)
        past = [part.buffer.variables["value"] for part in (signals.activity, signals.error)]
        self._tables = cut(signals.plan.graph, bundles, past)
        if signals.plan.schedule.factors and not self._tables.dense:
            raise AssertionError("products are to be recorded as factors, and some have none")
        self.weights = [
            self._array(f"weights{k}", np.dtype(numbers.precision), width)
            for k, width in enumerate(widths)
        ]
        threaded = numbers.threads > 1
        self.sources = Sources(
            self._named(), self._tables.arrays, self.weights, numbers.real, threaded
        )
        self._have_called("pass", PASS)
        if self.records:
            self._have_called("keep", OBSERVE)
        self._numpy: NumpyPass | None = None

    @property
    def initial(self) -> dict[ArrayVariable, NDArray[Any]]:
        """What the weights are at the start, and the path of the folder."""
        weights = dict(zip(self.weights, self._first, strict=True))
        return {**weights, **super().initial}

    def call(self, called: str, step: Any) -> Any:
        """What the C++ does, in Python; see `sources.Owner`.

        Parameters
        ----------
        called : str
            `pass` or `keep`.
        step : int or array (1,)
            Time step.
        """
        return {"pass": self._pass, "keep": self._keep}[called](step)

    def _named(self) -> dict[str, ArrayVariable]:
        signals, tables = self._signals, self._tables
        follows = self._follows
        synapse, scale = (follows.synapse, follows.scale) if follows else ([0], [0.0])
        constants: dict[str, tuple[Any, Any]] = {
            "sizes": (np.int64, self._sizes()),
            "blocks": (np.int64, tables.lines()),
            "rules": (np.float64, tables.rules.ravel()),
            "index": (np.int32, tables.index),
            "followed": (np.int32, synapse),
            "scale": (np.float64, scale),
            **self._record_tables(),
        }
        made = {
            name: self._array(name, dtype, len(values), values)
            for name, (dtype, values) in constants.items()
        }
        n_units, threads = len(signals.units), self._numbers.threads
        size = threads * (4 * tables.longest + n_units) + n_units
        scratch = self._array("_scratch", np.dtype(self._numbers.precision), size)
        return {**signals.variables, **made, "scratch": scratch}

    def _sizes(self) -> list[int]:
        signals, follows = self._signals, self._follows
        return [
            len(signals.units),
            signals.activity.length,
            len(signals.errors),
            signals.error.length,
            len(self._tables.blocks),
            signals.plan.graph.n_inputs,
            self._numbers.threads,
            self._tables.longest,
            0 if follows is None else len(follows.synapse),
            len(self.records),
        ]

    @property
    def _network(self) -> Network:
        signals, values = self._signals, self._signals.variables
        return Network(
            tables=self._tables,
            arrays=[variable.get_value() for variable in self._tables.arrays],
            activity=signals.activity,
            error=signals.error,
            sources=(values["x"].get_value(), values["delta"].get_value()),
            weights=[variable.get_value() for variable in self.weights],
            drive=values["drive"].get_value(),
            feedback=values["feedback"].get_value(),
            n_inputs=signals.plan.graph.n_inputs,
            follows=self._follows,
        )

    def _pass(self, step: Any) -> Any:
        if self._numpy is None:
            self._numpy = NumpyPass(self._network)
        return self._numpy(step)

    def _values(self, record: Record, step: int) -> NDArray[Any]:
        if record.kind is Kind.SIGNAL:
            return np.asarray(self.sources.signals[record.which].get_value())
        if record.kind is Kind.WEIGHTS:
            return np.asarray(self.weights[record.which].get_value())
        assert self._numpy is not None  # the pass comes first in every step
        if record.kind is Kind.FACTORS:
            return self._numpy.factors(step, self._signals.plan.graph.output_range)
        return self._numpy.products(step)

    def ended(self) -> list[NDArray[Any]]:
        """Weights by bundle after the last step, with what was learned in it."""
        last = int(np.asarray(self.group.variables["passed"].get_value()).flat[0])
        return NumpyPass(self._network).finish(last)
