"""The process of a program, as the command that compares them sees it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from peak_memory import wrap

from dense.network import Floats
from dense.program import CannotError
from dense.table import PROGRAMS

#: What BLAS, OpenMP and others read for their number of threads.
_COUNTS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS"),
)


class Process:
    """A program in a process of its own, on as many cores as it may have threads.

    It waits, without using the processor, between what it is asked for.

    Parameters
    ----------
    name : str
        Name in the table of programs.
    folder : Path
        For what passes between the processes.
    peak : Path, optional
        File for the largest peak memory (bytes) of it and of all that it has started, when it ends.
    """

    def __init__(self, name: str, folder: Path, peak: Path | None = None):
        self.name, self.entry = name, PROGRAMS[name]
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        self._log = (self._folder / "log.txt").open("w+")
        command = [sys.executable, "-m", "dense.worker", name]
        self._process = subprocess.Popen(
            wrap(peak, command) if peak else command,
            env=surroundings(self.entry.threads, self._folder),
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            # with all that it starts it can be ended at once
            start_new_session=True,
        )
        _pin(self._process.pid, self.entry.threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin and self._process.stdout
        if kind is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def version(self) -> str:
        """Names and versions of what computes."""
        return self._ask(do="version")

    def prepare(self, network: Path) -> None:
        """Go to the beginning of a network."""
        self._ask(do="prepare", network=str(network))

    def run(self, steps: int) -> float:
        """Seconds of that many steps."""
        return self._ask(do="run", steps=steps)

    def weights(self) -> Floats:
        """Weights (n_synapses,) after the last run."""
        file = self._folder / "weights.npy"
        self._ask(do="weights", file=str(file))
        return np.load(file)

    def _ask(self, **request: Any) -> Any:
        assert self._process.stdin and self._process.stdout
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise CannotError(self._last_words()) from None
        line = self._process.stdout.readline()
        reply = json.loads(line) if line else {"cannot": self._last_words()}
        if "cannot" in reply:
            raise CannotError(reply["cannot"])
        return reply["answer"]

    def _last_words(self) -> str:
        status = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        return f"ended with status {status}" + (f": {lines[-1]}" if lines else "")


def surroundings(threads: int, folder: Path) -> dict[str, str]:
    """Environment of a process that may use so many threads."""
    known = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    parts = [Path(__file__).parents[1], *(Path(part).resolve() for part in known)]
    return {
        **os.environ,
        **dict.fromkeys(_COUNTS, str(threads)),
        "PYTHONPATH": os.pathsep.join(map(str, parts)),
        # as where the environment is active: ANNarchy's CMake looks for its Python
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "VIRTUAL_ENV": sys.prefix,
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}",
        "JAX_PLATFORMS": "cpu",
        # threads that wait for each other give the core away soon: something else may need it
        "GOMP_SPINCOUNT": "10000",
        "TMPDIR": str(folder),
    }


def _pin(process: int, threads: int) -> None:
    """Let a process use only so many cores, where the system can be told so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process, sorted(os.sched_getaffinity(0))[-threads:])
