"""Good files, from which damaged ones are made."""

from pathlib import Path
from typing import Any

import numpy as np

CHAIN: dict[str, Any] = {
    "neurodiff": 1,
    "name": "chain",
    "description": "any",
    "seed": 3,
    "time_step": "1 ms",
    "network": {
        "layers": [3, 4, 2],
        "activation": "tanh",
        "output_activation": "sigmoid",
        "bias": True,
        "delay": {
            "forward": {"uniform": ["1 ms", "5 ms"]},
            "backward": {"normal": ["2 ms", "1 ms"]},
        },
        "weights": {"init": "glorot_uniform", "gain": 1.0},
    },
    "neuron": "static",
    "transmission": "graded",
    "feedback": "random",
    "plasticity": {"rule": "diffusion", "learning_rate": "5 Hz", "alignment": "trace"},
    "input": {"kind": "sinusoid", "frequency": "2 Hz", "amplitude": 1.0, "phase": [0.1, 0.2, 0.3]},
    "target": {"kind": "teacher", "seed": 3, "delay": "matched"},
    "loss": "squared_error",
    "run": {"duration": "40 ms", "target": "numpy"},
    "record": {"signals": "1 ms", "weights": "10 ms", "window": ["5 ms", "30 ms"]},
    "validation": {"reference": "error_frame", "start": "10 ms", "every": "5 ms"},
}
DIGRAPH: dict[str, Any] = {
    "neurodiff": 1,
    "name": "digraph",
    "network": {
        "populations": {
            "a": {"size": 4, "role": "input"},
            "b": {"size": 4, "activation": "relu", "bias": False},
            "c": {"size": 2, "role": "output"},
        },
        "projections": [
            {"pre": "a", "post": "b", "connectivity": {"one_to_one": True}, "delay": "2 ms"},
            {"pre": "b", "post": "c", "connectivity": {"probability": 0.9}},
            {"pre": "b", "post": "b", "weights": {"init": "normal", "sd": 0.05}, "plastic": False},
        ],
    },
    "neuron": {"kind": "leaky", "time_constant": "10 ms"},
    "plasticity": {"rule": "diffusion", "learning_rate": "5 Hz"},
    "input": {"kind": "noise", "time_constant": "200 ms", "sd": 0.5},
    "target": {"kind": "constant", "values": [0.5, -0.5]},
    "run": {"duration": "60 ms", "target": "numpy"},
}
EVENTS: dict[str, Any] = {
    "neurodiff": 1,
    "name": "events",
    "network": {"layers": [2, 3, 1], "delay": {"lognormal": ["3 ms", "1 ms"]}},
    "transmission": {
        "kind": "events",
        "threshold": 0.01,
        "error_threshold": {"relative": 0.02, "average": "50 ms"},
    },
    "plasticity": {"rule": "diffusion", "learning_rate": "5 Hz"},
    "input": {"kind": "constant", "values": [0.3, 0.4]},
    "target": {"kind": "constant", "values": [0.5]},
    "run": {"duration": "30 ms", "target": "numpy"},
}
SPIKES: dict[str, Any] = {
    "neurodiff": 1,
    "name": "spikes",
    "network": {"layers": [2, 3, 1], "activation": "lif"},
    "transmission": {
        "kind": "spikes",
        "neuron": "lif",
        "maximum_rate": "200 Hz",
        "synaptic_time_constant": "20 ms",
        "neurons_per_unit": 2,
        "membrane_time_constant": "20 ms",
        "rest": "-70 mV",
        "threshold": "-50 mV",
    },
    "input": {"kind": "constant", "values": [0.2, 0.4]},
    "target": {"kind": "constant", "values": [0.5]},
    "run": {"duration": "20 ms", "target": "numpy"},
}
FRAMES: dict[str, Any] = {
    "neurodiff": 1,
    "name": "frames",
    "network": {"layers": [4, 5, 3]},
    "feedback": {"rule": "weight_mirror", "duration": "20 ms", "weight_decay": "5 Hz"},
    "plasticity": {"rule": "diffusion", "learning_rate": "2 Hz"},
    "input": {"kind": "frames", "dataset": "data.npz", "hold": "20 ms", "test_fraction": 0.2},
    "target": {"kind": "labels"},
    "run": {"epochs": 1, "target": "numpy"},
}
ARRAYS: dict[str, Any] = {
    "neurodiff": 1,
    "name": "arrays",
    "network": {"layers": [2, 3, 1]},
    "input": {"kind": "array", "file": "in.npy", "interval": "1 ms", "interpolation": "linear"},
    "target": {"kind": "array", "file": "out.npy", "interval": "2 ms"},
    "run": {"duration": "20 ms", "target": "numpy"},
}
WEIGHTS: dict[str, Any] = {
    "neurodiff": 1,
    "name": "weights",
    "network": {
        "populations": {"a": {"size": 3, "role": "input"}, "b": {"size": 3, "role": "output"}},
        "projections": [{"pre": "a", "post": "b", "connectivity": "weights"}],
        "weights": {"init": "file", "path": "w.npz"},
    },
    "input": {"kind": "constant", "values": [1, 0, 1]},
    "target": {"kind": "constant", "values": [0, 0, 0]},
    "run": {"duration": "10 ms", "target": "numpy"},
}
MODELS = (CHAIN, DIGRAPH, EVENTS, SPIKES, FRAMES, ARRAYS, WEIGHTS)
SWEEP: dict[str, Any] = {
    "neurodiff_sweep": 1,
    "name": "sweep",
    "description": "any",
    "model": "model.yaml",
    "set": {"run.duration": "20 ms"},
    "axes": {
        "input.frequency": {"log": ["1 Hz", "100 Hz", 3]},
        "network.activation": {"values": ["tanh", "sigmoid"]},
        "speed": {"cases": {"slow": {"network.delay": "2 ms"}, "fast": {"network.delay": "1 ms"}}},
        "plasticity.learning_rate": {"linear": ["1 Hz", "2 Hz", 2]},
    },
    "seeds": 2,
}


def write_arrays(folder: Path) -> None:
    """The NumPy files that the models name."""
    rng = np.random.default_rng(0)
    np.savez(folder / "data.npz", frames=rng.random((20, 4)), labels=np.arange(20) % 3)
    np.save(folder / "in.npy", rng.random((40, 2)))
    np.save(folder / "out.npy", rng.random((40, 1)))
    np.savez(folder / "w.npz", a_to_b=np.diag([1.0, 2.0, 3.0]), **{"b.bias": np.ones(3)})
