"""A small sweep, and who runs it."""

import os
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from neurodiff import Simulation

MODEL = """\
neurodiff: 1
name: small
seed: 7
network: {layers: [2, 3, 3, 1], activation: tanh}
input: {kind: sinusoid, frequency: 1 Hz, phase: random}
target: {kind: teacher, seed: 3}
run: {duration: 100 ms, target: numpy}
"""

SWEEP = """\
neurodiff_sweep: 1
name: speeds
model: model.yaml
axes:
  input.frequency: {log: [1 Hz, 100 Hz, 3]}
  network.activation: [tanh, sigmoid]
seeds: 2
"""


class Here(ThreadPoolExecutor):
    """Runs in this process, one at a time, counted.

    A run with the frequency `failing` comes to nothing, and one with `dying` is not done.
    """

    def __init__(
        self,
        stop_after: int | None = None,
        failing: str | None = None,
        dying: str | None = None,
    ):
        super().__init__(1)
        self.calls, self.stop_after, self.failing, self.dying = 0, stop_after, failing, dying

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        return super().submit(self._counted, fn, *args)

    def _counted(self, fn: Any, model: dict[str, Any]) -> Any:
        if self.stop_after == self.calls:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        self.calls += 1
        frequency = model["input"].get("frequency", "none")
        if frequency == self.dying:
            raise BrokenProcessPool("a process died")
        with pytest.MonkeyPatch.context() as patch:
            if frequency == self.failing:
                patch.setattr(Simulation, "run", too_large)
            return fn(model)


def too_large(simulation: Simulation) -> None:
    raise MemoryError("too large")


def written(folder: Path, text: str = SWEEP, model: str = MODEL) -> Path:
    (folder / "model.yaml").write_text(model)
    (folder / "sweep.yaml").write_text(text)
    return folder / "sweep.yaml"


def axes(text: str) -> str:
    return SWEEP[: SWEEP.index("axes:")] + f"axes: {text}\nseeds: 2\n"
