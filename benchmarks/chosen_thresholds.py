"""How good the thresholds are that `threshold: {cosine: ...}` chooses, in random networks.

README.md says what is measured.
"""

import argparse
import warnings
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import brian2
import numpy as np
from report import markdown

from neurodiff import Model, Simulation
from neurodiff.network.graph import Graph
from neurodiff.text import align

#: Factors by which the thresholds of the search differ from the chosen ones.
_FACTORS = tuple(1.25**k for k in range(-3, 4))

#: Steps from which on targets are constant.
_LONG = 100_000

#: Moments at which local products are compared, and steps of the start that are left out.
_MOMENTS, _START = 400, 50


def main() -> None:
    """Choose, run, search, print, write."""
    options = _options()
    rows = []
    for seed in range(options.networks):
        rows.append(_Row.of(seed, options))
        print(rows[-1].summary(), flush=True)
        if options.write_results:
            options.write_results.write_text(_markdown(rows, options))
    print("", align(_table(rows)), _sums(rows, options), sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=20, help="random networks (20)")
    parser.add_argument("--cosine", type=float, default=0.995, help="cosine that is asked (.995)")
    parser.add_argument(
        "--fastest", type=float, default=1e-3, help="fastest input, per step (1e-3)"
    )
    parser.add_argument(
        "--slowest", type=float, default=1e-5, help="slowest input, per step (1e-5)"
    )
    parser.add_argument("--quick", action="store_true", help="not compiled, and no search")
    parser.add_argument("--write-results", type=Path, help="Markdown file for the table")
    return parser.parse_args()


def random_model(seed: int, options: argparse.Namespace) -> tuple[Model, float]:
    """A network, and the speed omega of its input in radian per step; two periods.

    Parameters
    ----------
    seed : int
        Number of the network.
    options : Namespace
        Options of the command line.
    """
    rng = np.random.default_rng(seed)
    omega = float(10 ** rng.uniform(np.log10(options.slowest), np.log10(options.fastest)))
    layers = [int(size) for size in rng.integers(5, 41, rng.integers(3, 8))]
    roles = ["input", *["hidden"] * (len(layers) - 2), "output"]
    names = [f"layer_{number}" for number in range(len(layers))]
    connectivity = {"probability": 0.5} if rng.random() < 0.3 else "all_to_all"
    network = {
        "populations": {
            name: {"role": role, "size": size}
            for name, role, size in zip(names, roles, layers, strict=True)
        },
        "projections": [
            {"pre": pre, "post": post, "connectivity": connectivity}
            for pre, post in pairwise(names)
        ],
        "activation": str(rng.choice(["tanh", "sigmoid"])),
        "weights": {"init": "lecun_normal", "gain": float(rng.uniform(0.8, 1.8))},
    }
    if rng.random() < 0.4:
        network["delay"] = {"uniform": ["1 ms", "5 ms"]}
    steps = int(4 * np.pi / omega)
    # the answers of a teacher are a table
    target = {"kind": "teacher", "seed": 1000 + seed}
    if steps > _LONG:
        target = {"kind": "constant", "values": rng.uniform(0.1, 0.9, layers[-1]).tolist()}
    model = {
        "neurodiff": 1,
        "name": f"network-{seed}",
        "seed": seed,
        "time_step": "1 ms",
        "network": network,
        "input": {
            "kind": "sinusoid",
            "frequency": f"{omega / (2 * np.pi * 1e-3):.6g} Hz",
            "amplitude": 1.0,
            "phase": "random",
        },
        "target": target,
        "transmission": {"kind": "events", "threshold": {"cosine": options.cosine}},
        "plasticity": {
            "rule": "diffusion",
            "learning_rate": f"{10 ** rng.uniform(-6, -3):.3g} Hz",
        },
        "run": {
            "duration": f"{steps} ms",
            "target": "numpy" if options.quick else "cpp_standalone",
        },
        "record": {"signals": "none", "weights": "none", "products": "all"},
        "validation": {
            "reference": "instantaneous",
            "start": f"{_START} ms",
            "every": f"{max((steps - _START) // _MOMENTS, 1)} ms",
        },
    }
    return Model.from_mapping(model), omega


@dataclass
class _Row:
    """One network: what was promised, what a run had, and what a search found."""

    name: str
    omega: float
    forward: float
    error: float
    promised: float
    cosine: float
    expected_share: float
    share: float
    cheapest: float

    @classmethod
    def of(cls, seed: int, options: argparse.Namespace) -> "_Row":
        model, omega = random_model(seed, options)
        simulation = Simulation(model)
        chosen = simulation.plan.transmission.chosen
        graded = _products(Simulation(model.replace(transmission="graded")))
        cosine, share = _outcome(simulation, graded)
        shares = [share] if cosine >= options.cosine else []
        if not options.quick:
            shares += _search(simulation, graded, chosen, options.cosine)
        sizes = [part.size for part in simulation.graph.populations]
        return cls(
            name="-".join(map(str, sizes)),
            omega=omega,
            forward=chosen.forward,
            error=chosen.error,
            promised=chosen.cosine,
            cosine=cosine,
            expected_share=chosen.share,
            share=share,
            cheapest=min(shares, default=np.nan),
        )

    def summary(self) -> str:
        """One line."""
        return "  ".join(f"{key} {value}" for key, value in zip(_HEADER, self.cells(), strict=True))

    def cells(self) -> list[str]:
        """Cells of the table."""
        return [
            self.name,
            f"{self.omega:.1e}",
            f"{self.forward:g}",
            f"{self.error:g}",
            f"{self.promised:.4f}",
            f"{self.cosine:.4f}",
            f"{self.expected_share:.2%}",
            f"{self.share:.2%}",
            f"{self.share / self.cheapest:.2f}",
        ]


_HEADER = [
    "network",
    "omega",
    "threshold",
    "error threshold",
    "cosine of the pilot",
    "cosine of the run",
    "operations of the pilot",
    "operations of the run",
    "to the cheapest pair",
]


def _products(simulation: Simulation) -> np.ndarray:
    """Local products (n_moments, n_synapses) of a run."""
    return simulation.run().recording["product"].values


def _outcome(simulation: Simulation, graded: np.ndarray) -> tuple[float, float]:
    """Cosine with the graded run where it is smallest, and share of the synaptic operations."""
    products = _products(simulation)
    return _least_cosine(simulation.graph, products, graded), simulation.events.ratio


def _least_cosine(graph: Graph, products: np.ndarray, graded: np.ndarray) -> float:
    """Cosine over all moments and synapses of a projection, the least of all projections."""
    cosines = []
    for part in graph.projections:
        one, other = products[:, part.synapses], graded[:, part.synapses]
        sizes = np.sqrt(np.sum(one**2) * np.sum(other**2))
        cosines.append(float(np.sum(one * other) / sizes))
    return min(cosines)


def _search(simulation: Simulation, graded: np.ndarray, chosen, asked: float) -> list[float]:
    """Shares of all pairs around the chosen one that have the cosine."""
    shares = []
    for forward in _FACTORS:
        # the larger a threshold, the fewer the events: from the largest until one is near enough
        for error in reversed(_FACTORS):
            pair = {
                "kind": "events",
                "threshold": forward * chosen.forward,
                "error_threshold": error * chosen.error,
            }
            other = Simulation(simulation.model.replace(transmission=pair))
            cosine, share = _outcome(other, graded)
            if cosine >= asked:
                shares.append(share)
                break
    return shares


def _table(rows: list[_Row]) -> list[list[str]]:
    return [_HEADER, *(row.cells() for row in rows)]


def _sums(rows: list[_Row], options: argparse.Namespace) -> str:
    near = sum(row.cosine >= options.cosine for row in rows)
    text = f"{near} of {len(rows)} runs have a cosine of {options.cosine:g} or more"
    if options.quick:
        return f"{text}; Brian2 {brian2.__version__}."
    worst = max(row.share / row.cheapest for row in rows)
    return (
        f"{text}; at most {worst:.2f} times the operations of the cheapest pair that has it, of "
        f"{len(_FACTORS) ** 2} pairs around the chosen one; Brian2 {brian2.__version__}."
    )


def _markdown(rows: list[_Row], options: argparse.Namespace) -> str:
    return f"{markdown(_table(rows))}\n\n{_sums(rows, options)}\n"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
