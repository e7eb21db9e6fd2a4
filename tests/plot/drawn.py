"""Recordings that are drawn."""

import numpy as np
import xarray as xr

from neurodiff import Simulation, validate
from tests.networks import chain

LEARNS = {"rule": "diffusion", "learning_rate": "5 Hz"}

DELAY = {"forward": "2 ms", "backward": "3 ms"}

EVENTS = {"kind": "events", "threshold": 0.01, "error_threshold": 0.02}

SLOW = {"kind": "sinusoid", "frequency": "1 Hz", "amplitude": 1.0, "phase": "random"}


def _recorded(model) -> xr.Dataset:
    simulation = Simulation(model, backend="numpy").run()
    return simulation.recording.merge(validate(simulation).over_time)


def _two_frames(folder, **keys):
    path = folder / "two.npz"
    np.savez(path, frames=np.eye(2), labels=np.arange(2))
    return chain(
        [2, 4, 2],
        input={"kind": "frames", "hold": "10 ms", "test_fraction": 0, "dataset": str(path)},
        target={"kind": "labels"},
        run={"epochs": 30},
        plasticity=LEARNS,
        activation="sigmoid",
        **keys,
    )


def _with_spikes(recording: xr.Dataset, steps, kinds, units) -> xr.Dataset:
    spikes = {"spike_time": np.asarray(steps) * 1e-3, "spike_kind": kinds, "spike_unit": units}
    return recording.assign({name: ("event", np.asarray(of)) for name, of in spikes.items()})
