"""Fixtures of these tests."""

import numpy as np
import pytest
import xarray as xr

from tests.networks import chain
from tests.plot.drawn import DELAY, EVENTS, LEARNS, SLOW, _recorded, _with_spikes


@pytest.fixture(scope="module")
def frozen() -> xr.Dataset:
    return _recorded(chain([2, 20, 3, 1], delay=DELAY, name="small"))


@pytest.fixture(scope="module")
def learned() -> xr.Dataset:
    return _recorded(chain([2, 4, 3], plasticity=LEARNS))


@pytest.fixture(scope="module")
def sent() -> xr.Dataset:
    return _recorded(chain([2, 20, 3, 1], transmission=EVENTS, input=SLOW, duration="600 ms"))


@pytest.fixture(scope="module")
def spiking() -> xr.Dataset:
    """As a run with spikes leaves it, with spikes at random: about every tenth step of each."""
    recording = _recorded(chain([2, 20, 3, 1], input=SLOW, duration="600 ms"))
    sends = np.random.default_rng(0).uniform(size=(600, 3, 26)) < 0.1
    sends[:, 1:, :2] = False  # inputs have no errors
    step, kind, unit = np.nonzero(sends)
    return _with_spikes(recording, step, np.array(["forward", "on", "off"])[kind], unit)
