"""What a network has learned of a teacher, by the speed of its input and alignment of its waves.

A student of four tanh layers learns online what a teacher answers to sinusoids, another frequency
at each input, from half the mean to one and a half of it. For each mean speed, omega times the
mismatch M_1 = 6 steps of the first layer, the table has the loss with the weights of the last tenth
of the time over that of the untaught student, for the delayed waves with each alignment and for
ordinary online backprop (theory 4, W4). The waves are those of the NumPy reference.
"""

import argparse
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodiff import Model, Simulation
from neurodiff.plan.plasticity import Diffusion
from neurodiff.reference.backprop import backprop, products
from neurodiff.reference.waves import delayed_waves
from neurodiff.text import align

Floats = NDArray[np.float64]

DEPTH = 4
MISMATCH = 2 * (DEPTH - 1)
SPEEDS = (0.1, 0.5, 1.0, 2.0, 3.0)
SPREAD = (0.5, 1.5)
LOSS = "squared_error"
METHODS = ("none", "trace", "matched", "backprop")


def main() -> None:
    """Run all speeds with all methods; print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speeds", nargs="+", type=float, default=list(SPEEDS))
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--width", type=int, default=30)
    parser.add_argument("--write-results", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    rows = [["omega M_1", *METHODS]]
    for speed in options.speeds:
        left = [loss_left(speed, name, options.steps, options.width) for name in METHODS]
        rows.append([f"{speed:g}", *(f"{share:.3f}" for share in left)])
    print(align(rows))
    if options.write_results:
        command = f"Written by `python benchmarks/learning_speed.py {shlex.join(sys.argv[1:])}`."
        lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        options.write_results.write_text(f"{command}\n\n{table}\n")


def loss_left(speed: float, method: str, steps: int, width: int, rate: float = 0.01) -> float:
    """Loss over the whole stimulus of what was learned late, over that of the untaught student.

    The loss of one moment would not do: weights that run after the present frame make it small and
    have learned nothing that lasts. So the weights are held, at ten moments of the last tenth.
    """
    alignment = "none" if method == "backprop" else method
    simulation = Simulation(_student(speed, alignment, width, steps))
    time = np.arange(steps)
    u, y = simulation.plan.stimuli.input.at(time), simulation.plan.stimuli.target.at(time)
    late = range(steps - steps // 10, steps, steps // 100)
    weights = _online(simulation, u, y, rate) if method == "backprop" else _waves(simulation, rate)

    def loss(w: Floats) -> float:
        return float(backprop(simulation.graph, w, simulation.plan.bias, u, y, LOSS).loss.mean())

    learned = np.mean([loss(w) for step, w in enumerate(weights) if step in late])
    return float(learned / loss(simulation.plan.w))


def _student(speed: float, alignment: str, width: int, steps: int) -> Model:
    mean = 1000 * speed / MISMATCH / (2 * np.pi)
    frequencies = [f"{share * mean} Hz" for share in np.linspace(*SPREAD, width)]
    return Model.layered(
        [width] * (DEPTH + 1),
        activation="tanh",
        bias=False,
        weights={"init": "lecun_normal"},
        input={"kind": "sinusoid", "frequency": frequencies, "phase": "random"},
        target={"kind": "teacher", "seed": 1000},
        plasticity={"rule": "diffusion", "learning_rate": "1 Hz", "alignment": alignment},
        duration=f"{steps} ms",
    )


def _waves(simulation: Simulation, rate: float) -> Iterator[Floats]:
    """Weights (n_synapses,) of every step, as both waves go on."""
    plan = simulation.plan
    learning = Diffusion(rate, 0.0, 0, plan.stimuli.steps)
    return (wave.w for wave in delayed_waves(plan.replace(plasticity=learning)))


def _online(simulation: Simulation, u: Floats, y: Floats, rate: float) -> Iterator[Floats]:
    """Weights (n_synapses,) of ordinary online backprop, each step a frame of its own."""
    graph, w = simulation.graph, simulation.plan.w.copy()
    for frame in zip(u[:, None], y[:, None], strict=True):
        yield w.copy()
        found = backprop(graph, w, simulation.plan.bias, *frame, LOSS)
        w -= rate * products(graph, found.x, found.delta)[0]


if __name__ == "__main__":
    main()
