"""Products that are recorded as two factors: the figures are those of lists of all products."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, Simulation, validate
from neurodiff.plan import schedule
from neurodiff.plan.factors import have_factors
from neurodiff.validation.case import case_of
from neurodiff.validation.every_step import compare_every_step
from neurodiff.validation.gradient import Moments
from neurodiff.validation.report import GradientReport
from tests.simulator.kernel_library import Libraries, compiled_kernels
from tests.simulator.test_kernels import LEARNS, MODELS

#: Models whose products have factors; all other forms of connections have lists.
FACTORED = (
    "layers",
    "frozen",
    "leaky",
    "matched",
    "trace",
    "leaky trace",
    "direct",
    "kolen_pollack",
    "weight_mirror",
    "late",
)
REFERENCES = ("error_frame", "instantaneous", "delayed", "fixed_point")
#: Those that the quick tests try, too.
QUICK = ("layers", "trace", "direct")
every_model = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in FACTORED],
)


def model(name: str, **validation: Any) -> Model:
    late = {"plasticity": LEARNS | {"start": "31 ms"}}
    made = MODELS["layers"](**late) if name == "late" else MODELS[name]()
    asked = {"every": "3 ms", "start": "10 ms", "minimum_cosine": 0.5} | validation
    return made.replace(validation=asked, record={"products": "auto"})


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch):
    """Lets every network count as too large for lists, with or without room on the disk."""

    def set_large(*, room: bool = True) -> None:
        monkeypatch.setattr(schedule, "BUDGET", 0.0)
        monkeypatch.setattr(schedule, "DISK", 1e9 if room else 0.0)

    return set_large


def ran(made: Model) -> Simulation:
    return Simulation(made, backend="numpy").run()


def figures(report: GradientReport) -> dict[str, float]:
    """All numbers of a report by their place in it."""
    return dict(_flat(report.to_dict(), "")) | {
        f"over_time {name} {k}": float(value)
        for name, values in report.over_time.items()
        for k, value in enumerate(values.values.ravel())
    }


def _flat(part: Any, place: str) -> Iterator[tuple[str, float]]:
    children = part.items() if isinstance(part, dict) else enumerate(part)
    for name, value in children:
        if isinstance(value, dict | list):
            yield from _flat(value, f"{place}.{name}")
        elif isinstance(value, int | float) and name != "deviation":
            yield f"{place}.{name}", float(value)


def assert_same(got: GradientReport, want: GradientReport) -> None:
    one, other = figures(got), figures(want)
    assert one.keys() == other.keys() and len(one) > 50
    for name, value in other.items():
        # intervals end where nothing is left but rounding
        near = 1e-9 if "interval" in name else 1e-12
        assert one[name] == pytest.approx(value, rel=near, abs=near, nan_ok=True), name
    assert got.verdict == want.verdict


def test_large_networks_have_factors_and_small_ones_lists(large):
    small = ran(model("layers"))
    assert "product" in small.recording and "factors" not in small.recording
    large()
    assert {"product", "product_w"}.isdisjoint(ran(model("layers")).recording)
    large(room=False)
    kept = ran(model("layers")).recording
    assert "product" not in kept and kept["product_w"].shape[0] == kept["factors"].shape[0] == 40
    listed = ran(model("layers").replace(record={"products": "all"})).recording
    assert "product" in listed and "factors" not in listed


@pytest.mark.parametrize("name", ["drawn", "random drawn", "skips"])
def test_what_is_sparse_or_drawn_has_no_factors(name: str, large):
    large()
    simulation = ran(model(name))
    assert not have_factors(simulation.plan) and "product" in simulation.recording


@pytest.mark.parametrize("reference", REFERENCES)
@every_model
def test_factors_give_the_figures_of_lists(name: str, reference: str, large):
    made = model(name, reference=reference)
    want = validate(ran(made), "sampled")
    for room in (True, False):
        large(room=room)
        simulation = ran(made)
        assert "product" not in simulation.recording
        assert_same(validate(simulation, "sampled"), want)


@pytest.mark.parametrize("reference", ["error_frame", "instantaneous"])
@every_model
def test_every_step_of_factors_is_every_step_anew(name: str, reference: str, large):
    made = model(name, reference=reference)
    want = validate(ran(made), "every step")
    large()
    got = validate(ran(made), "every step")
    assert got.moments.replayed and not want.moments.replayed
    assert got.moments.deviation < 1e-13
    for one, other in zip((*got.layers, got.total), (*want.layers, want.total), strict=True):
        assert one.cosine == pytest.approx(other.cosine, rel=1e-10)
        assert one.relative_error == pytest.approx(other.relative_error, rel=1e-8)
        assert one.cosine_of_summed_update == pytest.approx(other.cosine_of_summed_update, rel=1e-9)


def test_factors_of_another_step_are_found_out(large):
    large()
    simulation = ran(model("layers"))
    factors = simulation.recording["factors"]
    want = validate(simulation, "sampled")
    late = simulation.recording.copy(deep=True)
    late["factors"] = factors.dims, np.roll(factors.values, 1, axis=0)
    case = case_of(simulation)._replace(recording=late)
    assert not compare_every_step(case).same
    got = validate_recording(simulation, late, "sampled")
    assert abs(got.total.cosine - want.total.cosine) > 1e-3
    scaled = simulation.recording.copy(deep=True)
    scaled["factors"] = factors.dims, factors.values * 1.01
    assert not compare_every_step(case_of(simulation)._replace(recording=scaled)).same
    assert compare_every_step(case_of(simulation)).same


def validate_recording(simulation: Simulation, recording: Any, how: Moments) -> GradientReport:
    from neurodiff.validation.gradient import validate_case

    return validate_case(case_of(simulation)._replace(recording=recording), how)


def test_figures_of_float32_are_those_of_its_products(large):
    large()
    made = model("layers")
    want = validate(ran(made), "every step")
    single = made.replace(run=made.run.replace(precision="float32"))
    got = validate(ran(single), "every step")
    assert got.moments.replayed and 1e-9 < got.moments.deviation < 1e-4
    assert got.total.cosine == pytest.approx(want.total.cosine, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["layers", "leaky trace", "direct"])
def test_compiled_kernels_record_the_same_factors(name: str, large, tmp_path, monkeypatch):
    large()
    want = ran(model(name)).recording["factors"].values
    with compiled_kernels(monkeypatch, Libraries(tmp_path)):
        got = ran(model(name)).recording["factors"].values
    assert got.shape == want.shape and np.abs(want).max() > 0.1
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)


@pytest.mark.slow
def test_a_program_keeps_the_factors_of_all_its_steps(large):
    large()
    made = model("layers")
    want = ran(made).recording["factors"].values
    got = Simulation(made, backend="cpp_standalone").run().recording["factors"].values
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
