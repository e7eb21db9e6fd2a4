"""What the README shows is what the project does."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from neurodiff import audit, load, load_sweep
from neurodiff.model_file import from_mapping

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The README's blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_model_file_is_one_with_every_part_that_is_shown():
    texts = [YAML(typ="safe").load(text) for text in blocks("yaml")]
    study, *parts = (text for text in texts if "neurodiff_sweep" not in text)
    assert from_mapping(study).name == "my-study"
    matched, leaky, mirror, by_events, by_spikes = (from_mapping(study | part) for part in parts)
    assert matched.plasticity.alignment == "matched"
    assert leaky.neuron.time_constant == 0.01
    assert mirror.feedback.rule == "weight_mirror"
    assert by_events.transmission.threshold == 0.01
    assert by_spikes.transmission.maximum_rate == 300


def test_the_sweep_is_one(tmp_path):
    (text,) = (text for text in blocks("yaml") if "neurodiff_sweep" in text)
    model = ROOT / "models" / "sinusoid.yaml"
    (tmp_path / "sweep.yaml").write_text(text.replace("sinusoid.yaml", str(model)))
    sweep = load_sweep(tmp_path / "sweep.yaml")
    assert sweep.shape == (5, 2, 3)
    sweep.check()


def test_the_python_prints_what_is_shown(capsys):
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    (shown,) = re.findall(r"prints\n\n```\n(.*?)```", README, flags=re.DOTALL)
    assert without_rounding(capsys.readouterr().out) == without_rounding(shown)


def without_rounding(text: str) -> list[str]:
    """Lines of a text without the numbers that are rounding errors."""
    return re.sub(r"\d\S*e-1\d", "0", text).strip().splitlines()


def test_the_audit_is_the_one_that_is_printed():
    text = audit(load(ROOT / "models" / "digits.yaml")).summary()
    assert text.startswith("audit of digits")
    shown = blocks("text")
    assert shown and all(block in text for block in shown)


def test_every_file_that_it_links_to_is_there():
    links = re.findall(r"\]\((?!http)([^)]+)\)", README)
    assert links and all((ROOT / link).is_file() for link in links)


def test_ci_installs_and_tests_as_it_says():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("pip install -e '.[dev]'", "pytest"):
        assert f".venv/bin/{command}" in README and command.split()[0] in ci
    assert "-e '.[dev]'" in ci
