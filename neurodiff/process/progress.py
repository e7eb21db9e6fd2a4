"""Progress bars."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tqdm import tqdm

from neurodiff.process.terminal import Courteous

#: Called with the fraction of the run that is done.
Progress = Callable[[float], None]


@contextmanager
def bar(steps: int, backend: str) -> Iterator[Progress]:
    """A progress bar over the steps of a run, with the time left; it begins with the first step.

    Where standard error cannot be written it goes quiet, and the run goes on.

    Parameters
    ----------
    steps : int
        Number of steps of the run.
    backend : str
        Name of the backend, which stands before the bar.
    """
    with ExitStack() as stack:
        lines: list[tqdm] = []

        def report(fraction: float) -> None:
            if not lines:
                lines.append(_line(steps, backend))
                stack.callback(lines[0].close)
            lines[0].update(round(fraction * steps) - lines[0].n)

        yield report


def _line(steps: int, backend: str) -> tqdm:
    quiet = Courteous(sys.stderr)
    return tqdm(total=steps, unit=" steps", unit_scale=True, desc=backend, file=quiet)


@contextmanager
def silent(steps: int, backend: str) -> Iterator[Progress]:
    """No progress bar.

    Parameters
    ----------
    steps : int
        Number of steps of the run.
    backend : str
        Name of the backend.
    """
    yield lambda fraction: None
