"""What is said beside a verdict."""

import warnings
from typing import Any

import pytest

from neurodiff import Model, Simulation
from neurodiff.validation import report_run
from tests.networks import chain, digraph
from tests.simulated import described, simulate

RULE = {"rule": "diffusion", "learning_rate": "1 Hz"}
FIXED = digraph(
    {"in": {"size": 1, "role": "input"}, "out": {"size": 1, "role": "output"}},
    [{"pre": "in", "post": "out", "plastic": False}],
    plasticity=RULE,
)


def notes(model: Model) -> list[str]:
    """Last lines of the summary."""
    lines = report_run(simulate(model)).summary().splitlines()
    return [line for line in lines if line.startswith("note: ")]


@pytest.mark.parametrize(
    ("model", "why", "shown"),
    [
        (chain([2, 3, 1]), "the model has no plasticity rule", "no (no plasticity rule)"),
        (
            chain([2, 3, 1], plasticity=RULE | {"learning_rate": "0 Hz"}),
            "`plasticity.learning_rate` is 0",
            "no (learning rate 0)",
        ),
        (FIXED, "every projection is `plastic: false`", "no (plastic: false)"),
    ],
)
def test_that_nothing_moves_is_said(model: Model, why: str, shown: str):
    text = "the local products were compared all the same"
    assert notes(model) == [f"note: no weight moved: {why}; {text}"]
    text = described(Simulation(model, backend="numpy"))
    assert shown in text and " yes" not in text


@pytest.mark.filterwarnings("ignore::UserWarning")  # delays that outlast the run
def test_a_run_shorter_than_the_first_error_says_so():
    keys: dict[str, Any] = {"plasticity": RULE, "delay": "10 ms", "duration": "10 ms"}
    report = report_run(
        simulate(chain([1, 1, 1], bias=False, validation={"start": "0 ms"}, **keys))
    )
    assert any("the run ended after 10 steps" in caution for caution in report.cautions)
    assert report.to_dict()["cautions"] == list(report.cautions)


def test_a_run_that_learns_well_has_nothing_said_beside_it():
    model = chain([2, 3, 1], plasticity=RULE)
    assert notes(model) == [] and "cautions" not in report_run(simulate(model)).to_dict()
    assert " yes" in described(Simulation(model, backend="numpy"))


def test_saturation_and_a_learning_rate_above_the_ceiling_are_said():
    keys: dict[str, Any] = {"activation": "tanh", "validation": {"minimum_cosine": -1}}
    large = chain([2, 4, 1], weights={"init": "constant", "value": 20.0}, bias=False, **keys)
    unequal = {"kind": "constant", "values": [0.5, -0.1]}
    data = large.model_dump(mode="json", exclude_none=True) | {"input": unequal}
    said = report_run(simulate(Model.from_mapping(data))).cautions
    assert any("4 of 4 units of `hidden1` are saturated" in caution for caution in said)
    fast = chain([2, 4, 1], plasticity=RULE | {"learning_rate": "900 Hz"}, **keys)
    assert any("above the ceiling" in part for part in report_run(simulate(fast)).cautions)


@pytest.mark.parametrize(("weight", "saturated"), [(0.1, False), (-9.0, True)])
def test_spiking_neurons_are_saturated_only_where_they_hardly_answer(weight, saturated):
    spikes = {"kind": "spikes", "neuron": "lif", "maximum_rate": "200 Hz"}
    model = chain(
        [2, 4, 1],
        activation="lif",
        weights={"init": "constant", "value": weight},
        transmission=spikes | {"synaptic_time_constant": "10 ms"},
        input={"kind": "constant", "values": [0.5, 0.5]},
        plasticity=RULE,
    )
    with warnings.catch_warnings():
        # no error passes neurons that are silent
        warnings.simplefilter("ignore")
        said = report_run(simulate(model)).cautions
    assert any("are saturated" in caution for caution in said) == saturated


def test_updates_many_times_the_gradient_are_said():
    strong = {"rule": "random", "weights": {"init": "constant", "value": 50.0}}
    report = report_run(simulate(chain([2, 3, 1], feedback=strong, activation="tanh")))
    said = [part for part in report.cautions if "many times as large" in part]
    assert len(said) == 1 and "in layer1" in said[0] and "layer2" not in said[0]


def test_paths_of_several_lengths_are_told_where_the_reference_takes_one():
    tone = {"kind": "sinusoid", "frequency": "2 Hz"}
    sizes = {"in": ("input", 1), "a": ("hidden", 2), "out": ("output", 1)}
    populations = {name: {"size": size, "role": role} for name, (role, size) in sizes.items()}
    keys: dict[str, Any] = {"plasticity": RULE, "input": tone}
    skips = digraph(populations, ["in a", "a out", "in out"], **keys)
    (note,) = (line for line in notes(skips) if "several lengths" in line)
    assert "to `out`" in note
    chained = digraph(populations, ["in a", "a out"], **keys)
    assert not [line for line in notes(chained) if "several lengths" in line]
