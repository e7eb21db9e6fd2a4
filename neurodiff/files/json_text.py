"""JSON that others may have written or damaged."""

import json
from typing import Any

from neurodiff.files.regular_files import Unreadable


def parse_json(text: str) -> dict[str, Any]:
    """The mapping that a JSON text holds.

    Parameters
    ----------
    text : str
        Text to parse.

    Raises
    ------
    Unreadable
        If it is no JSON, or no mapping.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("is no JSON", "remove it") from None
    if not isinstance(found, dict):
        raise Unreadable("holds no mapping", "remove it")
    return found
