"""The population that carries the forward wave: all units of all layers, inputs included."""

import brian2 as b2
import numpy as np
from brian2.utils.stringtools import word_substitute

from neurodiff.network.graph import Graph
from neurodiff.plan.sampling import Answers
from neurodiff.simulator.order import ACTIVATE, ADD_UP, REMEMBER
from neurodiff.simulator.population_parts import Addition
from neurodiff.simulator.sampling import answer_equations, averaging

_EQUATIONS = """
a : 1
x : 1
bias : 1 (linked)
error : integer (constant)
is_input : 1 (constant)
input : integer (constant)
u : 1 (linked)
is_output : boolean (constant)
activation : integer (constant)
"""


def build_units(
    graph: Graph,
    stimulus: b2.NeuronGroup,
    addition: Addition,
    answers: Answers,
    clock: b2.Clock,
) -> b2.NeuronGroup:
    """Units with x(t) = sigma(a(t)) and a(t) = drive(t) + b(t), and inputs with x(t) = u(t).

    With leaky neurons a is low-passed: a(t) = k a(t-1) + (1 - k) (drive(t) + b(t)); theory 5.

    The biases are kept, and learned, by the error units; see `build_error_units`.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    stimulus : NeuronGroup
        Its `value` is the input u, one element per input unit.
    addition : Addition
        What the transmission adds, `drive` among it, and the events of samples.
    answers : Answers
        Over how many steps the mean of x is taken.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.

    Returns
    -------
    brian2.NeuronGroup
        Group of the units, inputs first.
    """
    functions = {f"vector_{name}": made for name, made in addition.functions.items()}
    sigma = word_substitute(activation_text(graph), {name[7:]: name for name in functions})
    units = b2.NeuronGroup(
        graph.n_units,
        "\n".join([_EQUATIONS, answer_equations(answers), addition.equations]),
        events=addition.events,
        name="units",
        clock=clock,
        order=ADD_UP.order,
        namespace=addition.namespace | graph.hop.constants | functions,
    )
    units.error = np.maximum(np.arange(graph.n_units) - graph.n_inputs, 0)
    units.is_input = graph.by_unit(lambda part: float(part.role == "input"))
    units.is_output = graph.by_unit(lambda part: part.role == "output")
    units.activation = activation_codes(graph)
    units.input = np.minimum(np.arange(graph.n_units), graph.n_inputs - 1)
    units.u = b2.linked_var(stimulus, "value", index="input")
    if addition.by_kernel:
        return units
    # apart, so that a compiler can do the second for several units at once; inputs keep u in a
    drive = graph.hop.leaked_text("a", "(drive + bias)")
    units.run_regularly(f"a = is_input*u + (1 - is_input)*({drive})", name="add_up", **ADD_UP.when)
    units.run_regularly(
        f"{addition.computed or 'x'} = is_input*a + (1 - is_input)*({sigma})",
        name="activate",
        **ACTIVATE.when,
    )
    if average := averaging(answers):
        units.run_regularly(average, name="mean_x", **REMEMBER.when)
    return units


def activation_codes(graph: Graph) -> np.ndarray:
    """Number of each unit's activation function (n_units,) among those of `activation_text`.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    """
    names = _used(graph)
    return graph.by_unit(lambda part: names.index(part.activation) if part.role != "input" else 0)


def activation_text(graph: Graph, part: str = "text") -> str:
    """sigma(a), or with ``slope_text`` sigma'(a), for whichever function the unit has.

    Parameters
    ----------
    graph : Graph
        Network of units, synapses and delays.
    part : str, optional
        Field of `Activation` that is taken: `text` or `slope_text`.
    """
    sigmas = {population.activation: population.sigma for population in graph.populations}
    texts = [getattr(sigmas[name], part) for name in _used(graph)]
    if len(texts) == 1:
        return texts[0]
    return " + ".join(f"int(activation == {code})*({text})" for code, text in enumerate(texts))


def _used(graph: Graph) -> list[str]:
    """Names of the activation functions in use, sorted, so that equal networks have equal code."""
    return sorted({part.activation for part in graph.populations if part.role != "input"})
