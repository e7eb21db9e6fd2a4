"""What the command line sets up for its own process, before anything heavy is imported."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def draw_into_files() -> None:
    """Have matplotlib draw into files whatever backend the shell asks for, and only where needed.

    A notebook of another environment leaves ``MPLBACKEND`` with a backend that may not be there. A
    process that has matplotlib already is left alone. `pylab` is forbidden, because Brian2 would
    import it, and with it all of matplotlib, for commands that draw nothing.
    """
    if "matplotlib" not in sys.modules:
        os.environ["MPLBACKEND"] = "Agg"
        sys.modules.setdefault("pylab", None)  # type: ignore[arg-type]


@contextmanager
def warnings_on_lines() -> Iterator[None]:
    """Show each warning as `warning: ...` on a line of its own on standard error."""
    shown = warnings.showwarning
    warnings.showwarning = _show
    try:
        yield
    finally:
        warnings.showwarning = shown


def _show(message: Warning | str, *where: Any, **more: Any) -> None:
    # a progress bar is cleared, and drawn again below the line
    from tqdm import tqdm

    tqdm.write(f"warning: {message}", file=sys.stderr)
