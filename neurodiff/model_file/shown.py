"""Values of a model in messages: short, and as they stand in the file."""

from typing import Any

_LONGEST = 60


def shown(value: Any) -> str:
    """A value as it stands in the file, more or less; lists of numbers by their shape.

    Parameters
    ----------
    value : object
        Value to show.
    """
    if value is None:
        return "an empty value"
    if isinstance(value, list) and len(repr(value)) > _LONGEST:
        return f"a list of the shape {_shape(value)}"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _shape(value: Any) -> tuple[int, ...]:
    """How many entries a list has, the lists in it, and so on; as far as these are alike."""
    if not isinstance(value, list):
        return ()
    parts = [_shape(part) for part in value]
    alike = [sizes for sizes in zip(*parts, strict=False) if len(set(sizes)) == 1]
    return (len(value), *(sizes[0] for sizes in alike))
