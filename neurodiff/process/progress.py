"""Progress bars."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tqdm import tqdm

from neurodiff.process.terminal import Courteous
from neurodiff.simulator.backends.execution import Progress


@contextmanager
def bar(steps: int, target: str) -> Iterator[Progress]:
    """A progress bar over the steps of a run, with the time left; it begins with the first step.

    Where standard error cannot be written it goes quiet, and the run goes on.
    """
    with ExitStack() as stack:
        lines: list[tqdm] = []

        def report(fraction: float) -> None:
            if not lines:
                lines.append(_line(steps, target))
                stack.callback(lines[0].close)
            lines[0].update(round(fraction * steps) - lines[0].n)

        yield report


def _line(steps: int, target: str) -> tqdm:
    quiet = Courteous(sys.stderr)
    return tqdm(total=steps, unit=" steps", unit_scale=True, desc=target, file=quiet)


@contextmanager
def silent(steps: int, target: str) -> Iterator[Progress]:
    """No progress bar."""
    yield lambda fraction: None
