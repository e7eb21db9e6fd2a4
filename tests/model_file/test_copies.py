"""Models made and changed in Python are checked like model files; none of it is taken unread."""

import numpy as np
import pytest

from neurodiff import Model, ModelError, Simulation, audit, run_sweep
from neurodiff.model_file.model import Plasticity

COMMON = {
    "layers": [4, 20, 20, 3],
    "input": {"kind": "sinusoid", "frequency": "2 Hz"},
    "target": {"kind": "teacher", "seed": 7},
    "duration": "200 ms",
}
LEARNING = {"rule": "diffusion", "learning_rate": "10 Hz"}


def moved(model: Model) -> float:
    """How far the weight that moves most comes in a run."""
    w = Simulation(model, backend="numpy").run().recording.w.values
    return float(np.abs(w[-1] - w[0]).max())


def test_a_rule_given_to_replace_is_the_rule_of_a_model_written_so():
    proper = Model.layered(**COMMON, plasticity=LEARNING)
    changed = Model.layered(**COMMON).replace(plasticity=LEARNING)
    assert changed == proper and isinstance(changed.plasticity, Plasticity)
    assert moved(changed) == pytest.approx(4.65e-2, rel=1e-2)
    assert moved(Model.layered(**COMMON)) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seeed": 3}, "seeed: unknown key `seeed`; did you mean `seed`?"),
        ({"learning_rate": "20 Hz"}, "learning_rate: unknown key `learning_rate`; write one of"),
        ({"seed": -1}, "seed: -1 is too small"),
        ({"time_step": 1e-3}, "time_step: 0.001 has no unit"),
        ({"plasticity": {"rule": "diffusoin"}}, "plasticity.rule: 'diffusoin' is not known"),
        ({"run": {"duration": "0.5 ms"}}, "run.duration: 0.5 ms is no multiple of the time step"),
        ({"input": None}, "input: missing"),
    ],
)
def test_replace_refuses_what_a_model_file_may_not_say(change, said):
    with pytest.raises(ModelError) as caught:
        Model.layered(**COMMON).replace(**change)
    assert str(caught.value).startswith(said)


def test_a_copy_with_changes_is_checked_like_a_replacement():
    model = Model.layered(**COMMON)
    assert model.model_copy(update={"plasticity": LEARNING}) == model.replace(plasticity=LEARNING)
    with pytest.raises(ModelError, match="did you mean `seed`"):
        model.model_copy(update={"seeed": 3})
    assert model.model_copy() == model


def test_a_part_is_replaced_like_a_model():
    rule = Model.layered(**COMMON, plasticity=LEARNING).plasticity
    assert rule.replace(learning_rate="20 Hz").learning_rate == 20
    with pytest.raises(ModelError, match="^learning_rat: unknown key .*`learning_rate`"):
        rule.replace(learning_rat="20 Hz")
    with pytest.raises(ModelError, match="^learning_rate: 20 has no unit"):
        rule.replace(learning_rate=20)
    model = Model.layered(**COMMON).replace(plasticity=rule, seed=None)
    assert model.plasticity == rule and model.seed == 1


def test_a_replaced_model_finds_its_files_and_the_first_model_stays(tmp_path):
    from neurodiff.model_file import from_mapping

    data = Model.layered(**COMMON).model_dump(mode="json", exclude_none=True)
    model = from_mapping(data, tmp_path)
    changed = model.replace(seed=5)
    assert changed.file("a.npz") == tmp_path / "a.npz"
    assert (model.seed, changed.seed) == (1, 5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"activaton": "relu"}, "activaton: unknown key .*did you mean `activation`"),
        ({"seeed": 2}, "seeed: unknown key .*did you mean `seed`"),
        ({"network": {"bias": False}}, "network: `layers` is given, too; write its keys as"),
        ({"layers": 5}, "network.layers: 5 is no list"),
        ({"layers": "4, 3"}, "network.layers: '4, 3' is no list"),
        ({"run": "2 s"}, "run: '2 s' is no mapping"),
        ({"duration": 2}, "run.duration: 2 has no unit"),
    ],
)
def test_layered_refuses_what_it_does_not_know(change, said):
    with pytest.raises(ModelError, match=f"^{said}"):
        Model.layered(**(COMMON | change))


def test_what_the_remedies_of_layered_say_is_taken():
    model = Model.layered(**COMMON, activation="relu", seed=2)
    assert model.network.activation == "relu" and model.seed == 2
    assert Model.layered(**(COMMON | {"layers": np.array([4, 3])})).network.layers == [4, 3]


@pytest.mark.parametrize("data", [None, 3, "neurodiff: 1", [1]])
def test_a_mapping_is_needed(data):
    with pytest.raises(ModelError, match="is no model; give a mapping"):
        Model.from_mapping(data)


def test_an_array_as_input_is_told_by_its_shape():
    with pytest.raises(ModelError) as caught:
        Model.layered(**(COMMON | {"input": np.zeros((1000, 4))}))
    message = str(caught.value)
    assert message.startswith("input: a list of the shape (1000, 4) is no mapping; write a mapping")
    assert "{kind: array, file: ...}, see numpy.save" in message and len(message) < 250


def test_words_are_known_in_capitals_too():
    for wrong, right in (("ReLU", "relu"), ("Tanh", "tanh"), ("SIGMOID", "sigmoid")):
        with pytest.raises(ModelError, match=f"'{wrong}' is not known; did you mean `{right}`?"):
            Model.layered(**COMMON, activation=wrong)
        Model.layered(**COMMON, activation=right)


@pytest.mark.parametrize("what", [COMMON, "model.yaml", None])
def test_what_is_no_model_is_not_simulated(what, tmp_path):
    for public in (Simulation, audit):
        with pytest.raises(ModelError, match=r"is no model; make one with neurodiff.load\(path\)"):
            public(what)
    with pytest.raises(ModelError, match=r"is no sweep; load it with neurodiff.load_sweep"):
        run_sweep(what, tmp_path / "out")
    Simulation(Model.layered(**COMMON))
