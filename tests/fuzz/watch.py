"""Watches a child process that does the cases; kills one that hangs, and begins another."""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.child import kind_of, serve

#: Seconds of work that a case may take; seconds on the clock, of which a machine that does other
#: things takes more; and those until a child is ready.
WORK, PATIENCE, _START = 10.0, 60.0, 300.0

GOOD = ("taken", "refused", "memory")


class Ended(NamedTuple):
    """How a case ended, what it said, and how long it took in s."""

    number: int
    kind: str
    how: str
    message: str
    seconds: float


class Child:
    """A process that does cases."""

    def __init__(self, seed: int, good: Path):
        # it begins with everything imported
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, seed, good), daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(_START) or self._pipe.recv()[0] != "ready":
            raise RuntimeError("no child process began")

    def do(self, number: int) -> Ended | None:
        """How a case ended; None where the process is gone, or was killed, with it."""
        self._pipe.send(number)
        kind = kind_of(number)
        if not self._answers():
            self._process.kill()
            return Ended(number, kind, "hang", "", PATIENCE)
        try:
            return Ended(number, kind, *self._pipe.recv())
        except EOFError:
            self._process.join()
            return Ended(number, kind, "death", f"exit code {self._process.exitcode}", 0.0)

    def _answers(self) -> bool:
        """Wait until the case has ended, or has taken too long."""
        begun, worked = time.monotonic(), self._work()
        while not self._pipe.poll(0.5):
            if self._work() - worked > WORK or time.monotonic() - begun > PATIENCE:
                return False
        return True

    def _work(self) -> float:
        """Seconds that the process has worked."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def fuzz(numbers: Iterable[int], seed: int = 0) -> Iterator[Ended]:
    """Do cases, and tell how each of them ended."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as good:
        child = Child(seed, Path(good))
        try:
            for number in numbers:
                ended = child.do(number)
                yield ended
                if ended.how in ("hang", "death"):
                    child.end()
                    child = Child(seed, Path(good))
        finally:
            child.end()
