"""Handwritten digits with every feedback rule: test accuracy over several seeds, beside backprop's.

Runs `models/digits.yaml` with its feedback replaced, and what each rule needs besides. A seed draws
the weights, the backward weights, the order of the digits and which of them are the test.
"""

import argparse
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from neurodiff import Simulation, load
from neurodiff.text import align
from neurodiff.validation import compare_task

DIGITS = Path(__file__).parent.parent / "models" / "digits.yaml"

#: What is recorded besides the answers: nothing.
QUIET = ["record=none"]

#: Overrides of the model by rule. Kolen-Pollack needs weights that decay; a mirror needs its time:
#: five time constants of its decay, and noise that leaves the slopes of most units open.
_DECAY = "plasticity.weight_decay=0.01 Hz"
_MIRROR = "rule: weight_mirror, noise: 0.3, weight_decay: 0.25 Hz, duration: {mirror}"
RULES = {
    "symmetric": [],
    "random": ["feedback=random"],
    "sign": ["feedback=sign"],
    "direct": ["feedback=direct"],
    "kolen_pollack": ["feedback=kolen_pollack", _DECAY],
    "kolen_pollack-present": ["feedback={{rule: kolen_pollack, traces: present}}", _DECAY],
    "weight_mirror": [f"feedback={{{{{_MIRROR}}}}}"],
    "weight_mirror-present": [f"feedback={{{{{_MIRROR}, traces: present}}}}"],
}


class Result(NamedTuple):
    """Test accuracy of one run, that of backprop, and cosine of b and w at the end."""

    accuracy: float
    backprop: float
    cosine: float


def main() -> None:
    """Run all that is asked for; print the table, row by row, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", nargs="+", choices=RULES, default=list(RULES))
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 1 on")
    parser.add_argument("--target", default="auto", help="kind of machine code")
    parser.add_argument("--mirror", default="20 s", help="how long a weight mirror sees noise")
    parser.add_argument("--set", nargs="*", default=[], help="more overrides, KEY.PATH=VALUE")
    parser.add_argument("--write-results", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    rows = [["feedback", "test accuracy", "from", "to", "online backprop", "cosine of b and w"]]
    for rule in options.rules:
        needed = [text.format(mirror=options.mirror) for text in RULES[rule]]
        changes = [*QUIET, *needed, *options.set]
        results = [_run(changes, seed, options.target) for seed in range(1, options.seeds + 1)]
        rows.append([rule, *_summary(results)])
        print(align(rows[-1:]), flush=True)
    print(align(rows))
    if options.write_results:
        command = (
            f"Written by `python benchmarks/feedback_on_digits.py {shlex.join(sys.argv[1:])}`."
        )
        options.write_results.write_text(f"{command}\n\n{_markdown(rows)}\n")


def _run(changes: list[str], seed: int, target: str) -> Result:
    simulation = Simulation(load(DIGITS, changes, seed), backend=target).run()
    task = compare_task(simulation)
    assert task is not None and task.backprop_test_accuracy is not None
    return Result(task.test_accuracy, task.backprop_test_accuracy, _cosine(simulation))


def _cosine(simulation: Simulation) -> float:
    """Cosine of the backward weights with those of their synapses at the end; NaN without."""
    synapse = simulation.graph.backward.synapse
    if synapse is None or "b" not in simulation.recording:
        return np.nan
    w, b = simulation.recording["w"].values[-1, synapse], simulation.recording["b"].values[-1]
    return float(w @ b / (np.linalg.norm(w) * np.linalg.norm(b)))


def _summary(results: list[Result]) -> list[str]:
    accuracy, backprop, cosine = (np.array(values) for values in zip(*results, strict=True))
    shares = accuracy.mean(), accuracy.min(), accuracy.max(), backprop.mean()
    last = "-" if np.isnan(cosine).any() else f"{cosine.mean():.3f}"
    return [*(f"{100 * share:.2f} %" for share in shares), last]


def _markdown(rows: list[list[str]]) -> str:
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
