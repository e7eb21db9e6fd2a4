"""Imports Brian2 without what its import does to the rest of the process.

Brian2's import

- replaces `sys.excepthook` by one that asks for a report to Brian2;
- sets a handler for SIGINT, which fails in every thread but the main one;
- takes over Python's warnings, and prints them in the format of its log;
- writes two log files into the temporary folder;
- evaluates the values of a file `brian_preferences` in the working folder as Python;
- renames level 5 of `logging`;
- imports matplotlib, which fails where ``MPLBACKEND`` names a backend that is not installed.

None of this is wanted from a library that only uses Brian2. The user's own preferences, in
``~/.brian/user_preferences``, are read as ever, and Brian2's messages are printed as ever. Who
imported Brian2 before has what that import did.
"""

import importlib
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

#: Brian2's preferences that make it write log files at its import.
_LOG_FILES = ("logging.file_log", "logging.save_script")
#: Level of `logging` that Brian2 gives a name.
_LEVEL = 5


def import_brian2() -> None:
    """Import Brian2, if it is not there yet, and leave everything else as it was."""
    if "brian2" in sys.modules:
        return
    with ExitStack() as kept:
        for keep in (_excepthook, _warnings, _level_name, _interrupts, _preferences, _matplotlib):
            kept.enter_context(keep())
        importlib.import_module("brian2")


@contextmanager
def _excepthook() -> Iterator[None]:
    before = sys.excepthook
    try:
        yield
    finally:
        sys.excepthook = before


@contextmanager
def _warnings() -> Iterator[None]:
    """Keep Python's warnings out of the log, unless the user had put them there."""
    shown, logger = warnings.showwarning, logging.getLogger("py.warnings")
    handlers = list(logger.handlers)
    try:
        yield
    finally:
        if warnings.showwarning is not shown:
            logging.captureWarnings(False)
        for handler in [part for part in logger.handlers if part not in handlers]:
            logger.removeHandler(handler)


@contextmanager
def _level_name() -> Iterator[None]:
    before = logging.getLevelName(_LEVEL)
    try:
        yield
    finally:
        if before != f"Level {_LEVEL}":
            logging.addLevelName(_LEVEL, before)


@contextmanager
def _interrupts() -> Iterator[None]:
    """Let Brian2 set no handler of SIGINT; every other handler is set as asked for."""
    set_handler = signal.signal

    def set_unless_brian2(number: int, handler: Any) -> Any:
        if type(handler).__module__.partition(".")[0] == "brian2":
            return signal.getsignal(number)
        return set_handler(number, handler)

    signal.signal = set_unless_brian2  # type: ignore[assignment]
    try:
        yield
    finally:
        signal.signal = set_handler


@contextmanager
def _preferences() -> Iterator[None]:
    """Let Brian2 read the user's preferences alone, and write no log files."""
    wanted: dict[str, bool] = {}
    originals: list[tuple[Any, Any]] = []

    def load(prefs: Any) -> None:
        with suppress(OSError):
            home = os.path.expanduser("~")
            prefs.read_preference_file(os.path.join(home, ".brian", "user_preferences"))
        for name in _LOG_FILES:
            wanted[name] = prefs[name]
            prefs[name] = False

    def change(module: ModuleType) -> None:
        owner = module.BrianGlobalPreferences
        originals.append((owner, owner.load_preferences))
        owner.load_preferences = load

    with _after_import("brian2.core.preferences", change):
        yield
    sys.modules["brian2"].prefs.update(wanted)
    for owner, method in originals:
        owner.load_preferences = method


@contextmanager
def _after_import(name: str, change: Callable[[ModuleType], None]) -> Iterator[None]:
    """Change a module as soon as it has been executed, before anybody uses it."""

    class Finder:
        @staticmethod
        def find_spec(
            wanted: str, path: Sequence[str] | None = None, target: ModuleType | None = None
        ) -> ModuleSpec | None:
            found = PathFinder.find_spec(wanted, path, target) if wanted == name else None
            if found is not None and found.loader is not None:
                _change_after(found.loader, change)
            return found

    sys.meta_path.insert(0, Finder)
    try:
        yield
    finally:
        sys.meta_path.remove(Finder)


def _change_after(loader: Any, change: Callable[[ModuleType], None]) -> None:
    def execute(module: ModuleType) -> None:
        del loader.exec_module  # what remains is the method of its class
        loader.exec_module(module)
        change(module)

    loader.exec_module = execute


@contextmanager
def _matplotlib() -> Iterator[None]:
    """Let Brian2 do without matplotlib where that cannot be imported, or `pylab` is not wanted.

    Brian2 copies the names of `pylab` into its namespace where it can.
    """
    if _wanted("pylab") and ("matplotlib" in sys.modules or _imports("matplotlib")):
        yield
        return
    blocked = {name: sys.modules.get(name) for name in ("pylab", "matplotlib")}
    sys.modules.update(dict.fromkeys(blocked))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name, module in blocked.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


def _wanted(name: str) -> bool:
    """Whether nobody has forbidden a module, by None in its place."""
    return sys.modules.get(name, name) is not None


def _imports(name: str) -> bool:
    try:
        importlib.import_module(name)
    except Exception:
        # matplotlib raises a ValueError where MPLBACKEND names a backend that is not there
        return False
    return True
