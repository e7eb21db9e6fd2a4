"""Goes on with a run that was interrupted, from the last state in its folder."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neurodiff.exceptions import OutputError, SimulationError
from neurodiff.files import Unreadable, parse_yaml
from neurodiff.model_file import Model, to_yaml
from neurodiff.model_file.plain import plain
from neurodiff.plan import Plan
from neurodiff.results.parts import Part, part_of
from neurodiff.run_files.checkpoints import Checkpoints, Saved, before, read_parts, read_saved
from neurodiff.run_files.names import is_finished
from neurodiff.run_files.new_folder import claimed
from neurodiff.run_files.replacing import folder_in_waiting, growing, restore
from neurodiff.run_folder.opening import recording_of
from neurodiff.simulation import Simulation
from neurodiff.simulator.beginning import no_state

#: Keys of a model that change no number of its run.
_FREE = ("run.checkpoint",)


@contextmanager
def resumed_folder(path: Path, model: Model) -> Iterator[tuple[Path, Simulation]]:
    """The folder of a run that was interrupted, as `new_folder` makes one, and its simulation.

    Parameters
    ----------
    path : Path
        Place of the run folder.
    model : Model
        Model of the run.

    Yields
    ------
    folder : Path
        The folder as it grows.
    simulation : Simulation
        What goes on from the last state when it is run.

    Raises
    ------
    OutputError
        If there is no state there, the run is complete, or the file system refuses.
    SimulationError
        If the model is another one, or its transmission has no state.
    """
    plan = Plan.of(model)
    if (why := no_state(plan)) is not None:
        raise SimulationError(f"run: none can be resumed with {why}; leave out --resume")
    with claimed(path) as place:
        restore(place)
        source = _source(place)
        saved = read_saved(source)
        if saved is None:
            remedy = (
                "leave out --resume, to begin anew; `run.checkpoint` says how often one is kept"
            )
            raise OutputError(
                f"{place}: no state was kept there from which a run can go on; {remedy}"
            )
        simulation = _simulation(plan, saved, source)
        with folder_in_waiting(place, force=True, source=source) as folder:
            yield folder, simulation


def checkpoints_in(folder: Path, model: Model) -> Checkpoints | None:
    """What keeps states in a folder while a run grows there; None where the model wants none.

    Parameters
    ----------
    folder : Path
        The folder as it grows; it may have parts already.
    model : Model
        Model of the run.
    """
    if model.run.checkpoint == "none":
        return None
    saved = read_saved(folder)
    return Checkpoints(folder, float(model.run.checkpoint), saved.about["parts"] if saved else 0)


def _source(place: Path) -> Path:
    """The folder with the latest state: one that was growing when its process died, or a run."""
    left = growing(place)
    if left:
        return left[-1]
    if is_finished(place):
        raise OutputError(
            f"{place}: the run is complete, and there is nothing to resume; leave out --resume, or "
            "start another run from its end with --from"
        )
    return place


def _simulation(plan: Plan, saved: Saved, source: Path) -> Simulation:
    """A simulation that goes on from a state, on the same kind of machine code."""
    _refuse_another_model(plan.model, saved, source)
    _refuse_other_files(plan, saved)
    simulation = Simulation(plan, backend=saved.about["code"])
    return simulation.go_on_from(before(saved, _parts(saved, source, plan.model)))


def _parts(saved: Saved, source: Path, model: Model) -> list[Part]:
    n = saved.about["parts"]
    return read_parts(source, n) if n else [part_of(recording_of(source), model.time_step)]


def _refuse_another_model(model: Model, saved: Saved, source: Path) -> None:
    try:
        was = _flat(plain(parse_yaml(saved.about["model"])))
    except (Unreadable, TypeError):
        raise OutputError(f"{source}: its state names no model; run the model again") from None
    now = _flat(plain(parse_yaml(to_yaml(model.with_absolute_paths()))))
    names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    if names := [name for name in names if name not in _FREE]:
        parts = [
            f"`{name}` was {was.get(name, 'not there')} and is {now.get(name, 'not there')}"
            for name in names[:5]
        ]
        more = f", and {len(names) - 5} more" if names[5:] else ""
        raise SimulationError(
            f"the run that is to be resumed had another model: {', '.join(parts)}{more}; write the "
            "model as it was, or start another run from it with --from"
        )


def _flat(keys: Any, path: str = "") -> dict[str, Any]:
    """Values of a model by the paths of their keys."""
    if not isinstance(keys, Mapping):
        return {path: keys}
    found: dict[str, Any] = {}
    for key, value in keys.items():
        found |= _flat(value, f"{path}.{key}" if path else str(key))
    return found


def _refuse_other_files(plan: Plan, saved: Saved) -> None:
    was = {file["path"]: file["sha256"] for file in json.loads(saved.about["files"])}
    for file in plan.files:
        if was.get(file["path"]) != file["sha256"]:
            raise SimulationError(
                f"{file['path']}: has changed since the run began; put the file of the run there, "
                "or begin anew without --resume"
            )
