"""Progress bars."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tqdm import tqdm

from neurodiff.simulator.execution import Progress


@contextmanager
def bar(steps: int, target: str) -> Iterator[Progress]:
    """A progress bar over the steps of a run, with the time left; it begins with the first step."""
    with ExitStack() as stack:
        lines: list[tqdm] = []

        def report(fraction: float) -> None:
            if not lines:
                lines.append(tqdm(total=steps, unit=" steps", unit_scale=True, desc=target))
                stack.callback(lines[0].close)
            lines[0].update(round(fraction * steps) - lines[0].n)

        yield report


@contextmanager
def silent(steps: int, target: str) -> Iterator[Progress]:
    """No progress bar."""
    yield lambda fraction: None
