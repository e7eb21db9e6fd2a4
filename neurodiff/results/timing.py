"""How long a run took."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from neurodiff.process.progress import Progress


@dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of a run, its number of steps and its backend.

    `compiled` says whether a program was compiled for it: on cpp_standalone, unless a program from
    an earlier run could do it. The pieces that cython compiles are not counted.

    Attributes
    ----------
    build_s, run_s : float
        Seconds to build the network, and to run it.
    steps : int
        Number of steps that were run.
    backend : str
        Kind of machine code: numpy, cython or cpp_standalone.
    compiled : bool
        Whether a program was compiled.
    """

    build_s: float
    run_s: float
    steps: int
    backend: str
    compiled: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; the key of the backend is that of the model file, `target`."""
        timing = asdict(self)
        return {"target" if key == "backend" else key: value for key, value in timing.items()}

    def after(self, before: "Timing | None") -> "Timing":
        """With the seconds of what was run before.

        Parameters
        ----------
        before : Timing or None
            Of the first part of the run; its steps are counted here already.
        """
        if before is None:
            return self
        seconds = before.build_s + self.build_s, before.run_s + self.run_s
        return Timing(*seconds, self.steps, self.backend, before.compiled or self.compiled)


class Stopwatch:
    """Times the building, which ends with the first report of progress, and the steps.

    Parameters
    ----------
    report : callable
        Where the progress goes.
    """

    def __init__(self, report: Progress):
        self._report = report
        self._started = time.perf_counter()
        self._first_step: float | None = None
        self._stepping: float | None = None

    def report(self, fraction: float) -> None:
        """Note the first step, and pass the progress on.

        Parameters
        ----------
        fraction : float
            Share of the run that is done.
        """
        if self._first_step is None:
            self._first_step = time.perf_counter()
        self._report(fraction)

    def stepped(self, seconds: float | None) -> None:
        """Note what some steps took, where a program has timed them itself.

        Parameters
        ----------
        seconds : float or None
            Seconds of the steps.
        """
        if seconds is not None:
            self._stepping = seconds + (self._stepping or 0.0)

    def timing(self, steps: int, backend: str, compiled: bool) -> Timing:
        """Seconds until now.

        Parameters
        ----------
        steps : int
            Number of steps.
        backend : str
            Kind of machine code.
        compiled : bool
            Whether a program was compiled.
        """
        ended = time.perf_counter()
        begun = ended if self._first_step is None else self._first_step
        if self._stepping is not None:
            begun = ended - self._stepping
        return Timing(begun - self._started, ended - begun, steps, backend, compiled)
