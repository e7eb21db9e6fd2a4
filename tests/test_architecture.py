"""Which package may import which, and that the two halves know nothing of each other."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import neurodiff
from tests import branch_sites

PACKAGE = Path(neurodiff.__file__).parent

#: The packages and modules that each may import, besides itself; `exceptions` and `text` everybody.
MAY_IMPORT = {
    "exceptions": set(),
    "text": set(),
    "process": set(),
    "files": set(),
    "model_file": {"files"},
    "network": {"files", "model_file"},
    "stimuli": {"files", "model_file", "network"},
    "plan": {"model_file", "network", "stimuli"},
    "simulator": {"files", "network", "plan", "process", "results", "stimuli"},
    "reference": {"network", "plan"},
    "results": {"files", "model_file", "network", "process"},
    "run_files": {"files", "model_file", "plan", "process", "results", "simulator"},
    "simulation": {
        "model_file",
        "network",
        "plan",
        "process",
        "results",
        "run_files",
        "simulator",
    },
    "calibration": {"model_file", "plan", "simulation", "simulator"},
    "forecast": {"model_file", "network", "plan", "reference", "stimuli"},
    "auditing": {"forecast", "model_file", "network", "plan", "simulator"},
    "validation": {
        "files",
        "forecast",
        "model_file",
        "network",
        "plan",
        "plot",
        "reference",
        "results",
        "simulation",
        "stimuli",
    },
    "plot": {"files", "model_file", "network", "results"},
    "run_folder": {
        "files",
        "model_file",
        "plan",
        "plot",
        "process",
        "results",
        "run_files",
        "simulation",
        "simulator",
        "validation",
    },
    "sweeps": {
        "files",
        "model_file",
        "plan",
        "plot",
        "process",
        "results",
        "simulation",
        "validation",
    },
    "command_line": {"forecast", "model_file", "plan", "simulation"},
    "cli": {
        "auditing",
        "calibration",
        "command_line",
        "forecast",
        "model_file",
        "plan",
        "process",
        "run_files",
        "run_folder",
        "simulation",
        "sweeps",
        "validation",
    },
    "__main__": {"cli"},
    "__init__": {
        "auditing",
        "model_file",
        "plan",
        "process",
        "results",
        "run_folder",
        "simulation",
        "sweeps",
        "validation",
    },
}

SHARED = {"exceptions", "text"}


def parts() -> set[str]:
    """Packages and modules at the top."""
    found = {path.stem for path in PACKAGE.glob("*.py")}
    return found | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def modules() -> list[Path]:
    found = sorted(PACKAGE.rglob("*.py"))
    assert len(found) > 150
    return found


def imports(path: Path, text: str | None = None) -> set[str]:
    """Full names of the modules that a file imports anywhere in it; relative ones resolved."""
    package = ["neurodiff", *path.relative_to(PACKAGE).parent.parts]
    found: set[str] = set()
    for node in ast.walk(ast.parse(text or path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def imported_parts(path: Path, text: str | None = None) -> set[str]:
    """Packages and modules of neurodiff's top that a file imports."""
    names = {name.split(".")[1] for name in imports(path, text) if name.startswith("neurodiff.")}
    return names & parts()


def misfits(path: Path, text: str | None = None) -> set[str]:
    """What a file imports and may not."""
    part = part_of(path)
    return imported_parts(path, text) - MAY_IMPORT[part] - SHARED - {part}


def test_every_part_is_in_the_table_and_none_is_empty():
    assert parts() == set(MAY_IMPORT)
    for name in parts():
        lines = (PACKAGE / f"{name}.py", PACKAGE / name / "__init__.py")
        assert any(path.is_file() and path.stat().st_size for path in lines), name


def test_each_part_imports_what_it_may():
    assert {path: found for path in modules() if (found := misfits(path))} == {}


def test_all_that_the_table_allows_is_used():
    used = {name: set() for name in MAY_IMPORT}
    for path in modules():
        used[part_of(path)] |= imported_parts(path)
    assert {
        name: MAY_IMPORT[name] - used[name] for name in used if MAY_IMPORT[name] - used[name]
    } == {}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("reference/waves.py", "from neurodiff.simulator import order"),
        ("reference/waves.py", "from ..simulator import order"),
        ("simulator/network.py", "import neurodiff.reference.waves"),
        ("plan/plan.py", "def late():\n    from neurodiff.forecast import band"),
        ("simulation.py", "from . import forecast"),
        ("network/graph.py", "from neurodiff import plan"),
    ],
)
def test_what_is_not_allowed_is_found(file: str, text: str):
    assert misfits(PACKAGE / file, text)


def reach(name: str, seen: set[str]) -> set[str]:
    """All parts that a part imports, directly or through others."""
    for other in MAY_IMPORT[name] - seen:
        seen.add(other)
        reach(other, seen)
    return seen


def test_the_two_halves_know_nothing_of_each_other():
    assert not reach("reference", set()) & {"simulator", "simulation", "validation"}
    for half in ("simulator", "simulation"):
        assert not reach(half, set()) & {"reference", "forecast", "validation"}
    importing = {name for name in MAY_IMPORT if "reference" in MAY_IMPORT[name]}
    assert importing == {"forecast", "validation"}


def test_no_part_leads_back_to_itself():
    for name in MAY_IMPORT:
        assert name not in reach(name, set()), name


def test_only_the_simulator_imports_brian2():
    for path in modules():
        if any(name.split(".")[0] == "brian2" for name in imports(path)):
            assert part_of(path) == "simulator", path


def test_private_parts_of_brian2_are_touched_in_two_packages_only():
    private = []
    for path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("brian2."):
                private.append(path.relative_to(PACKAGE).parent.as_posix())
    allowed = {"simulator/backends", "simulator/inspection"}
    assert set(private) - allowed <= {"simulator", "simulator/alignment", "simulator/feedback"}


def test_files_are_shallow_and_import_no_stars():
    tests = sorted(Path(__file__).parent.rglob("*.py"))
    assert len(tests) > 60
    for path in [*modules(), *tests]:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 400, path
        assert "import *" not in text.replace('"import *"', ""), path


def test_the_folders_of_the_tests_are_those_of_the_package():
    folders = {path.parent.name for path in Path(__file__).parent.glob("*/test_*.py")}
    assert len(folders) > 10 and folders - {"theory"} <= parts()


@pytest.mark.parametrize("first", ["plan", "reference.waves", "stimuli", "model_file", "results"])
def test_every_package_can_be_imported_first_and_without_brian2(first: str):
    code = (
        f"import sys, neurodiff.{first}\n"
        "heavy = {'brian2', 'matplotlib', 'dask'} & set(sys.modules)\n"
        "sys.exit(f'{heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_choices_are_asked_for_at_few_places():
    found = branch_sites.all_sites()
    assert 10 <= len(found) <= 40, "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("isinstance(plan.feedback, Random)", "feedback"),
        ("isinstance(spec, (NoiseInput, int))", "stimulus"),
        ("if model.transmission.kind == 'graded': pass", "transmission"),
        ("x = 1 if alignment is None else 2", "alignment"),
        ("match plan.transmission:\n    case _: pass", "transmission"),
        ("TABLE[neuron.integration]", "neuron"),
        ("y = [1 for _ in z if feedback]", "feedback"),
    ],
)
def test_a_place_at_which_a_choice_is_asked_for_is_found(text: str, choice: str):
    assert [site.choice for site in branch_sites.sites("x.py", text)] == [choice]
