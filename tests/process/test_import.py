"""Importing neurodiff is quick, works anywhere, and changes nothing in the process."""

import os
import subprocess
import sys
from pathlib import Path

HEAVY = [
    "brian2",
    "matplotlib",
    "pylab",
    "sklearn",
    "dask",
    "distributed",
    "xarray",
    "pandas",
    "scipy",
]

#: Preferences of Brian2 whose reading runs code: there is a file `ran` then.
PREFERENCES = "codegen.target = [open('ran', 'w').close(), 'numpy'][1]\n"

#: What Brian2's import changes in a process, and what it might.
STATE = """
import logging, os, random, signal, sys, tempfile, threading, warnings
import numpy, xarray, matplotlib  # what others change is not asked
def state():
    log = logging.getLogger("py.warnings")
    return {
        "excepthook": sys.excepthook,
        "thread's excepthook": threading.excepthook,
        "handlers": [signal.getsignal(number) for number in signal.valid_signals()],
        "showwarning": warnings.showwarning,
        "filters": [part for part in warnings.filters if part[2].__module__ == "builtins"],
        "log of warnings": (list(log.handlers), log.propagate, log.level),
        "root logger": (list(logging.getLogger().handlers), logging.getLogger().level),
        "level 5": logging.getLevelName(5),
        "errors of NumPy": (numpy.geterr(), numpy.geterrcall()),
        "printing of NumPy": numpy.get_printoptions(),
        "random numbers": (random.getstate(), str(numpy.random.get_state())),
        "backend": matplotlib.rcParams._get("backend"),
        "environment": dict(os.environ),
        # setuptools puts a folder of its own there
        "path": [part for part in sys.path if "setuptools" not in part],
        "temporary files": sorted(os.listdir(tempfile.gettempdir())),
        "recursion": sys.getrecursionlimit(),
        "setter": signal.signal,
        "our finders": [part for part in sys.meta_path if "neurodiff" in str(part)],
    }
logging.addLevelName(5, "TRACE")
before = state()
def changed():
    after = state()
    return [name for name in before if before[name] != after[name]]
"""


def run(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script in `folder`, with a home and a temporary folder of its own."""
    temporary, script = folder / "temporary", folder / "script.py"
    temporary.mkdir(exist_ok=True)
    script.write_text(code)
    variables = {
        "TMPDIR": str(temporary),
        "HOME": str(folder),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)],
        cwd=folder,
        env=os.environ | variables | environment,
        capture_output=True,
        text=True,
    )
    assert list(temporary.iterdir()) == []
    return done


def printed(code: str, folder: Path, **environment: str) -> str:
    """What a script prints that ends well."""
    done = run(code, folder, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_importing_and_asking_for_help_load_nothing_heavy(tmp_path):
    code = f"""
import sys
import neurodiff
from neurodiff.cli import main
for arguments in (["--help"], ["run", "-h"], ["sweep", "--help"], ["--version"], ["schema"]):
    sys.argv = ["neurodiff", *arguments]
    try:
        main()
    except SystemExit as ended:
        assert ended.code in (0, None), arguments
print("loaded:", [name for name in {HEAVY} if sys.modules.get(name)])
neurodiff.Simulation
print("then:", sys.modules["brian2"].__name__, sys.modules.get("matplotlib"))
"""
    out = printed(code, tmp_path)
    assert "loaded: []" in out and "then: brian2 None" in out


def test_a_simulation_changes_nothing_and_reads_no_preferences_of_the_working_folder(tmp_path):
    (tmp_path / "brian_preferences").write_text(PREFERENCES)
    code = f"""
{STATE}
import neurodiff
neurodiff.Simulation
assert "brian2" in sys.modules
print(changed())
import brian2
print(brian2.prefs.logging.file_log, brian2.prefs.load_preferences.__module__)
"""
    assert printed(code, tmp_path) == "[]\nTrue brian2.core.preferences\n"
    assert not (tmp_path / "ran").exists()


def test_who_imported_brian2_before_has_all_that_its_import_does(tmp_path):
    """What is undone is there: without that, each of these would differ."""
    (tmp_path / "brian_preferences").write_text(PREFERENCES)
    code = f"""
{STATE}
import brian2
print(changed())
before = state()
import neurodiff
neurodiff.Simulation
print(changed())
"""
    changed, then = printed(code, tmp_path).splitlines()
    for name in ("excepthook", "handlers", "showwarning", "log of warnings", "level 5"):
        assert repr(name) in changed
    assert "'temporary files'" in changed and then == "[]"
    assert (tmp_path / "ran").exists()


def test_it_is_imported_in_a_thread_and_a_refused_model_ends_a_script_with_our_message(tmp_path):
    (tmp_path / ".brian").mkdir()
    (tmp_path / ".brian" / "user_preferences").write_text("codegen.target = 'numpy'\n")
    code = """
import threading
def use():
    import neurodiff
    neurodiff.Simulation, neurodiff.run_sweep, neurodiff.validate
    import brian2
    print(brian2.prefs.codegen.target)
thread = threading.Thread(target=use)
thread.start()
thread.join()
import neurodiff
neurodiff.load("missing.yaml")
"""
    done = run(code, tmp_path, MPLBACKEND="no_such_backend")
    assert done.stdout == "numpy\n" and "Brian" not in done.stderr
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1].startswith("neurodiff.exceptions.ModelError: ") and "missing.yaml" in lines[-1]
