"""The C++ of the kernels as a library for ctypes, put into networks that are built on numpy.

So the very text that cython and cpp_standalone compile runs in every network of the tests, and is
compiled once for all that have the same arrays.
"""

import ctypes
import hashlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodiff.simulator.backends.variables import c_data_type
from neurodiff.simulator.kernels import sources
from neurodiff.simulator.kernels.events import EventKernel
from neurodiff.simulator.kernels.group import KernelGroup
from neurodiff.simulator.kernels.kernel import Kernel

FLAGS = ["-w", "-O3", "-ffast-math", "-fno-finite-math-only", "-march=native", "-std=c++11"]


class Libraries:
    """Compiles each text once."""

    def __init__(self, folder: Path):
        self.folder, self.change = folder, ("", "")
        self._made: dict[tuple[int, str], Callable[[Any], Any]] = {}
        self.openmp = True

    def start(self, change: tuple[str, str]) -> None:
        self.change = change
        self._made.clear()

    def call(self, called: str, kernel: KernelGroup, step: Any) -> Any:
        key = id(kernel), called
        if key not in self._made:
            self._made[key] = self.function(called, kernel.sources)
        return self._made[key](step)

    def function(self, called: str, made: sources.Text) -> Callable[[Any], Any]:
        numbers = {id(variable): k for k, variable in enumerate(made.variables)}

        def address(variable: Any) -> str:
            return f"({c_data_type(variable.dtype)}*)places[{numbers[id(variable)]}]"

        text = made.text(called, address, "const int64_t* places, ")
        assert self.change[0] in text
        text = text.replace(*self.change) if self.change[0] else text
        included = "".join(f"#include <{part}>\n" for part in sources._INCLUDED)
        head = 'extern "C" double call(const int64_t* places, double step)'
        of = f"{head} {{ return neurodiff_{called}(places, step); }}"
        library = self._compiled(f"{included}{made.declared}{text}\n{of}\n")
        call = library.call
        call.restype, call.argtypes = ctypes.c_double, [ctypes.c_void_p, ctypes.c_double]

        def python(step: Any) -> Any:
            places = sources._addresses(made)
            assert call(places.ctypes.data, float(np.asarray(step).flat[0])) >= 0
            return step

        return python

    def _compiled(self, text: str) -> ctypes.CDLL:
        path = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.so"
        if not path.exists():
            source = path.with_suffix(".cpp")
            source.write_text(text)
            openmp = ["-fopenmp"] if self.openmp else []
            command = ["g++", *FLAGS, *openmp, "-shared", "-fPIC", str(source), "-o", str(path)]
            subprocess.run(command, check=True)
        return ctypes.CDLL(str(path))


@contextmanager
def compiled_kernels(
    patch: pytest.MonkeyPatch, libraries: Libraries, change: tuple[str, str] = ("", "")
) -> Iterator[None]:
    """Let networks on numpy call the C++ kernels, with a part of their text changed."""
    libraries.start(change)
    with patch.context() as within:

        def call(self: KernelGroup, called: str, step: Any) -> Any:
            return libraries.call(called, self, step)

        for kernel in (Kernel, EventKernel):
            within.setattr(kernel, "call", call)
        yield
