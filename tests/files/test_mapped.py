"""Arrays in files."""

import numpy as np
import pytest

from neurodiff.files import mapped as files
from neurodiff.files.mapped import apart, append, mapped


@pytest.fixture
def large(monkeypatch):
    """What is large enough for a file, and more than is written at once."""
    monkeypatch.setattr(files, "LARGE", 100)
    monkeypatch.setattr(files, "_AT_ONCE", 7)
    return np.linspace(0, 1, 60).reshape(20, 3)


def test_a_large_copy_is_in_a_file_and_a_small_one_is_not(large):
    assert isinstance(apart(large), np.memmap) and not isinstance(apart(large[:1]), np.memmap)


@pytest.mark.parametrize("rows", [1, 20])
def test_a_copy_takes_what_is_written_and_leaves_the_original(large, rows):
    original = large[:rows].copy()
    copy = apart(original)
    np.testing.assert_array_equal(copy, original)
    copy[0] = -1
    files.forget(copy)
    assert (copy[0] == -1).all() and (original == large[:rows]).all()


def test_a_copy_can_have_another_type(large):
    copy = apart(large, np.float32)
    assert copy.dtype == np.float32
    np.testing.assert_array_equal(copy, large.astype(np.float32))


def test_arrays_are_appended_in_their_order(large, tmp_path):
    path = tmp_path / "numbers"
    with path.open("wb") as file:
        append(large, np.float64, file)
        append(large[:2] + 1, np.float64, file)
    found = mapped(path, np.float64, (22, 3))
    np.testing.assert_array_equal(found, np.vstack([large, large[:2] + 1]))
