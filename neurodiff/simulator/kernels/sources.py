"""The kernel as Brian2 functions: C++ for cython and cpp_standalone, Python for numpy.

The C++ of both is one text, `waves.h` with a function that puts the arrays of the network into
place. A standalone program knows arrays by name; a module of cython, which serves many networks,
gets their addresses. No number of a model is in the text.
"""

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar, Protocol

import brian2 as b2
import numpy as np

from neurodiff.simulator.backends.variables import ArrayVariable, c_data_type

#: Brian2 calls an array of numbers by this name in modules of cython.
_PLACES = "neurodiff_places"

#: Headers of C++ that kernels need.
_INCLUDED = ("algorithm", "cmath", "cstdint", "cstdio", "string", "vector")

_FILL = """
    Network net;
    double* arrays[] = {{{arrays}}};
    real* weights[] = {{{weights}}};
    const int64_t* sizes = {sizes};
    net.arrays = arrays;
    net.activity = Past{{arrays[0], {x}, sizes[0], sizes[1]}};
    net.error = Past{{arrays[1], {delta}, sizes[2], sizes[3]}};
    net.weights = weights;
    net.drive = {drive};
    net.feedback = {feedback};
    net.blocks = (const Block*){blocks};
    net.rules = (const Rule*){rules};
    net.n_blocks = sizes[4];
    net.n_inputs = sizes[5];
    net.threads = sizes[6];
    net.longest = sizes[7];
    net.index = {index};
    net.scratch = {scratch};
    net.n_followers = sizes[8];
    net.followed = {followed};
    net.scale = {scale};
    double* signals[] = {{{x}, {delta}, {target}, {bias}}};
    net.signals = signals;
    net.records = (const Record*){records};
    net.n_records = sizes[9];
    net.folder = {folder};
"""


class Text(Protocol):
    """The C++ of a kernel, and the arrays that it names.

    Attributes
    ----------
    declared : str
        What has to be at the top level, where Brian2 puts the rest into a namespace.
    """

    declared: ClassVar[str]

    @property
    def variables(self) -> list[ArrayVariable]:
        """The arrays, in the order of their addresses."""
        ...

    def text(self, called: str, name_of: Callable[[ArrayVariable], str], arguments: str) -> str:
        """The C++ text of a function `neurodiff_<called>` of the step.

        Parameters
        ----------
        called : str
            Which of its functions is called.
        name_of : callable
            C++ expression of the address of an array.
        arguments : str
            Arguments besides the step.
        """
        ...


@dataclass(frozen=True, eq=False)
class Sources:
    """The text of graded waves; see `Text`.

    Attributes
    ----------
    named : mapping
        Arrays by the names in the text.
    arrays, weights : sequence of ArrayVariable
        Arrays that blocks read, and weights by bundle.
    real : str
        C++ type of the weights.
    threaded : bool
        Whether there are several threads; cython takes what has another text for other code.
    """

    named: Mapping[str, ArrayVariable]
    arrays: Sequence[ArrayVariable]
    weights: Sequence[ArrayVariable]
    real: str
    threaded: bool = False
    declared: ClassVar[str] = ""

    @property
    def variables(self) -> list[ArrayVariable]:
        """All of them, in the order of their addresses."""
        return [*self.named.values(), *self.arrays, *self.weights]

    @property
    def signals(self) -> list[ArrayVariable]:
        """What can be recorded of the populations, in the order of `records.SIGNALS`."""
        return [self.named[name] for name in ("x", "delta", "target", "bias")]

    def text(self, called: str, name_of: Callable[[ArrayVariable], str], arguments: str) -> str:
        """The C++ text of a function `neurodiff_<called>` of the step.

        Parameters
        ----------
        called : str
            Function of `waves.h` that it calls: `pass` or `keep`.
        name_of : callable
            C++ expression of the address of an array.
        arguments : str
            Arguments besides the step.
        """
        weights = [name_of(variable) for variable in self.weights] + ["nullptr"]
        fill = _FILL.format(
            arrays=", ".join(name_of(variable) for variable in self.arrays),
            weights=", ".join(weights),
            **{name: name_of(variable) for name, variable in self.named.items()},
        )
        head = f"static double neurodiff_{called}({arguments}double step) {{"
        switch = f"#define NEURODIFF_{called.upper()}"
        switch += "\n#define NEURODIFF_THREADS" if self.threaded else ""
        end = f"    return {called}(net, (int64_t)step);\n}}\n"
        return f"{switch}\n{_header(self.real)}\n{head}{fill}{end}"


@cache
def _header(real: str) -> str:
    return f"typedef {real} real;\n{header('records.h')}{header('waves.h')}"


@cache
def header(path: str) -> str:
    """Text of a header of the kernels.

    Parameters
    ----------
    path : str
        Its path below this folder.
    """
    return files("neurodiff.simulator.kernels").joinpath(path).read_text(encoding="utf-8")


class Owner(Protocol):
    """What has the arrays of a kernel, and its Python.

    Attributes
    ----------
    sources : Text
        Its C++.
    """

    sources: Text

    def call(self, called: str, step: Any) -> Any:
        """What the C++ does, in Python.

        Parameters
        ----------
        called : str
            Function of `waves.h`: `pass` or `keep`.
        step : int or array (1,)
            Time step.
        """
        ...


def function(called: str, owner: Owner) -> b2.Function:
    """A Brian2 function of the step, for all kinds of code.

    It does not keep its owner alive: Brian2 caches what has met a function.

    Parameters
    ----------
    called : str
        Function of `waves.h`: `pass` or `keep`.
    owner : Owner
        What has the arrays.
    """
    alive, name = weakref.proxy(owner), f"neurodiff_{called}"

    def python(step: Any) -> Any:
        return alive.call(called, step)

    made = b2.Function(python, arg_units=[1], arg_types=["integer"], return_unit=1, stateless=False)
    made.implementations.add_implementation("numpy", python, name=name)
    made.implementations.add_dynamic_implementation(
        "cpp",
        lambda group: _program(called, alive.sources),
        namespace=lambda group: {},
        name=name,
        compiler_kwds={"headers": [f"<{part}>" for part in _INCLUDED]},
    )
    made.implementations.add_dynamic_implementation(
        "cython",
        lambda group: _cython(called, alive.sources),
        namespace=lambda group: {_PLACES: _addresses(alive.sources)},
        name=name,
    )
    return made


def _program(called: str, sources: Text) -> dict[str, str]:
    text = f"#define NEURODIFF_PROGRAM\n{sources.text(called, _in_program, '')}"
    return {"support_code": text, "hashdefine_code": sources.declared}


def _in_program(variable: ArrayVariable) -> str:
    return f"brian::{variable.device.get_array_name(variable)}"


def _cython(called: str, sources: Text) -> str:
    numbers = {id(variable): k for k, variable in enumerate(sources.variables)}

    def address(variable: ArrayVariable) -> str:
        return f"({c_data_type(variable.dtype)}*)places[{numbers[id(variable)]}]"

    text = sources.text(called, address, "const int64_t* places, ")
    included = "\n".join(f"#include <{part}>" for part in _INCLUDED)
    whole = f"{included}\n{sources.declared}\n{text}"
    verbatim = "\n".join(f"    {line}" for line in whole.splitlines())
    return (
        f'cdef extern from *:\n    """\n{verbatim}\n    """\n'
        f'    double neurodiff_{called}_of "neurodiff_{called}"(const int64_t*, double)\n'
        f"cdef double neurodiff_{called}(double step):\n"
        f"    return neurodiff_{called}_of(_namespace{_PLACES}, step)\n"
    )


def _addresses(sources: Text) -> np.ndarray:
    arrays = [variable.get_value() for variable in sources.variables]
    return np.array([values.ctypes.data for values in arrays], dtype=np.int64)
