"""Networks with cycles."""

from typing import Any

from neurodiff import Model
from tests.cyclic import (
    populations,
)
from tests.networks import digraph


def ring(**keys: Any) -> Model:
    """Input, a ring of a and b, and the output, with delays of their own."""
    ways = [("in", "a", 2, 1), ("a", "b", 3, 4), ("b", "a", 7, 2), ("b", "out", 5, 6)]
    projections = [
        {"pre": pre, "post": post, "delay": {"forward": f"{f} ms", "backward": f"{r} ms"}}
        for pre, post, f, r in ways
    ]
    return digraph(populations("in", "a", "b", "out"), projections, **keys)
