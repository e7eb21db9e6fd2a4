"""The kernel for events in a network: units, error units and synapses."""

from collections.abc import Mapping
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from neurodiff.plan import Plan
from neurodiff.plan import transmission as planned
from neurodiff.plan.sampling import Sampling
from neurodiff.plan.thresholds.coding import AHEAD, LEAST
from neurodiff.simulator.backends.variables import ArrayVariable
from neurodiff.simulator.history import turned_rows
from neurodiff.simulator.kernels.events.numpy_blocks import LEAST_LEFT, Network
from neurodiff.simulator.kernels.events.numpy_step import NumpyStep
from neurodiff.simulator.kernels.events.tables import tables_of
from neurodiff.simulator.kernels.events.text import EventText
from neurodiff.simulator.kernels.group import KernelGroup
from neurodiff.simulator.kernels.interface import learning_of
from neurodiff.simulator.kernels.records import SIGNALS, Kind, Record, records_of
from neurodiff.simulator.order import PASS
from neurodiff.simulator.transmission.closed_form import RENEWED_EVERY

Floats = NDArray[np.float64]
Values = dict[str, NDArray[Any]]

#: Rings of what was sent: counts, and who sent what.
_RINGS = {
    "unit_counts": ("unit_numbers", "unit_values"),
    "error_counts": ("error_numbers", "error_values"),
}


class EventKernel(KernelGroup):
    """A kernel that does whole steps of a network by events; see `KernelGroup`.

    The groups of the units and of the error units are where their state is read.

    Parameters
    ----------
    plan : Plan
        Plan of the run.
    transmission : planned.Events
        When a value is sent.
    w : array (n_synapses,)
        Weights at the start.
    units, errors : brian2.NeuronGroup
        Groups of the units and of the error units.
    sampling : dict
        Sampling of all that is recorded, by name.
    clock : brian2.Clock
        Clock of the run.
    """

    def __init__(
        self,
        plan: Plan,
        transmission: planned.Events,
        w: Floats,
        units: b2.NeuronGroup,
        errors: b2.NeuronGroup,
        sampling: dict[str, Sampling],
        clock: b2.Clock,
    ):
        super().__init__(plan, clock, records_of(plan, sampling, [len(w)]), "float64")
        self._transmission, self._w = transmission, w
        self.learning = learning_of(plan.plasticity)
        self.tables = tables_of(plan.graph, frozen=self.learning.frozen)
        used = {part.activation: part.sigma for part in self.tables.populations}
        self._activations = {name: used[name] for name in sorted(used)}
        self._named = {**_populations_of(units, errors), **self._state()}
        self._named |= self._constants()
        self.sources = EventText(self._named, list(self._activations.values()), plan.model.loss)
        self._have_called("step", PASS)
        self._numpy: NumpyStep | None = None

    @property
    def initial(self) -> dict[ArrayVariable, NDArray[Any]]:
        """What the weights are at the start, and the path of the folder."""
        copies = zip(("by_sender", "by_receiver"), self.tables.copies(self._w), strict=True)
        weights = {self._named[name]: values for name, values in copies if len(values)}
        return {**weights, self._named["left"]: np.ones(1), **super().initial}

    def call(self, called: str, step: Any) -> Any:
        """What the C++ does, in Python; see `sources.Owner`.

        Parameters
        ----------
        called : str
            `step`.
        step : int or array (1,)
            Time step.
        """
        if self._numpy is None:
            self._numpy = self._now
        now = int(np.asarray(step).flat[0])
        self._numpy.step(now)
        self._keep(now)
        self._numpy.learn(now)
        return step

    def weights(self) -> Floats:
        """Weights (n_synapses,) as they are, in the order of the graph."""
        return self._now.weights()

    def event_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How often each unit and each error unit has sent."""
        times = (self._named[name].get_value() for name in ("unit_times", "error_times"))
        return tuple(np.array(of, dtype=np.int64) for of in times)  # type: ignore[return-value]

    def begun(self, values: Mapping[str, NDArray[Any]], step: int, w: Floats) -> Values:
        """The state of another run after some steps as that in which this one begins.

        Parameters
        ----------
        values : mapping
            Its state.
        step : int
            Number of its steps.
        w : array (n_synapses,)
            What it has learned.
        """
        name = self.group.name
        copies = dict(zip(("by_sender", "by_receiver"), self.tables.copies(w), strict=True))
        names = self._state_sizes().keys() - copies
        own = {part: np.array(values[f"{name}.{part}"]) for part in names}
        for counts, rows in _RINGS.items():
            length = len(own[counts])
            for part in (counts, *rows):
                own[part] = turned_rows(own[part], length, step)
        self._unscale(own)
        for part in ("learned", "gathered", "unit_times", "error_times"):
            own[part][:] = 0
        return {**values, **{f"{name}.{part}": of for part, of in (own | copies).items()}}

    def _unscale(self, values: Values) -> None:
        """Let the sums of a state be what they stand for, and nothing more to be added to them."""
        plastic, left = self.plan.graph.plastic, float(values["left"][0])
        for number, (block, projection) in enumerate(self.tables.parts()):
            if plastic[projection.start]:
                sent = values["error_sent"][block.posts]
                driven, returned = (
                    values["driven"][block.targets],
                    values["returned"][block.senders],
                )
                driven -= values["drift"][number] * sent
                returned -= values["back_drift"][number] * values["arrived"][block.senders]
                driven *= left
                returned *= left
        for part in ("drift", "back_drift", "learning", "learning_before"):
            values[part][:] = 0
        values["left"][:] = 1

    def samples(self, event: str, group: str, variable: str) -> Floats:
        """What was recorded (n_samples, n), that of synapses in the order of the graph.

        Parameters
        ----------
        event : str
            Name of the sampling.
        group, variable : str
            What was recorded.
        """
        values = super().samples(event, group, variable)
        if group != "synapses" or self.tables.dense or variable == "factors":
            return values
        return self.tables.in_graph(values)

    @property
    def _now(self) -> NumpyStep:
        arrays = {name: of.get_value() for name, of in self._named.items() if not of.constant}
        for name in ("has_bias", "output"):
            arrays[name] = self._named[name].get_value()
        loss, rule = self.plan.model.loss, self.learning
        return NumpyStep(Network(self.tables, rule, self._transmission, loss, arrays))

    def _values(self, record: Record, step: int) -> NDArray[Any]:
        assert self._numpy is not None  # a step is done before it is kept
        if record.kind is Kind.SIGNAL:
            return self._named[SIGNALS[record.which][1]].get_value()
        if record.kind is Kind.EVENTS:
            return self._numpy.sent(step, record.which)
        kinds = {Kind.WEIGHTS: "by_sender", Kind.PRODUCTS: "products", Kind.FACTORS: "factors"}
        return getattr(self._numpy, kinds[record.kind])()

    def _state(self) -> dict[str, ArrayVariable]:
        sizes = self._state_sizes()
        return {name: self._array(name, np.float64, size) for name, size in sizes.items()}

    def _state_sizes(self) -> dict[str, int]:
        """All that the next step depends on, besides the populations; see the package."""
        graph, tables = self.plan.graph, self.tables
        n_units, n_errors = graph.n_units, graph.n_units - graph.n_inputs
        forward, backward = (int(of.max()) + 1 for of in (graph.forward_lag, graph.backward_lag))
        return {
            "by_sender": graph.n_synapses,
            "by_receiver": max(tables.n_by_receiver, 1),
            **dict.fromkeys(("arrived", "gathered", "returned", "met"), tables.n_senders),
            **dict.fromkeys(("driven", "squares"), tables.n_targets),
            "arrived_back": tables.n_receivers,
            **dict.fromkeys(("learned", "error_sent", "error_times"), n_errors),
            **dict.fromkeys(("tanh_before", "tanh_there"), n_errors),
            **dict.fromkeys(("left", "learning", "learning_before"), 1),
            **dict.fromkeys(("square", "meeting", "drift", "back_drift"), len(tables.blocks)),
            **dict.fromkeys(("unit_sent", "unit_moved", "unit_times"), n_units),
            **dict.fromkeys(("mean_square", "least", "of_errors"), len(tables.populations)),
            "unit_counts": forward,
            **dict.fromkeys(("unit_numbers", "unit_values"), forward * n_units),
            "error_counts": backward,
            **dict.fromkeys(("error_numbers", "error_values"), backward * n_errors),
        }

    def _constants(self) -> dict[str, ArrayVariable]:
        graph, at, rule = self.plan.graph, self._transmission, self.learning
        output = np.zeros(graph.n_units, dtype=np.int32)
        output[graph.outputs] = np.arange(len(graph.outputs))
        average = -1 if at.average is None else at.average
        lags = [self._named[name].size for name in _RINGS]
        parts = self.tables.populations
        sizes = [len(self.tables.blocks), len(parts), graph.n_units, graph.n_inputs, RENEWED_EVERY]
        sizes += [rule.start, rule.stop, average, *lags, len(self.records)]
        sizes.append(int(graph.has_bias.any()))
        codes = list(self._activations)
        lines = [
            (
                part.start - graph.n_inputs,
                part.size,
                codes.index(part.activation),
                part.role == "output",
            )
            for part in parts
        ]
        numbers = [rule.rate, rule.decay, at.forward, at.error, AHEAD, LEAST, LEAST_LEFT]
        constants: dict[str, tuple[Any, Any]] = {
            "sizes": (np.int64, sizes),
            "numbers": (np.float64, numbers),
            "blocks": (np.int64, self.tables.lines()),
            "populations": (np.int64, np.array(lines, dtype=np.int64).ravel()),
            "index": (np.int32, self.tables.index),
            "has_bias": (np.float64, graph.has_bias[graph.n_inputs :].astype(float)),
            "output": (np.int32, output[graph.n_inputs :]),
            **self._record_tables(),
        }
        made = {
            name: self._array(name, dtype, len(values), values)
            for name, (dtype, values) in constants.items()
        }
        n_blocks = len(self.tables.blocks)
        scratch = {"scratch": 2 * graph.n_units, "forward": n_blocks, "backward": n_blocks}
        return made | {
            name: self._array(f"_{name}", np.float64, size) for name, size in scratch.items()
        }


def _populations_of(units: b2.NeuronGroup, errors: b2.NeuronGroup) -> dict[str, ArrayVariable]:
    """Arrays of the populations, and what the stimuli play."""
    of_units = {name: units.variables[name] for name in ("a", "x", "u")}
    names = ("delta", "bias", "target")
    of_errors = {name: errors.variables[name] for name in names}
    return {**of_units, **of_errors, "y": errors.variables["played"]}
