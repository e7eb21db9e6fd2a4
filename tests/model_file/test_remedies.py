"""What a message tells a user to write is accepted: each remedy is obeyed as it stands.

A case is a change of a good model file, what its refusal must say, and overrides that obey it; in
these, {0}, {1}, ... are the parts of the message in brackets.
"""

import re
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest

from neurodiff import Simulation, load
from tests.refusals import GOOD, SPIKING, refused, write

DIGITS = "input={kind: frames, dataset: digits, hold: 12 ms}"
LABELS = "target={kind: labels}"
ONCE = "run={epochs: 1}"
MIRROR = "feedback={rule: weight_mirror, duration: 1 s, learning_rate: 1 Hz, weight_decay: 1 Hz}"
LEAKY = "neuron={{kind: leaky, time_constant: {0}}}"


class Case(NamedTuple):
    """Changes, what is said of them, and the ways to obey, each a list of overrides."""

    changes: tuple[str, ...]
    said: str
    ways: tuple[tuple[str, ...], ...]


def one(change: str, said: str, *ways: str) -> Case:
    """A single change, and ways of a single override."""
    return Case((change,), said, tuple((way,) for way in ways))


CASES = {
    "unit": one("time_step=1", r"`(5 ms)`", "time_step={0}"),
    "name": one(
        "network={layers: [2, 3, 1], activation: than}",
        r"did you mean `(\w+)`\?",
        "network.activation={0}",
    ),
    "version": one("neurodiff=2", r"write `neurodiff: (1)`", "neurodiff={0}"),
    "epochs without frames": one(
        "run={epochs: 3}", r"write `duration: (2 s)`", "run={{duration: {0}}}"
    ),
    "no length": one("run={target: numpy}", r"`duration: (2 s)`", "run.duration={0}"),
    "off the grid": one(
        "run={duration: 2.5 ms}",
        r"write 1 ms, or a multiple of it, or change `time_step`",
        "run.duration=3 ms",
        "time_step=0.5 ms",
    ),
    "crossfade": Case(
        ("network.layers=[64, 3, 10]", LABELS, ONCE, f"{DIGITS[:-1]}, crossfade: 20 ms}}"),
        r"write at most the value of `hold`",
        (("input.crossfade=12 ms",),),
    ),
    "number of inputs": one("input.values=[1]", r"write (2) values", "input.values=[0.1, 0.3]"),
    "number of outputs": one("target.values=[1, 1]", r"write (1) values", "target.values=[0.2]"),
    "probabilities": Case(
        ("target.values=[2]", "loss=cross_entropy", "network.output_activation=sigmoid"),
        r"change it, or write `loss: (squared_error)`",
        (("target.values=[1]",), ("loss={0}",)),
    ),
    "window": one(
        "record.window=[20 ms, 30 ms]",
        r"is not before the end, (20 ms); write less",
        "record.window=[10 ms, {0}]",
    ),
    "start": one(
        "plasticity={rule: diffusion, learning_rate: 1 Hz, start: 1 s}",
        r"is not before the end, 20 ms; write less",
        "plasticity.start=19 ms",
    ),
    "leak below a step": one(
        "neuron={kind: leaky, time_constant: 10 us}",
        r"write `neuron: (static)`, or a `time_step` of (10 us)",
        "neuron={0}",
        "time_step={1}",
    ),
    "leak beyond all steps": one(
        "neuron={kind: leaky, time_constant: 101 s}",
        r"write (100 s) or less, or a larger `time_step`",
        LEAKY,
        "time_step=2 ms",
    ),
    "Euler's leak": one(
        "neuron={kind: leaky, time_constant: 0.5 ms, integration: euler}",
        r"write (1 ms) or more, or `integration: (exact)`",
        "neuron.time_constant={0}",
        "neuron.integration={1}",
    ),
    "matched leak": Case(
        (
            "neuron={kind: leaky, time_constant: 5 ms}",
            "plasticity={rule: diffusion, learning_rate: 1 Hz, alignment: matched}",
        ),
        r"write `(trace)`, or `neuron: (static)`",
        (("plasticity.alignment={0}",), ("neuron={1}",)),
    ),
    "units of the input": Case(
        (DIGITS, LABELS, ONCE, "network.layers=[2, 3, 10]"),
        r"give the network (64) input units",
        (("network.layers=[{0}, 3, 10]",),),
    ),
    "units of the output": Case(
        (DIGITS, LABELS, ONCE, "network.layers=[64, 3, 1]"),
        r"give the network (10) output units",
        (("network.layers=[64, 3, {0}]",),),
    ),
    "hold, with leaks": Case(
        (
            DIGITS,
            LABELS,
            ONCE,
            "network.layers=[64, 3, 10]",
            "neuron={kind: leaky, time_constant: 50 ms}",
        ),
        r"write (\S+ m?s) or more, or a shorter `neuron.time_constant`",
        (("input.hold={0}",), ("neuron.time_constant=2 ms",)),
    ),
    "hold, with delays": Case(
        (
            DIGITS,
            LABELS,
            ONCE,
            "network.layers=[64, 3, 10]",
            "network.delay={uniform: [1 ms, 40 ms]}",
        ),
        r"write (\d+ ms) or more, or make the delays alike",
        (("input.hold={0}",), ("network.delay=1 ms",)),
    ),
    "duration of frames": Case(
        (DIGITS, LABELS, "network.layers=[64, 3, 10]", "run={duration: 100 ms}"),
        r"write a multiple of it, or `epochs: (1)`",
        (("run.duration=96 ms",), ("run={{epochs: {0}}}",)),
    ),
    "feedback that never approaches": Case(
        (
            "plasticity={rule: diffusion, learning_rate: 1 Hz, weight_decay: 0 Hz}",
            "feedback=kolen_pollack",
        ),
        r"plasticity.weight_decay: .*write a positive one",
        (("plasticity.weight_decay=1 Hz",),),
    ),
    "mirror": Case(
        (
            "run.duration=50 ms",
            MIRROR,
        ),
        r"write less, or run longer",
        (("feedback.duration=10 ms",), ("run.duration=2 s",)),
    ),
    "labels without frames": one(
        "target={kind: labels}",
        r"or another target",
        "target={{kind: constant, values: [0.5]}}",
    ),
    "events of graded transmission": one(
        "record={events: all}",
        r"leave it out, or write `transmission: {kind: (events), ...}`",
        "record={{}}",
        "transmission={{kind: {0}, threshold: 0.01, error_threshold: 0.01}}",
    ),
    "thresholds": one(
        "transmission={kind: events}",
        r"`threshold: (0.01)`",
        "transmission={{kind: events, threshold: {0}, error_threshold: 0.02}}",
    ),
    "window without signals": one(
        "record={signals: none, window: [1 ms, 3 ms]}",
        r"leave it out, or set `record.signals`",
        "record={{signals: none}}",
        "record.signals=1 ms",
    ),
}

SPIKES = {
    "rate": Case(
        ("transmission.maximum_rate=3 kHz", "target.values=[0.1]"),
        r"write (1 kHz) or less, or a `time_step` of 0.333 ms or less",
        (("transmission.maximum_rate={0}",), ("time_step=0.25 ms",)),
    ),
    "rate of the target": Case(
        ("transmission.maximum_rate=3 kHz", "time_step=0.25 ms", "target.values=[0.5]"),
        r"fires for 0 to (0.1667) .*; write `maximum_rate: (1 kHz)` or less, or smaller targets",
        (("transmission.maximum_rate={1}",), ("target.values=[0.1666]",)),
    ),
    "rate of errors": one(
        "transmission.error_rate=600 Hz",
        r"write (500 Hz) or less, or a `time_step` of 833 us or less",
        "transmission.error_rate={0}",
        "time_step=0.5 ms",
    ),
    "trace": one(
        "transmission.synaptic_time_constant=0.9 ms",
        r"write (1 ms) or more",
        "transmission.synaptic_time_constant={0}",
    ),
    "refractory": one(
        "transmission.refractory=0 ms", r"write (1 ms) or more", "transmission.refractory={0}"
    ),
    "threshold": one(
        "transmission.threshold=-70 mV",
        r"write more than -70 mV",
        "transmission.threshold=-69.9 mV",
    ),
    "reset": one(
        "transmission.reset=-50 mV", r"write less than -50 mV", "transmission.reset=-50.1 mV"
    ),
    "activation": one(
        "network.activation=tanh",
        r"write `activation: (lif)`, or another `neuron`",
        "network.activation={0}",
    ),
    "values": one("input.values=[-1, 1]", r"write values between 0 and 1", "input.values=[0, 1]"),
    "input": one(
        "input={kind: sinusoid, frequency: 5 Hz}",
        r"write (constant), frames or array",
        "input={{kind: {0}, values: [0, 1]}}",
    ),
    "feedback": one(
        "feedback=random",
        r"write `(symmetric)`, or `transmission: graded`",
        "feedback={0}",
    ),
}

ALL = {name: (GOOD, case) for name, case in CASES.items()}
ALL |= {f"spikes: {name}": (SPIKING, case) for name, case in SPIKES.items()}


@pytest.mark.parametrize(("good", "case"), ALL.values(), ids=ALL.keys())
def test_a_remedy_is_accepted(tmp_path: Path, good: str, case: Case):
    path = write(tmp_path, good)
    message = refused(path, *case.changes)
    found = re.search(case.said, message)
    assert found, message
    for way in case.ways:
        obeyed = [override.format(*found.groups()) for override in way]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Simulation(load(path, [*case.changes, *obeyed]))


BEYOND = {
    "crossfade": "input.crossfade=13 ms",
    "number of inputs": "input.values=[0.1, 0.3, 0.1]",
    "start": "plasticity.start=20 ms",
    "Euler's leak": "neuron.time_constant=0.9 ms",
    "units of the input": "network.layers=[63, 3, 10]",
    "units of the output": "network.layers=[64, 3, 9]",
    "hold, with leaks": "input.hold=98 ms",
    "duration of frames": "run.duration=97 ms",
    "spikes: rate": "transmission.maximum_rate=1.1 kHz",
    "spikes: rate of the target": "transmission.maximum_rate=1.1 kHz",
    "spikes: rate of errors": "transmission.error_rate=550 Hz",
    "spikes: reset": "transmission.reset=-49.9 mV",
}


@pytest.mark.parametrize(("name", "beyond"), BEYOND.items(), ids=BEYOND.keys())
def test_what_goes_beyond_a_remedy_is_refused(tmp_path: Path, name: str, beyond: str):
    good, case = ALL[name]
    refused(write(tmp_path, good), *case.changes, beyond)
