"""The figures of the report, worked out by hand; and the references, worked out another way."""

import numpy as np
import pytest

from neurodiff import Model, Simulation, SimulationError, validate
from neurodiff.reference.backprop import backprop, products
from neurodiff.reference.outer import Listed
from neurodiff.validation.report import LayerReport, exact_from, over_time
from neurodiff.validation.report import compare as compare_all
from neurodiff.validation.verdict import judge
from tests.networks import Floats, chain, digraph, random_digraph
from tests.simulated import EVERY_STEP, simulate

G = np.array([[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]])
TRUTH = np.array([[3.0, 4.0], [0.0, 1.0], [-1.0, 0.0]])
ALWAYS = np.array([True, True, True])


def compare(name: str, g: Floats, truth: Floats, window: np.ndarray) -> LayerReport:
    """Of one projection, at some of the moments."""
    return compare_all([Listed(g[window])], [Listed(truth[window])], [name, "total"])[0]


def test_means_are_weighted_by_the_norms():
    report = compare("layer", G, TRUTH, ALWAYS)
    # <g, g*> = 25, 2, -1; |g| |g*| = 25, 2, 1
    assert report.cosine == pytest.approx(26 / 28)
    # |g - g*| = 0, 1, 2; |g*| = 5, 1, 1; |g| = 5, 2, 1
    assert report.relative_error == pytest.approx(3 / 7)
    # cosines 1, 1, -1 and relative errors 0, 1, 2
    assert report.mean_cosine == pytest.approx(1 / 3)
    assert report.mean_relative_error == pytest.approx(1)
    assert report.norm_ratio == pytest.approx(8 / 7)
    # sizes of g* that agree in sign: 3, 4, 1 (and two zeros); the last -1 does not
    assert report.sign_agreement == pytest.approx(8 / 9)
    # sums (4, 6) and (2, 5)
    assert report.cosine_of_summed_update == pytest.approx(38 / np.sqrt(52 * 29))


def test_only_the_window_counts():
    report = compare("layer", G, TRUTH, np.array([True, False, False]))
    assert (report.cosine, report.relative_error, report.norm_ratio) == (1, 0, 1)


@pytest.mark.filterwarnings("ignore::UserWarning")  # delays that outlast the run
def test_a_run_without_a_moment_that_counts_fails_and_says_why():
    report = validate(simulate(chain([2, 1], delay="50 ms")))
    assert report.verdict == "failed" and report.asked == "there is nothing to compare in layer1"
    assert "layer1: no moment after validation.start; run longer" in report.summary()
    assert "moments: none; " in report.summary()


def test_a_layer_without_a_gradient_reports_null_and_why():
    report = compare("layer", G, np.zeros_like(G), ALWAYS)
    assert report.cosine is report.relative_error is report.norm_ratio is None
    # |g| = 5, 2, 1
    assert report.to_dict()["why"] == (
        "the reference gradient is zero throughout, but its update is not: "
        "its norm is 2.667 on average"
    )
    still = compare("layer", np.zeros_like(G), np.zeros_like(G), ALWAYS)
    assert still.still and still.cosine is None and not report.still


def test_a_layer_that_diverged_says_so():
    report = compare("layer", G + np.inf, TRUTH, ALWAYS)
    assert report.cosine is None and "lower plasticity.learning_rate" in report.why


def test_each_time_has_its_own_figures():
    found = over_time(Listed(G), Listed(TRUTH))
    np.testing.assert_allclose(found["cosine"], [1, 1, -1])
    np.testing.assert_allclose(found["relative_error"], [0, 1, 2])
    np.testing.assert_allclose(found["norm_ratio"], [1, 2, 1])
    assert np.isnan(over_time(Listed(G), Listed(np.zeros_like(G)))["cosine"]).all()


def test_exact_from_is_the_first_step_after_the_last_that_was_not():
    steps = np.array([0, 5, 10])
    assert exact_from(Listed(TRUTH), Listed(TRUTH), steps) == 0
    assert exact_from(Listed(np.vstack([G[1], TRUTH[1:]])), Listed(TRUTH), steps) == 5
    assert exact_from(Listed(G), Listed(TRUTH), steps) is None
    assert exact_from(Listed(TRUTH * (1 + 1e-11)), Listed(TRUTH), steps) is None


def moving(reference: str, **keys: object) -> Model:
    """A chain with unequal delays, two outputs, a moving input and target."""
    return chain(
        [2, 3, 3, 2],
        delay={"forward": "2 ms", "backward": "3 ms"},
        input={"kind": "sinusoid", "frequency": "20 Hz"},
        target={"kind": "teacher", "seed": 5},
        run={"duration": "60 ms"},
        **{**EVERY_STEP, "validation": {"every": "1 ms", "reference": reference}},
        **keys,
    )


def gradients(simulation: Simulation, ages: list[int], w: Floats, bias: Floats) -> Floats:
    """Backprop (steps, synapses) for each layer's input of `age` steps ago."""
    graph = simulation.graph
    truth = np.empty((simulation.plan.stimuli.steps, graph.n_synapses))
    for step in range(simulation.plan.stimuli.steps):
        for part, age in zip(graph.projections, ages, strict=True):
            frame = np.array([max(step - age, 0)])
            u, y = simulation.plan.stimuli.input.at(frame), simulation.plan.stimuli.target.at(frame)
            found = backprop(graph, w[step], bias[step], u, y, simulation.model.loss)
            own = part.synapses
            truth[step, own] = products(graph, found.x, found.delta, own)
    return truth


@pytest.mark.parametrize(
    ("reference", "ages"),
    # F_3 = 6, R = 6, 3, 0
    [("error_frame", [12, 9, 6]), ("instantaneous", [0, 0, 0])],
)
def test_the_references_are_backprop_for_the_input_they_name(reference: str, ages: list[int]):
    rule = {"rule": "diffusion", "learning_rate": "20 Hz"}
    simulation = simulate(moving(reference, plasticity=rule))
    recording, report = simulation.recording, validate(simulation)
    w, bias = recording["w"].values, np.nan_to_num(recording["bias"].values)
    truth = gradients(simulation, ages, w, bias)
    window = np.arange(60) >= 12  # by default from F_3 + R_1 on
    for part, layer in zip(simulation.graph.projections, report.layers, strict=True):
        own = part.synapses
        by_hand = compare(part.name, recording["product"].values[:, own], truth[:, own], window)
        assert layer.cosine == pytest.approx(by_hand.cosine, rel=1e-12)
        assert layer.relative_error == pytest.approx(by_hand.relative_error, rel=1e-9)
        assert layer.cosine < 0.9999 or (reference, part.name) == ("error_frame", "layer3")


def test_against_the_delayed_waves_everything_is_exact_while_it_learns():
    rule = {"rule": "diffusion", "learning_rate": "20 Hz", "weight_decay": "1 Hz", "start": "9 ms"}
    keys = {**EVERY_STEP, "validation": {"every": "7 ms", "start": "0 ms", "reference": "delayed"}}
    model = random_digraph(np.random.default_rng(3), plasticity=rule, **keys)
    report = validate(simulate(model))
    assert report.passed and report.reference == "delayed"
    assert report.total.relative_error <= 1e-12


def test_bounds_decide():
    loose = {"every": "1 ms", "minimum_cosine": -1}
    strict = {"every": "1 ms", "minimum_cosine": 0.99999}
    tight = {"every": "1 ms", "minimum_cosine": -1, "maximum_relative_error": 1e-3}
    verdicts = []
    for bounds in (loose, strict, tight):
        model = moving("error_frame")
        data = model.model_dump(mode="json", exclude_none=True) | {"validation": bounds}
        verdicts.append(validate(simulate(Model.from_mapping(data))).passed)
    assert verdicts == [True, False, False]


def test_a_layer_without_gradient_passes_only_if_it_stays_and_a_diverged_one_never():
    finite, huge, zero = np.ones((3, 2)), np.full((3, 2), 1e300), np.zeros((3, 2))
    model = chain([2, 1], validation={"minimum_cosine": -1})
    good = compare("good", finite, finite, ALWAYS)
    still, moving = (compare(f"{k}", g, zero, ALWAYS) for k, g in enumerate((zero, finite)))
    diverged = compare("diverged", huge, huge, ALWAYS)
    assert "diverged" in diverged.why
    assert judge((good, still), model).word == judge((still,), model).word == "passed"
    for bad in (moving, diverged):
        assert judge((good, bad), model).word == judge((bad,), model).word == "failed"
    assert "its mean norm is 1.414 in 1" in judge((good, moving), model).asked


def test_a_layer_that_moves_where_the_gradient_is_zero_does_not_pass():
    """Random feedback tells the hidden units of errors that their output weights do not make."""
    silent = {"weights": {"init": "constant", "value": 0}}
    populations = {
        "in": {"size": 2, "role": "input"},
        "a": {"size": 3, "activation": "tanh"},
        "out": {"size": 2, "role": "output", "activation": "linear", "bias": False},
    }
    projections = ["in a", {"pre": "a", "post": "out", **silent}]
    feedback = {"rule": "random", "weights": {"init": "constant", "value": 1.0}}
    rule = {"rule": "diffusion", "learning_rate": "0 Hz"}
    keys = {"input": {"kind": "constant", "values": [0.4, 0.8]}, "plasticity": rule}
    model = digraph(populations, projections, feedback=feedback, **keys)
    simulation = simulate(model)
    report = validate(simulation)
    # delta_a = sigma'(a) (x - y) b summed over both outputs, whose x is 0
    product = simulation.recording["product"].values[-1, :6]
    assert report.layers[0].update_norm == pytest.approx(np.linalg.norm(product), rel=1e-12)
    assert not report.passed and f"{report.layers[0].update_norm:.4g} in in_to_a" in report.asked
    assert report.layers[0].exact_from_step is report.layers[0].predicted_exact_step is None

    symmetric = validate(simulate(digraph(populations, projections, **keys)))
    assert symmetric.passed and symmetric.layers[0].update_norm == 0
    assert symmetric.layers[1].predicted_exact_step == 2
    rows = symmetric.table().splitlines()
    assert rows[1].split() == ["in_to_a", *"-" * 7] and rows[2].split()[-2:] == ["2", "2"]


def test_a_network_at_its_target_passes():
    keys = {"weights": {"init": "constant", "value": 0}, "bias": False, "activation": "tanh"}
    report = validate(
        simulate(chain([2, 3, 1], target={"kind": "constant", "values": [0]}, **keys))
    )
    assert report.passed and report.total.cosine is None
    off = validate(
        simulate(chain([2, 3, 1], target={"kind": "constant", "values": [1e-3]}, **keys))
    )
    # hidden units are 0, and so are the gradients of all weights
    assert off.passed


@pytest.mark.parametrize("nothing", [None, chain([2, 1]), 3])
def test_what_is_no_run_cannot_be_validated(nothing: object):
    with pytest.raises(SimulationError, match="give a Simulation that has run"):
        validate(nothing)
