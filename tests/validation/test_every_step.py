"""Figures of every step, computed anew, against those of a run that recorded every step."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, Simulation, SimulationError, validate
from neurodiff.validation.case import case_of
from neurodiff.validation.every_step import compare_every_step, estimated_seconds, why_not
from neurodiff.validation.gradient import _TRUTHS
from neurodiff.validation.recorded import recorded, some
from neurodiff.validation.report import FIGURES, LayerReport, estimate_text
from neurodiff.validation.sampled import estimates, sample_of
from neurodiff.validation.verdict import judge
from tests.networks import chain, digraph

LEARNS = {"rule": "diffusion", "learning_rate": "10 Hz"}
MOVES: dict[str, Any] = {
    "input": {"kind": "noise", "time_constant": "30 ms"},
    "target": {"kind": "teacher", "seed": 5},
    "plasticity": LEARNS,
    "run": {"duration": "500 ms"},
    "record": {"signals": "none", "weights": "none"},
}


def noisy(**keys: Any) -> Model:
    return chain([3, 5, 4, 2], **(MOVES | keys))


def rounds() -> Model:
    """A cycle."""
    populations = {
        "in": {"size": 2, "role": "input"},
        "a": {"size": 3},
        "b": {"size": 2, "role": "output"},
    }
    back = {"pre": "b", "post": "a", "weights": {"init": "normal", "sd": 0.3}}
    constant = {"target": {"kind": "constant", "values": [0.3, -0.3]}}
    return digraph(populations, ["in a", "a b", back], activation="tanh", **(MOVES | constant))


def framed(folder: Any, every: str | None = None) -> Model:
    """Labelled frames of three classes, each frame held for 20 steps."""
    rng = np.random.default_rng(0)
    frames, labels = rng.random((60, 4)), np.arange(60) % 3
    frames[np.arange(60), labels] += 1
    np.savez(folder / "frames.npz", frames=frames / 2, labels=labels)
    return chain(
        [4, 5, 3],
        activation="tanh",
        output_activation="sigmoid",
        loss="cross_entropy",
        plasticity={"rule": "diffusion", "learning_rate": "6 Hz"},
        input={"kind": "frames", "dataset": str(folder / "frames.npz"), "hold": "20 ms"},
        target={"kind": "labels"},
        run={"epochs": 2},
        record={"signals": "none", "weights": "none"},
        validation={"minimum_cosine": 0.9, **({"every": every} if every else {})},
    )


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    """A run on frames that recorded every moment."""
    folder = tmp_path_factory.mktemp("frames")
    return Simulation(framed(folder, "1 ms"), backend="numpy").run()


def assert_same(one: LayerReport, other: LayerReport) -> None:
    for name in FIGURES:
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-8), name


@pytest.mark.parametrize(
    "model",
    [
        noisy(),
        noisy(feedback="random"),
        noisy(validation={"reference": "instantaneous"}),
        noisy(delay={"forward": {"uniform": ["1 ms", "4 ms"]}, "backward": "2 ms"}),
    ],
    ids=["dense", "feedback", "instantaneous", "drawn delays"],
)
def test_all_steps_computed_anew_give_what_all_recorded_steps_give(model: Model):
    data = model.model_dump(mode="json", exclude_none=True)
    every = {**data.get("validation", {}), "every": "1 ms"}
    seen = validate(Simulation(Model.from_mapping(data | {"validation": every}), "numpy").run())
    few = Simulation(Model.from_mapping(data | {"validation": every | {"every": "7 ms"}}), "numpy")
    report = validate(few.run())
    assert report.moments.how == seen.moments.how == "every step"
    assert report.moments.of == seen.moments.n and report.moments.deviation < 1e-12
    for one, other in zip((*report.layers, report.total), (*seen.layers, seen.total), strict=True):
        assert_same(one, other)
        assert not one.intervals
    assert report.total.cosine < 0.9999  # no comparison of things that are all the same
    assert report.verdict == seen.verdict


def test_figures_do_not_hang_on_how_often_products_are_recorded(tmp_path, seen):
    want = validate(seen)
    for every in (None, "13 ms", "173 ms"):
        report = validate(Simulation(framed(tmp_path, every), backend="numpy").run())
        assert_same(report.total, want.total)
        assert report.moments.of == want.moments.n
        assert report.to_dict()["moments"]["how"] == "every step"


def test_the_sum_of_updates_is_what_the_weights_moved_by(seen):
    case = case_of(seen)
    window, rows = case.window, case.steps[case.window]
    g = some(recorded(case), window)
    sample = sample_of(case, *([part.rows(slice(None, None, 7)) for part in g],) * 2, rows[::7])
    for total, part in zip(sample.sums, g, strict=True):
        np.testing.assert_allclose(total, part.sum(), rtol=1e-9, atol=1e-11)


def test_a_recording_that_is_not_of_these_waves_is_not_taken_for_them():
    simulation = Simulation(noisy(), backend="numpy").run()
    recording = simulation.recording.copy(deep=True)
    recording["product"][3] *= 1.01
    report = validate(recording)
    assert report.moments.how == "sampled" and "differs from" in report.moments.why
    with pytest.raises(SimulationError, match="differs from"):
        validate(recording, "every step")
    moved = simulation.recording.copy(deep=True)
    moved["w"][-1] += 1e-3
    assert validate(moved).moments.how == "sampled"
    assert validate(simulation).moments.how == "every step"


def test_only_graded_runs_of_bearable_length_are_computed_anew(monkeypatch):
    case = case_of(Simulation(noisy(), backend="numpy").run())
    assert why_not(case) is None and estimated_seconds(case) < 1
    long = case._replace(
        plan=case.plan.replace(stimuli=replace(case.stimuli, learning_steps=10**8))
    )
    long.recording.attrs["steps"] = 10**8
    assert "would take about" in why_not(long)
    waves = {"reference": "delayed"}
    assert "reference itself" in why_not(
        case_of(Simulation(noisy(validation=waves), "numpy").run())
    )
    cycles = case_of(Simulation(rounds(), "numpy").run())
    assert why_not(cycles) is None and not validate(cycles.recording).total.intervals
    monkeypatch.setattr("neurodiff.validation.every_step._LONGEST_SETTLING", 0.0)
    assert "a fixed point for each" in why_not(cycles)
    assert validate(cycles.recording).total.intervals
    events = {"kind": "events", "threshold": 1e-3, "error_threshold": 1e-3}
    sent = Simulation(noisy(transmission=events, validation={"every": "3 ms"}), "numpy").run()
    report = validate(sent)
    assert report.moments.how == "sampled" and "with events" in report.moments.why
    low, high = report.total.intervals["cosine"]
    assert low <= report.total.cosine <= high


def test_the_loss_of_the_pass_is_that_of_every_step():
    simulation = Simulation(noisy(record={"signals": "1 ms"}), backend="numpy").run()
    loss, recorded = compare_every_step(case_of(simulation)).loss, simulation.recording["loss"]
    assert loss.first_tenth == pytest.approx(float(recorded[3:52].mean()), rel=1e-12)
    few = Simulation(noisy(record={"signals": "90 ms"}), backend="numpy").run()
    assert validate(few).loss.to_dict() == pytest.approx(loss.to_dict())


def coverage(simulation: Simulation, n: int, seeds: int) -> tuple[int, int]:
    """How many figures of samples have the exact ones in their intervals, and of how many.

    `simulation` recorded every moment; of each of n equal spans one is drawn.
    """
    case, exact = case_of(simulation), validate(simulation)
    window = case.window
    steps, g = case.steps[window], some(recorded(case), window)
    truth = some(_TRUTHS[case.model.reference](case), window)
    names, right, total = [layer.name for layer in exact.layers] + ["total"], 0, 0
    ends = np.linspace(0, len(steps), n + 1).astype(int)
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        drawn = rng.integers(ends[:-1], ends[1:])
        few = ([part.rows(drawn) for part in both] for both in (g, truth))
        sample = sample_of(case, *few, steps[drawn])
        found = estimates(sample, names, seed)
        for want, got in zip((*exact.layers, exact.total), found, strict=True):
            for name, (low, high) in got.intervals.items():
                total += 1
                right += low - 1e-9 <= getattr(want, name) <= high + 1e-9
    return right, total


def test_intervals_hold_the_figures_of_all_moments(seen):
    right, total = coverage(seen, 100, 10)
    assert total >= 200 and right >= 0.9 * total


def test_without_intervals_samples_are_wrong(seen):
    """What was printed to four digits before: nearly no sample's figure is that of all moments."""
    case, exact = case_of(seen), validate(seen)
    report = validate(seen.recording.isel(product_time=slice(None, None, 17)), "sampled")
    pairs = [
        (getattr(one, name), getattr(other, name))
        for one, other in zip(report.layers, exact.layers, strict=True)
        for name in FIGURES
    ]
    assert sum(f"{a:.4g}" == f"{b:.4g}" for a, b in pairs) < len(pairs) / 3
    assert case.model.validation.minimum_cosine == 0.9


def layer(low: float, high: float) -> LayerReport:
    middle = (low + high) / 2
    return LayerReport("one", cosine=middle, intervals={"cosine": (low, high)})


def test_a_bound_inside_an_interval_is_undecided():
    model = chain([2, 1], validation={"minimum_cosine": 0.9})
    words = [judge([layer(*ends)], model).word for ends in ((0.91, 0.95), (0.85, 0.95), (0.7, 0.8))]
    assert words == ["passed", "undecided", "failed"]
    both = judge([layer(0.85, 0.95), replace(layer(0.7, 0.8), name="two")], model)
    assert both.word == "failed" and "in two" in both.asked
    said = judge([layer(0.85, 0.95)], model).asked
    assert said == (
        "the figures are not exact enough to say whether every layer's cosine >= 0.9, as "
        "validation.minimum_cosine asks (least 0.90+-0.05, in one)"
    )
    # what is good only to so much does not meet a bound that is nearer
    exact = LayerReport("one", cosine=1.0, relative_error=1e-13, norm_ratio=1.0)
    tight = chain([2, 1], validation={"minimum_cosine": 0.9, "maximum_relative_error": 1e-12})
    assert judge([exact], tight, 1e-14).word == "passed"
    assert judge([exact], tight, 1e-10).word == "undecided"


@pytest.mark.parametrize(
    ("figure", "value", "interval", "text"),
    [
        ("cosine", 0.99391, (0.9927, 0.9951), "0.994+-0.001"),
        ("cosine", 0.9, (0.7, 0.95), "0.7 to 0.9"),
        ("relative_error", 0.0512, (0.0488, 0.0536), "0.051+-0.002"),
        ("relative_error", 2e-16, (1e-16, 3e-16), "1e-16 to 3e-16"),
        ("norm_ratio", 2.0, (2.0, 2.0), "2"),
    ],
)
def test_estimates_are_rounded_to_their_intervals(figure, value, interval, text):
    assert estimate_text(figure, value, interval) == text


def test_errors_are_compared_at_every_step_or_estimated_too():
    model = noisy(feedback="random").model_dump(mode="json", exclude_none=True)
    seen = Model.from_mapping(model | {"validation": {"every": "1 ms"}})
    seen = validate(Simulation(seen, backend="numpy").run())
    few = Simulation(Model.from_mapping(model | {"validation": {"every": "3 ms"}}), "numpy").run()
    anew, sampled = validate(few), validate(few, "sampled")
    for want, one, other in zip(seen.layers, anew.layers, sampled.layers, strict=True):
        exact = want.transport.delta_cosine
        assert one.transport.delta_cosine == pytest.approx(exact, rel=1e-9)
        assert one.transport.delta_cosine_interval is None
        low, high = other.transport.delta_cosine_interval
        assert low - 1e-9 <= exact <= high + 1e-9
        assert other.to_dict()["delta_cosine_interval"] == [low, high]
    # the output's errors are those of backprop, a hidden layer's are not
    assert seen.layers[-1].transport.delta_cosine > 0.999 > seen.layers[0].transport.delta_cosine
