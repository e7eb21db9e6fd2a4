"""The documents have what is cited of them, and every key of a model file."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

from neurodiff import Model

ROOT = Path(__file__).parent.parent
THEORY = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
MODEL_FILE = (ROOT / "docs" / "model-file.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "models" / "neurodiff.schema.json").read_text(encoding="utf-8"))

#: Where the theory is cited, and in what kinds of files.
PLACES = ("neurodiff", "tests", "benchmarks", "models", "README.md")
KINDS = (".py", ".md", ".yaml", ".json")

#: A section, `5` or `2.3`, or a statement in one, `A13` or `C4b`; and what is between two of them.
ONE = r"(?:\d+(?:\.\d+)?|[A-Z]\d+[a-z]?)(?![\w])"
BETWEEN = r"(?:,?\s+and\s+|,\s+)(?:#\s*)?"
CITATION = re.compile(rf"\b[Tt]heory,?\s+(?:#\s*)?(?:sections?\s+)?({ONE}(?:{BETWEEN}{ONE})*)")


class Cited(NamedTuple):
    """A section or a statement, the section in which a statement is said to be, and by whom."""

    what: str
    section: str | None
    where: str


def citations(text: str, where: str) -> Iterator[Cited]:
    """All that a text cites; of `theory 2, 3 and 5` each by itself."""
    for found in CITATION.finditer(text):
        section = None
        for what in re.findall(ONE, found[1]):
            line = text.count("\n", 0, found.start()) + 1
            yield Cited(what, section, f"{where}, line {line}")
            section = what if what[0].isdigit() else section


def sections(theory: str) -> dict[str, str]:
    """The text under each numbered heading, that under its own subsections with it."""
    heads = list(re.finditer(r"^(#{2,3}) (\d+(?:\.\d+)?)\.? .*$", theory, flags=re.MULTILINE))
    found = {}
    for k, head in enumerate(heads):
        later = (other.start() for other in heads[k + 1 :] if len(other[1]) <= len(head[1]))
        found[head[2]] = theory[head.start() : next(later, len(theory))]
    return found


def missing(cited: list[Cited], theory: str) -> list[str]:
    """What is cited and is not there, with the place that cites it."""
    there, problems = sections(theory), []
    for what, section, where in cited:
        if what[0].isdigit():
            known = what in there
        else:
            known = f"[{what}]" in (theory if section is None else there.get(section, ""))
        if not known:
            inside = f" in section {section}" if section else ""
            problems.append(f"{where}: theory has no {what}{inside}")
    return problems


def files() -> Iterator[Path]:
    """All files that may cite, but for this one, which makes citations up."""
    for place in map(ROOT.joinpath, PLACES):
        found = [place] if place.is_file() else sorted(place.rglob("*"))
        yield from (path for path in found if path.suffix in KINDS and path != Path(__file__))


def test_the_theory_has_every_section_that_is_cited():
    cited = [
        one
        for path in files()
        for one in citations(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    ]
    print(f"{len(cited)} citations of {len({one.what for one in cited})} sections and statements")
    assert len(cited) >= 30, f"only {len(cited)} citations were found: the pattern misses some"
    problems = missing(cited, THEORY)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(theory 99)", ["99"]),
        ("theory 2.9: too many", ["2.9"]),
        ("Theory 2, 3, 77).", ["77"]),
        ("theory 2.3 and 88", ["88"]),
        ("(theory 2.3 and\n    # 88)", ["88"]),
        ("theory 4, Z1: no such statement", ["Z1"]),
        ("theory 5, A6c: it is in another section", ["A6c"]),
        ("Theory Q7.", ["Q7"]),
    ],
)
def test_what_is_made_up_is_found(text: str, expected: list[str]):
    problems = missing(list(citations(text, "here")), THEORY)
    assert len(problems) == len(expected)
    for problem, what in zip(problems, expected, strict=True):
        assert problem.startswith("here, line 1: ") and f"no {what}" in problem


def test_lists_of_sections_are_read_whole():
    text = "theory 2, 3, 5) and theory 2.3 and 18, Theory 6, C4 and 19. theory 16 and 19), for 5 of"
    found = [one.what for one in citations(text, "here")]
    assert found == ["2", "3", "5", "2.3", "18", "6", "C4", "19", "16", "19"]
    assert not missing(list(citations(text.replace("C4 and 19", "C4"), "here")), THEORY)


# --- keys of the model file --------------------------------------------------------------------


def keys_by_part() -> dict[str, set[str]]:
    """For each key of the top level all keys that it leads to, by the first that leads to them."""
    seen: set[str] = set()
    return {name: set(_keys(part, seen)) for name, part in SCHEMA["properties"].items()}


def _keys(schema: Any, seen: set[str]) -> Iterator[str]:
    """Names of properties in a schema, and in what it refers to that was not seen yet."""
    if isinstance(schema, list):
        for part in schema:
            yield from _keys(part, seen)
    if not isinstance(schema, Mapping):
        return
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name and name not in seen:
        seen.add(name)
        yield from _keys(SCHEMA["$defs"][name], seen)
    properties = schema.get("properties", {})
    yield from properties
    for part in (*properties.values(), *(v for k, v in schema.items() if k != "properties")):
        yield from _keys(part, seen)


def part_of(document: str, key: str) -> str:
    """The section of a document about a key of the top level; all of it where there is none."""
    found = re.search(rf"^## `{key}`\n(.*?)(?=^## |\Z)", document, flags=re.MULTILINE | re.DOTALL)
    return found[1] if found else document


def undocumented(document: str) -> list[str]:
    """Keys of the schema that are not in backticks where they belong."""
    found = []
    for name, keys in keys_by_part().items():
        text = re.sub(r"^```.*?^```$", "", part_of(document, name), flags=re.MULTILINE | re.DOTALL)
        found += [f"{name}.{key}" for key in sorted(keys) if f"`{key}`" not in text]
        found += [] if f"`{name}`" in document else [name]
    return found


def test_every_key_of_the_schema_is_documented():
    parts = keys_by_part()
    print(f"{sum(map(len, parts.values()))} keys of {len(parts)} parts")
    assert len(parts) >= 16 and sum(map(len, parts.values())) >= 90
    assert not undocumented(MODEL_FILE)


@pytest.mark.parametrize("key", ["network.connectivity", "feedback.traces", "record.window"])
def test_a_key_that_is_left_out_is_missed(key: str):
    part, _, name = key.partition(".")
    text = part_of(MODEL_FILE, part)
    assert undocumented(MODEL_FILE.replace(text, text.replace(f"`{name}`", name))) == [key]


def test_the_examples_are_parts_of_models():
    blocks = re.findall(r"```yaml\n(.*?)```", MODEL_FILE, flags=re.DOTALL)
    whole, *parts = (YAML(typ="safe").load(text) for text in blocks)
    assert Model.from_mapping(whole).name == "my-study"
    own = [part for part in parts if "neurodiff_sweep" not in part]
    assert len(own) == len(parts) - 1 >= 6
    for part in own:
        assert Model.from_mapping(whole | part).seed == 1
