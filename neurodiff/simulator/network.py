"""Puts the rooms of the simulator together: a model's graph and stimuli become a Brian2 network."""

from dataclasses import dataclass

import brian2 as b2
import numpy as np

from neurodiff.graph import Graph
from neurodiff.simulator.error_units import build_error_units
from neurodiff.simulator.graded import Graded, build_graded
from neurodiff.simulator.order import OBSERVE, RECORD, Step
from neurodiff.simulator.plasticity import Diffusion
from neurodiff.simulator.sampling import Sampling, monitor
from neurodiff.simulator.units import build_units
from neurodiff.stimuli import Stimuli


@dataclass(frozen=True)
class Samplings:
    """What is recorded, and when; None records nothing of it."""

    signals: Sampling | None
    weights: Sampling | None
    products: Sampling | None
    answers: Sampling | None

    def of(self, *names: str) -> dict[str, Sampling]:
        """Those of `names` that are recorded."""
        named = {name: getattr(self, name) for name in names}
        return {name: part for name, part in named.items() if part is not None}


@dataclass(frozen=True)
class BuiltNetwork:
    """A Brian2 network that is ready to run.

    `initial` holds the weights (n_synapses,) and the biases of the error units at the start;
    `monitors` are keyed by group and event, e.g. ``("units", "signals")``.
    """

    network: b2.Network
    clock: b2.Clock
    units: b2.NeuronGroup
    errors: b2.NeuronGroup
    synapses: Graded
    initial: tuple[np.ndarray, np.ndarray]
    monitors: dict[tuple[str, str], b2.EventMonitor]

    @property
    def code_objects(self) -> int:
        """How many pieces of code Brian2 runs; it does not grow with the number of layers."""
        objects = self.network.sorted_objects
        return sum(len(part._code_objects) for part in objects)


def _kept(frozen: bool) -> dict[tuple[str, str], tuple[list[str], Step]]:
    """What each monitor keeps, by group and event, and when inside the step."""
    kept = {
        ("units", "signals"): (["x"], RECORD),
        ("units", "answers"): (["x"], RECORD),
        ("errors", "signals"): (["delta", "target"], RECORD),
        ("errors", "weights"): (["bias"], OBSERVE),
        ("store", "weights"): (["w"], OBSERVE),
        ("store", "products"): (["product"], OBSERVE),
    }
    if not frozen:
        # weights that move are kept with the products that they made
        kept["store", "products"] = (["product", "w"], OBSERVE)
        kept["errors", "products"] = (["bias"], OBSERVE)
    return kept


def build_network(
    graph: Graph,
    w: np.ndarray,
    bias: np.ndarray,
    stimuli: Stimuli,
    loss: str,
    rule: Diffusion,
    samplings: Samplings,
) -> BuiltNetwork:
    """Units, error units, synapses, learning and monitors on one clock.

    Parameters
    ----------
    w, bias : arrays (n_synapses,), (n_units,)
        At the start.
    """
    clock = b2.Clock(graph.time_step * b2.second, name="neurodiff_clock")
    units = build_units(graph, stimuli.input, samplings.of("signals", "answers"), clock)
    of_errors = samplings.of("signals", "weights", "products")
    errors = build_error_units(graph, bias, units, stimuli, loss, of_errors, clock)
    of_store = samplings.of("weights", "products")
    synapses = build_graded(graph, w, units, errors, of_store, clock)
    rule.apply(synapses.store, errors)
    groups = {"units": units, "errors": errors, "store": synapses.store}
    monitors = {
        (group, event): monitor(groups[group], event, variables, moment)
        for (group, event), (variables, moment) in _kept(rule.frozen).items()
        if getattr(samplings, event) is not None
    }
    objects = [units, errors, *synapses.objects, *monitors.values()]
    network = b2.Network(objects, name="neurodiff_network")
    initial = (w, bias[graph.n_inputs :])
    return BuiltNetwork(network, clock, units, errors, synapses, initial, monitors)
