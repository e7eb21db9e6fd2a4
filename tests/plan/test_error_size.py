"""Sizes of errors before learning, which the gain of error cells goes by: one backward pass."""

from typing import Any

import numpy as np
import pytest

from neurodiff import Model, Simulation
from neurodiff.plan.error_size import expected_error_sizes
from neurodiff.reference.backprop import backprop
from tests.networks import chain
from tests.simulated import simulate

SPIKES = {
    "kind": "spikes",
    "neuron": "integrate_and_fire",
    "maximum_rate": "200 Hz",
    "synaptic_time_constant": "20 ms",
    "error_rate": "100 Hz",
}


def spiking(layers: list[int], **keys: Any) -> Model:
    defaults = {
        "activation": "sigmoid",
        "bias": False,
        "weights": {"init": "constant", "value": 0.5},
        "transmission": SPIKES,
        "plasticity": {"rule": "diffusion", "learning_rate": "0 Hz"},
        "input": {"kind": "constant", "values": [0.5, 0.5]},
        "target": {"kind": "constant", "values": [0.1] * layers[-1]},
    }
    return chain(layers, **(defaults | keys))


def gains(model: Model) -> tuple[float, float]:
    """Hz for an error of 1 of the hidden units and of the outputs."""
    simulation = Simulation(model, backend="numpy")
    gain = simulation.plan.transmission.gain / simulation.graph.time_step
    return float(gain[2]), float(gain[-1])


def test_sixteen_equal_errors_add_up():
    """delta_out = .125173, and 16 of them times .5 sigma' are .235329, not a quarter of that."""
    hidden, out = gains(spiking([2, 2, 16]))
    assert out == pytest.approx(100 / 0.125173, rel=1e-5)
    assert hidden == pytest.approx(100 / 0.235329, rel=1e-5)
    # as a sum of squares: what it was
    assert hidden != pytest.approx(1699.7, rel=0.1)


def test_the_cells_of_hidden_units_fire_at_the_rate_that_was_asked_for():
    model = spiking([2, 2, 16], duration="700 ms", record={"signals": "1 ms", "weights": "none"})
    recording = simulate(model).recording
    cells = np.isin(recording["spike_kind"].values.astype(str), ("on", "off"))
    late = recording["spike_time"].values > 0.2
    for unit in (2, 10):
        spikes = (cells & late & (recording["spike_unit"].values == unit)).sum()
        assert spikes / 0.5 == pytest.approx(100, rel=0.1)


def test_a_small_network_has_the_errors_of_backprop():
    model = spiking([2, 4, 2], weights={"init": "glorot_uniform"}, seed=5)
    simulation = Simulation(model, backend="numpy")
    parts = simulation.graph, simulation.plan.w, simulation.plan.bias
    delta = backprop(*parts, np.array([[0.5, 0.5]]), np.array([[0.1, 0.1]]), model.loss).delta[0]
    found = expected_error_sizes(*parts, simulation.plan.stimuli, model.loss)
    hidden = float(np.sqrt(np.mean(delta[2:6] ** 2)))
    assert found["hidden1"].size == pytest.approx(hidden, rel=1e-12)
    assert gains(model)[0] == pytest.approx(100 / hidden, rel=1e-9)


def test_errors_that_cancel_are_said_to():
    """Two outputs that are wrong by as much, to either side."""
    at_rest = 1 / (1 + np.exp(-2 * 0.5 / (1 + np.exp(-0.5))))
    target = {"kind": "constant", "values": [at_rest - 0.2, at_rest + 0.2]}
    with pytest.warns(UserWarning, match="reach the units of `hidden1` cancel before learning"):
        hidden, out = gains(spiking([2, 2, 2], target=target))
    slope = at_rest * (1 - at_rest)
    assert out == pytest.approx(100 / (0.2 * slope), rel=1e-9)
    # the scale is that of the parts that cancel: an error has not become 1
    assert 100 < hidden < 1e4


def test_a_start_that_happens_to_be_right_has_some_error():
    at_rest = 1 / (1 + np.exp(-2 * 0.5 / (1 + np.exp(-0.5))))
    target = {"kind": "constant", "values": [at_rest, at_rest]}
    _, out = gains(spiking([2, 2, 2], target=target))
    assert out == pytest.approx(100 / (0.05 * at_rest * (1 - at_rest)), rel=1e-9)
