"""Units, synapses, delays and initial weights: numbered by hand, drawn by the seed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, ModelError, Simulation
from neurodiff.network.graph import Graph, build_graph, random_stream
from neurodiff.network.weights import initial_weights
from tests.networks import chain, digraph, random_digraph


def diamond(**keys: Any) -> Model:
    """Written from the output to the input, so that numbering has to sort."""
    populations = {
        "o": {"size": 1, "role": "output", "activation": "linear"},
        "b": {"size": 2, "bias": False},
        "a": {"size": 3, "activation": "relu"},
        "u": {"size": 2, "role": "input"},
    }
    skip = {"pre": "u", "post": "o", "plastic": False}
    return digraph(populations, ["b o", skip, "a b", "u a"], **keys)


def test_inputs_come_first_and_every_population_after_those_that_project_to_it():
    graph = build_graph(diamond())
    parts = {part.name: (part.start, part.stop, part.depth) for part in graph.populations}
    assert parts == {"u": (0, 2, 0), "a": (2, 5, 1), "b": (5, 7, 2), "o": (7, 8, 3)}
    assert (graph.n_units, graph.n_inputs, graph.outputs.tolist()) == (8, 2, [7])
    assert graph.has_bias.tolist() == [False] * 2 + [True] * 3 + [False] * 2 + [True]
    assert graph.population("a").activation == "relu" and graph.population("b").size == 2


def test_synapses_go_by_projection_and_then_by_presynaptic_unit():
    graph = build_graph(diamond())
    parts = [(part.name, part.start, part.stop) for part in graph.projections]
    assert parts == [("u_to_a", 0, 6), ("a_to_b", 6, 12), ("b_to_o", 12, 14), ("u_to_o", 14, 16)]
    assert graph.pre.tolist() == [0, 0, 0, 1, 1, 1] + [2, 2, 3, 3, 4, 4] + [5, 6] + [0, 1]
    assert graph.post.tolist() == [2, 3, 4, 2, 3, 4] + [5, 6] * 3 + [7, 7] + [7, 7]
    assert graph.plastic.tolist() == [True] * 14 + [False] * 2


def pair(size: int, **projection: Any) -> Graph:
    populations = {"u": {"size": size, "role": "input"}, "o": {"size": size, "role": "output"}}
    return build_graph(digraph(populations, [{"pre": "u", "post": "o", **projection}]))


def test_one_to_one_and_all_to_all():
    graph = pair(3, connectivity={"one_to_one": True})
    assert (graph.pre.tolist(), graph.post.tolist()) == ([0, 1, 2], [3, 4, 5])
    # in no more memory than its synapses take: a matrix of all pairs would be 10 GB
    assert pair(100_000, connectivity="one_to_one").n_synapses == 100_000
    everything = pair(3, connectivity={"all_to_all": True})
    assert everything.n_synapses == pair(3).n_synapses == 9


def test_probability_is_the_share_of_pairs_and_no_pair_is_there_twice():
    graph = pair(200, connectivity={"probability": 0.1})
    # 40,000 pairs: 4,000 synapses, give or take sqrt(3600) = 60
    assert graph.n_synapses == pytest.approx(4000, abs=4 * 60)
    assert len({*zip(graph.pre.tolist(), graph.post.tolist(), strict=True)}) == graph.n_synapses
    assert (np.diff(graph.pre) >= 0).all()
    assert pair(20, connectivity={"probability": 1}).n_synapses == 400


def test_a_projection_without_a_single_synapse_is_refused():
    populations = {"u": {"size": 1, "role": "input"}, "o": {"size": 1, "role": "output"}}
    never = {"pre": "u", "post": "o", "connectivity": {"probability": 1e-12}, "name": "empty"}
    with pytest.raises(ModelError, match="projections.1.connectivity: projection `empty` has not"):
        build_graph(digraph(populations, ["u o", never]))
    # what the remedy says: raise `probability`
    often = {**never, "connectivity": {"probability": 1.0}}
    assert build_graph(digraph(populations, ["u o", often])).n_synapses == 2


def test_delays_are_one_step_unless_given_and_count_in_time_steps():
    graph = build_graph(chain([2, 2], time_step="0.5 ms"))
    assert graph.forward_lag.tolist() == graph.backward_lag.tolist() == [1] * 4
    delay = {"forward": "2 ms", "backward": "3.5 ms"}
    graph = build_graph(chain([2, 2], time_step="0.5 ms", delay=delay))
    assert graph.forward_lag.tolist() == [4] * 4 and graph.backward_lag.tolist() == [7] * 4


def test_uniform_delays_take_every_step_between_the_bounds_alike():
    graph = pair(100, delay={"forward": {"uniform": ["2 ms", "5 ms"]}})
    lags, counts = np.unique(graph.forward_lag, return_counts=True)
    assert lags.tolist() == [2, 3, 4, 5]
    # 2,500 each, give or take sqrt(10000 * 3/16) = 43
    assert np.abs(counts - 2500).max() < 4 * 43
    assert (graph.backward_lag == 1).all()


def test_normal_delays_are_rounded_and_at_least_one_step():
    graph = pair(100, delay={"normal": ["10 ms", "2 ms"]})
    lags = graph.forward_lag
    # the mean of 10,000 is known to 0.02; rounding adds 1/12 to the variance of 4
    assert lags.mean() == pytest.approx(10, abs=0.08)
    assert lags.std() == pytest.approx(np.sqrt(4 + 1 / 12), rel=0.03)
    assert (lags != graph.backward_lag).any()
    assert np.corrcoef(lags, graph.backward_lag)[0, 1] == pytest.approx(0, abs=0.04)
    early = pair(100, delay={"normal": ["1 ms", "2 ms"]}).forward_lag
    assert early.min() == 1 and early.max() > 5


def test_a_delay_without_spread_is_the_same_for_all():
    graph = pair(10, delay={"forward": {"uniform": ["3 ms", "3 ms"]}, "backward": "2 ms"})
    assert (graph.forward_lag == 3).all() and (graph.backward_lag == 2).all()


RANDOM = {"uniform": ["1 ms", "9 ms"]}


def test_the_seed_decides_every_draw():
    first, again, other = (build_graph(chain([9, 9], seed=s, delay=RANDOM)) for s in (3, 3, 4))
    assert (first.forward_lag == again.forward_lag).all()
    assert (first.forward_lag != other.forward_lag).any()
    assert (first.forward_lag != first.backward_lag).any()


def test_one_draw_never_shifts_another():
    plain, delayed = chain([5, 6, 4]), chain([5, 6, 4], delay=RANDOM)
    w, moved = (initial_weights(model, build_graph(model))[0] for model in (plain, delayed))
    assert (w == moved).all()
    # another width of the last layer leaves the first layer's weights and delays
    wider = chain([5, 6, 7], delay=RANDOM)
    first = build_graph(delayed).projections[0].synapses
    assert (initial_weights(wider, build_graph(wider))[0][first] == w[first]).all()
    lags = [build_graph(model).forward_lag[first] for model in (delayed, wider)]
    assert (lags[0] == lags[1]).all()
    # another probability keeps the delays of other projections, and the synapses it had
    sparse, denser = (
        build_graph(diamond_with(probability, delay=RANDOM)) for probability in (0.5, 0.8)
    )
    assert pairs_of(sparse) <= pairs_of(denser)
    last = [graph.forward_lag[graph.projections[-1].synapses] for graph in (sparse, denser)]
    assert (last[0] == last[1]).all()


def diamond_with(probability: float, **keys: Any) -> Model:
    populations = {
        "u": {"size": 9, "role": "input"},
        "a": {"size": 9},
        "o": {"size": 9, "role": "output"},
    }
    sparse = {"pre": "u", "post": "a", "connectivity": {"probability": probability}}
    return digraph(populations, [sparse, "a o"], **keys)


def pairs_of(graph: Graph) -> set[tuple[int, int]]:
    own = graph.projections[0].synapses
    return {*zip(graph.pre[own].tolist(), graph.post[own].tolist(), strict=True)}


def test_streams_of_different_purposes_and_seeds_are_unrelated():
    purposes = [(1, "a"), (1, "b"), (2, "a"), (1, "aa"), (1, "ab")]
    draws = np.array([random_stream(*purpose).random(2000) for purpose in purposes])
    correlations = np.corrcoef(draws) - np.eye(5)
    assert np.abs(correlations).max() < 0.1
    assert (random_stream(1, "a").random(3) == random_stream(1, "a").random(3)).all()


def drawn(weights: dict[str, Any], layers: tuple[int, int] = (100, 300)) -> np.ndarray:
    model = chain(layers, weights=weights)
    w, bias = initial_weights(model, build_graph(model))
    assert not bias.any()
    return w


# 30,000 draws: a standard deviation is known to 0.4 % where normal, and the mean to 0.6 % of it
@pytest.mark.parametrize(
    ("weights", "sd"),
    [
        ({"init": "glorot_uniform"}, np.sqrt(2 / 400)),
        ({"init": "glorot_normal"}, np.sqrt(2 / 400)),
        ({"init": "lecun_normal"}, np.sqrt(1 / 100)),
        ({"init": "lecun_normal", "gain": 2.5}, 2.5 * np.sqrt(1 / 100)),
        ({"init": "glorot_uniform", "gain": 0.5}, 0.5 * np.sqrt(2 / 400)),
        ({"init": "normal", "sd": 0.3}, 0.3),
    ],
)
def test_spread_of_initial_weights(weights: dict[str, Any], sd: float):
    w = drawn(weights)
    assert w.std() == pytest.approx(sd, rel=0.02)
    assert abs(w.mean()) < 0.025 * sd
    # uniform has its bounds at sqrt(3) standard deviations, normal goes beyond
    assert (np.abs(w).max() <= sd * np.sqrt(3) * 1.0001) == (weights["init"] == "glorot_uniform")


def test_constant_weights_and_a_gain_of_zero():
    assert (drawn({"init": "constant", "value": -0.25}, (3, 4)) == -0.25).all()
    assert not drawn({"init": "glorot_normal", "gain": 0}, (3, 4)).any()


def test_sparse_projections_scale_with_the_synapses_that_are_there():
    weights = {"weights": {"init": "lecun_normal"}}
    model = digraph(
        {"u": {"size": 400, "role": "input"}, "o": {"size": 100, "role": "output"}},
        [{"pre": "u", "post": "o", "connectivity": {"probability": 0.1}, **weights}],
    )
    graph = build_graph(model)
    w, _ = initial_weights(model, graph)
    assert w.std() == pytest.approx(np.sqrt(1 / 40), rel=0.06)


def test_weights_and_biases_from_a_file_are_matrices_post_by_pre(tmp_path: Path):
    layer1, layer2 = np.arange(6.0).reshape(3, 2), np.array([[10.0, 20.0, 30.0]])
    arrays = {"layer1": layer1, "layer2": layer2, "hidden1.bias": np.array([7.0, 8.0, 9.0])}
    np.savez(tmp_path / "w.npz", **arrays)
    model = chain([2, 3, 1], weights={"init": "file", "path": str(tmp_path / "w.npz")})
    graph = build_graph(model)
    w, bias = initial_weights(model, graph)
    matrix = np.zeros((graph.n_units, graph.n_units))
    matrix[graph.post, graph.pre] = w
    assert (matrix[2:5, 0:2] == layer1).all() and (matrix[5:6, 2:5] == layer2).all()
    assert bias.tolist() == [0, 0, 7, 8, 9, 0]


def two_populations(tmp_path: Path, size: int = 3, **projection: Any) -> Model:
    """A projection with the weights of w.npz."""
    populations = {"u": {"size": size, "role": "input"}, "o": {"size": size, "role": "output"}}
    weights = {"init": "file", "path": str(tmp_path / "w.npz")}
    return digraph(populations, [{"pre": "u", "post": "o", **projection}], weights=weights)


def test_weights_where_no_synapse_is_are_refused_and_not_dropped(tmp_path: Path):
    np.savez(tmp_path / "w.npz", u_to_o=np.arange(9.0).reshape(3, 3))
    model = two_populations(tmp_path, connectivity={"one_to_one": True})
    with pytest.raises(ModelError) as caught:
        Simulation(model)
    for part in ("6 weights where projection `u_to_o` has no synapse", "1 in row 0 (post), column"):
        assert part in str(caught.value)
    for nothing in (0, np.nan):
        matrix = np.where(np.eye(3), np.arange(9.0).reshape(3, 3), nothing)
        np.savez(tmp_path / "w.npz", u_to_o=matrix)
        assert initial_weights(model, build_graph(model))[0].tolist() == [0, 4, 8]


def test_synapses_and_weights_from_a_file_as_the_remedy_says(tmp_path: Path):
    rng = np.random.default_rng(0)
    matrix = np.where(rng.random((50, 50)) < 0.2, rng.normal(size=(50, 50)), 0)
    matrix[3, 4] = np.nan
    np.savez(tmp_path / "w.npz", u_to_o=matrix)
    for seed in (1, 2):
        drawn = two_populations(tmp_path, 50, connectivity={"probability": 0.2}).replace(seed=seed)
        with pytest.raises(ModelError, match="write `connectivity: weights`"):
            Simulation(drawn)
        model = two_populations(tmp_path, 50, connectivity="weights").replace(seed=seed)
        graph = build_graph(model)
        found = np.zeros((50, 50))
        found[graph.post - 50, graph.pre] = initial_weights(model, graph)[0]
        assert (found == np.nan_to_num(matrix)).all()
        assert graph.n_synapses == np.count_nonzero(np.nan_to_num(matrix)) > 400


def test_a_continued_run_with_synapses_of_the_file_keeps_what_was_learned(tmp_path: Path):
    np.savez(tmp_path / "w.npz", u_to_o=np.where(np.eye(3), 0.5, 0))
    rule = {"rule": "diffusion", "learning_rate": "5 Hz"}
    model = two_populations(tmp_path, connectivity="weights").replace(plasticity=rule)
    learned = Simulation(model, backend="numpy").run().recording.w.values[-1]
    np.savez(tmp_path / "w.npz", u_to_o=np.diag(learned))
    onwards = initial_weights(model.replace(seed=9), build_graph(model.replace(seed=9)))[0]
    assert (onwards == learned).all() and (learned != 0.5).any()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"u_to_x": np.ones((3, 3))}, "an array `u_to_x`, which nothing .* did you mean `u_to_o`"),
        ({"u.bias": np.ones(3)}, "an array `u.bias`, which nothing in the network takes"),
        ({"delays": np.ones(3)}, "an array `delays`, which nothing .* Else remove the array"),
    ],
)
def test_arrays_that_nothing_takes_are_refused(tmp_path: Path, arrays: Any, said: str):
    np.savez(tmp_path / "w.npz", u_to_o=np.ones((3, 3)), **arrays)
    with pytest.raises(ModelError, match=said):
        Simulation(two_populations(tmp_path))


def test_biases_stay_when_a_second_projection_has_its_weights_from_a_file_without(tmp_path: Path):
    one, other = str(tmp_path / "one.npz"), str(tmp_path / "other.npz")
    populations = {"u": {"size": 2, "role": "input"}, "o": {"size": 1, "role": "output"}}
    projections = [
        {"pre": "u", "post": "o", "name": "a", "weights": {"init": "file", "path": one}},
        {"pre": "u", "post": "o", "name": "b", "weights": {"init": "file", "path": other}},
    ]
    model = digraph(populations, projections)
    np.savez(one, **{"a": np.ones((1, 2)), "o.bias": np.array([7.0])})
    np.savez(other, b=np.ones((1, 2)))
    assert initial_weights(model, build_graph(model))[1].tolist() == [0, 0, 7]
    np.savez(other, **{"b": np.ones((1, 2)), "o.bias": np.array([8.0])})
    with pytest.raises(ModelError, match=r"projections.1.weights.path: .* has biases of `o`, and"):
        initial_weights(model, build_graph(model))


def test_synapses_from_a_file_need_one_with_weights(tmp_path: Path):
    with pytest.raises(ModelError, match="projections.0.connectivity: only a weights file says"):
        digraph(
            {"u": {"size": 1, "role": "input"}, "o": {"size": 1, "role": "output"}},
            [{"pre": "u", "post": "o", "connectivity": "weights"}],
        )
    np.savez(tmp_path / "w.npz", u_to_o=np.zeros((3, 3)))
    with pytest.raises(ModelError, match="has not a single synapse; write weights that are not 0"):
        Simulation(two_populations(tmp_path, connectivity="weights"))


def test_a_lognormal_delay_has_the_mean_and_spread_that_are_written():
    lognormal = {"lognormal": ["20 ms", "8 ms"]}
    graph = pair(150, delay={"forward": lognormal, "backward": {"normal": ["20 ms", "8 ms"]}})
    lags = graph.forward_lag
    assert lags.mean() == pytest.approx(20, rel=0.02) and lags.std() == pytest.approx(8, rel=0.03)
    # skewed as the distribution is, (3 + v^2) v with v = sd/mean, and a normal one is not
    for lag, skewness in ((lags, 3 * 0.4 + 0.4**3), (graph.backward_lag, 0)):
        assert np.mean(((lag - lag.mean()) / lag.std()) ** 3) == pytest.approx(skewness, abs=0.15)


def test_each_projection_may_have_its_own_rule():
    projection = {"pre": "u", "post": "o", "weights": {"init": "constant", "value": 2.0}}
    populations = {"u": {"size": 2, "role": "input"}, "o": {"size": 1, "role": "output"}}
    model = digraph(
        populations,
        [projection, {"pre": "u", "post": "o", "name": "other"}],
        weights={"init": "constant", "value": -1.0},
    )
    assert initial_weights(model, build_graph(model))[0].tolist() == [2, 2, -1, -1]


def test_a_centred_bias_makes_up_for_what_arrives_at_rest():
    # sigmoid(0) = 1/2 from the two hidden units; an input rests at 0, and so brings nothing
    keys = {"activation": "sigmoid", "bias": "centred", "weights": {"init": "constant", "value": 3}}
    model = chain([1, 2, 1], **keys)
    _, bias = initial_weights(model, build_graph(model))
    assert bias.tolist() == [0, 0, 0, -3]


@pytest.mark.parametrize("feedback", ["symmetric", "direct"])
@pytest.mark.parametrize("seed", range(3))
def test_ways_into_a_population_are_the_backward_connections_that_lead_there(
    feedback: str, seed: int
):
    graph = build_graph(random_digraph(np.random.default_rng(seed), feedback={"rule": feedback}))
    returns, numbers = graph.backward, np.arange(len(graph.backward))
    for part in graph.populations:
        ways = list(returns.ways_into(part.units))
        found = [np.concatenate([way[k] for way in ways] or [[]]) for k in (0, 1)]
        own = returns.into(part.units)
        np.testing.assert_array_equal(found[0], returns.source[own])
        np.testing.assert_array_equal(found[1], returns.sink[own])
        of_ways = [numbers[way.connections] for way in ways]
        np.testing.assert_array_equal(np.concatenate([*of_ways, own[:0]]), own)
