"""Leaky neurons with graded transmission: both waves pass a membrane in each hop (theory 5).

What they do is held against numbers worked out by hand, the independent waves of the reference, and
the closed forms of linear filters, which are written anew here."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff import Model, Simulation, load, validate
from neurodiff.forecast import learnable_bands
from tests.cyclic import random_cyclic
from tests.networks import Floats, chain, random_digraph
from tests.simulated import EVERY_STEP, described, deviations, moved, simulate
from tests.simulator.leaks import FROZEN, keep, leaky

MODELS = Path(__file__).parents[2] / "models"

LINEAR: dict[str, Any] = {"activation": "linear", "bias": False}


def array(path: Path, values: Floats, interval: str = "1 ms") -> dict[str, Any]:
    """An input or target that takes one row of `values` a step."""
    np.save(path, values)
    kind = {"kind": "array", "interpolation": "previous"}
    return {**kind, "file": str(path), "interval": interval}


def test_two_leaky_hops_by_hand():
    # k = 1/2 by Euler's method, weights 1, input 1, target 0, one step of delay
    one = {"input": {"kind": "constant", "values": [1.0]}, "duration": "5 ms"}
    target = {"kind": "constant", "values": [0.0]}
    weights = {"init": "constant", "value": 1.0}
    keys = {**one, "target": target, "weights": weights, "plasticity": FROZEN, **LINEAR}
    model = chain([1, 1, 1], neuron=leaky("2 ms", "euler"), **keys, **EVERY_STEP)
    recording = simulate(model).recording
    # the input arrives at step 1, and half of what is missing comes in every step
    assert recording["x"].values.T.tolist() == [
        [1, 1, 1, 1, 1],
        [0, 1 / 2, 3 / 4, 7 / 8, 15 / 16],
        [0, 0, 1 / 4, 1 / 2, 11 / 16],
    ]
    # the injected error is that of the moment; the one that comes back is low-passed
    assert recording["delta"].values[:, 1:].T.tolist() == [
        [0, 0, 0, 1 / 8, 5 / 16],
        [0, 0, 1 / 4, 1 / 2, 11 / 16],
    ]
    # delta times the PSP, which is what the next unit makes of a weight of 1
    assert recording["product"].values.T.tolist() == [
        [0, 0, 0, 7 / 64, 75 / 256],
        [0, 0, 1 / 16, 1 / 4, 121 / 256],
    ]


@pytest.mark.parametrize("integration", ["exact", "euler"])
@pytest.mark.parametrize("make", [random_digraph, random_cyclic])
@pytest.mark.parametrize("seed", range(3))
def test_the_waves_are_those_of_the_reference_while_they_learn(make, integration, seed):
    rule = {"rule": "diffusion", "learning_rate": "20 Hz", "weight_decay": "1 Hz"}
    neuron = leaky(["1.7 ms", "4 ms", "11 ms"][seed], integration)
    validation = {"start": "0 ms", "every": "1 ms", "reference": "delayed"}
    keys = {**EVERY_STEP, "validation": validation}
    simulation = simulate(make(np.random.default_rng(seed), neuron=neuron, plasticity=rule, **keys))
    found = deviations(simulation)
    assert max(found.values()) <= 1e-12, found
    assert moved(simulation) >= 1e-2
    report = validate(simulation)
    assert report.passed and report.total.relative_error <= 1e-12


@pytest.mark.parametrize("seed", range(2))
def test_by_euler_with_the_time_constant_of_a_step_it_is_the_static_neuron(seed):
    """Theory B3."""
    rule = {"rule": "diffusion", "learning_rate": "20 Hz"}
    runs = [
        simulate(random_digraph(np.random.default_rng(seed), plasticity=rule, **part, **EVERY_STEP))
        for part in ({"neuron": leaky("1 ms", "euler")}, {"neuron": "static"})
    ]
    assert moved(runs[0]) >= 1e-2
    for name in ("x", "delta", "w", "bias", "product", "target"):
        got, want = (np.nan_to_num(run.recording[name].values) for run in runs)
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12 * np.abs(want).max())
    first, second = (run.plan.projection_latencies for run in runs)
    assert first == second
    assert "exact from step" in described(runs[0])


@pytest.mark.parametrize(
    ("integration", "time_constant", "expected"),
    [("exact", "2 ms", 2.54), ("exact", "10 ms", None), ("euler", "2 ms", 2), ("euler", "7 ms", 7)],
)
def test_the_mean_lag_of_a_hop(tmp_path, integration, time_constant, expected):
    """Theory B2: 1/(1 - e^(-dt/tau)) steps, or tau/dt by Euler's method, with one step of delay."""
    pulse = np.zeros((400, 1))
    pulse[0] = 1
    model = chain(
        [1, 1, 1, 1],
        neuron=leaky(time_constant, integration),
        weights={"init": "constant", "value": 1.0},
        input=array(tmp_path / "u.npy", pulse),
        run={"duration": "400 ms"},
        record={"signals": "1 ms"},
        **LINEAR,
    )
    simulation = simulate(model)
    x = simulation.recording["x"].values
    mean = np.arange(400) @ x / x.sum(axis=0)
    steps = float(time_constant.split()[0])
    lag = 1 / (1 - np.exp(-1 / steps)) if integration == "exact" else steps
    np.testing.assert_allclose(mean, lag * np.arange(4), rtol=1e-9, atol=1e-9)
    assert expected is None or lag == pytest.approx(expected, abs=5e-3)
    # and it is what the latencies count
    np.testing.assert_allclose(simulation.latencies.forward, mean, rtol=1e-9, atol=1e-9)


def phasor(signal: Floats, omega: float) -> Floats:
    """Amplitude and phase (n,) of a tone of `omega` radian per step, over whole periods of it."""
    steps = np.arange(len(signal))
    return 2 / len(signal) * np.exp(-1j * omega * steps) @ signal


@pytest.mark.parametrize("integration", ["exact", "euler"])
def test_lag_and_gain_of_a_tone(integration):
    """Theory B1: omega d + atan(omega tau) and (1 + omega^2 tau^2)^(-1/2), in both directions.

    A step takes the drive as if it had been all along what it is at its end, half a step ahead of
    the mean. So a delay of f steps is one of d = f - 1/2 steps in continuous time:

        1 - e^(-s) = e^(-s/2) s (1 + s^2/24 + ...)   with s = dt/tau + i omega dt

    has the phase atan(omega tau) - omega dt/2, and dt/(12 tau) of a step. By Euler's method it is
    1 - (1 - dt/tau) e^(-i omega dt) instead, to first order d = f - 1 + q/(1 + q)/2 steps with
    q = (omega tau)^2.
    """
    step, tau, delay, omega = 1e-4, 10e-3, 5e-3, 2 * np.pi * 5
    model = chain(
        [1, 1, 1, 1],
        time_step="0.1 ms",
        neuron=leaky("10 ms", integration),
        delay="5 ms",
        weights={"init": "constant", "value": 1.0},
        input={"kind": "sinusoid", "frequency": "5 Hz"},
        plasticity=FROZEN,
        run={"duration": "500 ms"},
        record={"signals": "0.1 ms", "weights": "none"},
        validation={"every": "50 ms"},
        **LINEAR,
    )
    recording = simulate(model).recording
    period = recording.isel(time=slice(-2000, None))
    x = phasor(period["x"].values, omega * step)
    delta = phasor(period["delta"].values[:, :0:-1], omega * step)
    hops = np.concatenate([x[1:] / x[:-1], delta[1:] / delta[:-1]])
    assert len(hops) == 5
    q = (omega * tau) ** 2
    d = delay - (0.5 if integration == "exact" else 1 - q / (1 + q) / 2) * step
    np.testing.assert_allclose(-np.angle(hops), omega * d + np.arctan(omega * tau), rtol=2e-5)
    np.testing.assert_allclose(-np.angle(hops), 0.4615, rtol=0.01)
    np.testing.assert_allclose(np.abs(hops), (1 + (omega * tau) ** 2) ** -0.5, rtol=1e-3)
    np.testing.assert_allclose(np.abs(hops), 0.954, rtol=0.01)


STEP, TAU, FORWARD, BACKWARD = 0.1e-3, 8e-3, 20, 30  # delays of 2 ms and 3 ms in steps


def tone(path: Path, period: float, **keys: Any) -> Model:
    """Four linear layers of 8 ms, driven by tones of one frequency and a target that fits them.

    The phases of the tones are spread evenly over the circle and hidden weights are orthogonal, so
    that no activity changes its norm. The target is a linear function of the input that has passed
    delays and membranes as the activity has, less the delay with which it is played.
    """
    steps, width, omega = 3000, 10, 2 * np.pi / period * STEP
    rng = np.random.default_rng(1)
    weights = {f"layer{k}": np.linalg.qr(rng.normal(size=(width, width)))[0] for k in (1, 2, 3)}
    np.savez(path / "w.npz", layer4=rng.normal(size=(3, width)), **weights)
    k = keep(TAU / STEP)
    hop = (1 - k) * np.exp(-1j * omega * FORWARD) / (1 - k * np.exp(-1j * omega))
    lag = round(4 * (FORWARD + k / (1 - k)))
    phase = 2 * np.pi * np.arange(width) / width
    wanted = rng.normal(size=(3, width)) @ np.exp(1j * phase)
    late = hop**4 * np.exp(1j * omega * (np.arange(steps)[:, None] + lag))
    model = chain(
        [width, width, width, width, 3],
        time_step="0.1 ms",
        neuron=leaky("8 ms"),
        delay={"forward": "2 ms", "backward": "3 ms"},
        weights={"init": "file", "path": str(path / "w.npz")},
        input={"kind": "sinusoid", "frequency": f"{1 / period} Hz", "phase": phase.tolist()},
        target=array(path / "y.npy", (late * wanted).imag, "0.1 ms"),
        run={"duration": "300 ms"},
        record="none",
        **({"plasticity": FROZEN} | keys),
        validation={"start": "250 ms", "every": "2 ms"},
        **LINEAR,
    )
    assert Simulation(model).plan.stimuli.target_lag.tolist() == [lag] * 3
    return model


@pytest.mark.parametrize(("period", "expected"), [(4, 0.995), (1.5, 0.965), (0.7, 0.845)])
def test_the_cosine_falls_with_the_lag_of_delays_and_membranes(tmp_path, period, expected):
    """Theory B4: cos_l = cos((L - l) (theta_f + theta_b)) with the frame of the error."""
    report = validate(simulate(tone(tmp_path, period)))
    assert report.reference == "error_frame"
    omega = 2 * np.pi / period
    # half a step less of delay in each hop
    delays = (FORWARD + BACKWARD - 1) * STEP
    both = omega * delays + 2 * np.arctan(omega * TAU)
    for layer, got in enumerate(report.layers, start=1):
        assert got.cosine == pytest.approx(np.cos((4 - layer) * both), abs=1e-3)
    assert report.layers[0].cosine == pytest.approx(expected, abs=0.01)
    assert report.layers[-1].cosine == pytest.approx(1, abs=1e-3)


def test_traces_make_up_for_delays_and_membranes(tmp_path):
    aligned = {**FROZEN, "alignment": "trace", "stages": 3}
    simulation = simulate(tone(tmp_path, 0.7, plasticity=aligned))
    assert min(layer.cosine for layer in validate(simulation).layers) >= 0.999
    # M_l = (L - l) (f + r + 2 k/(1 - k)), where the arriving PSP is as late as the next activity
    lag = keep(TAU / STEP) / (1 - keep(TAU / STEP))
    for layer, part in enumerate(simulation.graph.projections, start=1):
        want = (4 - layer) * (FORWARD + BACKWARD + 2 * lag)
        got = simulation.plan.alignment.activity_lag[part.synapses]
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("learning_rate", ["0 Hz", "20 Hz"])
def test_traced_leaky_waves_equal_the_reference(learning_rate):
    rule = {"rule": "diffusion", "learning_rate": learning_rate, "alignment": "trace", "stages": 2}
    rng, neuron = np.random.default_rng(4), leaky("3 ms")
    simulation = simulate(random_digraph(rng, neuron=neuron, plasticity=rule, **EVERY_STEP))
    found = deviations(simulation)
    assert max(found.values()) <= 1e-12, found
    assert (moved(simulation) > 1e-3) == (learning_rate != "0 Hz")


@pytest.mark.parametrize("alignment", ["none", "trace"])
def test_a_layer_learns_below_a_quarter_period(alignment):
    """Where delays and membranes, less the trace, turn a tone by a quarter."""
    rule = {**FROZEN, "alignment": alignment}
    delay = {"forward": "2 ms", "backward": "3 ms"}
    simulation = Simulation(chain([2, 3, 3, 1], neuron=leaky("8 ms"), delay=delay, plasticity=rule))
    k = keep(8)
    rows = simulation.plan.projection_latencies
    bands = learnable_bands(simulation.plan)
    for layer, (row, band) in enumerate(zip(rows[:-1], bands[:-1], strict=True), start=1):
        omega = 2 * np.pi * band.cutoff * 1e-3
        z = np.exp(-1j * omega)
        turned = (z**5 * ((1 - k) / (1 - k * z)) ** 2) ** (3 - layer)
        if alignment == "trace":
            # z(t-1) + (x(t) - z(t-1))/M, read before its update
            turned /= z / row.mismatch / (1 - (1 - 1 / row.mismatch) * z)
        assert -np.angle(turned) == pytest.approx(np.pi / 2, abs=2e-3)
    assert np.isinf(bands[-1].cutoff)


def test_a_constant_input_comes_as_an_erlang_distribution():
    """Theory B7: 99 % of an error come through 2L - l membranes; at the first of five in 17.4 tau.

    The PSP that it meets has come through l, which is no more; only the last layer's is as late.
    """
    model = chain(
        [2, 2, 2, 2, 2, 2],
        time_step="0.5 ms",
        neuron=leaky("10 ms"),
        target={"kind": "constant", "values": [0.0, 0.0]},
        plasticity=FROZEN,
        run={"duration": "500 ms"},
        record={"signals": "0.5 ms", "weights": "none"},
        validation={"start": "0 ms", "every": "0.5 ms"},
        **LINEAR,
    )
    simulation = simulate(model)
    delta = simulation.recording["delta"].values[:, [2, 4, 6, 8, 10]]
    got = [np.flatnonzero(abs(part - part[-1]) > 0.01 * abs(part[-1]))[-1] + 1 for part in delta.T]
    # quantiles for 9, 8, 7, 6, 5 stages; a delay of a step is half of one, see above
    erlang = np.array([17.403, 16.000, 14.571, 13.108, 11.605])
    stages = 10 - np.arange(1, 6)
    np.testing.assert_allclose(got, 20 * erlang + stages / 2, atol=3)
    assert got[0] * 0.5 == pytest.approx(10 * 17.4, rel=0.02)
    rows = simulation.plan.projection_latencies
    np.testing.assert_allclose([row.exact_from for row in rows], got, atol=3)
    # and so is the update of the first layer
    update = validate(simulation).over_time["relative_error"].values[:, 0]
    assert np.flatnonzero(update > 0.01)[-1] + 1 == pytest.approx(got[0], abs=1)


def test_the_shipped_model_rises_slowly_and_is_right_when_predicted():
    simulation = simulate(load(MODELS / "leaky_wave.yaml"))
    report = validate(simulation)
    assert report.passed and report.reference == "error_frame"
    last = report.over_time["relative_error"].values[-1]
    assert (last <= 1e-4).all()
    assert (report.over_time["relative_error"].values[60:90, 0] > 0.5).all()
