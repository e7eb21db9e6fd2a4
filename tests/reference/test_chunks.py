"""Chunks of the waves are those of the step-by-step reference, and so are their gradients."""

from typing import Any

import numpy as np
import pytest

from neurodiff import Model, Simulation
from neurodiff.reference.backprop import backprop
from neurodiff.reference.chunks import listed_chunks
from neurodiff.reference.dense import dense_chunks, is_dense
from neurodiff.reference.fixed_point import recurrent_backprop
from neurodiff.reference.stimuli import stimuli_of
from tests.networks import chain, digraph, random_digraph
from tests.simulated import reference_waves

LEARNS = {"rule": "diffusion", "learning_rate": "30 Hz", "weight_decay": "3 Hz", "start": "7 ms"}
MOVING: dict[str, Any] = {
    "input": {"kind": "sinusoid", "frequency": "20 Hz"},
    "target": {"kind": "teacher", "seed": 5},
    "duration": "200 ms",
}


def layered(**keys: Any) -> Model:
    delay = {"forward": "2 ms", "backward": "3 ms"}
    keys = MOVING | {"plasticity": LEARNS, "delay": delay} | keys
    return chain([3, 5, 4, 2], **keys)


def skipping() -> Model:
    """Two outputs, one of which projects on; a fixed projection that skips a layer."""
    populations = {
        "in": {"size": 3, "role": "input"},
        "a": {"size": 4, "activation": "tanh"},
        "b": {"size": 2, "role": "output", "activation": "sigmoid"},
        "c": {"size": 2, "role": "output", "activation": "softplus"},
    }
    fixed = {"pre": "in", "post": "c", "plastic": False, "delay": "4 ms"}
    keys = {key: value for key, value in MOVING.items() if key != "duration"}
    keys |= {"run": {"duration": "150 ms"}, "plasticity": LEARNS}
    return digraph(populations, ["in a", "a b", "b c", "a c", fixed], **keys)


DENSE = {
    "delays": layered(),
    "leaky": layered(neuron={"kind": "leaky", "time_constant": "3 ms"}),
    "matched": layered(plasticity=LEARNS | {"alignment": "matched"}),
    "frozen": layered(plasticity=LEARNS | {"learning_rate": "0 Hz", "weight_decay": "0 Hz"}),
    "cross entropy": layered(
        output_activation="sigmoid",
        loss="cross_entropy",
        target={"kind": "constant", "values": [0.2, 1]},
    ),
    "skips": skipping(),
}
OTHERS = {
    "drawn delays": layered(delay={"forward": {"uniform": ["1 ms", "5 ms"]}, "backward": "1 ms"}),
    "feedback": layered(feedback={"rule": "random"}),
    "traces": layered(plasticity=LEARNS | {"alignment": "trace"}),
    "sparse": random_digraph(np.random.default_rng(4), plasticity=LEARNS),
}


@pytest.mark.parametrize("name", [*DENSE, *OTHERS])
def test_chunks_are_the_waves(name: str):
    """Every activity, error, product and weight, of the fast way and of the one for any network."""
    model = (DENSE | OTHERS)[name]
    simulation = Simulation(model, backend="numpy")
    plan, waves = simulation.plan, reference_waves(simulation)
    inputs, targets = stimuli_of(plan, plan.stimuli.steps)
    assert is_dense(plan) == (name in DENSE)
    for chunks in [listed_chunks] + [dense_chunks] * (name in DENSE):
        k = -1
        for chunk in chunks(plan, inputs, targets):
            products = np.concatenate([part.sum() for part in chunk.products()])
            want = sum(wave.product for wave in waves[chunk.steps[0] : chunk.steps[-1] + 1])
            np.testing.assert_allclose(products, want, rtol=1e-10, atol=1e-12)
            for row, k in enumerate(chunk.steps):
                product, w = chunk.moment(row)
                np.testing.assert_allclose(product, waves[k].product, rtol=1e-10, atol=1e-13)
                np.testing.assert_allclose(w, waves[k].w, rtol=1e-10, atol=1e-13)
                np.testing.assert_allclose(chunk.x[row], waves[k].x, rtol=1e-10, atol=1e-13)
                np.testing.assert_allclose(chunk.delta[row], waves[k].delta, rtol=1e-10, atol=1e-13)
        assert k == len(waves) - 1


@pytest.mark.parametrize("name", [*DENSE, *OTHERS])
def test_their_gradients_are_those_of_the_weights_of_each_step(name: str):
    simulation = Simulation((DENSE | OTHERS)[name], backend="numpy")
    plan, waves = simulation.plan, reference_waves(simulation)
    inputs, targets = stimuli_of(plan, plan.stimuli.steps)
    graph, rng = plan.graph, np.random.default_rng(0)
    for chunks in [listed_chunks] + [dense_chunks] * (name in DENSE):
        chunk = list(chunks(plan, inputs, targets))[-1]
        at = rng.integers(len(chunk.steps), size=20)
        u, y = rng.normal(size=(20, graph.n_inputs)), rng.random((20, len(graph.outputs)))
        found = chunk.backprop(at, u, y)
        for row, k in enumerate(chunk.steps[at]):
            w, bias, one = waves[k].w, waves[k].bias, slice(row, row + 1)
            want = backprop(graph, w, bias, u[one], y[one], plan.model.loss)
            np.testing.assert_allclose(found.x[row], want.x[0], rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(found.delta[row], want.delta[0], rtol=1e-10, atol=1e-12)
            for part in graph.projections:
                own = part.synapses
                product = chunk.outer(part, found.x[one], found.delta[one]).sum()
                by_hand = want.delta[0, graph.post[own]] * want.x[0, graph.pre[own]]
                np.testing.assert_allclose(product, by_hand, rtol=1e-9, atol=1e-12)
    if not simulation.plan.plasticity.frozen:
        # with the weights of another step they are others
        wrong = backprop(graph, plan.w, plan.bias, u, y, plan.model.loss)
        assert np.abs(wrong.delta - found.delta).max() > 1e-3 * np.abs(found.delta).max()


def test_fixed_points_are_those_of_each_step():
    model = digraph(
        {"in": {"size": 1, "role": "input"}, "a": {"size": 2}, "b": {"size": 1, "role": "output"}},
        ["in a", "a b", {"pre": "b", "post": "a", "weights": {"init": "constant", "value": 0.3}}],
        plasticity=LEARNS,
        activation="tanh",
    )
    simulation = Simulation(model, backend="numpy")
    plan, waves = simulation.plan, reference_waves(simulation)
    inputs, targets = stimuli_of(plan, plan.stimuli.steps)
    u, y = (np.array([rows[k] for k in range(40)]) for rows in (inputs, targets))
    chunk = next(listed_chunks(plan, inputs, targets))
    found = chunk.fixed_points(np.arange(40), u, y)
    for k in (0, 20, 39):
        w, bias, one = waves[k].w, waves[k].bias, slice(k, k + 1)
        want = recurrent_backprop(plan.graph, w, bias, u[one], y[one], plan.model.loss)
        np.testing.assert_allclose(found.delta[k], want.delta[0], rtol=1e-9, atol=1e-12)
