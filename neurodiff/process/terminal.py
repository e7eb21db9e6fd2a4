"""Output to the terminal: a courtesy on standard error, and no reason to lose a run on either."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO


def warn(text: str) -> None:
    """Give a warning where nothing must be lost: where warnings are errors it is printed instead.

    Parameters
    ----------
    text : str
        Text of the warning.
    """
    try:
        warnings.warn(text, stacklevel=3)
    except UserWarning:
        Courteous(sys.stderr).write(f"warning: {text}\n")


class OutputGone(Exception):
    """Standard output cannot be written: its reader has gone, or its disk is full."""


class Courteous:
    """A text stream that goes quiet when it cannot be written; nothing else happens then.

    Parameters
    ----------
    stream : text stream or None
        None is quiet from the beginning.
    """

    def __init__(self, stream: TextIO | None):
        self._stream, self._quiet = stream, stream is None

    def write(self, text: str) -> int:
        """Write, or go quiet.

        Parameters
        ----------
        text : str
            Text to write.
        """
        self._attempt("write", text)
        return len(text)

    def flush(self) -> None:
        """Flush, or go quiet."""
        self._attempt("flush")

    def isatty(self) -> bool:
        """Whether a person may be looking."""
        with suppress(OSError, ValueError):
            return not self._quiet and bool(self._stream and self._stream.isatty())
        return False

    def _attempt(self, what: str, *arguments: str) -> None:
        if not self._quiet:
            try:
                getattr(self._stream, what)(*arguments)
            except (OSError, ValueError) as error:
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._quiet = True
        _to_nowhere(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Demanding(Courteous):
    """A text stream that says with `OutputGone` that it cannot be written, each time."""

    _reason: str | None = None

    def _attempt(self, what: str, *arguments: str) -> None:
        if self._reason is None:
            super()._attempt(what, *arguments)
        if self._reason is not None:
            raise OutputGone(self._reason)

    def _fail(self, error: Exception) -> None:
        super()._fail(error)
        self._reason = getattr(error, "strerror", None) or str(error)


@contextmanager
def courteous_terminal() -> Iterator[None]:
    """Make standard error courteous, and standard output demanding, inside the `with` block."""
    _open_descriptors()
    before = sys.stdout, sys.stderr
    sys.stdout = Demanding(before[0])
    sys.stderr = Courteous(before[1])
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = before


def _open_descriptors() -> None:
    """Point standard descriptors that are closed at nothing, or the next file would get them."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != descriptor:
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


def _to_nowhere(stream: TextIO | None) -> None:
    """Let what is left in a stream that failed go nowhere, when Python flushes it at the end."""
    with suppress(OSError, ValueError, AttributeError):
        descriptor = stream.fileno()  # type: ignore[union-attr]
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
