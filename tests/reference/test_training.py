"""Online backpropagation against numbers worked out by hand and against the waves."""

import numpy as np
import pytest

from neurodiff.network.graph import build_graph
from neurodiff.reference.backprop import backprop, products
from neurodiff.reference.training import accuracy, train_online
from tests.networks import chain, digraph, random_digraph, random_weights, waves_of

ONE_FRAME = np.array([0])


def test_one_step_by_hand():
    # x1 = 2*1 + 0 = 2;  x2 = 3*2 - 2 = 4;  delta2 = 4 - 5 = -1;  delta1 = 3*-1 = -3
    graph = build_graph(chain([1, 1, 1], activation="linear"))
    w, bias = np.array([2.0, 3.0]), np.array([0.0, 0.0, -2.0])
    u, y = np.array([[1.0]]), np.array([[5.0]])
    got = train_online(
        graph, w, bias, u, y, ONE_FRAME, "squared_error", learning_rate=0.1, weight_decay=0.01
    )
    # w1 = 2 + .1*3*1 - .01*2 = 2.28;   w2 = 3 + .1*1*2 - .01*3 = 3.17
    np.testing.assert_allclose(got[0], [2.28, 3.17])
    # b1 = 0 + .1*3 - 0 = .3;   b2 = -2 + .1*1 + .01*2 = -1.88
    np.testing.assert_allclose(got[1], [0, 0.3, -1.88])
    assert w.tolist() == [2.0, 3.0] and bias.tolist() == [0.0, 0.0, -2.0]


def test_only_plastic_synapses_and_real_biases_move():
    parts = {
        "in": {"size": 2, "role": "input"},
        "m": {"size": 2, "bias": False},
        "out": {"size": 1, "role": "output"},
    }
    graph = build_graph(digraph(parts, [{"pre": "in", "post": "m", "plastic": False}, "m out"]))
    w, bias = random_weights(graph, np.random.default_rng(0))
    got = train_online(
        graph,
        w,
        bias,
        np.ones((1, 2)),
        np.ones((1, 1)),
        ONE_FRAME,
        "squared_error",
        learning_rate=0.1,
    )
    moved = got[0] != w
    assert moved.tolist() == [False] * 4 + [True] * 2
    assert (got[1] != bias).tolist() == [False] * 4 + [True]


def test_weights_that_keep_their_signs_stop_at_0():
    # x1 = 2, x2 = 2*.1 = .2, delta2 = .2 - 5 = -4.8, delta1 = .1*-4.8 = -.48
    parts = {
        "in": {"size": 1, "role": "input"},
        "m": {"size": 1, "activation": "relu", "bias": False},
        "out": {"size": 1, "role": "output", "activation": "relu", "bias": False},
    }
    connections = [{"pre": "in", "post": "m"}, {"pre": "m", "post": "out", "dale": True}]
    spikes = {"kind": "spikes", "neuron": "poisson", "maximum_rate": "100 Hz"}
    model = digraph(parts, connections, transmission=spikes | {"synaptic_time_constant": "10 ms"})
    start = np.array([2.0, 0.1]), np.zeros(3)
    for rate, expected in ((-0.01, [2 - 0.0048, 0.1 - 0.096]), (-0.02, [2 - 0.0096, 0.0])):
        w, _ = train_online(
            build_graph(model),
            *start,
            np.ones((1, 1)),
            np.full((1, 1), 5.0),
            ONE_FRAME,
            "squared_error",
            learning_rate=rate,
        )
        np.testing.assert_allclose(w, expected, atol=1e-15)


@pytest.mark.parametrize("seed", range(10))
def test_is_gradient_descent_in_any_digraph(seed):
    rng = np.random.default_rng(seed)
    model = random_digraph(rng)
    graph = build_graph(model)
    w, bias = random_weights(graph, rng)
    u, y = rng.normal(size=(4, 3)), rng.uniform(size=(4, len(graph.outputs)))
    order, eta, decay = np.array([2, 0, 3, 3, 1]), 0.1, 0.02
    got = train_online(
        graph, w, bias, u, y, order, model.loss, learning_rate=eta, weight_decay=decay
    )
    for k in order:
        at = backprop(graph, w, bias, u[[k]], y[[k]], model.loss)
        gradient = products(graph, at.x, at.delta)[0]
        w = w - np.where(graph.plastic, eta * gradient + decay * w, 0)
        bias = bias - np.where(graph.has_bias, eta * at.delta[0] + decay * bias, 0)
    np.testing.assert_allclose(got[0], w, rtol=1e-12)
    np.testing.assert_allclose(got[1], bias, rtol=1e-12)


def test_equals_the_waves_in_a_single_layer():
    # One layer has no mismatch: with a new frame in every step, and the target delayed by the one
    # step of the forward wave, the waves do one exact update per step, from step 1 on.
    n, keys = 30, {"learning_rate": 0.2, "weight_decay": 0.01}
    graph = build_graph(chain([4, 3], activation="tanh"))
    rng = np.random.default_rng(5)
    w, bias = random_weights(graph, rng)
    frames, targets = rng.normal(size=(n, 4)), rng.normal(size=(n, 3))
    trained = train_online(graph, w, bias, frames, targets, np.arange(n), "squared_error", **keys)
    u = np.concatenate([frames, np.zeros((2, 4))])
    y = np.concatenate([np.zeros((1, 3)), targets, np.zeros((1, 3))])
    learns = np.arange(n + 2) > 0
    *_, last = waves_of(graph, w, bias, u, y, "squared_error", learns=learns, **keys)
    np.testing.assert_allclose(last.w, trained[0], rtol=1e-12)
    np.testing.assert_allclose(last.bias, trained[1], rtol=1e-12)


def test_learns_to_separate_two_clouds():
    rng = np.random.default_rng(7)
    labels = rng.integers(2, size=200)
    frames = rng.normal(0, 0.3, (200, 2)) + np.where(labels, 1.0, -1.0)[:, None]
    targets = np.eye(2)[labels]
    graph = build_graph(chain([2, 4, 2], output_activation="sigmoid", loss="cross_entropy"))
    w, bias = random_weights(graph, rng)
    order = np.tile(np.arange(100), 5)
    w, bias = train_online(
        graph, w, bias, frames, targets, order, "cross_entropy", learning_rate=0.2
    )
    assert accuracy(graph, w, bias, frames[100:], labels[100:]) == 1.0


def test_accuracy_counts_the_largest_output():
    # outputs are copies of the inputs: right, right, wrong, right
    graph = build_graph(chain([2, 2], activation="linear"))
    w = np.array([1.0, 0.0, 0.0, 1.0])
    frames = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.5], [-2.0, -1.0]])
    assert accuracy(graph, w, np.zeros(4), frames, np.array([0, 1, 1, 1])) == 0.75
