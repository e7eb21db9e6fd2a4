"""The second population carries the backward wave: one error unit for each unit but the inputs."""

import brian2 as b2
import numpy as np
from brian2.utils.stringtools import word_substitute

from neurodiff.plan import Plan
from neurodiff.simulator.order import PROPAGATE
from neurodiff.simulator.population_parts import Addition
from neurodiff.simulator.units import (
    activation_codes,
    activation_text,
)

_EQUATIONS = """
delta : 1
target : 1
played : 1 (linked)
slope : 1
is_output : 1 (constant)
activation : integer (constant)
output : integer (constant)
unit : integer (constant)
has_bias : 1 (constant)
a : 1 (linked)
x : 1 (linked)
bias : 1
"""

#: What comes back to leaky error units; others need not remember it.
_LEAKY = "returned : 1"

#: dE/da of an output, where sigma' = slope (theory 2 and 7).
INJECTION = {
    "squared_error": "slope*(x - target)",
    "cross_entropy": "(x - target)",
}


def build_error_units(
    plan: Plan,
    units: b2.NeuronGroup,
    target: b2.NeuronGroup,
    addition: Addition,
    clock: b2.Clock,
) -> b2.NeuronGroup:
    """Error units with delta(t) = sigma'(a(t)) * feedback(t), at outputs plus the injected error.

    With alignment the feedback, not the injected error, meets a slope of some time ago. With leaky
    neurons what comes back is low-passed, returned(t) = k returned(t-1) + (1 - k) sigma' feedback;
    the injected error is not.

    Error unit k belongs to unit ``n_inputs + k`` and keeps its bias, because it is what makes the
    bias learn.

    Parameters
    ----------
    plan : Plan
        With the graph, the biases at the start, and the loss of its model.
    units : brian2.NeuronGroup
        Group of the units of the network.
    target : NeuronGroup
        Its `value` is the target as it meets the outputs, one element per output unit.
    addition : Addition
        What the transmission adds, `feedback` among it, and the events of samples.
    clock : brian2.Clock
        Clock of the run, which ticks once a time step.

    Returns
    -------
    brian2.NeuronGroup
        Group `errors`, one element for each unit that is no input.
    """
    graph = plan.graph
    own = np.arange(graph.n_inputs, graph.n_units)
    is_output = np.isin(own, graph.outputs)
    output = np.zeros(graph.n_units, dtype=np.int64)
    output[graph.outputs] = np.arange(len(graph.outputs))
    errors = b2.NeuronGroup(
        len(own),
        "\n".join([_EQUATIONS, _LEAKY if graph.hop.leaks else "", addition.equations]),
        events=addition.events,
        name="errors",
        clock=clock,
        order=PROPAGATE.order,
        namespace=addition.namespace | graph.hop.constants,
    )
    errors.unit = own
    errors.is_output = is_output
    errors.activation = activation_codes(graph)[own]
    errors.output = output[own]
    errors.played = b2.linked_var(target, "value", index="output")
    errors.has_bias = graph.has_bias[own]
    errors.bias = plan.bias[own]
    errors.a = b2.linked_var(units, "a", index="unit")
    errors.x = b2.linked_var(units, "x", index="unit")
    units.bias = b2.linked_var(errors, "bias", index="error")
    if addition.by_kernel:
        return errors
    slope = activation_text(graph, "slope_text")
    if addition.computed:
        # x is then what has come of sigma(a)
        slope = word_substitute(slope, {"x": "sigma"})
        errors.sigma = b2.linked_var(units, addition.computed, index="unit")
    feedback = f"{'aligned_slope' if addition.aligns_slope else 'slope'}*feedback"
    errors.run_regularly(
        f"""
        {"" if addition.moves_target else "target = played"}
        slope = {slope}
        {addition.aligns_slope}
        returned = {graph.hop.leaked_text("returned", feedback)}
        {addition.computed or "delta"} = returned + is_output*{INJECTION[plan.model.loss]}
        """,
        name="propagate",
        **PROPAGATE.when,
    )
    return errors
