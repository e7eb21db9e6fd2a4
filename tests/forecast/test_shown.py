"""Figures show what they are about: whole frames, enough samples, and in a notebook at all."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from neurodiff import Simulation, validate
from neurodiff.plot import new_axes, plot_cosines_in_frame
from neurodiff.plot.gradient import _together
from neurodiff.plot.waves import _shown_times
from tests.networks import chain
from tests.simulated import simulate


@pytest.fixture(scope="module")
def framed(tmp_path_factory):
    """Frames that last 24 steps, in a run of 60 of them."""
    path = tmp_path_factory.mktemp("frames") / "frames.npz"
    rng = np.random.default_rng(0)
    np.savez(path, frames=rng.random((60, 3)), labels=np.arange(60) % 2)
    return chain(
        [3, 4, 2],
        plasticity={"rule": "diffusion", "learning_rate": "5 Hz"},
        input={"kind": "frames", "dataset": str(path), "hold": "24 ms"},
        target={"kind": "labels"},
        run={"epochs": 1},
    )


def test_signals_of_whole_frames_are_kept_by_default(framed):
    simulation = Simulation(framed, backend="numpy")
    kept = simulation.plan.schedule.signals.steps(simulation.plan.stimuli.steps)
    assert kept.tolist() == list(range(41 * 24))
    data = framed.model_dump(mode="json", exclude_none=True) | {"record": {"signals": "35 ms"}}
    asked = Simulation(type(framed).from_mapping(data), backend="numpy")
    assert asked.plan.schedule.signals.every == 35
    # the figure of the waves has at least twenty samples of a frame
    recording = simulation.run().recording
    times, _ = _shown_times(recording, framed, simulation.graph, None)
    assert times[-1] >= 0.024 * 3 and np.diff(times).max() == pytest.approx(1e-3)


def test_phases_with_few_samples_are_taken_together():
    phase = np.arange(200) % 100.0
    assert len(np.unique(phase)) == 100 and len(np.unique(_together(phase))) == 20
    many = np.repeat(np.arange(5.0), 20)
    assert _together(many).tolist() == many.tolist()
    assert _together(np.empty(0)).size == 0
    over_time = xr.Dataset(
        {"cosine": (("product_time", "layer_name"), np.linspace(0, 1, 200)[:, None])},
        {"product_time": np.arange(200) * 0.007, "layer_name": ["one"]},
    )
    axes = plot_cosines_in_frame(over_time, 0.1, new_axes())
    assert len(axes.get_lines()[0].get_xdata()) == 20


def test_a_notebook_shows_the_plot_of_a_report(monkeypatch):
    report, shown = validate(simulate(chain([2, 3, 1]))), []
    shell = SimpleNamespace(kernel=object())
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    display = SimpleNamespace(display=shown.append, Image=lambda data: data)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    report.plot()
    assert len(shown) == 1 and shown[0].startswith(b"\x89PNG")
    report.plot(new_axes())
    del shell.kernel
    report.plot()
    assert len(shown) == 1
