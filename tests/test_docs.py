"""What the documents say of the code is so: imports, files, names, and how to add a rule."""

import importlib
import re
from pathlib import Path

import pytest

from neurodiff.exceptions import NeurodiffError
from tests.test_architecture import MAY_IMPORT, PACKAGE, part_of
from tests.test_readme import FENCE, ROOT, blocks, text_of

MOST_LINES = 250


def table(text: str) -> dict[str, set[str]]:
    """What each package may import, as the table of the packages says."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| ?([^|]*) \|$", text, flags=re.MULTILINE)
    return {name: set(re.findall(r"\w+", allowed)) for name, allowed in rows}


def test_the_table_of_packages_is_that_of_the_code():
    text = text_of("architecture")
    assert table(text) == MAY_IMPORT
    assert table(text.replace("| network, plan |", "| network, plan, simulator |")) != MAY_IMPORT
    assert len(text.splitlines()) < MOST_LINES


def unknown_names(text: str) -> list[str]:
    """Files, folders and names in backticks that the project does not have."""
    quoted = dict.fromkeys(re.findall(r"`([^`\n]+)`", FENCE.sub("", text)))
    return [name for name in quoted if not (_is_there(name) if _is_name(name) else True)]


def _is_name(name: str) -> bool:
    """Whether it stands for a file, a folder, or something in a module."""
    path = re.fullmatch(r"[\w/]+(/|\.(py|md|json|yaml))", name)
    dotted = re.fullmatch(r"\w+(\.\w+)+", name) and name.split(".")[0] in {*MAY_IMPORT, "neurodiff"}
    return bool(path or dotted)


def _is_there(name: str) -> bool:
    if "/" in name or Path(name).suffix in (".md", ".json", ".yaml"):
        return any((folder / name).exists() for folder in (ROOT, PACKAGE))
    words = name.removeprefix("neurodiff.").split(".")
    found = importlib.import_module("neurodiff")
    for k, word in enumerate(words):
        try:
            found = importlib.import_module(".".join(["neurodiff", *words[: k + 1]]))
        except (ModuleNotFoundError, NeurodiffError):
            if not hasattr(found, word):
                return False
            found = getattr(found, word)
    return True


@pytest.mark.parametrize("page", ["architecture", "guide-python"])
def test_files_and_names_are_there(page: str):
    assert unknown_names(text_of(page)) == []


@pytest.mark.parametrize(
    "name",
    [
        "simulator/feedbacks/",
        "plan/feedback.py",
        "tests/none.py",
        "plan.feedback.build",
        "neurodiff.simulate",
        "reference.backprop.injection.none",
    ],
)
def test_a_name_that_is_not_there_is_found(name: str):
    good = (
        "`simulator/order.py`, `simulator/`, `tests/twins/event_twin.py`, `plan.Plan.of`, `w(t+1)`"
    )
    assert unknown_names(f"{good} and `{name}`") == [name]


def test_every_package_of_the_code_is_a_part_of_the_table():
    assert {part_of(path) for path in PACKAGE.rglob("*.py")} == set(table(text_of("architecture")))


def test_a_rule_is_added_from_outside_as_the_page_says():
    (code,) = blocks(text_of("architecture"), "python")
    known: dict = {}
    exec(compile(code, "architecture.md", "exec"), known)
    assert known["report"].verdict == "passed"
    # a reference that follows another rule is told apart
    known = {}
    exec(compile(code.replace("return self.b", "return 2 * self.b"), "wrong", "exec"), known)
    assert known["report"].verdict == "failed"
