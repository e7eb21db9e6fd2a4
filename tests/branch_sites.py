"""Where the code asks which choice of a model it has before it, counted by the syntax tree.

A choice is asked by `isinstance`, by `==`, `in` or `match` with the name of a kind, by a look-up
keyed by a kind, or by whether it is None or false. `python -m tests.branch_sites` lists the places.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import neurodiff
from neurodiff.model_file import Model

PACKAGE = Path(neurodiff.__file__).parent

#: Classes by the choice that they are kinds of; those of the model file end alike.
CLASSES = {
    "transmission": {"Graded", "Events", "Spikes", "Transmission"},
    "feedback": {
        "Symmetric",
        "Random",
        "Direct",
        "Sign",
        "KolenPollack",
        "WeightMirror",
        "Feedback",
    },
    "alignment": {"Unaligned", "Matched", "Traced", "Alignment"},
    "neuron": {"StaticNeuron", "LeakyNeuron", "Membrane", "HopFilter"},
    "stimulus": {"Table", "Sinusoids", "Signal"},
    "plasticity": {"Static", "Diffusion", "NoPlasticity", "Plasticity"},
}
_ENDINGS = {
    "Transmission": "transmission",
    "Feedback": "feedback",
    "Input": "stimulus",
    "Target": "stimulus",
    "Neuron": "neuron",
}
#: Names in the model file.
KINDS = {
    "transmission": {"graded", "events", "spikes"},
    "feedback": {"symmetric", "random", "direct", "sign", "kolen_pollack", "weight_mirror"},
    "alignment": {"none", "matched", "trace", "traces", "values", "nothing"},
    "neuron": {"static", "leaky", "lif", "integrate_and_fire", "poisson", "exact", "euler"},
    "stimulus": {"constant", "sinusoid", "noise", "array", "frames", "teacher", "labels"},
    "plasticity": {"diffusion", "none"},
}
#: Names of attributes and variables that hold a choice, or the name of its kind.
HOLDERS = {
    "transmission": {"transmission", "thresholds", "spiking", "spikes", "sending"},
    "feedback": {"feedback", "direct"},
    "alignment": {"alignment", "keeps"},
    "neuron": {"neuron", "leak", "hop_filter", "low_pass", "membrane", "integration"},
    "stimulus": {"input", "presentations"},
    "plasticity": {"plasticity"},
}
#: Names of what holds the name of a kind of any choice.
_ANY = {"kind", "rule"}


class Site(NamedTuple):
    """One place at which a choice is asked for."""

    choice: str
    path: str
    line: int
    how: str


def sites(path: str, text: str) -> Iterator[Site]:
    """The places in a file."""
    for node in ast.walk(ast.parse(text)):
        for choice, how in _asked(node):
            yield Site(choice, path, getattr(node, "lineno", 0), how)


def _asked(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Call) and _name(node.func) == "isinstance":
        for name in {_name(part) for part in ast.walk(node.args[1])}:
            if choice := _of_class(name):
                yield choice, f"isinstance {name}"
    elif isinstance(node, ast.Compare):
        yield from _compared(node)
    elif isinstance(node, ast.Match):
        if choice := _of_holder(_name(node.subject)):
            yield choice, "match"
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Attribute):
        yield from _looked_up(node.slice)
    elif isinstance(node, ast.Call) and _name(node.func) == "get" and node.args:
        if isinstance(node.args[0], ast.Attribute):
            yield from _looked_up(node.args[0])
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield from _true(node.test)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _true(value)
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield from _true(test)


def _looked_up(key: ast.Attribute) -> Iterator[tuple[str, str]]:
    """A choice by which something is looked up, such as ``table[part.kind]``."""
    if choice := _of_holder(key.attr):
        yield choice, f"look-up by {key.attr}"


def _compared(node: ast.Compare) -> Iterator[tuple[str, str]]:
    sides = [node.left, *node.comparators]
    none = any(isinstance(side, ast.Constant) and side.value is None for side in sides)
    words = {
        part.value
        for side in sides
        for part in ast.walk(side)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    for side in sides:
        holder = _name(side)
        choice = _of_holder(holder)
        if choice and none and holder not in _ANY:
            yield choice, f"{holder} is None"
        elif choice and words & set().union(*KINDS.values()):
            named = [name for name, kinds in KINDS.items() if words & kinds]
            yield (choice if holder not in _ANY else named[0]), f"{holder} == {min(words)}"


def _true(test: ast.expr) -> Iterator[tuple[str, str]]:
    """A choice that is asked for its truth."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    holder = _name(test)
    choice = _of_holder(holder)
    if choice and holder not in _ANY and isinstance(test, ast.Name | ast.Attribute):
        yield choice, f"if {holder}"


def _of_class(name: str) -> str | None:
    for choice, names in CLASSES.items():
        if name in names:
            return choice
    for ending, choice in _ENDINGS.items():
        if name.endswith(ending):
            return choice
    return None


def _of_holder(name: str) -> str | None:
    for choice, names in HOLDERS.items():
        if name in names:
            return choice
    return "plasticity" if name in _ANY else None


def _name(node: ast.AST) -> str:
    """The last part of a dotted name; empty for anything else."""
    return getattr(node, "attr", getattr(node, "id", ""))


def all_sites() -> list[Site]:
    """Those of the package outside `model_file`."""
    assert Model  # the kinds are those of its file
    found: list[Site] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith("model_file/"):
            found += sites(name, path.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Print them."""
    found = all_sites()
    for site in found:
        print(f"{site.choice:13} {site.path}:{site.line}: {site.how}")
    print(len(found), dict(Counter(site.choice for site in found)))


if __name__ == "__main__":
    main()
