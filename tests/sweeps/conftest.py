"""Fixtures of these tests."""

import pytest
import xarray as xr

from neurodiff import load_sweep, run_sweep
from tests.sweeps.swept import written


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """The result of an undisturbed sweep on processes of this machine."""
    folder = tmp_path_factory.mktemp("sweep")
    return run_sweep(load_sweep(written(folder)), folder / "out", workers=2)
