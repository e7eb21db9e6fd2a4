"""Progress bars."""

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm.auto import tqdm

from neurodiff.simulator.execution import Progress


@contextmanager
def bar(steps: int, target: str) -> Iterator[Progress]:
    """A progress bar over the steps of a run, with the time left."""
    with tqdm(total=steps, unit="step", unit_scale=True, desc=target) as line:

        def report(fraction: float) -> None:
            line.update(round(fraction * steps) - line.n)

        yield report


@contextmanager
def silent(steps: int, target: str) -> Iterator[Progress]:
    """No progress bar."""
    yield lambda fraction: None
