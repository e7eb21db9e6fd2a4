"""Threads of a run: those of BLAS, and those of OpenMP in compiled kernels."""

from collections.abc import Iterator
from contextlib import contextmanager

import brian2 as b2
from threadpoolctl import threadpool_limits

_OPENMP = "-fopenmp"
_COMPILE, _COMPILE_GCC = "codegen.cpp.extra_compile_args", "codegen.cpp.extra_compile_args_gcc"
_LINK = "codegen.cpp.extra_link_args"


@contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """So many threads for all that runs, or is compiled, in the `with` block.

    Parameters
    ----------
    threads : int
        Number of threads; OpenMP is compiled in only where there are several.
    """
    compile_args = _COMPILE_GCC if b2.prefs[_COMPILE] is None else _COMPILE
    previous = {name: list(b2.prefs[name]) for name in (compile_args, _LINK)}
    if threads > 1:
        b2.prefs.update({name: [*flags, _OPENMP] for name, flags in previous.items()})
    try:
        with threadpool_limits(threads, user_api="blas"):
            yield
    finally:
        b2.prefs.update(previous)
