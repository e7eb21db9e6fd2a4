"""The sweep file, version 1: a model file, and what varies."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from neurodiff.exceptions import ModelError
from neurodiff.files import Unreadable
from neurodiff.model_file.base import Part, problem
from neurodiff.model_file.explaining import Origin, explain
from neurodiff.model_file.plain import plain
from neurodiff.model_file.quantities import (
    FREQUENCY_UNITS,
    TIME_UNITS,
    VOLTAGE_UNITS,
    format_quantity,
    parse_quantity,
)
from neurodiff.model_file.reading import read

_UNITS = (TIME_UNITS, FREQUENCY_UNITS, VOLTAGE_UNITS)
_FORMS = "{values: [...]}, {linear: [from, to, n]}, {log: [from, to, n]} or {cases: {...}}"


#: Most runs of a sweep.
_MOST_RUNS = 100_000

#: Path of a key, or any name where there are cases; netCDF takes it as the name of a dimension.
AxisName = Annotated[str, Field(pattern=r"^\w([\w .-]*\w)?$", max_length=300)]

#: From, to, and how many.
Spacing = Annotated[tuple[Any, Any, int], Field(strict=False)]


class Point(NamedTuple):
    """One place on an axis: its coordinate (number, or text), and the keys that it sets.

    Attributes
    ----------
    coordinate : float or str
        Place on the axis.
    changes : dict
        Value of each key that the point sets.
    """

    coordinate: float | str
    changes: dict[str, Any]


class Axis(Part):
    """What one dimension of a sweep runs over; exactly one of the forms is given.

    `values` are written out; `linear` and `log` are n numbers from, to; `cases` are named by a
    text or a number, and each sets several keys of the model by their paths.
    """

    values: Annotated[list[Any], Field(min_length=1)] | None = None
    linear: Spacing | None = None
    log: Spacing | None = None
    cases: (
        Annotated[
            dict[str | int | float, Annotated[dict[str, Any], Field(min_length=1)]],
            Field(min_length=1),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(forms) != 1:
            what = f"{' and '.join(forms)} are given" if forms else "it is empty"
            raise problem(what, f"write one of {_FORMS}")
        coordinates = [point.coordinate for point in self.points("")]
        for value, times in Counter(coordinates).items():
            if times > 1:
                raise problem(f"{value} is there twice", "keep one")
            if isinstance(value, float) and not math.isfinite(value):
                raise problem(f"{value} is not finite", "write finite numbers", forms[0])
        return self

    def points(self, key: str) -> list[Point]:
        """All places on the axis, which sets `key` but where there are cases.

        Parameters
        ----------
        key : str
            Key of the model that the axis sets.
        """
        if self.cases is not None:
            return list(map(Point, coordinates_of(self.cases), self.cases.values()))
        values = self.values or self._spaced()
        keys = [{key: value} for value in values]
        return list(map(Point, coordinates_of(values), keys))

    @property
    def unit(self) -> str:
        """Unit of the coordinates: s, Hz, V, or 1 where they are bare numbers or texts."""
        return _common_unit(self.cases or self.values or self._spaced()) or "1"

    def _spaced(self) -> list[Any]:
        first, last, n = self.linear or self.log or (None, None, 0)
        form = "log" if self.log else "linear"
        units = _common_units(first, last, form)
        a, b = (coordinate_of(value) for value in (first, last))
        if not isinstance(a, float) or not isinstance(b, float):
            raise problem("from and to are no numbers", "write numbers, or quantities", form)
        if n < 2:
            raise problem(f"n is {n}", "write 2 or more, or the `values` themselves", form)
        if n > _MOST_RUNS:
            raise problem(f"n is {n:,}", f"write {_MOST_RUNS:,} or less", form)
        if self.log and min(a, b) <= 0:
            raise problem(f"{min(a, b):g} has no logarithm", "write numbers above 0", form)
        with np.errstate(over="ignore", invalid="ignore"):  # seen by who asked for it
            numbers = np.geomspace(a, b, n) if self.log else np.linspace(a, b, n)
        if not np.isfinite(numbers).all():
            raise problem("from and to are too far apart", "write smaller numbers", form)
        whole = isinstance(first, int) and isinstance(last, int) and not (numbers % 1).any()
        if units is None:
            return [int(number) if whole else float(number) for number in numbers]
        # 15 digits, so that 0.3 s is that and no 0.30000000000000004 s
        return [format_quantity(float(f"{number:.15g}"), units) for number in numbers]


def _axis(value: Any) -> Any:
    """A bare list is short for `values`."""
    return {"values": value} if isinstance(value, list) else value


class SweepFile(Part):
    """Which model, and what varies.

    `set` changes keys of the model by their paths, for all runs; `seeds` is the number of seeds,
    which go on from that of the model.
    """

    neurodiff_sweep: Literal[1]
    name: Annotated[str, Field(max_length=100, pattern=r"^\w([\w .-]*\w)?$")]
    description: str = ""
    model: str
    set: dict[str, Any] = {}
    axes: Annotated[
        dict[
            AxisName,
            Annotated[Axis, BeforeValidator(_axis, json_schema_input_type=Axis | list[Any])],
        ],
        Field(min_length=1),
    ]
    seeds: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        points = {key: len(axis.points(key)) for key, axis in self.axes.items()}
        runs = math.prod(points.values()) * self.seeds
        if runs > _MOST_RUNS:
            sizes = ", ".join(f"{count:,} of `{key}`" for key, count in points.items())
            text = f"{runs:,} runs ({sizes}; {self.seeds:,} seeds), and {_MOST_RUNS:,} are the most"
            key = "seeds" if self.seeds > max(points.values()) else "axes"
            raise problem(text, "take fewer, or several sweeps", key)
        return self

    @model_validator(mode="after")
    def _each_key_once(self) -> Self:
        if "seed" in self.axes or "layer" in self.axes:
            raise problem(
                "`seed` and `layer` are dimensions of every sweep", "use `seeds: 5`", "axes"
            )
        paths = [*self.set]
        for key, axis in self.axes.items():
            changed = {path for point in axis.points(key) for path in point.changes}
            paths += sorted(changed)
        if "seed" in paths:
            raise problem("`seed` is set, but seeds are a dimension of their own", "use `seeds: 5`")
        for one, other in pairwise(sorted(paths)):
            if f"{other}.".startswith(f"{one}."):
                raise problem(f"`{one}` and `{other}` are set independently", "set each key once")
        return self


def load_sweep_file(path: str | Path) -> SweepFile:
    """Read and check a sweep file; the model that it names is not read yet.

    Parameters
    ----------
    path : str or pathlib.Path
        Path of the sweep file.

    Raises
    ------
    ModelError
        If the file is missing, is no YAML, or describes no sweep.
    """
    path = Path(path)
    marked = read(path, "sweep file", "neurodiff_sweep: 1", pipe=True)
    if "neurodiff_sweep" not in marked:
        raise ModelError(str(path), "is no sweep file", "begin it with `neurodiff_sweep: 1`")
    try:
        return SweepFile.model_validate(plain(marked))
    except Unreadable as error:
        raise ModelError(str(path), error.problem, error.remedy) from None
    except ValidationError as error:
        raise explain(error, marked, Origin(str(path))) from None


def coordinates_of(values: Iterable[Any]) -> list[float | str]:
    """All as numbers in one unit, or, where they are not, all as texts.

    Parameters
    ----------
    values : iterable
        Values as the sweep file has them.
    """
    values = list(values)
    coordinates = [coordinate_of(value) for value in values]
    texts = any(isinstance(number, str) for number in coordinates)
    return [*map(str, values)] if texts or _common_unit(values) is None else coordinates


def _common_unit(values: Iterable[Any]) -> str | None:
    """Base unit of all values, 1 where they are bare; None where they differ."""
    units = {unit_of(value) for value in values}
    return units.pop() if len(units) == 1 else None


def coordinate_of(value: Any) -> float | str:
    """A number as it is, a quantity in its base unit, anything else as text.

    Parameters
    ----------
    value : object
        Value as the sweep file has it.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    units = _units_of(value)
    return parse_quantity(value, units, "") if units else str(value)


def unit_of(value: Any) -> str:
    """Base unit of a quantity; 1 for what is none.

    Parameters
    ----------
    value : object
        Value as the sweep file has it.
    """
    units = _units_of(value)
    return next(unit for unit, scale in units.items() if scale == 1) if units else "1"


def _units_of(value: Any) -> dict[str, float] | None:
    for units in _UNITS:
        try:
            parsed = parse_quantity(value, units, "")
        except ValueError:
            continue
        return units if math.isfinite(parsed) else None
    return None


def _common_units(first: Any, last: Any, form: str) -> dict[str, float] | None:
    one, other = _units_of(first), _units_of(last)
    if one != other:
        raise problem(f"{first!r} and {last!r} have different units", "give both the same", form)
    return one


def chain(points: Sequence[Point]) -> dict[str, Any]:
    """All keys that the points of one combination set.

    Parameters
    ----------
    points : sequence of Point
        Points of one combination, one of each axis.
    """
    return {key: value for point in points for key, value in point.changes.items()}
