"""The delayed waves against numbers worked out by hand and against their closed form."""

import numpy as np
import pytest

from neurodiff.network.graph import Graph, build_graph
from neurodiff.reference.backprop import backprop, products
from neurodiff.reference.waves import WaveStep
from tests.networks import Populations, chain, digraph, random_digraph, random_weights, waves_of


def _run(graph: Graph, w, bias, u, y, loss="squared_error", **keys) -> WaveStep:
    """All steps, stacked along time."""
    steps = waves_of(graph, w, bias, u, y, loss, **keys)
    return WaveStep(*map(np.array, zip(*steps, strict=True)))


def test_three_units_that_learn_by_hand():
    # One step per connection, u = y = 1, w = (2, 3) at the start, eta = .1, no biases:
    #   m(t) = w1 u(t-1);  o(t) = w2 m(t-1);  delta_o = o - 1;  delta_m(t) = w2 delta_o(t-1)
    # t=0: m=0    o=0              delta_o=-1   delta_m=0         products   0 and 0
    # t=1: m=2    o=0              delta_o=-1   delta_m=3*-1=-3   products  -3*1=-3 and -1*0=0
    #      w1 = 2 + .3 = 2.3
    # t=2: m=2.3  o=3*2=6          delta_o=5    delta_m=3*-1=-3   products  -3 and 5*2=10
    #      w1 = 2.3 + .3 = 2.6;  w2 = 3 - 1 = 2
    # t=3: m=2.6  o=2*2.3=4.6      delta_o=3.6  delta_m=2*5=10    products  10 and 3.6*2.3=8.28
    #      w1 = 2.6 - 1 = 1.6;  w2 = 2 - .828 = 1.172
    # t=4: m=1.6  o=1.172*2.6=3.0472
    graph = build_graph(chain([1, 1, 1], activation="linear", bias=False))
    w, ones = np.array([2.0, 3.0]), np.ones((5, 1))
    got = _run(graph, w, np.zeros(3), ones, ones, learning_rate=0.1)
    np.testing.assert_allclose(got.x[:, 1], [0, 2, 2.3, 2.6, 1.6])
    np.testing.assert_allclose(got.x[:, 2], [0, 0, 6, 4.6, 3.0472])
    np.testing.assert_allclose(got.delta[:4, 1:], [[0, -1], [-3, -1], [-3, 5], [10, 3.6]])
    np.testing.assert_allclose(got.product[:4], [[0, 0], [-3, 0], [-3, 10], [10, 8.28]])
    np.testing.assert_allclose(got.w, [[2, 3], [2, 3], [2.3, 3], [2.6, 2], [1.6, 1.172]])
    assert w.tolist() == [2.0, 3.0]


def test_bias_that_learns_by_hand():
    # o(t) = 3 u(t-1) + b(t), u = 1, y = 0, eta = .5, decay .1, only the bias may learn:
    # t=0: b=1    o=1      b <- 1 - (.5*1 + .1*1) = .4
    # t=1: b=.4   o=3.4    b <- .4 - (.5*3.4 + .1*.4) = -1.34
    # t=2: b=-1.34, o=1.66
    parts = {"in": {"size": 1, "role": "input"}, "out": {"size": 1, "role": "output"}}
    frozen = {"pre": "in", "post": "out", "plastic": False}
    graph = build_graph(digraph(parts, [frozen], activation="linear"))
    u, y = np.ones((3, 1)), np.zeros((3, 1))
    got = _run(
        graph, np.array([3.0]), np.array([0, 1.0]), u, y, learning_rate=0.5, weight_decay=0.1
    )
    np.testing.assert_allclose(got.bias, [[0, 1], [0, 0.4], [0, -1.34]])
    np.testing.assert_allclose(got.x[:, 1], [1, 3.4, 1.66])
    assert got.w.tolist() == [[3.0]] * 3


def _diamond() -> Graph:
    """Linear: in -2-> m -3-> out, and in -4-> out; backward 5 from out to m."""
    parts: Populations = {
        "in": {"size": 1, "role": "input"},
        "m": {"size": 1},
        "out": {"size": 1, "role": "output"},
    }
    ways = [("in", "m", 2, 1), ("m", "out", 3, 5), ("in", "out", 4, 1)]
    projections = [
        {"pre": pre, "post": post, "delay": {"forward": f"{f} ms", "backward": f"{r} ms"}}
        for pre, post, f, r in ways
    ]
    return build_graph(digraph(parts, projections, activation="linear", bias=False))


def test_impulse_arrives_after_the_delays_of_each_path():
    graph = _diamond()
    weights = {"in_to_m": 2.0, "m_to_out": 3.0, "in_to_out": 7.0}
    w = np.array([weights[part.name] for part in graph.projections])
    u = np.eye(12)[:, :1]
    got = _run(graph, w, np.zeros(3), u, np.zeros((12, 1)))
    # m at step 2 with 2; out at step 4 with 7 and at step 2+3 with 2*3
    assert _impulses(got.x[:, 1]) == {2: 2.0}
    assert _impulses(got.x[:, 2]) == {4: 7.0, 5: 6.0}
    # the errors 7 and 6 are back at m after 5 more steps, times 3
    assert _impulses(got.delta[:, 1]) == {9: 21.0, 10: 18.0}
    # only at step 4 do the error of out and the input meet at the synapse from in to out;
    # m reaches out at step 5
    by_name = {part.name: got.product[:, part.start] for part in graph.projections}
    assert _impulses(by_name["in_to_out"]) == {4: 7.0}
    assert _impulses(by_name["m_to_out"]) == {5: 12.0}
    assert _impulses(by_name["in_to_m"]) == {}


def _impulses(values) -> dict[int, float]:
    return {int(step): float(values[step]) for step in np.flatnonzero(values)}


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
def test_constant_input_gives_the_gradient_from_2L_minus_l_on_and_not_earlier(loss):
    graph = build_graph(chain([3, 4, 5, 4, 2], output_activation="sigmoid"))
    rng = np.random.default_rng(1)
    w, bias = random_weights(graph, rng)
    u, y = np.tile(rng.normal(size=3), (12, 1)), np.tile(rng.uniform(size=2), (12, 1))
    got = _run(graph, w, bias, u, y, loss)
    truth = backprop(graph, w, bias, u[:1], y[:1], loss)
    gradient = products(graph, truth.x, truth.delta)
    for layer, part in enumerate(graph.projections, start=1):
        exact = np.isclose(got.product, gradient, rtol=1e-12, atol=1e-15)[:, part.synapses]
        first = 2 * 4 - layer
        assert exact[first:].all()
        assert not exact[:first].all(axis=1).any()


@pytest.mark.parametrize("seed", range(8))
def test_constant_input_gives_the_gradient_in_any_digraph(seed):
    rng = np.random.default_rng(seed)
    model = random_digraph(rng)
    graph = build_graph(model)
    w, bias = random_weights(graph, rng)
    # the longest way there and back: 6 projections of 4 steps each, twice
    u, y = (
        np.tile(rng.normal(size=3), (55, 1)),
        np.tile(rng.uniform(size=len(graph.outputs)), (55, 1)),
    )
    got = _run(graph, w, bias, u, y, model.loss)
    truth = backprop(graph, w, bias, u[:1], y[:1], model.loss)
    last = np.broadcast_to(products(graph, truth.x, truth.delta), (6, graph.n_synapses))
    np.testing.assert_allclose(got.product[-6:], last, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(got.x[-1], truth.x[0], rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_closed_form_for_a_changing_input(seed):
    rng = np.random.default_rng(seed)
    sizes, forward, backward = [3, 4, 2, 3], rng.integers(1, 6, 3), rng.integers(1, 6, 3)
    matrices = [rng.normal(size=(n, m)) for m, n in zip(sizes[:-1], sizes[1:], strict=True)]
    biases = [rng.normal(size=n) for n in sizes[1:]]
    u, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 3))
    graph = build_graph(_chain_with_delays(sizes, forward, backward))
    w = np.concatenate([matrix.T.ravel() for matrix in matrices])
    got = _run(graph, w, np.concatenate([np.zeros(3), *biases]), u, y)
    for layer, part in enumerate(graph.projections, start=1):
        expected = _closed_form(layer, matrices, biases, u, y, forward, backward)
        first = len(u) - len(expected)
        np.testing.assert_allclose(
            got.product[first:, part.synapses], expected, rtol=1e-11, atol=1e-12
        )


def _chain_with_delays(sizes, forward, backward):
    """Chain with its own lags per layer, tanh with linear outputs."""
    names = ["in", "a", "b", "out"]
    roles = ["input", "hidden", "hidden", "output"]
    parts = {
        name: {"size": size, "role": role}
        for name, size, role in zip(names, sizes, roles, strict=True)
    }
    projections = [
        {"pre": pre, "post": post, "delay": {"forward": f"{f} ms", "backward": f"{r} ms"}}
        for pre, post, f, r in zip(names[:-1], names[1:], forward, backward, strict=True)
    ]
    return digraph(parts, projections, activation="tanh", output_activation="linear")


def _closed_form(layer, matrices, biases, u, y, forward, backward):
    """g_l(t) of all steps from R_l + F_L on, from the static map and the age of each factor.

    With F_k the delay from the input to layer k and R_l that from the output back to layer l:

        delta_L = phi_L(u(t - R_l - F_L)) - y(t - R_l)
        delta_k = sigma'_k(u(t - (R_l - R_k) - F_k)) * (W_{k+1}^T delta_{k+1}),  k = L-1, ..., l
        g_l = delta_l phi_{l-1}(u(t - F_l))^T
    """
    depth = len(matrices)
    F = np.concatenate([[0], np.cumsum(forward)])
    # backward[k] is the lag from layer k+1 to layer k
    R = [int(np.sum(backward[k:])) for k in range(1, depth + 1)]
    R = [0, *R]
    rows = []
    for t in range(R[layer] + F[depth], len(u)):
        delta = _phi(depth, matrices, biases, u[t - R[layer] - F[depth]]) - y[t - R[layer]]
        for k in range(depth - 1, layer - 1, -1):
            x = _phi(k, matrices, biases, u[t - (R[layer] - R[k]) - F[k]])
            delta = (1 - x**2) * (matrices[k].T @ delta)
        trace = _phi(layer - 1, matrices, biases, u[t - F[layer]])
        # synapses are sorted by their presynaptic unit
        rows.append(np.outer(trace, delta).ravel())
    return np.array(rows)


def _phi(layer, matrices, biases, u):
    """Activity of a layer for an input that lasts: tanh, with linear outputs."""
    x = u
    for k in range(layer):
        a = matrices[k] @ x + biases[k]
        x = a if k == len(matrices) - 1 else np.tanh(a)
    return x


def test_nothing_learns_before_it_may():
    graph = build_graph(chain([2, 3, 2]))
    rng = np.random.default_rng(3)
    w, bias = random_weights(graph, rng)
    u, y, learns = rng.normal(size=(10, 2)), rng.normal(size=(10, 2)), np.arange(10) >= 6
    got = _run(graph, w, bias, u, y, learning_rate=0.1, weight_decay=0.01, learns=learns)
    assert (got.w[:7] == w).all() and (got.bias[:7] == bias).all()
    assert (got.w[7] != w).all() and (got.bias[7] != bias)[2:].all()
    np.testing.assert_allclose(got.w[7], w - 0.1 * got.product[6] - 0.01 * w)


def test_decay_alone_is_a_geometric_series():
    parts = {
        "in": {"size": 2, "role": "input"},
        "m": {"size": 2, "bias": False},
        "out": {"size": 2, "role": "output"},
    }
    graph = build_graph(digraph(parts, ["in m", {"pre": "m", "post": "out", "plastic": False}]))
    w, bias = np.arange(1.0, 9.0), np.array([0, 0, 5.0, 5.0, 6.0, 7.0])
    got = _run(graph, w, bias, np.ones((20, 2)), np.ones((20, 2)), weight_decay=0.1)
    # w(t) = (1 - decay)^t w(0); the last projection is not plastic, `m` has no bias to learn
    series = 0.9 ** np.arange(20)[:, None]
    np.testing.assert_allclose(got.w[:, :4], series * w[:4])
    assert (got.w[:, 4:] == w[4:]).all()
    np.testing.assert_allclose(got.bias[:, 4:], series * bias[4:])
    assert (got.bias[:, :4] == bias[:4]).all()


def test_steps_are_the_callers_own():
    graph = build_graph(chain([1, 1]))
    ones, w, bias = np.ones((3, 1)), np.ones(1), np.zeros(2)
    clean = _run(graph, w, bias, ones, 0 * ones, learning_rate=0.1)
    steps = []
    for step in waves_of(graph, w, bias, ones, 0 * ones, "squared_error", learning_rate=0.1):
        steps.append(WaveStep(*(value.copy() for value in step)))
        for value in step:
            value[:] = np.nan
    for mine, other in zip(clean, map(np.array, zip(*steps, strict=True)), strict=True):
        np.testing.assert_array_equal(mine, other)
