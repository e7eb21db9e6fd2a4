"""A sweep of 32 runs of a dense network that learns: one and two processes, beside JAX.

The runs (8 speeds of the input, 4 seeds of weights, delays and phases) are those of a chain of ten
tanh layers of 100 units. neurodiff does them one by one in its processes, with kernels on
cpp_standalone, and keeps each in a folder; JAX does all of them at once, with `vmap` around the
loop of `dense/peers/jax_loop.py`. The clock is on the wall and sees all, but for what is compiled:
both have done a short sweep before. The weights of one run are compared.
"""

import argparse
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from dense.cases import RATE, Case
from dense.network import Floats
from dense.problem import network_of
from report import markdown
from ruamel.yaml import YAML
from sweep_throughput import surroundings, table

from neurodiff import Model, Plan, Simulation, load_sweep, run_sweep
from neurodiff.model_file import to_yaml
from neurodiff.text import align

#: Frequencies in Hz, and seeds.
FREQUENCIES, SEEDS = np.geomspace(0.2, 20, 8), range(4)


def main() -> None:
    """Compare, measure in turn, print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=100, help="units of a layer (100)")
    parser.add_argument("--steps", type=int, default=5000, help="steps of a run (5000)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write-results", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    case = Case("sweep", 10, options.width)
    ways = {"neurodiff, 1 process": ours(case, 1), "neurodiff, 2 processes": ours(case, 2)}
    lines = [f"{10 * options.width**2} weights and {options.steps} steps each"]
    try:
        ways["JAX, vmap"] = jax_of(case, options.steps)
    except ImportError as error:
        lines.append(f"not measured: JAX: {error}")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way(20)
    for _ in range(options.repeats):
        for name, way in ways.items():
            seconds[name].append(way(options.steps))
            print(f"{name}: {seconds[name][-1]:.1f} s", flush=True)
    runs = len(FREQUENCIES) * len(SEEDS)
    rows, notes = table(seconds, runs, "program"), [*lines, *surroundings()]
    print("", align(rows), "", *notes, sep="\n")
    if options.write_results:
        command = f"Written by `python benchmarks/sweep_beside_jax.py {shlex.join(sys.argv[1:])}`."
        options.write_results.write_text("\n\n".join([command, markdown(rows), *notes]) + "\n")


def model_of(case: Case, steps: int, frequency: float = 1.0, seed: int = 0) -> Model:
    """One run."""
    model = case.model(RATE)
    return model.replace(
        seed=seed,
        input=model.input.replace(frequency=f"{frequency!r} Hz"),
        run={"duration": f"{steps} ms", "target": "cpp_standalone"},
    )


def ours(case: Case, workers: int) -> Any:
    """A function of the steps that does the sweep, and says what it took."""

    def sweep(steps: int) -> float:
        with tempfile.TemporaryDirectory() as name:
            model, file = Path(name) / "model.yaml", Path(name) / "sweep.yaml"
            model.write_text(to_yaml(model_of(case, steps)))
            axis = {"input.frequency": [f"{float(value)!r} Hz" for value in FREQUENCIES]}
            study = {"neurodiff_sweep": 1, "name": "sweep", "model": str(model), "axes": axis}
            with file.open("w") as stream:
                YAML().dump({**study, "seeds": len(SEEDS)}, stream)
            planned, begun = load_sweep(file), time.perf_counter()
            run_sweep(planned, Path(name) / "runs", workers=workers)
            return time.perf_counter() - begun

    return sweep


def jax_of(case: Case, steps: int) -> Any:
    """The same, all runs at once; refused if the weights of the last run are not ours."""
    import jax
    from dense.peers.jax_loop import one_step

    models = [model_of(case, steps, float(f), seed) for f in FREQUENCIES for seed in SEEDS]
    networks = [network_of(Plan.of(model), case.kind, "") for model in models]
    names = ("amplitude", "frequency", "phase", "target", "target_lag", "eta")
    constants = [np.stack([getattr(one, name) for one in networks]) for name in names]
    w = np.stack([one.matrices for one in networks])
    nothing = np.zeros((len(networks), case.layers + 1, case.width))

    def loop(state: Any, n: Any, *of_run: Any) -> Any:
        step = jax.vmap(one_step, in_axes=(None, 0, *(0 for _ in of_run)))
        return jax.lax.fori_loop(0, n, lambda t, all_runs: step(t, all_runs, *of_run), state)

    compiled = jax.jit(loop)

    def run(n: int) -> Floats:
        return np.asarray(jax.block_until_ready(compiled((w, nothing, nothing), n, *constants))[0])

    check, last = 100, networks[-1]
    want = Simulation(models[-1].replace(run={"duration": f"{check} ms"})).run().recording["w"]
    got = run(check)[-1].ravel()
    apart = np.abs(got - want.values[-1][last.order]).max()
    if not apart < 1e-12:
        sys.exit(f"the weights of JAX and neurodiff differ by {apart:.1g}")

    def timed(n: int) -> float:
        begun = time.perf_counter()
        run(n)
        return time.perf_counter() - begun

    return timed


if __name__ == "__main__":
    main()
