"""Changes to the files of a standalone project that save time in compiling and in running it."""

import os
from pathlib import Path

#: What runs once: it reads and writes arrays, and optimizing it takes a third of the compilation.
_COLD = ("objects", "main", "run", "synapses_classes")

#: Far in the future, in seconds since 1970.
_LATER = 2**32


def shorten_compilation(folder: Path) -> None:
    """Do not optimize what runs once, and do not look for what depends on what.

    A project is compiled once, and as a whole. Where another make is used, nothing changes.

    Parameters
    ----------
    folder : Path
        Folder of the project, with its sources.
    """
    makefile = folder / "makefile"
    if not makefile.exists():
        return
    objects = " ".join(f"{name}.o" for name in _COLD)
    makefile.write_text(f"{makefile.read_text()}\n{objects}: OPTIMISATIONS += -O0\n")
    dependencies = folder / "make.deps"
    dependencies.write_text("")
    os.utime(dependencies, (_LATER, _LATER))


def look_at_the_clock_once(folder: Path) -> None:
    """Have the program look once in a step whether to report, and not before each piece of code.

    It asks the system for the time, which takes a microsecond. Where Brian2 writes something else,
    nothing changes.

    Parameters
    ----------
    folder : Path
        Folder of the project, with its sources.
    """
    source = folder / "network.cpp"
    text = source.read_text()
    every = "if (report_func)\n            {\n                current"
    if text.count(every) == 1:
        once = every.replace("(report_func)", "(report_func && i == 0)")
        source.write_text(text.replace(every, once))
