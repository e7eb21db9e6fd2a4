"""Help, versions, names with brackets, warnings: what the command line prints is what was meant."""

import re
import subprocess
import sys
import warnings

import matplotlib
import pytest
from typer.testing import CliRunner

import neurodiff
from neurodiff.cli import app
from neurodiff.plot import save_figures
from neurodiff.process.console import draw_into_files, warnings_on_lines
from tests.networks import chain

COMMANDS = ("run", "validate", "show", "audit", "sweep", "plot", "schema")


def printed(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_its_default_in_the_help(command):
    text = printed(command, "--help")
    assert text == printed(command, "-h")
    _, _, options = text.partition("Options:")
    for option in re.split(r" (?=--)", options)[1:]:
        name = option.split()[0]
        assert name == "--help" or "[default: (" in option, option
    for argument in re.findall(r"(model_file|sweep_file|path) <path>", text):
        assert f"{argument} <path>" in text and "[required]" in text


def test_help_names_folders_and_processes():
    assert "[default: (runs/NAME)]" in printed("run", "--help")
    text = printed("sweep", "--help")
    assert "[default: (sweeps/NAME)]" in text and "[default: (one for each core)]" in text


def test_the_version_is_printed_and_an_attribute():
    assert printed("--version") == f"neurodiff {neurodiff.__version__}"
    command = [sys.executable, "-m", "neurodiff", "--version"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"neurodiff {neurodiff.__version__}\n")
    assert {"load", "__version__"} <= set(dir(neurodiff))
    with pytest.raises(AttributeError, match="'neurodiff' has no attribute 'laod'"):
        neurodiff.laod  # noqa: B018


def test_brackets_in_names_are_printed(tmp_path, monkeypatch, capsys):
    path = tmp_path / "a [bold] model.yaml"
    monkeypatch.setattr(sys, "argv", ["neurodiff", "show", str(path)])
    with pytest.raises(SystemExit) as stopped:
        neurodiff.cli.main()
    assert stopped.value.code == 2
    assert f"{path}: no such file" in capsys.readouterr().err
    path.write_text("neurodiff: 1\nname: '[red]x[/red]'\n")
    with pytest.raises(SystemExit):
        neurodiff.cli.main()
    assert f"{path}, line 2: name: '[red]x[/red]' is no name" in capsys.readouterr().err


def test_a_warning_is_one_line_of_its_own(capsys):
    before = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with warnings_on_lines():
            warnings.warn("take [smaller] weights", stacklevel=1)
    assert capsys.readouterr().err == "warning: take [smaller] weights\n"
    assert warnings.showwarning is before


def test_a_process_that_has_matplotlib_keeps_its_backend(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://mine")
    draw_into_files()
    assert neurodiff.process.console.os.environ["MPLBACKEND"] == "module://mine"
    assert sys.modules.get("pylab", "there") is not None


def test_figures_need_no_latex_whatever_matplotlibrc_says(tmp_path):
    recording = neurodiff.Simulation(chain([2, 1]), backend="numpy").run().recording
    with matplotlib.rc_context({"text.usetex": True}):
        assert save_figures(recording, tmp_path)
