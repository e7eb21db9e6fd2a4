"""What a sweep consists of: every combination of its axes and seeds is one run of one model."""

import copy
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ruamel.yaml.scalarbool import ScalarBoolean

from neurodiff.exceptions import ModelError
from neurodiff.files import Unreadable, open_regular
from neurodiff.model_file import Model, from_mapping
from neurodiff.model_file.explaining import Origin, Place
from neurodiff.model_file.plain import plain
from neurodiff.model_file.reading import read, set_key
from neurodiff.model_file.sweep import Point, SweepFile, chain, load_sweep_file
from neurodiff.plan import Plan
from neurodiff.sweeps.names import result_names

#: Most combinations whose models are made when a sweep is loaded.
_CHECKED = 2000

#: Keys of a complete model that name files; what counts is what they contain.
_FILES = ("file", "path", "dataset")


@dataclass(frozen=True)
class Sweep:
    """A sweep file, and the model file that it names.

    Made by `neurodiff.load_sweep`.

    Attributes
    ----------
    file : SweepFile
    base : dict
        Keys of the model file.
    folder : Path
        What paths in the model are relative to.
    """

    file: SweepFile
    base: dict[str, Any]
    folder: Path

    @property
    def name(self) -> str:
        """Used in titles, and in the name of the folder."""
        return self.file.name

    @property
    def axes(self) -> dict[str, list[Point]]:
        """The points of every axis, by its name."""
        return {key: axis.points(key) for key, axis in self.file.axes.items()}

    @property
    def dimensions(self) -> dict[str, str]:
        """The name of every axis in the result, by that in the sweep file.

        It is the last part of a key, so that it can be written as an attribute, or the whole key
        with underscores where two axes, or an axis and something else, would have one name.
        """
        names = {key: key.rpartition(".")[2] for key in self.file.axes}
        taken = Counter([*names.values(), *result_names()])
        return {
            key: name if taken[name] == 1 else key.replace(".", "_") for key, name in names.items()
        }

    @property
    def first_seed(self) -> int:
        """Seed of the model file; others go on from it."""
        return int(self.base.get("seed", 1))

    @property
    def seeds(self) -> range:
        """Seeds of the runs of each combination."""
        return range(self.first_seed, self.first_seed + self.file.seeds)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points of every axis, and of seeds."""
        return (*(len(points) for points in self.axes.values()), self.file.seeds)

    def runs(self) -> Iterator["Run"]:
        """All runs, the last axis and then the seed changing fastest.

        Raises
        ------
        ModelError
            At a combination that makes no model; the message names it.
        """
        numbered = [list(enumerate(points)) for points in self.axes.values()]
        for chosen in itertools.product(*numbered):
            index = tuple(place for place, _ in chosen)
            points = [point for _, point in chosen]
            for number, seed in enumerate(self.seeds):
                model = self._model(points, seed)
                yield Run((*index, number), model, self._named(points))

    def _model(self, points: list[Point], seed: int) -> Model:
        data = copy.deepcopy(self.base)
        try:
            for key, value in {**self.file.set, **chain(points), "seed": seed}.items():
                set_key(data, key, value)
            return from_mapping(data, self.folder, self.file.model)
        except ModelError as error:
            raise self._refused(points, error) from None

    def check_models(self) -> None:
        """Make the model of every combination; seeds make no difference.

        Of more than 2,000 combinations as many are made, evenly spread; `runs` makes them all.

        Raises
        ------
        ModelError
            At a combination that makes no model; the message names it.
        """
        every = -(-prod(self.shape[:-1]) // _CHECKED)
        for points in itertools.islice(itertools.product(*self.axes.values()), 0, None, every):
            self._model(list(points), self.first_seed)

    def check(self) -> float:
        """Plan the first run of every combination, so that no run fails for what can be known.

        Returns
        -------
        float
            Estimated bytes of memory of the largest.

        Raises
        ------
        ModelError
            At a combination that makes no model that can be built; the message names it.
        """
        largest = 0.0
        numbered = itertools.product(*self.axes.values())
        for points in map(list, numbered):
            model = self._model(points, self.first_seed)
            try:
                largest = max(largest, Plan.of(model).cost.memory)
            except ModelError as error:
                raise self._refused(points, error) from None
        return largest

    def _named(self, points: list[Point]) -> str:
        texts = []
        for name, point in zip(self.axes, points, strict=True):
            value = point.changes.get(name, point.coordinate)
            texts.append(f"{name}={value}")
        return ", ".join(texts)

    def _refused(self, points: list[Point], error: ModelError) -> ModelError:
        return ModelError(f"{self.name}, at {self._named(points)}", str(error))


@dataclass(frozen=True)
class Run:
    """One run of a sweep.

    Attributes
    ----------
    index : tuple of int
        Place on every axis, and number of the seed.
    model : Model
        Complete.
    name : str
        Values on the axes in words.
    """

    index: tuple[int, ...]
    model: Model
    name: str

    @property
    def key(self) -> str:
        """Hash of the complete model, and of what is in the files that it names."""
        data = self.model.with_absolute_paths().model_dump(mode="json", exclude_none=True)
        text = json.dumps(_with_contents(data), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]


def load_sweep(path: str | Path) -> Sweep:
    """Read a sweep file and the model file that it names, and check every combination.

    Parameters
    ----------
    path : str or Path
        The YAML file. The model's path is relative to it.

    Raises
    ------
    ModelError
        If a file is missing or not understood, or a combination of the axes makes no model; the
        message names the combination, the key and the remedy.
    """
    path = Path(path)
    file = load_sweep_file(path)
    model_path = path.resolve().parent / file.model
    marked = read(model_path, "model file", "neurodiff: 1")
    try:
        data = plain(marked)
    except Unreadable as error:
        raise ModelError(str(model_path), error.problem, error.remedy) from None
    _refuse_bad_seed(marked, model_path)
    sweep = Sweep(file, data, model_path.parent)
    _refuse_names_of_results(sweep, path)
    sweep.check_models()
    return sweep


def _refuse_bad_seed(marked: Any, path: Path) -> None:
    """The seeds of the runs go on from that of the model, which must be one."""
    seed = marked.get("seed", 1)
    if isinstance(seed, bool | ScalarBoolean) or not isinstance(seed, int) or seed < 0:
        where = Place(Origin(str(path)), marked)("seed")
        raise ModelError(where, f"{seed!r} is no seed", "write a whole number, 0 or more")


def _refuse_names_of_results(sweep: Sweep, path: Path) -> None:
    """An axis and a variable of the result, or two axes, cannot have one name."""
    taken = Counter(sweep.dimensions.values())
    for key, name in sweep.dimensions.items():
        if name in result_names() or taken[name] > 1:
            what = "a variable of every result" if taken[name] == 1 else "two axes in the result"
            text = f"`{name}` is the name of {what}"
            raise ModelError(f"{path}: axes.{key}", text, "give the axis another name")


def _with_contents(data: Any) -> Any:
    """`data` with the hash of their contents for all absolute paths of files."""
    if isinstance(data, list):
        return [_with_contents(part) for part in data]
    if not isinstance(data, dict):
        return data
    return {
        key: _content(value) if key in _FILES else _with_contents(value)
        for key, value in data.items()
    }


def _content(name: Any) -> Any:
    path = Path(str(name))
    if not path.is_absolute():
        return name
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except (Unreadable, OSError):
        return name
