"""The Python API of notebooks."""

import brian2
import numpy as np
import pytest

import neurodiff
from neurodiff.plan.cost import Cost
from neurodiff.results.recording import load_recording, save_recording
from neurodiff.simulator.backends.compilers import compiler_problem
from tests.networks import chain


def test_the_recording_has_named_dimensions_units_and_provenance():
    recording = neurodiff.Simulation(chain([2, 3, 1]), backend="numpy").run().recording
    assert recording["x"].dims == ("time", "unit")
    assert recording["w"].dims == ("weight_time", "synapse")
    assert recording["population"].values.tolist() == ["input"] * 2 + ["hidden1"] * 3 + ["output"]
    assert recording["index"].values.tolist() == [0, 1, 0, 1, 2, 0]
    assert recording["layer"].values.tolist() == [0, 0, 1, 1, 1, 2]
    assert recording["pre"].values.tolist() == [0, 0, 0, 1, 1, 1, 2, 3, 4]
    assert recording["post"].values.tolist() == [2, 3, 4, 2, 3, 4, 5, 5, 5]
    assert recording["projection"].values.tolist() == ["layer1"] * 6 + ["layer2"] * 3
    for name, part in recording.data_vars.items():
        assert {"units", "long_name"} <= part.attrs.keys(), name
    assert {"brian2", "numpy", "neurodiff"} <= eval(recording.attrs["versions"]).keys()
    assert np.isnan(recording["delta"].sel(unit=[0, 1])).all()


def test_first_and_last_weights_are_always_kept():
    model = chain([2, 1], record="none", plasticity={"rule": "diffusion", "learning_rate": "9 Hz"})
    recording = neurodiff.Simulation(model, backend="numpy").run().recording
    assert recording["weight_time"].values.tolist() == [0, 0.04]
    assert (recording["w"][0] != recording["w"][1]).all()
    assert "x" not in recording


def test_only_the_window_is_recorded():
    model = chain([2, 1], record={"signals": "2 ms", "window": ["10 ms", "16 ms"]})
    recording = neurodiff.Simulation(model, backend="numpy").run().recording
    np.testing.assert_allclose(recording["time"], [0.010, 0.012, 0.014])


def test_a_duration_may_be_given_when_running():
    simulation = neurodiff.Simulation(chain([2, 1]), backend="numpy").run("7 ms")
    assert simulation.recording.sizes["time"] == simulation.timing.steps == 7
    with pytest.raises(neurodiff.ModelError, match=r"run\.duration: 7\.5 ms is no multiple"):
        neurodiff.Simulation(chain([2, 1]), backend="numpy").run("7.5 ms")


def test_a_simulation_runs_once():
    simulation = neurodiff.Simulation(chain([2, 1]), backend="numpy")
    with pytest.raises(neurodiff.SimulationError, match=r"call run\(\) first"):
        _ = simulation.recording
    with pytest.raises(neurodiff.SimulationError, match=r"call run\(\) first"):
        _ = simulation.timing
    simulation.run()
    with pytest.raises(neurodiff.SimulationError, match="make a new Simulation"):
        simulation.run()


def test_auto_chooses_by_the_estimated_work(monkeypatch):
    short = neurodiff.Simulation(chain([2, 1]))
    long = neurodiff.Simulation(chain([50, 50, 50], run={"duration": "1000 s"}))
    assert (short.backend, long.backend) == ("numpy", "cpp_standalone")
    assert short.cost.memory < long.cost.memory
    monkeypatch.setattr("neurodiff.simulation.compiler_problem", lambda target: "none works")
    assert long.backend == "numpy"


def test_without_a_compiler_auto_says_so_where_it_matters_and_a_compiled_target_is_refused(
    monkeypatch,
):
    monkeypatch.setenv("CXX", "no-such-compiler -O2")
    monkeypatch.setenv("CC", "no-such-compiler")
    neurodiff.Simulation(chain([2, 1])).run()
    monkeypatch.setattr(neurodiff.Simulation, "cost", FAST_IN_C)
    for target in ("cython", "cpp_standalone"):
        with pytest.raises(neurodiff.SimulationError) as caught:
            neurodiff.Simulation(chain([2, 1]), backend=target).run()
        said = str(caught.value)
        assert said.startswith(
            f"run.target: {target} needs a C++ compiler, and `no-such-compiler -O2` does not work "
            "(CXX=no-such-compiler -O2, CC=no-such-compiler): No such file or directory"
        )
        assert "set CXX and CC to a C++ compiler that works, such as g++, or use numpy" in said
        assert "\n" not in said
    simulation = neurodiff.Simulation(chain([2, 1]))
    with pytest.warns(UserWarning, match="running on numpy: cpp_standalone needs a C.. compiler"):
        simulation.run()
    assert simulation.timing.backend == "numpy"


#: A run that would be fastest as a compiled program.
FAST_IN_C = Cost("cpp_standalone", {"numpy": 100.0, "cpp_standalone": 1.0}, {"synapses": 1.0})


def test_a_compiler_without_headers_is_no_compiler(tmp_path, monkeypatch):
    """It is asked for what Brian2 needs, and not whether a program of its name is there."""
    broken = tmp_path / "broken"
    said = "tiny.cpp:1:10: fatal error: Python.h: No such file"
    broken.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    monkeypatch.setenv("CC", str(broken))
    for target in ("cython", "cpp_standalone"):
        assert said in (compiler_problem(target) or "")
    monkeypatch.setenv("CXX", "g++")
    monkeypatch.setenv("CC", "gcc")
    assert compiler_problem("cpp_standalone") is None and compiler_problem("numpy") is None


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setitem(brian2.prefs, "codegen.runtime.cython.cache_dir", str(tmp_path / "file"))
    assert f"keeps what it compiles in {tmp_path / 'file'}, which cannot be written" in (
        compiler_problem("cython") or ""
    )


def test_a_compiler_is_tried_once(monkeypatch):
    calls: list[str] = []
    monkeypatch.setattr(
        "neurodiff.simulator.backends.compilers._program_fails",
        lambda: calls.append("") or "it fails",
    )
    monkeypatch.setenv("CXX", "tried-once")
    for _ in range(3):
        assert "it fails" in (compiler_problem("cpp_standalone") or "")
    monkeypatch.setenv("CXX", "tried-again")
    compiler_problem("cpp_standalone")
    assert len(calls) == 2


def test_an_unknown_target_is_refused():
    with pytest.raises(neurodiff.ModelError, match=r"'cuda'.*auto, numpy, cython, cpp_standalone"):
        neurodiff.Simulation(chain([2, 1]), backend="cuda")


def test_equal_models_give_equal_recordings_and_other_seeds_others():
    runs = [
        neurodiff.Simulation(chain([3, 4, 2], seed=seed), backend="numpy").run().recording
        for seed in (1, 1, 2)
    ]
    assert runs[0].equals(runs[1])
    assert not runs[0].equals(runs[2])


def test_brian2_is_left_as_it_was():
    import brian2

    before = brian2.prefs.codegen.target, brian2.get_device()
    neurodiff.Simulation(chain([2, 1]), backend="numpy").run()
    assert (brian2.prefs.codegen.target, brian2.get_device()) == before


def test_a_saved_recording_can_be_validated(tmp_path):
    simulation = neurodiff.Simulation(chain([2, 3, 1]), backend="numpy").run()
    save_recording(simulation.recording, tmp_path / "recording.nc")
    again = neurodiff.validate(load_recording(tmp_path / "recording.nc"))
    assert again.to_dict() == neurodiff.validate(simulation).to_dict()


def test_a_report_plots_itself():
    report = neurodiff.validate(neurodiff.Simulation(chain([2, 3, 1]), backend="numpy").run())
    assert "(" in report.plot().get_xlabel()
