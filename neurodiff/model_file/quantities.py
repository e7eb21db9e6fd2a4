"""Quantities as a model file writes them: a number and a unit, `5 ms`, `0.5 Hz`, `-50 mV`."""

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from neurodiff.model_file.shown import shown

TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
#: Units of times that pass while something is computed.
WALL_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "ms": 1e-3}
FREQUENCY_UNITS = {"Hz": 1.0, "mHz": 1e-3, "kHz": 1e3}
VOLTAGE_UNITS = {"V": 1.0, "mV": 1e-3}
#: Largest size of a quantity in s, Hz or V: 30 million years, for one.
_LARGEST = 1e15
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*([^\W\d_]*)\s*")


def parse_quantity(value: Any, units: dict[str, float], example: str) -> float:
    """Value in the base unit (s, Hz or V) of a text such as ``5 ms``.

    Parameters
    ----------
    value : object
        Text with a number and a unit.
    units : dict
        Scale of each unit relative to the base unit, by its name.
    example : str
        Quantity that the message gives as an example.

    Raises
    ------
    ValueError
        If the text is no number with one of `units`; the message says what to write.
    """
    remedy = f"write a number with a unit ({', '.join(units)}), such as `{example}`"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{shown(value)} is no quantity; {remedy}")
    if not isinstance(value, str):
        raise ValueError(f"{value!r} has no unit; {remedy}")
    match = _QUANTITY.fullmatch(value)
    if match is None:
        raise ValueError(f"{shown(value)} is not understood; {remedy}")
    number, unit = match.groups()
    if not unit:
        raise ValueError(f"{value!r} has no unit; {remedy}")
    if unit not in units:
        raise ValueError(f"{value!r} has the unit {unit!r}; {remedy}")
    if not math.isfinite(float(number)):
        raise ValueError(f"{value!r} is not finite; {remedy}")
    return float(number) * units[unit]


def may_be_quantity(value: Any) -> bool:
    """Whether a value is meant as a quantity, well written or not: it has a digit.

    Parameters
    ----------
    value : object
        Value as the model file has it.
    """
    if isinstance(value, str):
        return any(character.isdigit() for character in value)
    return isinstance(value, int | float)


def format_quantity(value: float, units: dict[str, float]) -> str:
    """Shortest text that `parse_quantity` reads back as `value`.

    Parameters
    ----------
    value : float
        Value in the base unit.
    units : dict
        Scale of each unit relative to the base unit, by its name.
    """
    texts = [
        f"{value / scale:.{digits}g} {unit}" for digits in (15, 17) for unit, scale in units.items()
    ]
    # in a small unit a large number may overflow to infinity
    finite = [text for text in texts if text[0].isdigit() or text[1].isdigit()]
    exact = [text for text in finite if parse_quantity(text, units, text) == value]
    return min(exact, key=len)


def _quantity(
    units: dict[str, float], example: str, least: str = "", *, signed: bool = False
) -> list[Any]:
    """What makes a float a quantity.

    It is 0 or more; above 0 where `least` says what to write; of any sign where it is `signed`.
    """

    def validate(value: Any) -> float:
        if least and value == 0 and not isinstance(value, bool):
            raise ValueError(f"{value!r} is zero; write {least}")
        number = parse_quantity(value, units, example)
        if abs(number) > _LARGEST:
            largest = f"{_LARGEST:g} {next(unit for unit, scale in units.items() if scale == 1)}"
            raise ValueError(f"{value!r} is too large; write {largest} or less")
        if number < 0 and not signed:
            raise ValueError(f"{value!r} is negative; write {least or 'a value of 0 or more'}")
        if least and number == 0:
            raise ValueError(f"{value!r} is zero; write {least}")
        return number

    schema = {
        "type": "string",
        "pattern": rf"^\s*{_NUMBER}\s*({'|'.join(units)})\s*$",
        "examples": [example],
    }
    return [
        BeforeValidator(validate),
        PlainSerializer(lambda number: format_quantity(number, units), return_type=str),
        WithJsonSchema(schema),
    ]


#: Marks the types of times that are whole numbers of time steps.
ON_GRID = "whole number of time steps"

_POSITIVE_TIME = _quantity(TIME_UNITS, "5 ms", "a positive time such as `5 ms`")
#: Times at which, or for which, something is done.
Time = Annotated[float, *_quantity(TIME_UNITS, "5 ms"), ON_GRID]
PositiveTime = Annotated[float, *_POSITIVE_TIME, ON_GRID]
#: Times of what goes on between the steps.
ContinuousTime = Annotated[float, *_quantity(TIME_UNITS, "5 ms")]
TimeConstant = Annotated[float, *_POSITIVE_TIME]
#: Times that pass while something is computed.
WallTime = Annotated[float, *_quantity(WALL_UNITS, "10 min", "a positive time such as `10 min`")]
DelayTime = Annotated[
    float, *_quantity(TIME_UNITS, "1 ms", "at least one time step, such as `1 ms`")
]
Frequency = Annotated[float, *_quantity(FREQUENCY_UNITS, "0.5 Hz")]
PositiveFrequency = Annotated[
    float, *_quantity(FREQUENCY_UNITS, "100 Hz", "a positive frequency such as `100 Hz`")
]
Voltage = Annotated[float, *_quantity(VOLTAGE_UNITS, "-50 mV", signed=True)]


def rounded_down(value: float) -> float:
    """A positive `value` to three digits, never more than it is but for rounding errors.

    Parameters
    ----------
    value : float
        Positive number.
    """
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{math.floor(value / unit + 1e-6) * unit:.3g}")
