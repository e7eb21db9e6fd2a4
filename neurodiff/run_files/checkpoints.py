"""States of a run in its folder: what it needs to go on, and what it had recorded until then."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodiff.exceptions import OutputError
from neurodiff.files import Unreadable, parse_json, read_npz
from neurodiff.files.placing import written_beside
from neurodiff.process.terminal import warn
from neurodiff.results.parts import Part
from neurodiff.results.timing import Timing
from neurodiff.run_files.names import PARTS, STATE
from neurodiff.run_files.run import Run
from neurodiff.simulator.beginning import Before
from neurodiff.simulator.state import State

Arrays = Mapping[str, NDArray[Any]]

#: Key of the state file for what is no array: a text in JSON, as bytes.
_ABOUT = "about"


class Saved(NamedTuple):
    """A state file.

    Attributes
    ----------
    state : State
        State of the network.
    about : dict
        Number of `parts`, `model`, `files`, `code` and `begun`; see `Simulation.identity`.
    timing : Timing or None
        How long the run had taken until then.
    """

    state: State
    about: dict[str, Any]
    timing: Timing | None


class Checkpoints:
    """Keeps complete states in a run folder while a run grows there.

    Each part of what was recorded is a file of its own; the state comes after them, and says how
    many parts belong to it. All of them appear complete or not at all.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    seconds : float
        Wall time between two states.
    parts : int
        Number of parts that are there.
    """

    def __init__(self, folder: Path, seconds: float, parts: int = 0):
        self.seconds = seconds
        self._folder, self._parts = folder, parts

    def keep(self, parts: Sequence[Part], state: State, run: Run) -> None:
        """Keep a state, and what was recorded until then as far as it is not there yet.

        A run that ends before its first state needs none: its recording is written at once. A disk
        that is full costs the state, and not the run.

        Parameters
        ----------
        parts : sequence of Part
            All that was recorded, from the beginning of the run.
        state : State
            State of the network.
        run : Run
            What runs.
        """
        if state.step >= run.plan.stimuli.steps and not self._parts:
            return
        try:
            for part in parts[self._parts :]:
                write_part(part, self._folder, self._parts)
                self._parts += 1
            write_state(state, run, self._folder, self._parts)
        except OSError as error:
            reason = error.strerror or str(error)
            warn(f"the state at step {state.step} could not be kept ({reason}); the run goes on")


def write_part(part: Part, folder: Path, number: int) -> None:
    """Write what was recorded of some steps.

    Parameters
    ----------
    part : Part
        What was recorded.
    folder : pathlib.Path
        Folder of the run.
    number : int
        Number of the part.

    Raises
    ------
    OSError
        If the file system refuses.
    """
    path = folder / PARTS / f"{number:06}.npz"
    path.parent.mkdir(exist_ok=True)
    named = zip(Part._fields, part, strict=True)
    _write(path, {f"{kind}.{name}": part for kind, of in named for name, part in of.items()})


def read_parts(folder: Path, n: int) -> list[Part]:
    """What was recorded of a run, part by part.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    n : int
        Number of parts.

    Raises
    ------
    OutputError
        If one is missing or damaged.
    """
    parts = []
    for number in range(n):
        found: dict[str, dict[str, NDArray[Any]]] = {kind: {} for kind in Part._fields}
        for key, values in _read(folder / PARTS / f"{number:06}.npz").items():
            kind, _, name = key.partition(".")
            found.setdefault(kind, {})[name] = values
        parts.append(Part(**{kind: found[kind] for kind in Part._fields}))
    return parts


def write_state(state: State, run: Run, folder: Path, parts: int = 0) -> None:
    """Write a state with all that tells whether another run can go on from it.

    Parameters
    ----------
    state : State
        State of the network.
    run : Run
        What runs, or has run.
    folder : pathlib.Path
        Folder of the run.
    parts : int
        Number of parts in which is what was recorded; 0 where it is in the recording.

    Raises
    ------
    OSError
        If the file system refuses.
    """
    about = {
        "step": state.step,
        "parts": parts,
        "timing": asdict(run.timing),
        **run.identity,
    }
    text = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    _write(folder / STATE, {_ABOUT: text, **state.values})


def _write(path: Path, arrays: Arrays) -> None:
    with written_beside(path) as beside, beside.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        # it has to be on the disk before it takes the place of an older one
        file.flush()
        os.fsync(file.fileno())


def read_saved(folder: Path) -> Saved | None:
    """The state in a run folder; None where there is none.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.

    Raises
    ------
    OutputError
        If it is damaged.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    arrays = _read(path)
    try:
        about = parse_json(arrays.pop(_ABOUT).tobytes().decode())
        timing = Timing(**about["timing"]) if about["timing"] else None
        return Saved(State(int(about["step"]), arrays), about, timing)
    except (KeyError, TypeError, ValueError, Unreadable):
        raise OutputError(f"{path}: is no state of a run; run the model again") from None


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        return read_npz(path)
    except (OSError, Unreadable) as error:
        problem = getattr(error, "problem", None) or getattr(error, "strerror", None) or str(error)
        raise OutputError(f"{path}: {problem}; run the model again") from error


def before(saved: Saved, parts: list[Part]) -> Before:
    """What was done of a run, for a simulation that goes on with it.

    Parameters
    ----------
    saved : Saved
        State file of the run.
    parts : list of Part
        What was recorded.
    """
    return Before(parts, saved.state, saved.timing, dict(saved.about.get("begun") or {}))
