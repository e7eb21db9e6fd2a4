"""Speeds of a machine: how they are found, kept and used."""

from pathlib import Path

import pytest

from neurodiff import calibration
from neurodiff.calibration import calibrate
from neurodiff.model_file import Model
from neurodiff.plan import Plan
from neurodiff.plan.speeds import TYPICAL, Speed, keep, path, speeds
from neurodiff.simulation import Simulation
from tests.networks import chain


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("neurodiff.plan.speeds.user_cache_path", lambda *_, **__: tmp_path)
    speeds.cache_clear()
    yield
    speeds.cache_clear()


def test_times_are_those_of_the_speeds():
    """3 + 5 + 2 units, 15 + 10 synapses, 40 steps of 1 + 10 * 2 + 25 * 3 s, after 7 s."""
    keep({"fused": {"numpy": Speed(7.0, 1.0, 2.0, 3.0)}})
    cost = Plan.of(chain([3, 5, 2])).cost
    assert cost.seconds["numpy"] == 7 + 40 * (1 + 10 * 2 + 25 * 3)
    assert cost.backend != "numpy"


def test_without_measurement_typical_speeds_are_taken():
    assert speeds() == TYPICAL
    assert speeds() is not TYPICAL


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"fused": {"numpy": "fast"}}', '{"x": {"y": []}}']
)
def test_a_damaged_file_is_as_if_it_were_not_there(text: str):
    path().write_text(text)
    assert {engine: set(found) for engine, found in speeds().items()} == {
        engine: set(found) for engine, found in TYPICAL.items()
    }
    assert Plan.of(chain([2, 2])).cost.seconds["numpy"] > 0


def test_three_networks_give_the_three_numbers(monkeypatch: pytest.MonkeyPatch):
    """A machine that takes 5 s a step, 3 s a unit and 2 s a synapse, and compiles for 11 s."""

    def seconds(network: Model, backend: str) -> tuple[float, float]:
        graph = Simulation(network).graph
        synapse = 0.0 if graph.n_synapses == 6000 else 2.0
        size = 0 if graph.n_units == 6 else graph.n_units
        return 5 + 3.0 * size + synapse * (graph.n_synapses if size else 0), 11.0

    monkeypatch.setattr(calibration, "_seconds_per_step", seconds)
    told: list[str] = []
    found = calibrate(told.append)
    speed = found["fused"]["cpp_standalone"]
    assert speed == pytest.approx(Speed(11.0, 5.0, 3.0, 2.0), rel=1e-6)
    assert found["native"]["cpp_standalone"].synapse == pytest.approx(
        TYPICAL["native"]["cpp_standalone"].synapse * 2 / TYPICAL["fused"]["cpp_standalone"].synapse
    )
    assert len(told) == 2 and "11.0 s to the first step" in told[1]
    assert {name: dict(part) for name, part in speeds().items()} == found
