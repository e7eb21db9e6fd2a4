"""Numbers that are finite but too large: refused in a moment, with the largest that goes."""

import time
from pathlib import Path

import numpy as np
import pytest

from neurodiff import Model, ModelError, Simulation, load
from neurodiff.files.regular_files import memory_limit
from neurodiff.model_file.checks.limits import MOST_STEPS
from neurodiff.network.limits import refuse_large_network, refuse_many_numbers
from neurodiff.plan.sampling import Sampling
from neurodiff.results.recording import load_recording, save_recording
from tests.networks import chain
from tests.refusals import GOOD, refused, write

#: The change, and what the message says of it.
CHANGES = {
    "network.layers=[2, 9223372036854775807, 1]": ("network.layers.1: ", "write 2,147,483,647 or"),
    "network.layers=[2, 1000000000000000000000000000000, 1]": ("network.layers.1: ", " units, of"),
    "network.layers=[2, 1000000000, 1]": ("network.layers.1: ", "3,000,000,000 pairs of units"),
    "network.delay=1e300 s": ("network.delay: '1e300 s' is too large", "write 1e+15 s or less"),
    "network.delay=1e12 s": (
        "network.delay: ",
        "2,147,483,647 time steps of 1 ms; write 2140000 s",
    ),
    "network.delay=1000000 s": ("network.delay: ", "places in memory; write"),
    "network.delay={forward: {uniform: [1 ms, 1e300 s]}}": ("delay.forward.uniform.1: ",),
    "network.delay={forward: {normal: [1e12 s, 1 ms]}}": ("delay.forward.normal.0: ", "2140000 s"),
    "network.delay={forward: {normal: [1 ms, 1e12 s]}}": ("delay.forward.normal.1: ",),
    "target.delay=1e300 s": ("target.delay: ",),
    "run.duration=1e308 s": ("run.duration: '1e308 s' is too large",),
    "run.duration=1e18 ms": ("run.duration: ", "is more than 2,147,483,647 time steps of 1 ms"),
    "run.duration=2147484 s": ("run.duration: ", "write 2140000 s or less"),
    "time_step=1e-300 s": ("run.duration: ", "is more than 2,147,483,647 time steps of 1e-300 s"),
    "time_step=1e303 s": ("time_step: '1e303 s' is too large", "write 1e+15 s or less"),
    "record.signals=1e300 s": ("record.signals: ",),
    "input={kind: sinusoid, frequency: 2 Hz, amplitude: 1e+200}": ("input: ", "1e+100 or less"),
    "target={kind: constant, values: [1e+200]}": ("target: ", "1e+100 or less"),
    "run.epochs=1000000000000000000000": ("run.epochs: ", "write 2,147,483,647 or less"),
    "transmission={kind: spikes, neuron: poisson, neurons_per_unit: 1000000000, maximum_rate: 1Hz, "
    "synaptic_time_constant: 9 ms}": ("network.layers.1: 6,000,000,000 neurons",),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.items())
def test_numbers_that_are_too_large(tmp_path: Path, change: str, said: tuple[str, ...]):
    path, begun = write(tmp_path, GOOD), time.process_time()
    message = refused(path, change)
    assert time.process_time() - begun < 5  # of the processor, not on the clock
    for part in said:
        assert part in message


@pytest.mark.parametrize(
    "remedy",
    ["run.duration=2140000 s", "network.delay=178000 s", "time_step=1e-9 s", "run.duration=1e-9 s"],
)
def test_what_the_remedies_say_goes(tmp_path: Path, remedy: str):
    changes = [remedy] if remedy != "run.duration=1e-9 s" else [remedy, "time_step=1e-9 s"]
    Simulation(load(write(tmp_path, GOOD), changes))


def test_frames_noise_and_teachers_are_counted_before_they_are_made(tmp_path: Path):
    path = write(tmp_path, GOOD)
    noise = "input={kind: noise, time_constant: 1 s}"
    message = refused(path, noise, "run.duration=2140000 s")
    assert "run.duration: noise of 2,140,000,000 steps for 2 units would take 34.2 GB" in message
    teacher = ("target={kind: teacher, seed: 1}", "input={kind: sinusoid, frequency: 1 Hz}")
    message = refused(path, *teacher, "run.duration=2140000 s")
    assert "run.duration: a teacher's answers of 2,140,000,000 steps for 1 outputs" in message
    np.savez(tmp_path / "f.npz", frames=np.ones((4, 2)), labels=np.zeros(4, dtype=int))
    frames = ("input={kind: frames, dataset: f.npz, hold: 1 s}", "target={kind: labels}")
    message = refused(path, *frames, "run={epochs: 1000000}")
    assert (
        "run.epochs: the run takes 3,000,001,000 steps, and 2,147,483,647 are the most" in message
    )


def test_networks_are_counted_before_they_are_drawn():
    n = int((memory_limit() / 64) ** 0.5) + 1
    model = chain([4, 2, 3]).replace(network={"layers": [4, n, n, 3]})
    with pytest.raises(ModelError, match=r"network.layers.1: the synapses, most of them in .*`lay"):
        refuse_large_network(model)
    refuse_many_numbers(memory_limit() // 8, "as many as there are", "x", "y")
    with pytest.raises(ModelError, match="x: more would take"):
        refuse_many_numbers(memory_limit() // 8 + 1, "more", "x", "y")


def test_the_last_step_that_a_run_can_have_is_sampled():
    sampling = Sampling(2**20)
    assert sampling.stop == MOST_STEPS
    assert sampling.steps(MOST_STEPS)[-1] == MOST_STEPS // 2**20 * 2**20
    assert sampling.count(MOST_STEPS) == len(sampling.steps(MOST_STEPS)) == 2048
    assert Sampling(3, 1, 9).count(5) == len(Sampling(3, 1, 9).steps(5)) == 2


@pytest.mark.parametrize("seed", [2**31, 2**63 - 1, 2**63, 2**64, 99999999999999999999, 2**128 + 1])
def test_seeds_of_any_size_are_kept_exactly(tmp_path: Path, seed: int):
    model = chain([2, 3, 1], seed=seed, weights={"init": "normal", "sd": 1.0})
    simulation = Simulation(model, backend="numpy").run()
    save_recording(simulation.recording, tmp_path / "recording.nc")
    kept = load_recording(tmp_path / "recording.nc").attrs["seed"]
    assert int(kept) == seed
    assert isinstance(kept, str) == (seed >= 2**63)
    # another seed, that only differs where 64 bits end, draws other weights
    assert (Simulation(model.replace(seed=seed + 2**70)).plan.w != simulation.plan.w).any()


def test_seeds_are_bounded_by_what_the_reader_reads_back():
    assert chain([2, 1], seed=10**249).seed == 10**249
    with pytest.raises(ModelError, match="a whole number has more than 250 digits"):
        chain([2, 1], seed=10**250)
    with pytest.raises(ModelError, match="a text has half a character"):
        Model.layered([1, 1], input={}, target={}, description="\ud800")
