"""What is refused and said of networks with cycles, and those that diverge."""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, ModelError, Simulation, load, validate
from neurodiff.exceptions import DivergenceWarning, FixedPointError
from neurodiff.validation import report_run
from tests.cyclic import (
    C5,
    linear_model,
    populations,
)
from tests.network.cycles import ring
from tests.networks import digraph, random_digraph, waves_of
from tests.simulated import described, simulate

MODELS = Path(__file__).parents[2] / "models"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"transmission": {"kind": "events", "threshold": 0.01, "error_threshold": 0.02}},
            ["transmission: events", "(a -> b -> a)", "`transmission: graded`", "remove the cycle"],
        ),
        (
            {
                "transmission": {
                    "kind": "spikes",
                    "neuron": "integrate_and_fire",
                    "maximum_rate": "200 Hz",
                    "synaptic_time_constant": "10 ms",
                },
                "activation": "sigmoid",
            },
            ["transmission: spikes", "(a -> b -> a)", "`transmission: graded`"],
        ),
        (
            {"validation": {"reference": "error_frame"}},
            ["validation.reference: error_frame", "(a -> b -> a)", "fixed_point or delayed"],
        ),
        (
            {"validation": {"reference": "instantaneous"}},
            ["validation.reference: instantaneous", "(a -> b -> a)", "fixed_point or delayed"],
        ),
        (
            {"target": {"kind": "teacher", "seed": 1}},
            ["target.kind: a teacher answers at once", "(a -> b -> a)", "another target"],
        ),
    ],
    ids=["events", "spikes", "error_frame", "instantaneous", "teacher"],
)
def test_what_goes_with_no_cycle_is_refused(keys: dict[str, Any], said: list[str]):
    with pytest.raises(ModelError) as caught:
        ring(**keys)
    for part in said:
        assert part in str(caught.value)


def test_fixed_point_is_for_graded_transmission():
    events = {"kind": "events", "threshold": 0.01, "error_threshold": 0.02}
    with pytest.raises(ModelError, match="fixed_point is for graded .* events; write instantan"):
        random_digraph(
            np.random.default_rng(0), transmission=events, validation={"reference": "fixed_point"}
        )


def test_no_projection_may_end_in_an_input():
    with pytest.raises(ModelError, match="an input population receives a projection"):
        digraph(populations("in", "a", "out"), ["in a", "a in", "a out"])


def test_show_says_whether_and_when_it_settles(tmp_path: Path):
    stable = described(Simulation(linear_model(0.5 * C5, np.ones((2, 2), dtype=int), tmp_path)))
    assert "cycles, such as v0 -> v0" in stable
    assert "sigma'_max: 0.6, below 1: it settles whatever the delays" in stable
    factors = re.search(r"by a factor of: activity (\S+), error (\S+)", stable)
    assert factors and [float(factor) for factor in factors.groups()] == (
        pytest.approx([0.6 / np.sqrt(2)] * 2, rel=0.02)
    )
    assert "settled after about" in stable
    assert "input first arrives" in stable and "learns below" not in stable
    lags = np.array([[2, 2], [1, 2]])
    unstable = described(Simulation(linear_model(C5, lags, tmp_path)))
    assert "sigma'_max: 1.2, not below 1: whether it settles depends on the delays" in unstable
    assert "activity 1.11, error 1.11" in unstable and "it does not settle" in unstable
    one = np.array([[1.0, 0], [0, 0.5]])
    assert "no fixed point was found" in described(Simulation(linear_model(one, lags, tmp_path)))


def test_the_shipped_model_is_exact_where_it_has_settled():
    simulation = simulate(load(MODELS / "recurrent.yaml"))
    report = validate(simulation)
    assert report.passed and report.reference == "fixed_point"
    assert (report.over_time["relative_error"][-1] <= 1e-12).all()
    # and not before: both waves have to go round
    assert (report.over_time["relative_error"][:5] > 0.5).all()


def test_frames_are_answered_at_the_last_step_before_the_next_one_arrives():
    frames = {"kind": "frames", "hold": "9 ms", "test_fraction": 0.2}
    parts = {
        "in": {"size": 64, "role": "input"},
        "v": {"size": 5},
        "out": {"size": 10, "role": "output"},
    }
    keys = {"target": {"kind": "labels"}, "run": {"duration": "90 ms"}, "record": "none"}
    keys["plasticity"] = {"rule": "diffusion", "learning_rate": "1 Hz"}
    keys |= {"delay": "2 ms", "weights": {"init": "glorot_uniform", "gain": 0.5}}
    simulation = Simulation(digraph(parts, ["in v", "v v", "v out"], input=frames, **keys))
    # four steps to the output: the first frame is there from step 4 to step 12
    assert (
        simulation.plan.schedule.answers is not None
        and simulation.plan.schedule.answers.start == 12
    )


def unstable(folder: Path, **keys: Any) -> Model:
    """C5 with the delays with which it does not settle: by 1.11 in each step."""
    keys = {"run": {"duration": "2600 ms"}, "record": {"signals": "1 ms"}} | keys
    return linear_model(C5, np.array([[2, 2], [1, 2]]), folder, **keys)


def check_cut(simulation: Simulation, every: int) -> int:
    """That the recording ends before it diverged; and the step at which it did."""
    said = re.search(r"of `(\w+)` grew beyond 1e\+100 by step (\d+)", simulation.divergence or "")
    assert said is not None and said[1] in ("v0", "v1", "out")
    step, recording = int(said[2]), simulation.recording
    times = np.rint(recording["time"].values / 1e-3)
    last = np.abs([recording[name].values[-1, 1:] for name in ("x", "delta")]).max()
    assert times[-1] == step - every and 1e100 / 1.2 ** (every + 8) < last <= 1e100
    assert recording.attrs["steps"] == step and recording.attrs["complete"] is False
    assert (
        np.isfinite(recording["w"].values).all() and np.isfinite(recording["product"].values).all()
    )
    return step


def test_a_network_that_does_not_settle_says_where_and_when(tmp_path: Path):
    simulation = Simulation(unstable(tmp_path), backend="numpy")
    with pytest.warns(DivergenceWarning, match="smaller weights on the cycles"):
        simulation.run()
    step = check_cut(simulation, every=1)
    # the waves of the reference, which know nothing of the cut
    with np.errstate(all="ignore"):
        waves = waves_of(
            simulation.graph,
            simulation.plan.w,
            simulation.plan.bias,
            np.ones((step + 1, 1)),
            simulation.plan.stimuli.target_at(np.arange(step + 1)),
            "squared_error",
        )
        sizes = [max(np.abs(wave.x).max(), np.abs(wave.delta).max()) for wave in waves]
    assert sizes[-1] > 1e100 and max(sizes[:-1]) <= 1e100
    # about 1.11^t; the error, driven by an activity that grows alike, is somewhat ahead
    assert step == pytest.approx(100 * np.log(10) / np.log(1.11), rel=0.04)


def test_with_delays_of_one_step_it_settles(tmp_path: Path):
    keys = {"run": {"duration": "400 ms"}}
    simulation = simulate(linear_model(C5, np.ones((2, 2), dtype=int), tmp_path, **keys))
    assert simulation.divergence is None and simulation.recording.attrs["complete"] is True
    # p = 1 + .6 p + .6 q, q = 1 - .6 p + .6 q
    want = np.linalg.solve(np.eye(2) - C5, np.ones(2))
    np.testing.assert_allclose(simulation.recording["x"].values[-1, 1:3], want, rtol=1e-12)
    assert validate(simulation).passed


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_a_compiled_run_is_cut_where_it_diverged(tmp_path: Path):
    keys = {"record": {"signals": "10 ms"}, "run": {"duration": "20 s"}}
    simulation = Simulation(unstable(tmp_path, **keys), backend="cpp_standalone")
    with pytest.warns(DivergenceWarning):
        simulation.run()
    check_cut(simulation, every=10)


def test_a_run_that_diverged_stops_early(tmp_path: Path):
    model = unstable(tmp_path, run={"duration": "1000 s"}, record="none")
    simulation = Simulation(model, backend="numpy")
    with pytest.warns(DivergenceWarning):
        simulation.run()
    assert simulation.timing.steps < 100_000


def test_where_there_is_no_fixed_point_the_run_is_kept_and_the_report_says_why(tmp_path: Path):
    one = np.array([[1.0, 0], [0, 0.5]])
    simulation = simulate(linear_model(one, np.ones((2, 2), dtype=int), tmp_path))
    report = report_run(simulation)
    assert not report.passed and report.complete and report.gradient is None
    assert "validation.reference: at step 0 no fixed point was found" in report.summary()
    assert report.to_dict()["why"] == report.why
    with pytest.raises(FixedPointError):
        validate(simulation)
