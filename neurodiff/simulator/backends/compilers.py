"""Whether the compiler that Brian2 would call compiles, found out by a tiny program.

Brian2 calls what ``CXX`` and ``CC`` name, which conda and module systems set to compilers that may
not be there, or may find no headers.
"""

import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import brian2 as b2

from neurodiff.exceptions import MachineError

#: A program as small as can be that needs headers and a library.
_PROGRAM = "#include <iostream>\nint main() { std::cout << 1; return 0; }\n"
#: A module as Brian2's cython makes them, which needs the headers of Python and NumPy, and the
#: commands with which Brian2 compiles those.
_MODULE = "#include <Python.h>\n#include <numpy/arrayobject.h>\n#include <vector>\nint one = 1;\n"
_BUILD = """
import sysconfig, sys, setuptools, numpy
from distutils.ccompiler import new_compiler
from distutils.sysconfig import customize_compiler
compiler = new_compiler()
customize_compiler(compiler)
headers = [sysconfig.get_path("include"), sysconfig.get_path("platinclude"), numpy.get_include()]
objects = compiler.compile(sys.argv[1:], include_dirs=headers)
compiler.link_shared_object(objects, "module.so", target_lang="c++")
"""
#: Seconds that a compiler may take for it.
_PATIENCE = 120

_REMEDY = "set CXX and CC to a C++ compiler that works, such as g++, or use numpy"


def compiler_problem(target: str) -> str | None:
    """Why nothing can be compiled for a target, in one line; None where it can.

    It is tried once in a process, and again where ``CXX``, ``CC`` or Brian2's cache have changed.

    Parameters
    ----------
    target : str
        Target of the code generation of Brian2: `numpy`, `cython` or `cpp_standalone`.
    """
    if target == "numpy":
        return None
    settings = (os.environ.get("CXX"), os.environ.get("CC"), os.environ.get("PATH"))
    return _problem(target, _cython_cache() if target == "cython" else None, settings)


def refuse_without_compiler(target: str) -> None:
    """Refuse a target for which nothing can be compiled.

    Parameters
    ----------
    target : str
        Target of the code generation of Brian2: `numpy`, `cython` or `cpp_standalone`.

    Raises
    ------
    MachineError
        If that is so; the message names the compiler, `CXX` and `CC`.
    """
    problem = compiler_problem(target)
    if problem is not None:
        raise MachineError(f"run.target: {problem}")


@functools.lru_cache
def _problem(target: str, cache: Path | None, settings: tuple[str | None, ...]) -> str | None:
    if cache is not None and not _writable(cache):
        return (
            f"{target} keeps what it compiles in {cache}, which cannot be written; make it "
            "writable, set Brian2's preference codegen.runtime.cython.cache_dir, or use numpy"
        )
    if os.name == "nt":
        return None if shutil.which("cl") else f"{target} needs a C++ compiler; use numpy"
    reason = _module_fails() if target == "cython" else _program_fails()
    if reason is None:
        return None
    named = ", ".join(f"{name}={os.environ.get(name, '(not set)')}" for name in ("CXX", "CC"))
    return (
        f"{target} needs a C++ compiler, and `{_compiler()}` does not work ({named}): {reason}; "
        f"{_REMEDY}"
    )


def _compiler() -> str:
    return os.environ.get("CXX") or os.environ.get("CC") or "g++"


def _cython_cache() -> Path:
    """Brian2's folder for compiled modules."""
    from brian2.codegen.runtime.cython_rt.extension_manager import get_cython_cache_dir

    return Path(get_cython_cache_dir())


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _program_fails() -> str | None:
    make = shlex.split(b2.prefs.devices.cpp_standalone.make_cmd_unix)
    if not make or shutil.which(make[0]) is None:
        return f"`{' '.join(make)}` is not installed"
    compiler = shlex.split(os.environ.get("CXX", "g++"))
    return _fails(_PROGRAM, [*compiler, "tiny.cpp", "-o", "tiny"])


def _module_fails() -> str | None:
    return _fails(_MODULE, [sys.executable, "-c", _BUILD, "tiny.cpp"])


def _fails(source: str, command: list[str]) -> str | None:
    """What a command says that cannot compile a source, in one line."""
    with tempfile.TemporaryDirectory(prefix="neurodiff_") as folder:
        (Path(folder) / "tiny.cpp").write_text(source)
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return getattr(error, "strerror", None) or str(error)
    return None if done.returncode == 0 else _reason(done.stderr)


def _reason(text: str) -> str:
    """The line of a compiler's output that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line.lower()]
    found = errors[0] if errors else lines[-1] if lines else "it says nothing"
    return re.sub(r"^\w+Error: (\[Errno \d+\] )?", "", found)
