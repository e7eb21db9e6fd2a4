"""Thresholds that are chosen for a cosine: pilots against runs, and the pair against others."""

from typing import Any

import numpy as np
import pytest

from neurodiff import Model, ModelError, Simulation, open_run
from neurodiff.model_file import to_yaml
from neurodiff.plan import Plan
from neurodiff.plan.thresholds import choice, coding, pilot
from neurodiff.plan.thresholds.pilot import Pilot, Setting
from neurodiff.plan.thresholds.window import window
from neurodiff.plan.transmission import events
from tests.networks import chain, digraph
from tests.simulated import described, simulate

FROZEN = {"rule": "diffusion", "learning_rate": "0 Hz"}
LEARNS = {"rule": "diffusion", "learning_rate": "0.5 Hz"}
DRAWN = {"forward": {"uniform": ["1 ms", "4 ms"]}, "backward": {"uniform": ["1 ms", "3 ms"]}}
TONES = {"kind": "sinusoid", "frequency": "2 Hz", "amplitude": 1.0, "phase": "random"}
NOISE = {"kind": "noise", "time_constant": "20 ms", "sd": 1.0}


def pair(forward: float, error: float) -> dict[str, Any]:
    return {"kind": "events", "threshold": forward, "error_threshold": error}


def asking(cosine: float) -> dict[str, Any]:
    return {"kind": "events", "threshold": {"cosine": cosine}}


def setting(plan: Plan) -> Setting:
    return Setting(
        graph=plan.graph,
        latencies=plan.latencies,
        w=plan.w,
        bias=plan.bias,
        stimuli=plan.stimuli,
        loss=plan.model.loss,
        rule=plan.plasticity,
        average=1000,
    )


def compared(duration: str = "400 ms", **keys: Any) -> Model:
    """A chain of which all products are kept, unless it is long."""
    every = "10 ms" if duration.endswith(" s") else "1 ms"
    kept = {"validation": {"start": "0 ms", "every": every}, "record": {"products": "all"}}
    defaults = {"activation": "tanh", "plasticity": FROZEN, "run": {"duration": duration}}
    return chain([4, 9, 7, 3], **(kept | defaults | keys))


def skips(**keys: Any) -> Model:
    """Skips, a projection that is sparse, and an output that projects onward."""
    populations = {
        "u": {"size": 4, "role": "input"},
        "h": {"size": 8, "activation": "sigmoid"},
        "k": {"size": 6, "activation": "softplus"},
        "o": {"size": 3, "role": "output"},
        "p": {"size": 2, "role": "output"},
    }
    parts = [
        {"pre": "u", "post": "h", "connectivity": {"probability": 0.6}},
        {"pre": "h", "post": "k", "delay": {"forward": "3 ms", "backward": "2 ms"}},
        "u k",
        "k o",
        "h o",
        "o p",
    ]
    kept = {"validation": {"start": "0 ms", "every": "1 ms"}, "record": {"products": "all"}}
    keys = kept | {"plasticity": FROZEN, "run": {"duration": "400 ms"}} | keys
    return digraph(populations, parts, weights={"init": "normal", "sd": 0.7}, **keys)


MODELS = {
    "tones": compared(input=TONES),
    "noise": compared(input=NOISE, target={"kind": "teacher", "seed": 5}),
    "drawn delays": compared(input=TONES, delay=DRAWN),
    "cross-entropy": compared(input=NOISE, output_activation="sigmoid", loss="cross_entropy"),
    "skips": skips(input=TONES),
    "learning": compared(input=TONES, plasticity=LEARNS),
    "decay": skips(input=TONES, plasticity=LEARNS | {"weight_decay": "0.5 Hz"}),
}


def cosines(model: Model, transmission: dict[str, Any]) -> list[float]:
    """Between local products by events and graded ones, by projection."""
    run, graded = (simulate(model.replace(transmission=kind)) for kind in (transmission, "graded"))
    both = [one.recording["product"].values for one in (run, graded)]
    found = []
    for part in run.graph.projections:
        one, other = (products[:, part.synapses].ravel() for products in both)
        found.append(float(one @ other / np.sqrt((one @ one) * (other @ other))))
    return found


@pytest.mark.parametrize("name", MODELS)
def test_a_pilot_that_sees_every_step_is_the_run(name, monkeypatch):
    model, thresholds = MODELS[name], (0.03, 0.05)
    plan = Plan.of(model)
    run = simulate(model.replace(transmission=pair(*thresholds)))
    assert 0.02 < run.events.ratio < 0.8
    # sums are renewed once, at step 0, which reaches every synapse
    sent = run.events.synaptic_operations - plan.graph.n_synapses
    wrong = 1 - np.array(cosines(model, pair(*thresholds)))
    assert wrong.max() > 3e-4
    usual = Pilot(setting(plan)).run(*thresholds)
    assert usual.forward + usual.backward == pytest.approx(sent / plan.stimuli.steps, rel=0.15)
    np.testing.assert_allclose(usual.wrong, wrong, rtol=0.25)
    # weights move at every step
    monkeypatch.setattr(pilot, "_LEARNED", 1e-12)
    exact = Pilot(setting(plan)).run(*thresholds)
    assert exact.forward + exact.backward == pytest.approx(sent / plan.stimuli.steps, rel=1e-9)
    np.testing.assert_allclose(exact.wrong, wrong, rtol=0.02 if name == "drawn delays" else 2e-4)
    other = Pilot(setting(plan)).run(0.03, 0.051)
    assert not np.allclose(other.wrong, wrong, rtol=2e-3)


def test_what_activities_and_errors_send_by_hand():
    units = coding.Activities(1, threshold=0.3)
    x = np.array([[0.0], [0.5], [0.9], [1.1], [2.0], [1.95]])
    # .5 and 2 are sent as they are, .9, which moves on, a quarter of the threshold ahead
    ones = np.ones(3, dtype=np.int64)
    sent = [*units.send(x[:3], ones).ravel(), *units.send(x[3:], ones).ravel()]
    assert sent == pytest.approx([0.0, 0.5, 0.975, 0.975, 2.0, 2.0])
    assert units.times.tolist() == [3]
    errors = coding.Errors(2, threshold=0.15, average=1)
    delta = np.array([[1.0, 1.0], [1.2, 1.0], [1.2, 1.0], [1e-7, 1.0]])
    sent = np.vstack([errors.send(delta[:2], ones[:2]), errors.send(delta[2:], ones[:2])])
    # .2 is more than the threshold times the size of both, sqrt(1.22); 1e-7 counts as 0
    assert sent.tolist() == [[1.0, 1.0], [1.2, 1.0], [1.2, 1.0], [0.0, 1.0]]
    assert errors.times.tolist() == [3, 1]
    # a move of 5 thresholds between moments that are 100 or 2 steps apart
    for steps, times in ((100, 5), (2, 2)):
        units = coding.Activities(1, threshold=0.2)
        units.send(np.ones((1, 1)), np.full(1, steps))
        assert units.times == pytest.approx([times])


@pytest.mark.parametrize(
    ("steps", "keys", "stride", "count"),
    [
        # two periods of a tone of .01 Hz and steps of 1 ms are 200,000 steps
        (400_000, {"input": TONES | {"frequency": "0.01 Hz"}}, 125, 1600),
        (600, {"input": TONES | {"frequency": "0.01 Hz"}}, 1, 600),
        (50_000, {"input": NOISE}, 1, 1600),
    ],
)
def test_a_window_has_two_periods_of_a_slow_input_and_every_step_of_a_fast_one(
    steps, keys, stride, count
):
    plan = Plan.of(chain([4, 9, 7, 3], run={"duration": f"{steps} ms"}, **keys))
    found = window(plan.stimuli, plan.graph.n_units, settled=6)
    assert np.max(found.lasting) == pytest.approx(stride, abs=0.05 * stride)
    assert len(found.steps) == pytest.approx(count, abs=10)
    assert found.begins.tolist() == (np.cumsum(found.lasting) - found.lasting).tolist()
    # the first steps are seen one by one
    assert found.steps[:6].tolist() == list(range(6))
    assert found.earlier(0, slice(None)).tolist() == list(range(len(found.steps)))
    assert found.earlier(3, slice(2, 5)).tolist() == [-1, 0, 1]


def test_a_window_sees_the_beginning_of_each_presentation():
    class Stimulus:
        learning_steps, period = 40_000, 500
        rows = np.random.default_rng(1).normal(size=(80, 3))

        def at(self, steps):
            return self.rows[steps // 500]

        @property
        def input(self):
            return self

        target = input

    found = window(Stimulus(), n_units=30, settled=9)
    assert found.steps[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 500, 501]
    assert found.lasting[:11].tolist() == [1] * 9 + [491, 1]
    assert found.lasting.sum() == 40_000
    # what is late by 20 steps is from the end of the presentation before
    assert found.earlier(20, slice(10, 12)).tolist() == [9, 9]


@pytest.mark.parametrize("asked", [0.98, pytest.param(0.998, marks=pytest.mark.slow)])
def test_the_chosen_thresholds_have_the_cosine_and_larger_ones_have_not(asked):
    model = compared("2 s", input=TONES | {"frequency": "1 Hz"}, plasticity=LEARNS)
    plan = Plan.of(model.replace(transmission=asking(asked)))
    chosen = plan.transmission.chosen
    assert chosen.asked == asked <= chosen.cosine
    got = min(cosines(model, pair(chosen.forward, chosen.error)))
    assert got >= asked
    assert 1 - got == pytest.approx(1 - chosen.cosine, rel=0.25)
    coarse = min(cosines(model, pair(1.5 * chosen.forward, 1.5 * chosen.error)))
    assert coarse < asked


def test_no_pair_of_a_grid_is_much_cheaper():
    plan = Plan.of(compared("1 s", input=TONES))
    trial, asked = Pilot(setting(plan)), 0.99
    chosen = choice.choose(asked, setting(plan))

    def share(outcome) -> float:
        return (outcome.forward + outcome.backward) / (3 * plan.graph.n_synapses)

    assert chosen.share == pytest.approx(share(trial.run(chosen.forward, chosen.error)))
    grid = np.geomspace(0.4, 2.5, 5)
    pairs = [(chosen.forward * q, chosen.error * r) for q in grid for r in grid]
    outcomes = [trial.run(*one) for one in pairs]
    near = [share(one) for one in outcomes if one.cosine >= asked]
    assert chosen.share <= 1.5 * min(near)
    # thresholds of which one is far smaller have the cosine too, and cost more
    assert share(trial.run(chosen.forward / 6, chosen.error)) > 1.5 * min(near)


def test_where_hardly_anything_changes_thresholds_are_chosen_too():
    still = {"kind": "constant", "values": [2.0, -3.0, 2.0, 4.0]}
    plan = Plan.of(compared(input=still, activation="linear", transmission=asking(0.99)))
    chosen = plan.transmission.chosen
    assert chosen.cosine >= 0.99 and chosen.share < 0.01
    # targets that are reached leave no error
    zero = {"kind": "constant", "values": [0.0] * 4}, {"kind": "constant", "values": [0.0] * 3}
    none = compared(input=zero[0], target=zero[1], bias=False, transmission=asking(0.99))
    found = Plan.of(none).transmission.chosen
    assert (found.forward, found.error, found.cosine) == (1.0, 1.0, 1.0)


def test_signals_that_diverge_are_told():
    weights = {"init": "constant", "value": 40.0}
    fast = {"rule": "diffusion", "learning_rate": "900 Hz"}
    keys = {"activation": "linear", "weights": weights, "plasticity": fast}
    model = compared("300 ms", input=TONES, transmission=asking(0.9), **keys)
    with pytest.raises(ModelError, match="threshold: no thresholds have this cosine.*diverge"):
        Plan.of(model)


def test_a_run_keeps_what_was_chosen_as_numbers_and_does_not_choose_again(tmp_path, monkeypatch):
    model = compared(input=TONES, transmission=asking(0.99))
    run = Simulation(model, backend="numpy")
    chosen, kept_model = run.plan.transmission.chosen, run.model
    kept = kept_model.transmission
    assert (kept.threshold, kept.error_threshold.relative) == (chosen.forward, chosen.error)
    assert "threshold: {cosine" in to_yaml(model) and "threshold: {cosine" not in to_yaml(
        kept_model
    )
    said = "thresholds chosen for a cosine of 0.99 with graded transmission: "
    assert f"{said}{chosen.forward:g} for activities" in described(run)

    def again(*_):
        raise AssertionError("the thresholds are known")

    monkeypatch.setattr(events, "choose", again)
    with pytest.raises(AssertionError):
        Plan.of(model)
    run.run("200 ms").save(tmp_path / "run")
    longer = open_run(tmp_path / "run").run("200 ms")
    whole = Simulation(run.model, backend="numpy").run("400 ms")
    np.testing.assert_array_equal(longer.recording["x"], whole.recording["x"])
    assert longer.events == whole.events
