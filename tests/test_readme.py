"""What the README and the documents show is what the project does, and what they link to is there.

Each kind of statement has one function that lists what is wrong with a text; beside the README and
the documents it is given texts that are wrong.
"""

import re
import shlex
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
import typer
from ruamel.yaml import YAML
from typer.main import get_command

from neurodiff import ModelError, Plan, Simulation, audit, load, load_sweep
from neurodiff.cli import app
from neurodiff.forecast.description.model import describe
from neurodiff.model_file import from_mapping
from neurodiff.validation import report_run

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [README, *sorted(DOCS.glob("*.md"))]
MOST_LINES = 200
#: What click, which newer versions of typer carry along, raises for a call that cannot be parsed.
UsageError = typer.BadParameter.__base__
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def text_of(name: str) -> str:
    return (README if name == "README" else DOCS / f"{name}.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """A text's blocks of code in a language."""
    return [block for kind, block in FENCE.findall(text) if kind == language]


def printed(text: str, command: str) -> list[str]:
    """What a text says that a command prints: the blocks between its markers."""
    marked = re.findall(rf"<!-- {command} -->\n(.*?)<!-- /\w+ -->", text, flags=re.DOTALL)
    return [block for part in marked for block in blocks(part, "text")]


# --- length and links ----------------------------------------------------------------------------


def too_long(text: str) -> bool:
    return len(text.splitlines()) > MOST_LINES


def test_the_readme_is_short():
    text = text_of("README")
    assert not too_long(text)
    assert too_long(text + "\n" * MOST_LINES)


def links(text: str) -> list[str]:
    """Targets of all relative links and images of a text."""
    return re.findall(r"\]\((?!\w+:)([^)]+)\)", FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """What a link may name of a text: its headings, as GitHub writes them."""
    heads = re.findall(r"^#+ (.*)$", FENCE.sub("", text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def broken_links(page: Path, text: str) -> list[str]:
    """Links of a page that lead to no file, or to no heading of it."""
    problems = []
    for link in links(text):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        there = target.is_file() and target.is_relative_to(ROOT)
        known = text if target == page else target.read_text("utf-8") if there and anchor else ""
        if not there or (anchor and anchor not in anchors(known)):
            problems.append(link)
    return problems


@pages
def test_every_link_leads_to_a_file_and_a_heading(page: Path):
    text = page.read_text(encoding="utf-8")
    assert broken_links(page, text) == []


def test_the_readme_links_to_what_it_mentions():
    assert len(links(text_of("README"))) >= 12


@pytest.mark.parametrize(
    "link",
    [
        "docs/none.md",
        "docs",
        "../elsewhere.md",
        "docs/theory.md#99-made-up",
        "#made-up",
        "docs/theory.md#The-two-waves",
    ],
)
def test_a_link_that_leads_nowhere_is_found(link: str):
    good = "# One heading\n[a](docs/theory.md#2-the-two-waves) [b](#one-heading)"
    assert broken_links(README, f"{good} [c]({link})") == [link]


def unreachable(files: set[Path], start: Path, texts: dict[Path, str]) -> set[Path]:
    """Files to which no way of links leads."""
    seen, new = {start}, [start]
    while new:
        page = new.pop()
        for link in links(texts.get(page, "")):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target not in seen:
                seen.add(target)
                new.append(target)
    return files - seen


def test_every_document_can_be_reached_from_the_readme():
    files = {path for path in DOCS.rglob("*") if path.is_file()}
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    assert len(files) >= 12 and unreachable(files, README, texts) == set()
    # the same without the links of one page
    texts[DOCS / "guide-spikes.md"] = ""
    assert unreachable(files, README, texts) == {DOCS / "spiking_wave.png"}
    assert unreachable(files, README, {}) == files


# --- commands ------------------------------------------------------------------------------------


def commands(text: str) -> Iterator[tuple[list[str], bool]]:
    """Words of each command in a text, and whether it is whole: in prose it may be only named."""
    for block in blocks(text, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            runs = groupby(words, key="&&".__eq__)
            yield from ((list(command), True) for joins, command in runs if not joins)
    for code in re.findall(r"`([^`]+)`", FENCE.sub("", text)):
        if re.match(r"(\.venv/bin/)?(neurodiff|python) [^.=]", code):
            yield shlex.split(code), False


def wrong_commands(text: str) -> list[str]:
    """Commands of a text that nobody could give, with what is wrong."""
    problems = []
    for words, whole in commands(text):
        program = Path(words[0]).name
        if program == "neurodiff":
            problem = _wrong_call(words[1:], whole)
        elif program == "python" and not _script(words).is_file():
            problem = f"no {_script(words).relative_to(ROOT)}"
        else:
            problem = None
        if problem:
            problems.append(f"{' '.join(words)}: {problem}")
    return problems


def _script(words: list[str]) -> Path:
    """What `python` is to run."""
    if words[1] != "-m":
        return ROOT / words[1]
    module = ROOT.joinpath(*words[2].split("."))
    return module / "__main__.py" if module.is_dir() else module.with_suffix(".py")


def _wrong_call(words: list[str], whole: bool) -> str | None:
    """What is wrong with a call of `neurodiff`: its command, its options, its model, its keys."""
    if words[0].startswith("-"):
        return None if words in (["--help"], ["--version"]) else "no such option"
    command = get_command(app).commands.get(words[0])
    if command is None:
        return "no such command"
    try:
        given = command.make_context(words[0], words[1:]).params
    except UsageError as error:
        only_named = type(error).__name__ == "MissingParameter" and not whole
        return None if only_named else str(error)
    return _wrong_file(given)


def _wrong_file(given: dict) -> str | None:
    """What is wrong with the model or the sweep that a command names, and with its changes."""
    path = next((given[key] for key in ("model_file", "sweep_file") if given.get(key)), None)
    if path is None or path.name == "FILE":
        return None
    try:
        if "model_file" in given:
            load(ROOT / path, given.get("overrides"), given.get("seed"))
        else:
            load_sweep(ROOT / path)
    except ModelError as error:
        return str(error)
    return None


@pages
def test_every_command_can_be_given(page: Path):
    assert wrong_commands(page.read_text(encoding="utf-8")) == []


def test_commands_are_found():
    found = [words for page in PAGES for words, _ in commands(page.read_text(encoding="utf-8"))]
    named = {words[1] for words in found if Path(words[0]).name == "neurodiff"}
    assert len(found) >= 40 and named >= set(get_command(app).commands)


@pytest.mark.parametrize(
    "text",
    [
        "```sh\nneurodiff simulate models/digits.yaml\n```",
        "```sh\nneurodiff run models/digits.yaml --fast   # more\n```",
        "```sh\nneurodiff run\n```",
        "```sh\npip install . && .venv/bin/neurodiff run models/none.yaml\n```",
        "`neurodiff run models/none.yaml`",
        "`neurodiff run models/digits.yaml --set\nrun.epoch=3`",
        "`neurodiff show models/digits.yaml --set input.frequency='10 Hz'`",
        "`neurodiff show models/digits.yaml --workers 2`",
        "`neurodiff --fast`",
        "```sh\nneurodiff sweep models/digits.yaml\n```",
        "```sh\npython benchmarks/none.py \\\n    --quick\n```",
        "`python -m tests.none`",
    ],
)
def test_a_command_that_nobody_could_give_is_found(text: str):
    good = "`neurodiff validate` exits\n```sh\nneurodiff validate models/sinusoid.yaml\n```\n"
    assert wrong_commands(good) == []
    assert len(wrong_commands(good + text)) == 1


def test_ci_installs_and_tests_as_it_says():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("pip install -e '.[dev]'", "pytest"):
        assert f".venv/bin/{command}" in text_of("README") and command.split()[0] in ci
    assert "-e '.[dev]'" in ci


# --- what is printed -----------------------------------------------------------------------------


def not_printed(shown: list[str], text: str) -> list[str]:
    """Blocks that are no lines of a text."""
    lines = f"\n{text}\n"
    return [block for block in shown if f"\n{block.strip()}\n" not in lines]


def test_the_audit_is_the_one_that_is_printed():
    text = audit(load(ROOT / "models" / "digits.yaml")).summary()
    assert text.startswith("audit of digits")
    for page in ("README", "guide-audit"):
        (shown,) = printed(text_of(page), "audit:digits")
        assert not_printed([shown], text) == []
        assert not_printed([shown.replace("o", "0")], text)


def test_show_prints_what_is_shown():
    simulation = Simulation(load(ROOT / "models" / "digits.yaml"))
    text = describe(simulation.plan, simulation.backend)
    (shown,) = printed(text_of("README"), "show:digits")
    assert not_printed([shown], text) == []
    assert not_printed([shown.replace("125 Hz", "126 Hz")], text)


def test_the_python_prints_what_is_shown(capsys):
    (code,) = blocks(text_of("README"), "python")
    exec(compile(code, "README.md", "exec"), {})
    (shown,) = printed(text_of("guide-python"), "run:python")
    assert without_rounding(capsys.readouterr().out) == without_rounding(shown)


def without_rounding(text: str) -> list[str]:
    """Lines of a text without the numbers that are rounding errors."""
    return re.sub(r"\d\S*e-1\d", "0", text).strip().splitlines()


@pytest.mark.slow
def test_a_run_prints_lines_like_those_that_are_shown():
    changes = ["run.epochs=1", "validation.minimum_cosine=0.01", "run.target=numpy"]
    simulation = Simulation(load(ROOT / "models" / "digits.yaml", changes)).run()
    (first,) = printed(text_of("README"), "run:digits")
    (shown,) = printed(text_of("guide-running"), "run:digits")
    assert shown.startswith(first.rstrip())
    lines = without_numbers(report_run(simulation).summary())
    assert lines == without_numbers(shown)
    assert lines != without_numbers(shown.replace("passed", "failed"))


def without_numbers(text: str) -> list[str]:
    """Lines of a text with 0 for each number, and one space for several."""
    return [re.sub(r" +", " ", re.sub(r"[+-]?\d[\d.e-]*", "0", line)) for line in text.splitlines()]


# --- model files ---------------------------------------------------------------------------------


def study() -> dict:
    (text,) = blocks(text_of("README"), "yaml")
    return YAML(typ="safe").load(text)


def parts(name: str) -> list[dict]:
    return [YAML(typ="safe").load(text) for text in blocks(text_of(name), "yaml")]


def test_the_model_file_is_one_with_every_part_that_is_shown():
    assert from_mapping(study()).name == "my-study"
    matched, leaky = (from_mapping(study() | part) for part in parts("guide-delays"))
    assert matched.plasticity.alignment == "matched"
    assert leaky.neuron.time_constant == 0.01
    (mirror,), (by_events, by_cosine), (by_spikes,) = (
        [from_mapping(study() | part) for part in parts(f"guide-{name}")]
        for name in ("feedback", "events", "spikes")
    )
    assert mirror.feedback.rule == "weight_mirror"
    assert by_events.transmission.threshold == 0.01
    assert by_cosine.transmission.threshold.cosine == 0.995
    assert by_spikes.transmission.maximum_rate == 300
    with pytest.raises(ModelError, match="leaky"):
        from_mapping(study() | parts("guide-delays")[0] | parts("guide-delays")[1])


def test_data_of_ones_own_are_read_from_the_files_that_are_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(text_of("guide-data"), "python")
    exec(compile(code, "guide-data.md", "exec"), {})
    whole, frames, signals, weights, digraph = parts("guide-data")
    assert from_mapping(whole).seed == 1
    for part in (frames, signals, weights):
        plan = Plan.of(from_mapping(whole | part))
        assert plan.graph.n_inputs == 6 and len(plan.graph.outputs) == 3
    assert [part.name for part in Plan.of(from_mapping(whole | digraph)).graph.populations] == [
        "retina",
        "v1",
        "v2",
    ]
    too_long_a_run = signals | {"run": {"duration": "2 s"}}
    with pytest.raises(ModelError, match="lasts"):
        Plan.of(from_mapping(whole | too_long_a_run))


def test_the_sweep_is_one(tmp_path):
    (text,) = blocks(text_of("guide-sweeps"), "yaml")
    model = ROOT / "models" / "sinusoid.yaml"
    (tmp_path / "sweep.yaml").write_text(text.replace("sinusoid.yaml", str(model)))
    sweep = load_sweep(tmp_path / "sweep.yaml")
    assert sweep.shape == (5, 2, 3)
    sweep.check()


# --- measured numbers ----------------------------------------------------------------------------


def made_up_rows(text: str, results: str) -> list[str]:
    """Rows of the tables under a command with `--write-results` that no results file has."""
    sections = [part for part in re.split(r"^## ", text, flags=re.MULTILINE) if "--write" in part]
    rows = [row for part in sections for row in re.findall(r"^\|.*\|$", part, flags=re.MULTILINE)]
    assert len(rows) > 10
    return [row for row in rows if row not in results]


def test_measured_numbers_are_those_of_the_results_files():
    files = sorted((ROOT / "benchmarks").glob("results_*.md"))
    assert files
    results = "\n".join(path.read_text(encoding="utf-8") for path in files)
    text = text_of("benchmarks")
    assert made_up_rows(text, results) == []
    assert len(made_up_rows(text.replace("| 32.00 |", "| 52.00 |"), results)) == 1
