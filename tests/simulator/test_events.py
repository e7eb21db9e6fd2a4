"""Networks that send events: against graded ones, a dense twin, and numbers worked out by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import brian2 as b2
import numpy as np
import pytest
from numpy.typing import NDArray

from neurodiff import Model, Simulation
from neurodiff.simulator.backends.execution import machine_code
from neurodiff.simulator.order import ARRIVE, OBSERVE, SEND
from neurodiff.simulator.transmission.arrival import AtSender, AtSynapse, arrival
from tests.twins.event_twin import Rule, Train, dense_steps, last_sent
from tests.networks import chain, digraph, random_digraph
from tests.simulated import EVERY_STEP, deviations, furthest, moved, reference_waves, simulate

Floats = NDArray[np.float64]
Delay = str | Mapping[str, Any]

ALL_CHANGES = {"kind": "events", "threshold": 0.0, "error_threshold": 0.0}
SOME_CHANGES = {"kind": "events", "threshold": 0.03, "error_threshold": 0.03}

#: The signals are not recorded but observed.
SOME_WEIGHTS = {"record": {"signals": "none", "weights": "7 ms"}}


class Observed(NamedTuple):
    """A run on numpy, what its units have sent, and what they were like at every step.

    The signals are arrays (steps, n_units), without the inputs but for `x`. The weights `w` are
    those of the recorded steps and those at the end.
    """

    simulation: Simulation
    sent_x: Train
    sent_delta: Train
    x: Floats
    delta: Floats
    drive: Floats
    feedback: Floats
    bias: Floats
    w: Floats

    @property
    def n_inputs(self) -> int:
        return self.simulation.graph.n_inputs

    @property
    def steps(self) -> int:
        return self.simulation.plan.stimuli.steps

    @property
    def weights_every(self) -> int:
        return self.simulation.plan.schedule.weights.every

    @property
    def events(self) -> int:
        return len(self.sent_x.step) + len(self.sent_delta.step)


def observe(model: Model) -> Observed:
    """Run a model; its sums are looked at when all has arrived and nothing is learned yet."""
    simulation = Simulation(model, backend="numpy")
    n_inputs = simulation.graph.n_inputs
    with machine_code("numpy") as run:
        built = simulation.build()
        units = b2.StateMonitor(built.units, ["x", "feedback"], record=True, **OBSERVE.when)
        errors = b2.StateMonitor(
            built.errors, ["delta", "drive", "bias"], record=True, **OBSERVE.when
        )
        sent_x, sent_delta = (
            b2.EventMonitor(group, "change", ["sent"], **SEND.after().when)
            for group in (built.units, built.errors)
        )
        built.network.add(units, errors, sent_x, sent_delta)
        run(built, simulation.plan.stimuli.steps, lambda fraction: None)
        recorded = built.synapses.recorded("weights", "w")
        return Observed(
            simulation,
            train(sent_x, built.clock),
            train(sent_delta, built.clock, first=n_inputs),
            x=np.array(units.x).T,
            delta=np.array(errors.delta).T,
            drive=np.array(errors.drive).T,
            feedback=np.array(units.feedback).T[:, n_inputs:],
            bias=np.array(errors.bias).T,
            w=np.vstack([recorded, built.synapses.weights()]),
        )


def train(monitor: b2.EventMonitor, clock: b2.Clock, first: int = 0) -> Train:
    """The events of a group whose first element is the unit `first`."""
    steps = np.rint(np.array(monitor.t / clock.dt)).astype(np.int64)
    return Train(steps, np.array(monitor.i[:]) + first, np.array(monitor.sent[:]))


def listed(events: Train) -> list[tuple[int, int, float]]:
    """Step, unit and value of each event."""
    return list(zip(*(part.tolist() for part in events), strict=True))


def deviations_from_twin(seen: Observed) -> dict[str, float]:
    """Largest relative deviation of weights and sums from the dense twin over all steps."""
    simulation, rule = seen.simulation, seen.simulation.plan.plasticity
    twin = list(
        dense_steps(
            simulation.graph,
            simulation.plan.w,
            simulation.plan.bias,
            seen.sent_x,
            seen.sent_delta,
            Rule(rule.learning_rate, rule.weight_decay, rule.start, rule.stop),
            seen.steps + 1,
        )
    )
    kept = [*twin[: seen.steps : seen.weights_every], twin[-1]]
    found = {"w": furthest(seen.w, np.array([step.w for step in kept]))}
    for name in ("drive", "feedback", "bias"):
        want = np.array([getattr(step, name)[seen.n_inputs :] for step in twin[:-1]])
        found[name] = furthest(getattr(seen, name), want)
    return found


def random_network(seed: int, duration: str) -> Model:
    """Random delays for each synapse both ways, fast sinusoids; weights decay where `seed` is odd.

    A part of the changes is sent.
    """
    decay = {"weight_decay": "0.5 Hz"} if seed % 2 else {}
    return random_digraph(
        np.random.default_rng(seed),
        transmission=SOME_CHANGES,
        plasticity={"rule": "diffusion", "learning_rate": "2 Hz", "start": "20 ms", **decay},
        input={"kind": "sinusoid", "frequency": ["13 Hz", "21 Hz", "34 Hz"]},
        run={"duration": duration},
        **SOME_WEIGHTS,
    )


# where every change is sent ----------------------------------------------------------------------


def wild(**keys: Any) -> Model:
    """Skips, sparse projections that partly do not learn, random delays both ways."""
    return random_digraph(np.random.default_rng(1), **(EVERY_STEP | keys))


def deep(**keys: Any) -> Model:
    """A chain with random delays both ways, driven by noise."""
    return chain(
        [3, 4, 5, 4, 2],
        delay={"forward": {"uniform": ["1 ms", "5 ms"]}, "backward": {"normal": ["3 ms", "1 ms"]}},
        input={"kind": "noise", "time_constant": "5 ms", "sd": 1.0},
        **(EVERY_STEP | keys),
    )


@pytest.mark.parametrize("build", [wild, deep])
def test_sending_every_change_is_graded_transmission_for_2000_steps(build: Callable[..., Model]):
    simulation = simulate(
        build(
            transmission=ALL_CHANGES,
            plasticity={"rule": "diffusion", "learning_rate": "5 Hz", "weight_decay": "0.1 Hz"},
            run={"duration": "2 s"},
        )
    )
    assert moved(simulation) >= 0.1
    found = deviations(simulation)
    assert max(found.values()) <= 1e-9, found


@pytest.mark.slow
def test_compiled_sending_of_every_change_is_graded_transmission():
    simulation = simulate(
        wild(
            transmission=ALL_CHANGES,
            plasticity={"rule": "diffusion", "learning_rate": "5 Hz", "weight_decay": "0.2 Hz"},
            run={"duration": "300 ms"},
            # weights are kept with the products: each monitor would be compiled
            record={"signals": "1 ms", "weights": "none", "events": "none"},
        ),
        "cpp_standalone",
    )
    assert moved(simulation) >= 0.1
    recording, own = simulation.recording, slice(simulation.graph.n_inputs, None)
    waves = reference_waves(simulation)
    found = {
        "x": furthest(recording["x"].values, np.array([wave.x for wave in waves])),
        "delta": furthest(
            recording["delta"].values[:, own], np.array([wave.delta[own] for wave in waves])
        ),
        "product": furthest(
            recording["product"].values, np.array([wave.product for wave in waves])
        ),
        "w": furthest(recording["product_w"].values, np.array([wave.w for wave in waves])),
        "bias": furthest(
            recording["product_bias"].values[:, own], np.array([wave.bias[own] for wave in waves])
        ),
    }
    assert max(found.values()) <= 1e-10, found


# delays: one for all synapses of a unit, or one for each synapse ---------------------------------

ANY: Delay = {"uniform": ["1 ms", "4 ms"]}

delays = pytest.mark.parametrize(
    "delay",
    [
        {"forward": "1 ms", "backward": "1 ms"},
        {"forward": "3 ms", "backward": "1 ms"},
        {"forward": "1 ms", "backward": "2 ms"},
        {"forward": "4 ms", "backward": "3 ms"},
        {"forward": "3 ms", "backward": ANY},
        {"forward": ANY, "backward": "1 ms"},
        {"forward": ANY, "backward": "2 ms"},
        {"forward": ANY, "backward": ANY},
    ],
    ids=lambda delay: " ".join("any" if part == ANY else part for part in delay.values()),
)
rules = pytest.mark.parametrize(
    "rule",
    [
        {"rule": "none"},
        {"rule": "diffusion", "learning_rate": "10 Hz", "start": "30 ms"},
        {"rule": "diffusion", "learning_rate": "10 Hz", "weight_decay": "1 Hz"},
    ],
    ids=["frozen", "learning", "decay"],
)


def skipping(delay: Mapping[str, Delay], rule: Mapping[str, str], **keys: Any) -> Model:
    """u -> h -> g -> o and u -> g; the synapses from h to g do not learn."""
    populations = {
        "u": {"size": 3, "role": "input"},
        "h": {"size": 4},
        "g": {"size": 3, "activation": "softplus", "bias": False},
        "o": {"size": 2, "role": "output", "activation": "linear"},
    }
    return digraph(
        populations,
        ["u h", {"pre": "h", "post": "g", "plastic": False}, "u g", "g o"],
        delay=delay,
        plasticity=rule,
        input={"kind": "sinusoid", "frequency": ["13 Hz", "21 Hz", "34 Hz"]},
        target={"kind": "teacher", "seed": 1},
        run={"duration": "200 ms"},
        **keys,
    )


@delays
@rules
def test_sending_every_change_is_graded_transmission_with_any_delays(
    delay: Mapping[str, Delay], rule: Mapping[str, str]
):
    simulation = simulate(skipping(delay, rule, transmission=ALL_CHANGES, **EVERY_STEP))
    assert moved(simulation) >= (0 if rule["rule"] == "none" else 0.05)
    found = deviations(simulation)
    assert max(found.values()) <= 1e-10, found


@delays
def test_sums_and_weights_are_those_of_the_dense_twin_with_any_delays(delay: Mapping[str, Delay]):
    rule = {"rule": "diffusion", "learning_rate": "10 Hz", "weight_decay": "1 Hz"}
    seen = observe(skipping(delay, rule, transmission=SOME_CHANGES, **SOME_WEIGHTS))
    found = deviations_from_twin(seen)
    assert max(found.values()) <= 1e-10, found


def test_units_may_differ_in_the_delay_that_all_their_synapses_share():
    """Each unit has synapses of one delay in each direction, and the units have different ones."""
    populations = {
        "u": {"size": 2, "role": "input"},
        "v": {"size": 2, "role": "input"},
        "h": {"size": 3},
        "o": {"size": 2, "role": "output"},
    }
    connections = [
        {"pre": "u", "post": "h", "delay": {"forward": "4 ms", "backward": "3 ms"}},
        {"pre": "v", "post": "h", "delay": {"forward": "1 ms", "backward": "3 ms"}},
        # nothing comes back to inputs: this backward delay may be another than that of h -> o
        {"pre": "v", "post": "o", "delay": {"forward": "1 ms", "backward": "5 ms"}},
        {"pre": "h", "post": "o", "delay": {"forward": "2 ms", "backward": "1 ms"}},
    ]
    keys: dict[str, Any] = {
        "plasticity": {"rule": "diffusion", "learning_rate": "10 Hz"},
        "input": {"kind": "sinusoid", "frequency": "20 Hz"},
        "run": {"duration": "200 ms"},
    }
    simulation = simulate(
        digraph(populations, connections, transmission=ALL_CHANGES, **keys, **EVERY_STEP)
    )
    assert max(deviations(simulation).values()) <= 1e-10
    seen = observe(
        digraph(populations, connections, transmission=SOME_CHANGES, **keys, **SOME_WEIGHTS)
    )
    assert max(deviations_from_twin(seen).values()) <= 1e-10


@pytest.mark.parametrize(
    ("lags", "kept"),
    [
        ([1, 1, 1, 1], AtSender),
        ([3, 3, 3, 3], AtSender),
        ([2, 2, 5, 5], AtSender),
        ([2, 2, 5, 9], AtSender),  # the last synapse does not count
        ([2, 3, 5, 5], AtSynapse),
    ],
)
def test_what_has_arrived_is_kept_by_the_sender_where_its_delays_are_equal(
    lags: list[int], kept: type
):
    sender, counts = np.array([0, 0, 1, 1]), np.array([True, True, True, False])
    assert type(arrival("x", "pre", ARRIVE, 2, sender, np.array(lags), counts)) is kept


# the dense twin ----------------------------------------------------------------------------------


# 11 draws eighteen synapses, which have too little to say
@pytest.mark.parametrize("seed", [seed for seed in range(21) if seed != 11])
def test_sums_and_weights_are_those_of_the_dense_twin(seed: int):
    seen = observe(random_network(seed, "1200 ms"))
    n_units = seen.simulation.graph.n_units
    assert 10_000 <= seen.events <= 0.8 * seen.steps * (2 * n_units - seen.n_inputs)
    assert np.linalg.norm(seen.w[-1] - seen.w[0]) >= 0.03 * np.linalg.norm(seen.w[0])
    found = deviations_from_twin(seen)
    assert max(found.values()) <= 1e-10, found


@pytest.mark.slow
def test_nothing_drifts_in_ten_times_as_many_steps():
    seen = observe(random_network(6, "12 s"))
    assert seen.events >= 100_000
    found = deviations_from_twin(seen)
    assert max(found.values()) <= 1e-10, found


@pytest.mark.parametrize("delay", ["1 ms", ANY], ids=["1 ms", "any"])
def test_nothing_is_learned_in_the_test_phase(tmp_path: Path, delay: Delay):
    path = tmp_path / "frames.npz"
    frames = np.random.default_rng(0).random((5, 3))
    np.savez(path, frames=frames, labels=np.array([0, 1, 1, 0, 1]))
    shown = {"kind": "frames", "dataset": str(path), "hold": "20 ms", "crossfade": "5 ms"}
    model = chain(
        [3, 4, 2],
        transmission=SOME_CHANGES,
        delay=delay,
        plasticity={"rule": "diffusion", "learning_rate": "20 Hz", "weight_decay": "1 Hz"},
        input={**shown, "test_fraction": 0.4},
        target={"kind": "labels"},
        run={"epochs": 5},
        **SOME_WEIGHTS,
    )
    seen = observe(model)
    learned = seen.simulation.plan.stimuli.learning_steps
    assert (seen.sent_delta.step > learned).any()
    late = seen.w[-(-learned // seen.weights_every) :]
    assert len(late) > 5 and np.linalg.norm(late[0] - seen.w[0]) > 0.1
    assert_still(late)
    found = deviations_from_twin(seen)
    assert max(found.values()) <= 1e-10, found


# by hand -----------------------------------------------------------------------------------------


def by_hand(path: Path, u: list[float]) -> dict[str, Any]:
    """Linear units, input u(t), and what the two examples have in common."""
    np.save(path / "u.npy", np.array(u)[:, None])
    return {
        "activation": "linear",
        "bias": False,
        "plasticity": {"rule": "diffusion", "learning_rate": "125 Hz"},
        "input": {"kind": "array", "file": str(path / "u.npy"), "interval": "1 ms"},
        "run": {"duration": f"{len(u)} ms"},
        "record": {"signals": "none", "weights": "1 ms"},
    }


def test_two_units_by_hand(tmp_path: Path):
    """u -> o with a delay of 2, target 1/4, eta 1/8; x is sent beyond 1/2, delta beyond 0.2.

    At t = 3 u moves on by less than twice the threshold and is sent a quarter of it ahead, as 2.

    ====  ======  ============  =====  =====  =====  =====================
       t       u  u at synapse      w      o  delta  delta sent
    ====  ======  ============  =====  =====  =====  =====================
       0       0             0    1/2      0   -1/4  -1/4
       1   1 (s)             0    1/2      0   -1/4
       2     3/2             0    1/2      0   -1/4  (u moved by 1/2 only)
       3  15/8 (s)           1    1/2    1/2    1/4  1/4
       4    15/8             1  15/32  15/32   7/32  (moved by 1/32)
       5    15/8             2  14/32    7/8    5/8  5/8
       6    15/8             2   9/32   9/16   5/16  5/16
       7    15/8             2  13/64  13/32   5/32  (moved by 5/32)
       8    15/8             2    1/8    1/4      0  0
       9    15/8             2    1/8    1/4      0
    ====  ======  ============  =====  =====  =====  =====================

    dw = -(delta sent) (u at the synapse)/8, e.g. at t = 3: -(1/4) 1/8 = -1/32.
    """
    seen = observe(
        chain(
            [1, 1],
            transmission={
                "kind": "events",
                "threshold": 0.5,
                "error_threshold": {"absolute": 0.2},
            },
            weights={"init": "constant", "value": 0.5},
            delay={"forward": "2 ms", "backward": "3 ms"},
            target={"kind": "constant", "values": [0.25], "delay": "none"},
            **by_hand(tmp_path, [0, 1, 1.5, 1.875, 1.875, 1.875, 1.875, 1.875, 1.875, 1.875]),
        )
    )
    u, o = 0, 1
    # the output is sent to nobody: at t = 5 it has moved from 0 to 7/8, at t = 8 to 1/4
    assert listed(seen.sent_x) == [(1, u, 1), (3, u, 2), (5, o, 7 / 8), (8, o, 1 / 4)]
    sent = [(0, o, -1 / 4), (3, o, 1 / 4), (5, o, 5 / 8), (6, o, 5 / 16), (8, o, 0)]
    assert listed(seen.sent_delta) == sent
    w = [1 / 2] * 4 + [15 / 32, 14 / 32, 9 / 32, 13 / 64, 1 / 8, 1 / 8, 1 / 8]
    assert seen.w[:, 0].tolist() == w
    drive = [0, 0, 0, 1 / 2, 15 / 32, 7 / 8, 9 / 16, 13 / 32, 1 / 4, 1 / 4]
    assert seen.drive[:, 0].tolist() == drive


def test_three_units_by_hand(tmp_path: Path):
    """u -> h -> o, delays 2 forward and 3 back, u = 2, target 1/2, eta 1/8.

    x is sent beyond 1/4, delta beyond 0.3. Only u -> h learns, with its weight w; that of h -> o
    is 1. Nothing moves on by less than twice the threshold, so all is sent as it is.

    ====  =====  ====  =========  ====  ========  ============  =============
       t      w     h  h arrived     o   delta_o  delta_o back  delta_h, sent
    ====  =====  ====  =========  ====  ========  ============  =============
       0    1/2     0          0     0  -1/2 (s)             0      0
       1    1/2     0          0     0  -1/2                 0      0
       2    1/2  1 (s)         0     0  -1/2                 0      0
       3    1/2     1          0     0  -1/2              -1/2   -1/2 (s)
       4    5/8   5/4          1     1   1/2 (s)          -1/2   -1/2
       5    3/4  3/2 (s)       1     1   1/2              -1/2   -1/2
       6    7/8   7/4          1     1   1/2              -1/2   -1/2
       7      1  2 (s)       3/2   3/2     1 (s)           1/2    1/2 (s)
       8    7/8   7/4        3/2   3/2     1               1/2    1/2
       9    3/4  3/2 (s)       2     2   3/2 (s)           1/2    1/2
    ====  =====  ====  =========  ====  ========  ============  =============

    Whatever is marked (s) is sent. u is sent once, at t = 0, and arrives at t = 2.
    """
    keys = by_hand(tmp_path, [2.0] * 10)
    seen = observe(
        digraph(
            {
                "u": {"size": 1, "role": "input"},
                "h": {"size": 1},
                "o": {"size": 1, "role": "output"},
            },
            [
                {"pre": "u", "post": "h", "weights": {"init": "constant", "value": 0.5}},
                {"pre": "h", "post": "o", "weights": {"init": "constant", "value": 1.0}}
                | {"plastic": False},
            ],
            transmission={
                "kind": "events",
                "threshold": 0.25,
                "error_threshold": {"absolute": 0.3},
            },
            delay={"forward": "2 ms", "backward": "3 ms"},
            target={"kind": "constant", "values": [0.5], "delay": "none"},
            **keys,
        )
    )
    u, h, o = 0, 1, 2
    sent_x = [(0, u, 2), (2, h, 1), (4, o, 1), (5, h, 1.5), (7, h, 2), (7, o, 1.5)]
    assert listed(seen.sent_x) == [*sent_x, (9, h, 1.5), (9, o, 2)]
    sent_delta = [(0, o, -0.5), (3, h, -0.5), (4, o, 0.5), (7, h, 0.5), (7, o, 1), (9, o, 1.5)]
    assert listed(seen.sent_delta) == sent_delta
    into_h, into_o = seen.w.T.tolist()
    assert into_h == [0.5, 0.5, 0.5, 0.5, 0.625, 0.75, 0.875, 1, 0.875, 0.75, 0.625]
    assert into_o == [1] * 11
    assert seen.drive[:, 1].tolist() == [0, 0, 0, 0, 1, 1, 1, 1.5, 1.5, 2]
    assert seen.feedback[:, 0].tolist() == [0, 0, 0, -0.5, -0.5, -0.5, -0.5, 0.5, 0.5, 0.5]


# who sends when ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error_threshold",
    [
        {"absolute": 0.01},
        {"relative": 0.2, "average": "50 ms"},
        0.2,  # the mean over 1,000 steps, more than there are
    ],
    ids=str,
)
def test_units_send_when_they_have_moved_beyond_the_threshold(
    error_threshold: float | Mapping[str, Any],
):
    seen = observe(
        chain(
            [3, 6, 5, 2],
            transmission={
                "kind": "events",
                "threshold": 0.1,
                "error_threshold": error_threshold,
            },
            plasticity={"rule": "diffusion", "learning_rate": "2 Hz"},
            input={"kind": "noise", "time_constant": "20 ms", "sd": 1.0},
            run={"duration": "400 ms"},
            **SOME_WEIGHTS,
        )
    )
    threshold = np.full_like(seen.x, 0.1)
    check_sending(seen.sent_x, seen.x, threshold, ahead=0.25)
    if isinstance(error_threshold, dict) and "absolute" in error_threshold:
        threshold = np.full_like(seen.delta, 0.01)
    else:
        average = 50 if isinstance(error_threshold, dict) else 1000
        sizes = [part.size for part in seen.simulation.graph.populations[1:]]
        threshold = 0.2 * running_size(seen.delta, sizes, average)
    of_errors = seen.sent_delta._replace(unit=seen.sent_delta.unit - seen.n_inputs)
    check_sending(of_errors, seen.delta, threshold, ahead=0)


def check_sending(events: Train, signal: Floats, threshold: Floats, ahead: float) -> None:
    """These are the events of units that send on change; `signal`, `threshold` (steps, n).

    A unit that moves on, by less than two thresholds, is `ahead` thresholds ahead of itself.
    """
    known = last_sent(events, *signal.shape)
    assert (np.abs(signal - known) <= threshold).all()
    expected, exact = [], 0
    sent, last_move = np.zeros((2, signal.shape[1]))
    for t, unit in np.ndindex(signal.shape):
        x, limit = signal[t, unit], threshold[t, unit]
        move = x - sent[unit]
        if abs(move) > limit:
            moves_on = move * last_move[unit] > 0 and abs(move) < 2 * limit
            sent[unit] = x + moves_on * ahead * limit * np.sign(move)
            last_move[unit] = move
            exact += sent[unit] == x
            expected.append((t, unit, sent[unit]))
    assert listed(events) == expected
    assert 0.05 * signal.size <= len(expected) <= 0.95 * signal.size
    assert exact >= 0.2 * len(expected) and (exact == len(expected)) == (ahead == 0)


def running_size(delta: Floats, sizes: list[int], average: int) -> Floats:
    """Running root mean square of each layer's errors, for each of its units (steps, n)."""
    layers = np.split(delta**2, np.cumsum(sizes)[:-1], axis=1)
    squares = np.array([layer.mean(axis=1) for layer in layers]).T
    means = np.empty_like(squares)
    for t in range(len(squares)):
        if t < average:
            means[t] = squares[: t + 1].mean(axis=0)
        else:
            means[t] = means[t - 1] + (squares[t] - means[t - 1]) / average
    return np.repeat(np.sqrt(means), sizes, axis=1)


# silence -----------------------------------------------------------------------------------------


def constant(layers: list[int], duration: str) -> Observed:
    """A constant input that a linear output learns to answer to; all weights are recorded."""
    return observe(
        chain(
            layers,
            output_activation="linear",
            transmission={
                "kind": "events",
                "threshold": 0.01,
                "error_threshold": {"relative": 0.05, "average": "20 ms"},
            },
            plasticity={"rule": "diffusion", "learning_rate": "40 Hz"},
            run={"duration": duration},
            record={"signals": "none", "weights": "1 ms"},
        )
    )


@pytest.mark.parametrize("layers", [[3, 2], [2, 3, 3, 2]], ids=str)
def test_a_constant_input_that_is_learned_falls_silent(layers: list[int]):
    seen = constant(layers, "4 s")
    assert (np.abs(seen.delta).max(axis=0) > 0.01).all()
    assert max(seen.sent_x.step.max(), seen.sent_delta.step.max()) < 1500
    assert np.abs(seen.delta[1500:]).max() < 1e-6
    assert_still(seen.w[2000:])


def assert_still(w: Floats) -> None:
    """Weights (steps, n_synapses) stay as they are."""
    np.testing.assert_allclose(w, np.broadcast_to(w[-1], w.shape), rtol=0, atol=1e-6)


# what thresholds cost ----------------------------------------------------------------------------


def test_the_error_of_the_gradient_is_proportional_to_the_threshold():
    """Theory 9.2, G5: frozen weights, four layers; the inputs move little in one step."""
    graded = products("graded")
    thresholds = [0.0025, 0.01, 0.04]
    errors = []
    for threshold in thresholds:
        sent = {"kind": "events", "threshold": threshold, "error_threshold": threshold}
        errors.append(np.linalg.norm(products(sent) - graded) / np.linalg.norm(graded))
    slope = np.polyfit(np.log(thresholds), np.log(errors), 1)[0]
    assert 0.9 <= slope <= 1.1, errors


def products(transmission: Any) -> Floats:
    """Local products at every tenth step of a network in which all waves have passed."""
    model = chain(
        [20] * 5,
        transmission=transmission,
        weights={"init": "glorot_uniform", "gain": 1.5},
        input={"kind": "sinusoid", "frequency": "0.2 Hz"},
        target={"kind": "teacher", "seed": 2},
        run={"duration": "1 s"},
        record="none",
        validation={"start": "0 ms", "every": "10 ms"},
    )
    return simulate(model).recording["product"].values[20:]
