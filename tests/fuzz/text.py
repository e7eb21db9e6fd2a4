"""Damaged YAML: changes of the values and of the characters of a good file."""

import copy
import json
from typing import Any

import numpy as np

Rng = np.random.Generator

#: Written as they are, without quotes.
RAW = (
    "~",
    ".nan",
    ".inf",
    "-.inf",
    "!!int ''",
    "!!float ''",
    "!!bool maybe",
    "!!binary aGk=",
    "!foo 1",
    "!!python/name:os.system",
    "*a",
    "&a [*a]",
    "{}",
    "[]",
    "''",
    '"\\0"',
    '"\\ud800"',
    "0x1F",
    "0o17",
    "1e400",
    "-0.0",
    "2001-01-01",
    "yes",
    "{<<: 1}",
    "1_000",
    "{? [a] : 1}",
    "!!python/object/apply:os.system ['touch executed']",
)
NUMBERS = (
    0,
    -1,
    1,
    2,
    0.5,
    1.5,
    1e-300,
    1e300,
    2**31 - 1,
    2**31,
    2**53,
    2**63,
    2**64,
    2**128,
    10**30,
    10**300,
    -(2**63),
    -1e-9,
)
UNITS = ("s", "ms", "us", "Hz", "kHz", "mHz", "mV", "V", "", "parsec")
TEXTS = (
    "x",
    "none",
    "all",
    "random",
    "tanh",
    "weights",
    "matched",
    "../../etc/passwd",
    "/dev/zero",
    "a\nb",
    "ä €",
    "$(touch executed)",
    "`touch executed`",
    "/",
    "",
    " ",
    "a" * 5000,
    "pipe",
)
TOKENS = (
    "&a ",
    "*a",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "- ",
    "!!",
    "'",
    '"',
    "|",
    ">",
    "%",
    "#",
    "\t",
    "?",
)


WORDS = (
    ("tanh", "sigmoid", "relu", "linear", "softplus", "lif"),
    ("symmetric", "random", "sign", "direct", "kolen_pollack"),
    ("none", "trace", "matched"),
    ("squared_error", "cross_entropy"),
    ("error_frame", "instantaneous", "delayed", "fixed_point"),
    ("glorot_uniform", "glorot_normal", "lecun_normal"),
    ("shuffled", "as_given"),
    ("previous", "linear"),
    ("poisson", "integrate_and_fire", "lif"),
    ("input", "hidden", "output"),
    ("a", "b", "c"),
)
FACTORS = (0, 0.5, 2, 3, 10, 1e3, 1e6, 1e9, 1e12, 1e15, 1e-3, 1e-6, 1e-12)


class Raw(str):
    """A text that stands in the file as it is."""


def value(rng: Rng, depth: int = 0) -> Any:
    """Any value that a key may be given by somebody."""
    form = rng.integers(9 if depth < 3 else 5)
    if form == 0:
        return Raw(RAW[rng.integers(len(RAW))])
    if form == 1:
        return NUMBERS[rng.integers(len(NUMBERS))]
    if form in (2, 5):
        number = NUMBERS[rng.integers(len(NUMBERS))]
        return f"{number:.6g} {UNITS[rng.integers(len(UNITS))]}"
    if form == 3:
        return TEXTS[rng.integers(len(TEXTS))]
    if form == 4:
        return bool(rng.integers(2))
    if form == 6:
        return [value(rng, depth + 1) for _ in range(rng.integers(4))]
    if form == 7:
        return {f"k{k}": value(rng, depth + 1) for k in range(rng.integers(3))}
    return nested(rng.integers(1, 80))


def similar(rng: Rng, old: Any) -> Any:
    """A value of the same type and unit as another, of any size."""
    factor = FACTORS[rng.integers(len(FACTORS))]
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return int(old * factor)
    if isinstance(old, float):
        return old * factor * (-1) ** int(rng.integers(2))
    if isinstance(old, str):
        number, _, unit = old.partition(" ")
        if number.isdecimal():
            return f"{int(number) * factor:.6g} {unit}"
        words = [word for group in WORDS if old in group for word in group]
        return words[rng.integers(len(words))] if words else old + "x"
    if isinstance(old, list) and old:
        return old[:-1] if rng.random() < 0.5 else [*old, similar(rng, old[-1])]
    return old


def nested(depth: int) -> Any:
    """Lists inside each other."""
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


def places(data: Any) -> list[tuple[Any, Any]]:
    """Every container of `data` with each of its keys."""
    keys = list(data) if isinstance(data, dict) else range(len(data))
    found = [(data, key) for key in keys]
    for key in keys:
        if isinstance(data[key], dict | list):
            found += places(data[key])
    return found


def changed(rng: Rng, data: dict[str, Any]) -> dict[str, Any]:
    """A copy with one to three values changed, removed or moved."""
    data, mild = copy.deepcopy(data), rng.random() < 0.6
    for _ in range(rng.integers(1, 4)):
        spots = places(data)
        if not spots:
            break
        container, key = spots[rng.integers(len(spots))]
        form = rng.integers(5)
        if mild:
            container[key] = similar(rng, container[key])
        elif form == 0:
            del container[key]
        elif form == 1:
            other, place = spots[rng.integers(len(spots))]
            container[key] = copy.deepcopy(other[place])
        else:
            container[key] = value(rng)
    return data


def with_unknown_key(rng: Rng, data: dict[str, Any], free: tuple[str, ...] = ()) -> dict[str, Any]:
    """A copy with a key that no part has; below the keys `free` any name may be written."""
    data = copy.deepcopy(data)
    parts = [data] + [
        container[key]
        for container, key in places(data)
        if isinstance(container[key], dict) and key not in free
    ]
    parts[rng.integers(len(parts))][f"unknown_{rng.integers(100)}"] = value(rng)
    return data


def written(data: Any) -> str:
    """`data` as YAML in flow style."""
    if isinstance(data, Raw):
        return str(data)
    if isinstance(data, dict):
        return "{" + ", ".join(f"{written(k)}: {written(v)}" for k, v in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(map(written, data)) + "]"
    return json.dumps(data)


def in_lines(data: dict[str, Any]) -> str:
    """`data` as YAML with a line for each key of the top level."""
    return "".join(f"{key}: {written(part)}\n" for key, part in data.items())


def torn(rng: Rng, content: bytes) -> bytes:
    """Bytes with some of them flipped, cut, repeated, or replaced by characters with a meaning."""
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(len(content) + 1))
        size = int(rng.integers(1, 30))
        form = rng.integers(6)
        if form == 0:
            content = content[:at] + bytes(rng.integers(256, size=1).tolist()) + content[at + 1 :]
        elif form == 1:
            content = content[:at] + content[at + size :]
        elif form == 2:
            content = (
                content[:at] + content[at : at + size] * int(rng.integers(2, 6)) + content[at:]
            )
        elif form == 3:
            token = TOKENS[rng.integers(len(TOKENS))].encode()
            content = content[:at] + token * int(rng.integers(1, 4)) + content[at:]
        elif form == 4:
            content = content[: max(at, 1)]
        else:
            content = content[:at] + b"\xff" * int(rng.integers(1, 4)) + content[at:]
    return content
