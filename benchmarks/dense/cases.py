"""What is measured: chains of tanh layers, dense or sparse, and their model files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from neurodiff import Model

#: Radian per step of the sinusoids at the input.
OMEGA = 0.01
#: Learning rate per step of the runs that are timed.
RATE = 1e-6
#: Connection probability and delays (steps) of the sparse networks.
SPARSE, ONE_DELAY, DRAWN_DELAYS = 0.1, 3, (1, 5)


@dataclass(frozen=True)
class Case:
    """A chain of layers of equal width that learns a constant target.

    Attributes
    ----------
    layers, width : int
        Weight layers, and units of each layer and of the input.
    probability : float
        That two units of neighbouring layers are connected; 1 is dense.
    delay : int or (int, int)
        Steps of every hop, or bounds between which each synapse draws its own.
    group : str
        For what figure or table it is.
    """

    name: str
    layers: int
    width: int
    probability: float = 1
    delay: int | tuple[int, int] = 1
    group: str = "sizes"

    @property
    def kind(self) -> str:
        """What a program must be able to do: `dense`, `sparse`, or `drawn` delays."""
        if isinstance(self.delay, tuple):
            return "drawn"
        return "dense" if self.probability == 1 else "sparse"

    @property
    def check_rate(self) -> float:
        """Learning rate per step of the run whose weights are compared: much is learned."""
        return 0.1 / (self.width * self.probability)

    @property
    def check_steps(self) -> int:
        """Steps of that run: both waves have come to all layers, and learned for a while."""
        longest = self.delay[1] if isinstance(self.delay, tuple) else self.delay
        return 3 * longest * self.layers + 20

    def model(self, rate: float) -> Model:
        """The model file's content, with steps of 1 ms.

        Parameters
        ----------
        rate : float
            Learning rate per step.
        """
        return Model.from_mapping(
            {
                "neurodiff": 1,
                "name": self.name,
                "network": self._network(),
                "input": _sinusoids(),
                "target": {"kind": "constant", "values": [0.3] * self.width},
                "plasticity": {"rule": "diffusion", "learning_rate": f"{1e3 * rate!r} Hz"},
                "record": "none",
                "validation": "none",
                "run": {"duration": f"{self.check_steps} ms"},
            }
        )

    def _network(self) -> dict[str, Any]:
        common = {
            "activation": "tanh",
            "bias": False,
            "delay": self._delay(),
            "weights": {"init": "lecun_normal"},
        }
        if self.probability == 1:
            return common | {"layers": [self.width] * (self.layers + 1)}
        names = ["input", *(f"hidden{k}" for k in range(1, self.layers)), "output"]
        roles = {"input": {"role": "input"}, "output": {"role": "output"}}
        sparse = {"connectivity": {"probability": self.probability}}
        return common | {
            "populations": {name: {"size": self.width, **roles.get(name, {})} for name in names},
            "projections": [{"pre": a, "post": b, **sparse} for a, b in pairwise(names)],
        }

    def _delay(self) -> Mapping[str, Any] | str:
        if isinstance(self.delay, tuple):
            return {"uniform": [f"{steps} ms" for steps in self.delay]}
        return f"{self.delay} ms"


def _sinusoids() -> dict[str, Any]:
    frequency = f"{1e3 * OMEGA / (2 * np.pi)!r} Hz"
    return {"kind": "sinusoid", "frequency": frequency, "phase": "random"}


SIZES = [
    Case("4x32", 4, 32),
    Case("10x100", 10, 100),
    Case("10x300", 10, 300),
    Case("20x500", 20, 500),
    Case("10x1000", 10, 1000),
]
SPARSES = [
    Case("sparse-10x1000", 10, 1000, SPARSE, ONE_DELAY, "sparse"),
    Case("drawn-10x1000", 10, 1000, SPARSE, DRAWN_DELAYS, "sparse"),
]
#: For the figures.
WIDTHS = [Case(f"width-{n}", 10, n, group="width") for n in (30, 60, 100, 200, 300, 500, 700, 1000)]
DEPTHS = [Case(f"depth-{n}", n, 300, group="depth") for n in (2, 5, 10, 20, 40)]
SPARSITIES = [
    Case(f"sparsity-{p:g}", 10, 500, p, ONE_DELAY, "sparsity") for p in (0.01, 0.03, 0.1, 0.3)
]
CASES = [*SIZES, *SPARSES, *WIDTHS, *DEPTHS, *SPARSITIES]


def tiny(case: Case) -> Case:
    """The same at a size that takes no time."""
    return replace(case, layers=3, width=12, probability=min(1, 5 * case.probability))
