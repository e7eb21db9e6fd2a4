"""Functions of units that a compiler may compute for several units at once.

With Brian2's flags GCC does not know that glibc has a tanh of vectors (libmvec, since 2.35), which
takes a fifth of the time. It is told here. Elsewhere nothing changes.
"""

from collections.abc import Mapping

import brian2 as b2
import numpy as np

#: Where Brian2 puts what is to be at the top level.
_DECLARED = """
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#if __GLIBC__ > 2 || __GLIBC_MINOR__ >= 35
extern "C" __attribute__((__simd__("notinbranch"))) double {name}(double) noexcept;
#endif
#endif
"""
_CALLED = "static inline double vector_{name}(double value) {{ return {name}(value); }}"


def _function(name: str) -> b2.Function:
    numpy = getattr(np, name)
    made = b2.Function(numpy, arg_units=[1], return_unit=1)
    made.implementations.add_implementation("numpy", numpy, name=f"vector_{name}")
    parts = {"support_code": _CALLED, "hashdefine_code": _DECLARED}
    text = {part: code.format(name=name) for part, code in parts.items()}
    made.implementations.add_implementation("cpp", text, name=f"vector_{name}")
    made.implementations.add_implementation("cython", None, name=name)
    return made


_NAMES = ("tanh", "exp", "sin")
#: By the name of what they stand for.
VECTOR: Mapping[str, b2.Function] = {name: _function(name) for name in _NAMES}
#: What has to be at the top level of C++ that calls them by their own names.
DECLARED = "".join(_DECLARED.format(name=name) for name in _NAMES)
