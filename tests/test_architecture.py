"""The two halves know nothing of each other, and meet in one room."""

import ast
from pathlib import Path

import neurodiff

PACKAGE = Path(neurodiff.__file__).parent


def imports(path: Path) -> set[str]:
    """Full names of the modules that a file imports anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def reach(path: Path, seen: set[Path] | None = None) -> set[str]:
    """Names of all modules that a file imports, directly or through other rooms of the house."""
    seen = set() if seen is None else seen
    seen.add(path)
    found = imports(path)
    for name in sorted(found):
        module = PACKAGE.parent / Path(*name.split("."))
        for candidate in (module.with_suffix(".py"), module / "__init__.py"):
            if name != "neurodiff" and candidate.is_file() and candidate not in seen:
                found |= reach(candidate, seen)
    return found


def rooms(prefix: str, names: set[str]) -> set[str]:
    return {name for name in names if name == prefix or name.startswith(prefix + ".")}


def test_the_reference_never_reaches_the_simulator():
    for path in (PACKAGE / "reference").glob("*.py"):
        names = reach(path)
        assert not rooms("brian2", names), path
        assert not rooms("neurodiff.simulator", names), path
        assert not rooms("neurodiff.simulation", names), path


def test_the_simulation_never_reaches_the_reference():
    for path in [*(PACKAGE / "simulator").glob("*.py"), PACKAGE / "simulation.py"]:
        assert not rooms("neurodiff.reference", reach(path)), path


def test_the_simulation_never_reaches_a_forecast():
    for path in [*(PACKAGE / "simulator").glob("*.py"), PACKAGE / "simulation.py"]:
        assert not rooms("neurodiff.forecast", reach(path)), path


def test_only_validation_and_forecasts_import_the_reference():
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0]
        if rooms("neurodiff.reference", imports(path)):
            assert room in ("reference", "validation", "forecast"), path


def test_only_the_simulator_imports_brian2():
    for path in PACKAGE.rglob("*.py"):
        if rooms("brian2", imports(path)):
            assert path.relative_to(PACKAGE).parts[0] == "simulator", path


def test_files_are_shallow_and_import_no_stars():
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 400, path
        assert "import *" not in text, path
