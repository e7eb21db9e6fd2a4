"""What is measured: networks, stimuli and learning rates."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodiff import Model

#: Largest change of an activity, and of an error relative to its layer's errors, that is not sent.
THRESHOLD, ERROR_THRESHOLD = 0.01, 0.02
#: Steps for which a frame is held.
HOLD = 200
#: Learning rates per step: none, slow against all signals, as fast as the fastest that are useful.
FROZEN, SLOW, FAST = 0.0, 1e-8, 1e-5
#: Speeds of the curve, in radian per step.
SPEEDS = (1e-5, 1e-4, 1e-3, 3e-3, 1e-2)


@dataclass(frozen=True)
class Case:
    """A chain of tanh layers that learns a constant target.

    Attributes
    ----------
    layers, width : int
        Weight layers, and units of each layer.
    steps : int
    omega : float or None
        Radian per step of the sinusoids at the input, 0 for a constant input; None for frames held
        for `HOLD` steps.
    learning_rate : float
        Per step.
    exact : bool
        Both thresholds are 0.
    programs : tuple of str
        What is timed; see README.md.
    """

    name: str
    layers: int
    width: int
    steps: int
    omega: float | None
    learning_rate: float = SLOW
    exact: bool = False
    programs: tuple[str, ...] = ("events", "native", "dense", "C loop", "NumPy", "NumPy+ger")

    @property
    def size(self) -> str:
        """Weight layers and their units."""
        return f"{self.layers}x{self.width}"

    def model(self, folder: Path) -> Model:
        """The model; `folder` is where its frames are written."""
        return Model.layered(
            [self.width] * (self.layers + 1),
            name=self.name,
            activation="tanh",
            bias=False,
            weights={"init": "lecun_normal"},
            target={"kind": "constant", "values": [0.3] * self.width},
            plasticity=self._plasticity(),
            transmission=self._transmission(),
            record="none",
            **self._stimulus(folder),
        )

    def _plasticity(self) -> dict[str, Any]:
        if not self.learning_rate:
            return {"rule": "none"}
        return {"rule": "diffusion", "learning_rate": f"{1e3 * self.learning_rate!r} Hz"}

    def _transmission(self) -> dict[str, Any]:
        thresholds = (0, 0) if self.exact else (THRESHOLD, ERROR_THRESHOLD)
        return {"kind": "events", "threshold": thresholds[0], "error_threshold": thresholds[1]}

    def _stimulus(self, folder: Path) -> dict[str, Any]:
        """Input and length, of steps of 1 ms."""
        if self.omega is None:
            path = _write_frames(folder, self.steps // HOLD, self.width)
            frames = {"dataset": str(path), "order": "as_given", "test_fraction": 0}
            held = {"kind": "frames", "hold": f"{HOLD} ms", **frames}
            return {"input": held, "run": {"epochs": 1}}
        if not self.omega:
            constant = {"kind": "constant", "values": [0.5] * self.width}
            return {"input": constant, "duration": f"{self.steps} ms"}
        frequency = f"{1e3 * self.omega / (2 * np.pi)!r} Hz"
        sinusoids = {"kind": "sinusoid", "frequency": frequency, "phase": "random"}
        return {"input": sinusoids, "duration": f"{self.steps} ms"}


def _write_frames(folder: Path, n: int, width: int) -> Path:
    """Random smooth frames (n, width) between 0 and 1, as an .npz archive."""
    path = folder / "frames.npz"
    np.savez(path, frames=_smooth(n, width), labels=np.zeros(n, dtype=np.int64))
    return path


def _smooth(n: int, width: int) -> NDArray[np.float64]:
    """Profiles (n, width) of up to 8 waves across the units, with random amplitudes and phases."""
    rng = np.random.default_rng(1)
    waves, place = np.arange(1, 9), np.arange(width) / width
    phase = rng.uniform(0, 2 * np.pi, (n, len(waves), 1))
    amplitude = rng.normal(size=(n, len(waves), 1)) / waves[:, None]
    profiles = np.sum(amplitude * np.sin(2 * np.pi * waves[:, None] * place + phase), axis=1)
    low, high = profiles.min(axis=1, keepdims=True), profiles.max(axis=1, keepdims=True)
    return np.asarray((profiles - low) / (high - low))


CASES = [
    Case("slow-300", 10, 300, 10_000, omega=1e-4),
    Case("slow-1000", 10, 1000, 2_000, omega=1e-4),
    Case("frames-300", 10, 300, 10_000, omega=None),
]


#: What is timed along the curve: the native network is left out where it takes minutes to build.
_ALONG = ("events", "dense", "NumPy+ger")


def curve(width: int, rate: float) -> list[Case]:
    """From slow signals to fast ones, at one width and one learning rate per step."""
    # slow signals run for longer, so that their beginning, when all units send, counts for little
    long, short = (5_000, 1_000) if width < 1000 else (1_000, 300)
    return [
        Case(
            f"curve-{width}-{omega:g}-{rate:g}",
            *(10, width, long if omega < 2e-3 else short, omega, rate),
            programs=_ALONG,
        )
        for omega in SPEEDS
    ]


#: Ever more events: what they add to a run in which the input hardly moves.
WORK = [
    Case(f"work-{omega:g}", 10, 1000, 1_000, omega, programs=("events",))
    for omega in (1e-9, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
]
#: Nothing changes.
STILL = [
    Case(f"still-{width}", 10, width, 10_000, 0.0, FROZEN, programs=("events",))
    for width in (300, 1000)
]
CURVES = [
    *(case for width in (300, 1000) for rate in (FROZEN, SLOW) for case in curve(width, rate)),
    *curve(300, FAST),
]


def tiny(case: Case) -> Case:
    """The same at a size and length that takes no time."""
    return replace(case, layers=3, width=10, steps=2 * HOLD)


def check(case: Case) -> Case:
    """A short run in which all changes are sent and much is learned, to compare the weights of."""
    omega = None if case.omega is None else 0.05
    return replace(case, width=20, steps=2 * HOLD, omega=omega, learning_rate=1e-3, exact=True)
