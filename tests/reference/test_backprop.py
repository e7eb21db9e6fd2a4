"""Backpropagation against numbers worked out by hand and against central differences."""

import numpy as np
import pytest

from neurodiff.network.graph import Graph, build_graph
from neurodiff.network.loss import loss_of
from neurodiff.network.static_response import respond
from neurodiff.reference.backprop import backprop, injection, products
from tests.networks import ACTIVATIONS, chain, digraph, random_digraph, random_weights


def test_linear_chain_by_hand():
    # x1 = 2*3 + 1 = 7;  x2 = -1*7 + 4 = -3;  error -3 - 2 = -5;  delta1 = w2*(-5) = 5
    graph = build_graph(chain([1, 1, 1], activation="linear"))
    w, bias = np.array([2.0, -1.0]), np.array([0.0, 1.0, 4.0])
    got = backprop(graph, w, bias, np.array([[3.0]]), np.array([[2.0]]), "squared_error")
    assert got.x.tolist() == [[3.0, 7.0, -3.0]]
    assert got.delta.tolist() == [[0.0, 5.0, -5.0]]
    assert got.loss.tolist() == [12.5]
    # dE/dw1 = delta1*u = 15;  dE/dw2 = delta2*x1 = -35
    assert products(graph, got.x, got.delta).tolist() == [[15.0, -35.0]]
    assert products(graph, got.x, got.delta, graph.projections[1].synapses).tolist() == [[-35.0]]


def test_sigmoid_and_tanh_by_hand():
    # tanh(ln 2) = (2 - 1/2)/(2 + 1/2) = .6, slope 1 - .36 = .64
    # a2 = 5*.6 + (ln 3 - 3) = ln 3, sigmoid 3/4, slope 3/16
    parts = {
        "in": {"size": 1, "role": "input"},
        "middle": {"size": 1, "activation": "tanh"},
        "out": {"size": 1, "role": "output", "activation": "sigmoid"},
    }
    graph = build_graph(digraph(parts, ["in middle", "middle out"]))
    w, bias = np.array([np.log(2), 5.0]), np.array([0.0, 0.0, np.log(3) - 3])
    u, y = np.array([[1.0]]), np.array([[0.25]])
    squared = backprop(graph, w, bias, u, y, "squared_error")
    # delta2 = 3/16*(3/4 - 1/4) = 3/32;  delta1 = .64*5*3/32 = .3;  E = 1/8
    np.testing.assert_allclose(squared.delta, [[0, 0.3, 3 / 32]])
    np.testing.assert_allclose(squared.loss, [1 / 8])
    cross = backprop(graph, w, bias, u, y, "cross_entropy")
    # delta2 = 3/4 - 1/4 = .5;  delta1 = .64*5*.5 = 1.6;  E = -(1/4 ln 3/4 + 3/4 ln 1/4)
    np.testing.assert_allclose(cross.delta, [[0, 1.6, 0.5]])
    np.testing.assert_allclose(cross.loss, [2 * np.log(2) - 0.25 * np.log(3)])


def test_skip_connection_by_hand():
    # m = 2u;  out = 3m + 5u = 11u;  u = 1, y = 1: delta_out = 10, delta_m = 30
    parts = {
        "in": {"size": 1, "role": "input"},
        "m": {"size": 1},
        "out": {"size": 1, "role": "output"},
    }
    graph = build_graph(digraph(parts, ["in m", "m out", "in out"], activation="linear"))
    got = _by_hand(graph, {"in_to_m": 2.0, "m_to_out": 3.0, "in_to_out": 5.0}, [1.0])
    assert got == {"in_to_m": 30.0, "m_to_out": 20.0, "in_to_out": 10.0}


def test_output_that_projects_further_by_hand():
    # a = 2u = 2, b = 3a = 6, targets 1 and 2: delta_b = 4, delta_a = (2 - 1) + 3*4 = 13
    parts = {
        "in": {"size": 1, "role": "input"},
        "a": {"size": 1, "role": "output"},
        "b": {"size": 1, "role": "output"},
    }
    graph = build_graph(digraph(parts, ["in a", "a b"], activation="linear"))
    assert _by_hand(graph, {"in_to_a": 2.0, "a_to_b": 3.0}, [1.0, 2.0]) == {
        "in_to_a": 13.0,
        "a_to_b": 8.0,
    }


def _by_hand(graph: Graph, weights: dict[str, float], y: list[float]) -> dict[str, float]:
    """Product of each projection between single units, for an input of 1 and no biases."""
    w = np.array([weights[part.name] for part in graph.projections])
    bias = np.zeros(graph.n_units)
    got = backprop(graph, w, bias, np.ones((1, 1)), np.array([y]), "squared_error")
    values = products(graph, got.x, got.delta)[0].tolist()
    return dict(zip((part.name for part in graph.projections), values, strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_gradient_is_the_central_difference(seed):
    _compare_with_central_differences(random_digraph(np.random.default_rng(seed)), seed)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_against_central_differences(activation):
    _compare_with_central_differences(chain([3, 4, 3, 2], activation=activation), 0)


def _compare_with_central_differences(model, seed):
    rng = np.random.default_rng([seed, 1])
    graph = build_graph(model)
    w, bias = random_weights(graph, rng)
    u, y = rng.normal(size=(3, graph.n_inputs)), rng.uniform(0.1, 0.9, (3, len(graph.outputs)))
    got = backprop(graph, w, bias, u, y, model.loss)
    by_weight = _central(lambda v: _loss(graph, v, bias, u, y, model.loss), w)
    by_bias = _central(lambda v: _loss(graph, w, v, u, y, model.loss), bias)
    np.testing.assert_allclose(products(graph, got.x, got.delta), by_weight, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(
        got.delta[:, graph.n_inputs :], by_bias[:, graph.n_inputs :], 1e-7, 1e-8
    )
    np.testing.assert_allclose(got.loss, _loss(graph, w, bias, u, y, model.loss), rtol=1e-12)
    assert not got.delta[:, : graph.n_inputs].any()


def _central(function, at, step=3e-4):
    """Derivative (batch, len(at)) of `function`, (len(at),) -> (batch,), up to step^4."""

    def difference(move):
        return (function(at + move) - function(at - move)) / (2 * step)

    moves = step * np.eye(len(at))
    # Richardson: the errors of order step^2 of the narrow and the wide difference cancel
    return np.stack([(4 * difference(m) - difference(2 * m) / 2) / 3 for m in moves], axis=1)


def _loss(graph, w, bias, u, y, loss):
    x = respond(graph, w, bias, u)[1][:, graph.outputs]
    if loss == "squared_error":
        return ((x - y) ** 2).sum(axis=1) / 2
    return -(y * np.log(x) + (1 - y) * np.log(1 - x)).sum(axis=1)


def test_saturated_outputs_cost_a_finite_loss():
    x, y = np.array([[1.0], [0.0], [1.0], [0.0]]), np.array([[1.0], [0.0], [0.0], [1.0]])
    loss = loss_of("cross_entropy", x, y)
    np.testing.assert_allclose(loss, [0, 0, 36.7368, 36.7368], rtol=1e-5, atol=1e-15)
    assert injection("cross_entropy", np.zeros_like(x), x, y).tolist() == [
        [0.0],
        [0.0],
        [1.0],
        [-1.0],
    ]
