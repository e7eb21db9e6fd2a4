"""Weights that keep their signs: a weight of 0 has the sign of its unit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, Simulation, audit
from neurodiff.network.dale import kept_signs
from neurodiff.reference.training import train_online
from tests.networks import Floats, digraph
from tests.simulated import described, simulate

SPIKES = {
    "kind": "spikes",
    "neuron": "integrate_and_fire",
    "maximum_rate": "200 Hz",
    "synaptic_time_constant": "10 ms",
}
ENDS = {"in": {"size": 2, "role": "input"}, "out": {"size": 2, "role": "output"}}


def keeps(folder: Path, w: Any, **keys: Any) -> Model:
    """Two inputs onto two outputs with the weights `w` (post, pre), which keep their signs."""
    np.savez(folder / "w.npz", in_to_out=np.array(w))
    weights = {"init": "file", "path": str(folder / "w.npz")}
    defaults = {
        "seed": 3,
        "activation": "sigmoid",
        "transmission": SPIKES,
        "plasticity": {"rule": "diffusion", "learning_rate": "20 Hz"},
        "input": {"kind": "constant", "values": [0.9, 0.6]},
        "target": {"kind": "constant", "values": [0.2, 0.9]},
        "run": {"duration": "1 s"},
        "record": {"signals": "none", "weights": "500 ms"},
    }
    projection = {"pre": "in", "post": "out", "dale": True, "weights": weights}
    return digraph(ENDS, [projection], **(defaults | keys))


def matrix(simulation: Simulation, w: Floats) -> Floats:
    found = np.empty((2, 2))
    found[simulation.graph.post - 2, simulation.graph.pre] = w
    return found


def test_weights_of_0_have_the_sign_of_their_unit(tmp_path: Path):
    """Both inputs inhibit: the second output wants more, and stays without."""
    model = keeps(tmp_path, [[-0.5, -0.4], [0.0, -0.0]])
    simulation = simulate(model)
    last = matrix(simulation, simulation.recording["w"].values[-1])
    assert (last[1] == 0).all() and (last[0] < -0.5).any()
    assert "in_to_out (0 excitatory, 4 inhibitory)" in described(simulation)
    found = audit(model)["dales_principle"]
    assert (found.verdict, found.evidence["kept_weights_of_0"]) == ("met", 2)
    assert found.evidence["units_of_0_only"] == 0
    graph, u = simulation.graph, np.array([[0.9, 0.6]])
    w, _ = train_online(
        graph,
        simulation.plan.w,
        simulation.plan.bias,
        u,
        np.array([[0.2, 0.9]]),
        np.zeros(50, dtype=np.int64),
        "squared_error",
        learning_rate=0.1,
    )
    assert (matrix(simulation, w)[1] == 0).all() and (matrix(simulation, w)[0] < -0.5).any()


def test_the_same_zeros_grow_from_units_that_excite(tmp_path: Path):
    simulation = simulate(keeps(tmp_path, [[0.5, 0.4], [0.0, -0.0]]))
    assert (matrix(simulation, simulation.recording["w"].values[-1])[1] > 0.1).all()


@pytest.mark.parametrize(
    ("w", "signs"),
    [
        ([[-0.5, 0.4], [0.0, 0.0]], [[-1, 1], [-1, 1]]),
        # the sum decides where a unit has both; a weight that is not 0 keeps its own
        ([[-0.5, 0.4], [0.2, -0.3]], [[-1, 1], [1, -1]]),
        # nothing says what such a unit is: it excites
        ([[0.0, -0.4], [-0.0, 0.0]], [[1, -1], [1, -1]]),
    ],
    ids=["one", "both", "none"],
)
def test_signs_by_hand(tmp_path: Path, w: Any, signs: Any):
    simulation = Simulation(keeps(tmp_path, w))
    found = matrix(simulation, kept_signs(simulation.graph, simulation.plan.w))
    assert found.tolist() == signs


def test_a_zero_of_a_unit_with_both_signs_takes_the_one_that_prevails(tmp_path: Path):
    ends = {**ENDS, "out": {"size": 3, "role": "output"}}
    np.savez(tmp_path / "w.npz", in_to_out=np.array([[0.5, -0.5], [-0.3, 0.3], [0.0, 0.0]]))
    model = digraph(
        ends,
        [{"pre": "in", "post": "out", "dale": True}],
        weights={"init": "file", "path": str(tmp_path / "w.npz")},
        activation="sigmoid",
        transmission=SPIKES,
        input={"kind": "constant", "values": [0.9, 0.6]},
    )
    simulation = Simulation(model)
    signs, graph = kept_signs(simulation.graph, simulation.plan.w), simulation.graph
    assert signs[(graph.post == 4) & (graph.pre == 0)] == 1
    assert signs[(graph.post == 4) & (graph.pre == 1)] == -1


def test_the_audit_says_that_a_unit_of_zeros_is_taken_to_excite(tmp_path: Path):
    found = audit(keeps(tmp_path, np.zeros((2, 2))))["dales_principle"]
    assert found.evidence["units_of_0_only"] == 2
    assert "2 units have weights of 0 only" in found.summary().replace("\n      ", " ")


def test_what_one_run_stopped_at_0_another_begins_with(tmp_path: Path):
    """A saved weight of 0 comes back with the sign of its unit."""
    first = simulate(keeps(tmp_path, [[-0.5, -0.4], [-0.05, -0.03]]))
    last = matrix(first, first.recording["w"].values[-1])
    assert (last[1] == 0).all()
    again = Simulation(keeps(tmp_path, last))
    assert (kept_signs(again.graph, again.plan.w) == -1).all()
