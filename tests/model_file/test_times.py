"""Times that are whole numbers of steps are found by their type, wherever they stand."""

from typing import Any

import pytest

from neurodiff import Model, ModelError
from tests.networks import chain

FRAMES = {"kind": "frames", "hold": "12 ms", "crossfade": "2 ms"}
EVENTS = {
    "kind": "events",
    "threshold": 0.01,
    "error_threshold": {"relative": 0.1, "average": "1 s"},
}
MIRROR = {"rule": "weight_mirror", "duration": "10 ms", "weight_decay": "60 Hz"}
LEARNS = {"rule": "diffusion", "learning_rate": "1 Hz", "start": "3 ms"}


def model(**keys: Any) -> Model:
    return chain([3, 4, 2], plasticity=LEARNS, **keys)


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        ({"plasticity": LEARNS | {"start": "3.5 ms"}}, "plasticity.start"),
        ({"feedback": MIRROR | {"duration": "9.5 ms"}}, "feedback.duration"),
        ({"target": {"kind": "teacher", "seed": 1, "delay": "0.5 ms"}}, "target.delay"),
        ({"duration": "39.5 ms"}, "run.duration"),
        ({"record": {"signals": "1.5 ms"}}, "record.signals"),
        ({"record": {"weights": "1.5 ms"}}, "record.weights"),
        ({"record": {"window": ["1 ms", "8.5 ms"]}}, "record.window.1"),
        ({"validation": {"start": "2.5 ms"}}, "validation.start"),
        ({"validation": {"every": "2.5 ms"}}, "validation.every"),
        (
            {"transmission": EVENTS | {"error_threshold": {"relative": 0.1, "average": "1.5 ms"}}},
            "transmission.error_threshold.average",
        ),
        ({"delay": {"forward": "1.5 ms", "backward": "1 ms"}}, "network.delay.forward"),
    ],
)
def test_a_time_off_the_grid_is_refused_by_its_key(keys: dict[str, Any], field: str):
    with pytest.raises(ModelError, match=rf"{field}: .* is no multiple of the time step, 1 ms"):
        chain([3, 4, 2], **{"plasticity": LEARNS} | keys)


@pytest.mark.parametrize("held", [{"hold": "12.5 ms"}, {"crossfade": "1.5 ms"}])
def test_times_of_frames_are_on_the_grid(held: dict[str, str]):
    (name,) = held
    labels = {"kind": "labels"}
    run = {"run": {"epochs": 1}}
    with pytest.raises(ModelError, match=rf"input\.{name}: .* is no multiple of the time step"):
        Model.layered([64, 10], input=FRAMES | held, target=labels, plasticity=LEARNS, **run)


@pytest.mark.parametrize(
    "keys",
    [
        {"neuron": {"kind": "leaky", "time_constant": "2.5 ms"}},
        {"input": {"kind": "noise", "time_constant": "2.5 ms"}},
    ],
)
def test_time_constants_need_not_be_on_the_grid(keys: dict[str, Any]):
    assert model(**keys).time_step == 0.001
