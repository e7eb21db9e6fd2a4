"""The fused loop in C++, compiled for this machine: see waves.cpp."""

import ctypes
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from dense.network import Floats, Network
from dense.program import CannotError, Program

_FLAGS = ("-O3", "-march=native", "-ffast-math", "-fopenmp", "-shared", "-fPIC", "-std=c++17")
_INTEGER, _POINTER = ctypes.c_int64, ctypes.c_void_p


class _Problem(ctypes.Structure):
    _fields_ = (
        *((name, _INTEGER) for name in ("layers", "width", "steps", "threads")),
        ("eta", ctypes.c_double),
        *((name, _POINTER) for name in ("amplitude", "frequency", "phase", "target")),
        ("target_lag", _POINTER),
    )


class _Synapses(ctypes.Structure):
    _fields_ = tuple((name, _POINTER) for name in ("first", "rows", "pre", "forward", "backward"))


class CLoop(Program):
    """One pass over the weights in each step."""

    def version(self) -> str:
        """The compiler, and its flags."""
        text = _run(["g++", "--version"])
        return " ".join([text.splitlines()[0], *_FLAGS[:4]])

    @property
    def _precision(self) -> str:
        return str(self.options.get("precision", "float64"))

    def prepare(self, network: Network) -> None:
        """Arrays as the library wants them."""
        self._network, self._function = network, f"{network.kind}_{self._precision}"
        self._w = network.w.astype(self._precision)
        self._arrays = {
            "first": network.first,
            "rows": network.rows,
            "pre": network.pre,
            "forward": network.forward,
            "backward": network.backward,
        }
        _library()

    def run(self, steps: int) -> float:
        """Call it."""
        problem, synapses = self._problem(steps), _Synapses(**_addresses(self._arrays))
        call = getattr(_library(), self._function)
        began = time.perf_counter()
        call(ctypes.byref(problem), ctypes.byref(synapses), _POINTER(self._w.ctypes.data))
        return time.perf_counter() - began

    def _problem(self, steps: int) -> _Problem:
        network, threads = self._network, int(self.options.get("threads", 1))
        names = ("amplitude", "frequency", "phase", "target", "target_lag")
        arrays = _addresses({name: getattr(network, name) for name in names})
        return _Problem(network.layers, network.width, steps, threads, network.eta, **arrays)

    def weights(self) -> Floats:
        """As float64."""
        return self._w.astype(np.float64)


def _addresses(arrays: Mapping[str, Any]) -> dict[str, int]:
    return {name: array.ctypes.data for name, array in arrays.items()}


@cache
def _library() -> ctypes.CDLL:
    source = Path(__file__).with_name("waves.cpp")
    with tempfile.TemporaryDirectory() as folder:
        built = str(Path(folder) / "waves.so")
        _run(["g++", *_FLAGS, str(source), "-o", built])
        return ctypes.CDLL(built)


def _run(command: list[str]) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        raise CannotError("g++ is not installed") from None
    except subprocess.CalledProcessError as error:
        raise CannotError(f"g++ does not compile it: {error.stderr.splitlines()[0]}") from None
