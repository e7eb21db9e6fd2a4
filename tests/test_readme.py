"""What the README shows is what the project does."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from neurodiff.spec import from_mapping

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The README's only block of code in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    return found


def test_the_model_file_is_one():
    assert from_mapping(YAML(typ="safe").load(block("yaml"))).name == "my-study"


def test_the_python_runs(capsys):
    exec(compile(block("python"), "README.md", "exec"), {})
    assert "layer3" in capsys.readouterr().out


def test_every_file_that_it_links_to_is_there():
    links = re.findall(r"\]\((?!http)([^)]+)\)", README)
    root = Path(__file__).parent.parent
    assert links and all((root / link).is_file() for link in links)


def test_ci_installs_and_tests_as_it_says():
    ci = (Path(__file__).parent.parent / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("pip install -e '.[dev]'", "pytest"):
        assert f".venv/bin/{command}" in README and command.split()[0] in ci
    assert "-e '.[dev]'" in ci
