"""The studies that are shipped: all run, and show in a small version what their texts say."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from ruamel.yaml import YAML

from neurodiff import Simulation, load_sweep, run_sweep, validate
from neurodiff.results.recording import answered_right
from neurodiff.sweeps.figures import save_sweep_figures

STUDIES = Path(__file__).parent.parent / "models" / "studies"
SWEEPS = sorted(
    path.stem for path in STUDIES.glob("*.yaml") if "neurodiff_sweep" in path.read_text()
)

#: How long each run of a small version is, where its axes do not say it.
DURATIONS = {
    "cortical_delays": "2.5 s",
    "delay_heterogeneity": "1 s",
    "directed_against_reversible": "2.1 s",
    "event_threshold": "1.5 s",
    "feedback_rules": "48 ms",
    "learning_rate_profile": "500 ms",
    "presentation_time": "48 ms",
    "recurrent_networks": "250 ms",
    "spikes_against_depth": "500 ms",
    "yin_yang": "200 ms",
}

#: What else makes a version small: with few test digits, testing is short.
SMALLER = dict.fromkeys(("feedback_rules", "presentation_time"), {"input.test_fraction": 0.02})
SMALLER["yin_yang"] = {"input.samples": 60}

#: Cosine of the first layer's update with the gradient: four seeds, L = 3, tanh (theory 3.1).
FIRST_LAYER = [1.00, 0.99, 0.97, 0.90, 0.79, 0.49, -0.36, -0.95]


def small(name: str, folder: Path) -> xr.Dataset:
    """Result of a study with two points of each axis, mostly the last, and one seed, on numpy."""
    study = YAML(typ="safe").load(STUDIES / f"{name}.yaml")
    study["model"] = str(STUDIES / study["model"])
    others = {key: value for key, value in study.get("set", {}).items() if "run" not in key}
    if name in DURATIONS:
        run = {"run": {"target": "numpy", "duration": DURATIONS[name]}}
    else:
        run = {"run.target": "numpy"}
    study["set"] = {**others, **run, **SMALLER.get(name, {})}
    # the last depths of one study take long, and the strongest loops of another do not settle
    first = ("speed_against_depth", "recurrent_networks")
    kept = slice(0, 2) if name in first else slice(-2, None)
    study["axes"] = {axis: two_of(points, kept) for axis, points in study["axes"].items()}
    study["seeds"] = 1
    file = folder / f"{name}.yaml"
    with file.open("w") as stream:
        YAML().dump(study, stream)
    with ThreadPoolExecutor(1) as executor:
        return run_sweep(load_sweep(file), folder / "sweep", executor=executor)


def two_of(points: dict, which: slice) -> dict:
    (form, all_points), *_ = points.items()
    kept = list(all_points)[which]
    return {form: {name: all_points[name] for name in kept} if form == "cases" else kept}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*more often than once a step:UserWarning")
@pytest.mark.parametrize("name", SWEEPS)
def test_a_small_version_of_each_study_runs_to_its_figures(name, tmp_path):
    result = small(name, tmp_path)
    failed = [error for error in result["error"].values.ravel() if "grew beyond" not in error]
    assert not any(failed)
    assert all(size == 2 for axis, size in result["error"].sizes.items() if axis != "seed")
    compared = "validation: none" not in (STUDIES / f"{name}.yaml").read_text()
    found = (
        result["cosine"].notnull().any("layer") if compared else result["test_accuracy"].notnull()
    )
    assert found.any() and (found | (result["error"] != "")).all()
    assert all(path.stat().st_size for path in save_sweep_figures(result, tmp_path))


def test_the_text_on_the_studies_shows_each_with_its_figure_and_command():
    text = (STUDIES / "README.md").read_text()
    for name in SWEEPS:
        assert f"neurodiff sweep models/studies/{name}.yaml" in text
        assert f"](figures/{name}.png)" in text and (STUDIES / "figures" / f"{name}.png").is_file()


@pytest.mark.slow
def test_a_yin_yang_needs_a_hidden_layer_and_one_that_learns():
    sweep = load_sweep(STUDIES / "yin_yang.yaml")
    right = {}
    for run in sweep.runs():
        if run.index[-1] == 0:
            recording = Simulation(run.model).run().recording
            tested = recording["tested"].values.astype(bool)
            right[run.index[0]] = answered_right(recording)[tested].mean()
    # published of backpropagation: 97.6 +- 1.5, 85.5 and 63.8 % (Kriener et al. 2022)
    learned, frozen, shallow = (right[case] for case in range(3))
    assert learned >= 0.95
    assert frozen == pytest.approx(0.855, abs=0.05) and shallow == pytest.approx(0.638, abs=0.04)
    assert learned > frozen + 0.05 > shallow + 0.1


@pytest.mark.slow
def test_each_layer_learns_below_its_own_limit_and_not_above():
    sweep = load_sweep(STUDIES / "learning_rate_profile.yaml")
    rates = [1000 * 2 * np.sin(np.pi / (2 * (4 * (5 - layer) + 1))) for layer in range(1, 6)]
    for run in sweep.runs():
        rate, layer, _ = run.index
        if rate // 2 == layer:  # 3 % below and above the limit of this layer
            below = sweep.axes["plasticity.learning_rate"][rate].coordinate < rates[layer]
            assert below == (rate % 2 == 0)
            simulation = Simulation(run.model)
            loss = simulation.run("1 s").recording["loss"]
            grown = float(loss[-100:].mean() / loss[:100].mean())
            assert grown < 0.5 if below else grown > 2


@pytest.mark.slow
def test_speed_against_depth_gives_the_cosines_of_the_theory():
    sweep = load_sweep(STUDIES / "speed_against_depth.yaml")
    cosines = np.zeros((8, 4))
    for run in sweep.runs():
        activation, depth, speed, seed = run.index
        if (activation, depth) == (0, 0):
            report = validate(Simulation(run.model).run())
            cosines[speed, seed] = report.layers[0].cosine
            assert report.layers[-1].cosine == pytest.approx(1)
    np.testing.assert_allclose(cosines.mean(axis=1), FIRST_LAYER, atol=0.03)
