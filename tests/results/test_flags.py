"""Booleans of a recording are booleans, and 0 or 1 with a meaning in its file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import neurodiff
from neurodiff import SimulationError, validate
from neurodiff.plot.style import title_of
from neurodiff.results.recording import (
    is_complete,
    load_recording,
    save_recording,
    with_current_names,
)
from tests.networks import chain
from tests.simulated import learned, simulate


@pytest.mark.parametrize("complete", [True, False])
def test_booleans_survive_a_file(tmp_path: Path, complete: bool):
    recording = learned(tmp_path).recording
    assert recording.attrs["complete"] is True
    recording = recording.assign_attrs(complete=complete)
    save_recording(recording, tmp_path / "recording.nc")
    assert recording.attrs["complete"] is complete
    with xr.open_dataset(tmp_path / "recording.nc") as raw:
        kept = raw.attrs["complete"]
        assert kept == complete and isinstance(kept, np.int8)
        assert raw.attrs["complete_flag_values"].tolist() == [0, 1]
        assert raw.attrs["complete_flag_meanings"] == "no yes"
        assert raw["tested"].dtype == bool
        assert raw["tested"].attrs["flag_values"].tolist() == [0, 1]
        assert raw["tested"].attrs["flag_meanings"] == "no yes"
        assert is_complete(raw) is complete
        assert with_current_names(raw).attrs["complete"] is complete
        validate(raw)
    again = load_recording(tmp_path / "recording.nc")
    assert again.attrs["complete"] is complete and is_complete(again) is complete
    assert again.attrs.keys() == recording.attrs.keys()
    xr.testing.assert_equal(again, recording)
    early = " (run stopped early)"
    assert title_of(again, "weights").endswith(early) is not complete


@pytest.mark.parametrize(("text", "complete"), [("true", True), ("false", False)])
def test_texts_of_older_versions_are_read(tmp_path: Path, text: str, complete: bool):
    recording = simulate(chain([2, 1])).recording.assign_attrs(complete=text)
    save_recording(recording, tmp_path / "recording.nc")
    with xr.open_dataset(tmp_path / "recording.nc") as raw:
        assert raw.attrs["complete"] == text
    again = load_recording(tmp_path / "recording.nc")
    assert again.attrs["complete"] is complete and is_complete(again) is complete
    assert validate(again).passed


@pytest.mark.parametrize("value", ["yes", "", 2, -1, 0.5, 1.0, None, np.array([1, 0]), [1]])
def test_what_is_no_boolean_is_refused(value: Any):
    recording = simulate(chain([2, 1])).recording.assign_attrs(complete=value)
    assert not is_complete(recording)
    with pytest.raises(SimulationError, match="does not say how far it came"):
        validate(recording)


def test_a_number_of_steps_is_no_boolean():
    recording = simulate(chain([2, 1])).recording.assign_attrs(steps=True)
    with pytest.raises(SimulationError, match="does not say how far it came"):
        validate(recording)


def test_a_recording_is_saved_and_loaded_by_public_names(tmp_path: Path):
    recording = neurodiff.Simulation(chain([2, 1]), backend="numpy").run().recording
    neurodiff.save_recording(recording, tmp_path / "r.nc")
    assert neurodiff.load_recording(tmp_path / "r.nc").attrs["complete"] is True
