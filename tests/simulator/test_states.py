"""Runs that go on from a state equal runs that were never interrupted, bit for bit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurodiff import Model, Simulation, SimulationError
from neurodiff.simulator import segments
from neurodiff.simulator.state import State
from tests.networks import chain
from tests.simulated import EVERY_STEP
from tests.simulator.test_kernels import LEAKY, LEARNS, every_model, layers, skips, with_run

ENGINES = ("fused", "native")


def halves(model: Model, backend: str = "numpy") -> tuple[xr.Dataset, xr.Dataset]:
    """A run as a whole, and in two halves; both without what is different each time."""
    whole = Simulation(model, backend=backend).run("120 ms").recording
    half = Simulation(model, backend=backend).run("72 ms").run("48 ms").recording
    assert half.attrs["model"] == whole.attrs["model"] and half.attrs["steps"] == 120
    return half.drop_attrs(), whole.drop_attrs()


@pytest.mark.parametrize("engine", ["fused", pytest.param("native", marks=pytest.mark.slow)])
@every_model
def test_two_halves_are_one_whole(name: str, engine: str):
    half, whole = halves(with_run(name, engine=engine))
    assert {"x", "delta", "w", "bias", "product"} <= set(whole)
    assert half.identical(whole)


def test_two_halves_are_one_whole_in_float32():
    half, whole = halves(with_run("layers", engine="fused", precision="float32"))
    assert half.identical(whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "engine"),
    # arrays of the native network are the same on all of them
    [("cython", "fused"), ("cpp_standalone", "fused")],
)
def test_two_halves_are_one_whole_compiled(backend: str, engine: str, plain_compilation):
    model = skips(plasticity=LEARNS | {"alignment": "trace", "stages": 2})
    model = model.replace(run=model.run.replace(engine=engine))
    half, whole = halves(model, backend)
    assert half.identical(whole)


@pytest.mark.slow
def test_two_halves_are_one_whole_where_all_is_left_in_files(monkeypatch, plain_compilation):
    for module in ("files.mapped", "results.parts", "simulator.backends.filling"):
        monkeypatch.setattr(f"neurodiff.{module}.LARGE", 1)
    half, whole = halves(with_run("layers", engine="fused"), "cpp_standalone")
    assert half.identical(whole)


@pytest.mark.slow
def test_one_compiled_program_does_all_segments_and_any_length(monkeypatch):
    model = skips(plasticity=LEARNS)
    whole = Simulation(model, backend="cpp_standalone").run()
    kept = Kept(seconds=0.0)
    parts = Simulation(model, backend="cpp_standalone").run(checkpoints=kept)
    again = Simulation(model, backend="cpp_standalone").run("50 ms").run("70 ms")
    assert not parts.timing.compiled and not again.timing.compiled
    for other in (parts, again):
        assert other.recording.drop_attrs().identical(whole.recording.drop_attrs())


class Kept:
    """States that were kept in memory."""

    def __init__(self, seconds: float):
        self.seconds, self.steps = seconds, list[int]()

    def keep(self, parts: Any, state: State, simulation: Simulation) -> None:
        self.steps.append(state.step)


def test_the_number_of_segments_changes_no_number(monkeypatch):
    model = layers(run={"duration": "120 ms", "target": "numpy"})
    whole = Simulation(model).run().recording
    # a segment ends where its time is over at a report, and reports are rare in so short a run
    monkeypatch.setattr("neurodiff.simulator.backends.execution._REPORT_PERIOD", 4e-3)
    kept = Kept(seconds=2e-3)
    parts = Simulation(model).run(checkpoints=kept)
    assert len(kept.steps) > 3 and kept.steps[-1] == 120
    assert parts.recording.drop_attrs().identical(whole.drop_attrs())


def test_with_frames_answers_go_on(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "f.npz", frames=rng.random((12, 4)), labels=np.arange(12) % 3)
    frames = {"kind": "frames", "dataset": str(tmp_path / "f.npz"), "hold": "6 ms"}
    model = chain(
        [4, 5, 3],
        input=frames | {"test_fraction": 0.25},
        target={"kind": "labels"},
        plasticity=LEARNS,
        run={"epochs": 2},
        **EVERY_STEP,
    )
    whole = Simulation(model, backend="numpy").run().recording
    stopped = run_until(Simulation(model, backend="numpy"), 50)
    assert stopped.recording.attrs["complete"] is False
    assert stopped.run().recording.drop_attrs().identical(whole.drop_attrs())
    with pytest.raises(SimulationError, match="test phase has begun.*start_from"):
        stopped.run("12 ms")


def run_until(simulation: Simulation, step: int) -> Simulation:
    """As if Ctrl-C had stopped it there."""
    plain = segments.run_segments

    def stopping(run, built, plan, *arguments):
        shorter = plan.replace(stimuli=replace(plan.stimuli, steps=step))
        return plain(run, built, shorter, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neurodiff.simulation.run_segments", stopping)
        return simulation.run()


#: What a wrong state lacks.
WRONG = {
    "the errors' history": "errors_history.value",
    "the last activity": "units.x",
    "the traces": "traces.value",
    "the weights": "kernel.weights0",
}


@pytest.mark.parametrize("lacking", WRONG)
def test_wrong_states_are_found(lacking: str, monkeypatch):
    model = layers(plasticity=LEARNS | {"alignment": "trace"})
    plain = segments.read_state

    def incomplete(built: Any, step: int) -> State:
        state = plain(built, step)
        name = WRONG[lacking]
        return State(step, {**state.values, name: np.zeros_like(state.values[name])})

    monkeypatch.setattr(segments, "read_state", incomplete)
    half, whole = halves(model)
    assert not half.identical(whole)


def test_another_run_begins_in_the_state_at_the_end():
    for name in ENGINES:
        model = chain(
            [3, 4, 2],
            activation="tanh",
            delay={"forward": "3 ms", "backward": "2 ms"},
            neuron=LEAKY,
            plasticity=LEARNS,
            target={"kind": "constant", "values": [0.3, 0.1], "delay": "none"},
            run={"duration": "100 ms", "engine": name},
            **EVERY_STEP,
        )
        whole = Simulation(model, backend="numpy").run("100 ms").recording
        first = Simulation(model, backend="numpy").run("53 ms")
        second = Simulation(model, backend="numpy").start_from(first).run("47 ms").recording
        assert second.attrs["began_in_state_of"] == first.recording.attrs["run_id"]
        for variable in ("x", "delta", "w", "bias"):
            # nothing in this model depends on the time, so that it goes on as if it were one run
            want = whole[variable].values[53:]
            np.testing.assert_allclose(second[variable].values, want, rtol=1e-9, atol=1e-12)


def test_a_past_that_is_not_turned_is_another_state(monkeypatch):
    model = layers(plasticity=LEARNS)
    first = Simulation(model, backend="numpy").run("53 ms")
    right = Simulation(model, backend="numpy").start_from(first).run("20 ms").recording
    monkeypatch.setattr("neurodiff.simulator.history.turned", lambda past, last, step: past)
    wrong = Simulation(model, backend="numpy").start_from(first).run("20 ms").recording
    assert float(abs(right["x"] - wrong["x"]).max()) > 1e-3


@pytest.mark.parametrize("feedback", ["symmetric", "random", "kolen_pollack"])
def test_another_run_begins_with_the_weights(feedback: str):
    model = layers(feedback={"rule": feedback})
    first = Simulation(model, backend="numpy").run("60 ms")
    other = model.replace(seed=17, input={"kind": "constant", "values": [0.1] * 5})
    second = Simulation(other, backend="numpy").start_from(first, weights_only=True).run("30 ms")
    for name in {"w", "bias", "b"} & set(second.recording):
        one, two = first.recording[name].values[-1], second.recording[name].values[0]
        assert np.array_equal(one, two, equal_nan=True)
    assert not second.recording["delta"].values[0][5:-3].any()  # nothing is on its way


def test_networks_that_differ_are_named():
    first = Simulation(layers(), backend="numpy").run("20 ms")
    wider = chain([5, 7, 10, 3], plasticity=LEARNS)
    text = r"population `hidden2` \(9 units, and here 10\), projection `layer2` \(63 synapses.*70\)"
    for weights_only in (False, True):
        with pytest.raises(SimulationError, match=text):
            Simulation(wider, backend="numpy").start_from(first, weights_only)
    aligned = Simulation(layers(plasticity=LEARNS | {"alignment": "trace"}), backend="numpy")
    with pytest.raises(SimulationError, match=r"`traces\.value` is missing.*weights only"):
        aligned.start_from(first)
    slower = Simulation(layers(delay="9 ms"), backend="numpy")
    with pytest.raises(SimulationError, match=r"`units_history\.value` has \d+ values, and here"):
        slower.start_from(first)


def test_what_cannot_go_on_is_refused_with_the_reason():
    sent = {"kind": "events", "threshold": 0.01, "error_threshold": 0.01}
    events = chain([2, 3, 1], transmission=sent, run={"duration": "20 ms", "engine": "native"})
    simulation = Simulation(events, backend="numpy").run("20 ms")
    with pytest.raises(SimulationError, match="events: what travels is in queues inside Brian2"):
        simulation.run("20 ms")
    with pytest.raises(SimulationError, match="no state with transmission by events"):
        Simulation(events, backend="numpy").start_from(simulation)
    assert Simulation(events, backend="numpy").start_from(simulation, True).run("20 ms").recording
    ended = Simulation(chain([2, 1]), backend="numpy").run("20 ms")
    with pytest.raises(SimulationError, match="to its end; say for how long"):
        ended.run()


def test_a_run_that_diverged_does_not_go_on():
    rule = {"rule": "diffusion", "learning_rate": "5000 Hz"}
    wild = chain([2, 3, 1], activation="linear", plasticity=rule)
    simulation = Simulation(wild, backend="numpy")
    with pytest.warns(UserWarning, match="grew beyond"):
        simulation.run("2 s")
    with pytest.raises(SimulationError, match="has diverged"):
        simulation.run("20 ms")


def test_a_stimulus_that_another_length_changes_is_refused(monkeypatch):
    simulation = Simulation(layers(), backend="numpy").run("20 ms")
    monkeypatch.setattr("neurodiff.plan.lengthening._same", lambda one, other, done: False)
    with pytest.raises(SimulationError, match="in a longer run the input is another one"):
        simulation.run("20 ms")


def test_intervals_that_no_model_gives_stay_those_of_the_first_run():
    simulation = Simulation(chain([2, 3, 1], plasticity=LEARNS), backend="numpy").run("40 ms")
    recording = simulation.run("40 ms").recording
    assert np.allclose(recording["weight_time"], 1e-3 * np.arange(0, 81, 4))
